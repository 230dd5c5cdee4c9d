"""Disclosure: personal data of a customer went to a recipient outside, so that access and erasure can follow it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.codes import ActorId, Channel, Code, Country, Label
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal
from domain.privacy_rules import RecordClass

Status = Literal["absent", "recorded", "retracted"]

# Facts that events and commands share


class Transfer(Facts):
    """Which classes of whose data went to which organisation, in which country, by which means, why, on which basis."""

    customer_id: UUID
    recipient: Label
    recipient_country: Country | None = None
    record_classes: Annotated[tuple[RecordClass, ...], Field(min_length=1, max_length=50)]
    purpose: Code
    basis: Code
    channel: Channel
    disclosed_by: ActorId


# Events


class DisclosureRecorded(Transfer, Event, name="disclosure.recorded"):
    """The recipient has the data from now on."""


class DisclosureRetracted(Event, name="disclosure.retracted"):
    """It was recorded by mistake: no data went out."""

    reason: Code
    retracted_by: ActorId


# State


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The disclosure as decisions see it."""

    status: Status = "absent"
    customer_id: UUID | None = None


# Evolve


def _recorded(state: Disclosure, event: DisclosureRecorded) -> Disclosure:
    return replace(state, status="recorded", customer_id=event.customer_id)


def _retracted(state: Disclosure, _: DisclosureRetracted) -> Disclosure:
    return replace(state, status="retracted")


_EVOLVE: Final[dict[type[Event], Callable[..., Disclosure]]] = {
    DisclosureRecorded: _recorded,
    DisclosureRetracted: _retracted,
}


def evolve(state: Disclosure, event: Event) -> Disclosure:
    """Fold one event into the disclosure."""
    return _EVOLVE[type(event)](state, event)


# Commands


class DisclosureCommand(Command):
    """A command to one disclosure's stream."""

    stream_field = "disclosure_id"

    disclosure_id: UUID


class RecordDisclosure(Transfer, DisclosureCommand, name="disclosure.record"):
    """Record that personal data went to a recipient outside."""

    actor_field = "disclosed_by"


class RetractDisclosure(DisclosureCommand, name="disclosure.retract"):
    """Say that it was recorded by mistake."""

    actor_field = "retracted_by"

    reason: Code
    retracted_by: ActorId


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "disclosure.already-recorded": "This disclosure is recorded already.",
        "disclosure.not-recorded": "There is no such disclosure; record it first.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _record(command: RecordDisclosure, state: Disclosure) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("disclosure.already-recorded", "disclosure_id")
    return [happened(DisclosureRecorded, command)]


def _retract(command: RetractDisclosure, state: Disclosure) -> Sequence[Event]:
    return [] if state.status == "retracted" else [happened(DisclosureRetracted, command)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    RecordDisclosure: _record,
    RetractDisclosure: _retract,
}


def decide(command: Command, state: Disclosure) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not RecordDisclosure:
        raise _refuse("disclosure.not-recorded", "disclosure_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Disclosure) -> bool:
    return state.status != "absent"


DISCLOSURE: Final = Aggregate(
    name="disclosure",
    initial=Disclosure(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
