"""Need: what a customer wants, or may want, of the bank; who says so, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import Code, Count
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

Status = Literal["absent", "open", "met", "declined", "lapsed"]
Basis = Literal["stated", "observed", "derived"]
"""The customer has said so, a member of staff has noticed it, or a rule has worked it out."""

# Facts that events and commands share


class Need(Facts):
    """A product, or a kind of product, that the customer needs or may need. A derived one names its rule."""

    customer_id: UUID
    product: Code
    basis: Basis
    rule: Code | None = None
    rule_version: Count | None = None
    interaction_id: UUID | None = None


class Settlement(Facts):
    """What came of it: a holding, or a refusal, or nothing any more."""

    outcome: Literal["met", "declined", "lapsed"]
    reason: Code | None = None
    holding_id: UUID | None = None


# Events


class NeedNoted(Need, Event, name="need.noted"):
    """The customer needs, or may need, a product."""


class NeedSettled(Settlement, Event, name="need.settled"):
    """The need is met, was declined, or is none any more."""

    customer_id: UUID


# State


@dataclass(frozen=True, slots=True)
class NeedState:
    """The need as decisions see it."""

    customer_id: UUID | None = None
    need_status: Status = "absent"


# Evolve


def _noted(state: NeedState, event: NeedNoted) -> NeedState:
    return replace(state, customer_id=event.customer_id, need_status="open")


def _settled(state: NeedState, event: NeedSettled) -> NeedState:
    return replace(state, need_status=event.outcome)


_EVOLVE: Final[dict[type[Event], Callable[..., NeedState]]] = {NeedNoted: _noted, NeedSettled: _settled}


def evolve(state: NeedState, event: Event) -> NeedState:
    """Fold one event into the need."""
    return _EVOLVE[type(event)](state, event)


# Commands


class NeedCommand(Command):
    """A command to one need's stream."""

    stream_field = "need_id"

    need_id: UUID


class NoteNeed(Need, NeedCommand, name="need.note"):
    """Record what the customer needs or may need."""


class SettleNeed(Settlement, NeedCommand, name="need.settle"):
    """Record what came of it."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "need.already-noted": "This need is noted already.",
        "need.not-noted": "There is no such need; note it first.",
        "need.already-settled": "It is known what came of this need; note a new one.",
        "need.rule-missing": "A need that a rule has derived names the rule and its version.",
        "need.holding-without-need": "Only a need that is met names what the customer has taken up.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _note(command: NoteNeed, state: NeedState) -> Sequence[Event]:
    if state.need_status != "absent":
        raise _refuse("need.already-noted", "need_id")
    if command.basis == "derived" and (command.rule is None or command.rule_version is None):
        raise _refuse("need.rule-missing", "rule")
    return [happened(NeedNoted, command)]


def _settle(command: SettleNeed, state: NeedState) -> Sequence[Event]:
    if state.need_status == command.outcome:
        return []
    if state.need_status != "open":
        raise _refuse("need.already-settled")
    if command.holding_id is not None and command.outcome != "met":
        raise _refuse("need.holding-without-need", "holding_id")
    return [happened(NeedSettled, command, customer_id=state.customer_id)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {NoteNeed: _note, SettleNeed: _settle}


def decide(command: Command, state: NeedState) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.need_status == "absent" and type(command) is not NoteNeed:
        raise _refuse("need.not-noted", "need_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: NeedState) -> bool:
    return state.need_status in {"met", "declined", "lapsed"}


NEED: Final = Aggregate(
    name="need",
    initial=NeedState(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
