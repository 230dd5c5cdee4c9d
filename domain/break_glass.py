"""Break-glass access: somebody sees in an emergency what they normally may not, and another person looks into it.

A grant is in force from the moment it is recorded for so many minutes, which who checks it works out: no decision here
knows the time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.access_rules import FieldName
from domain.codes import ActorId, Code, Text
from domain.four_eyes import require_another
from domain.kernel import Aggregate, Command, Event, Facts, Personal, happened, refusal

MINUTES_MAX: Final = 60

Status = Literal["absent", "open", "closed", "reviewed"]
Finding = Literal["justified", "unjustified"]

# Facts that events and commands share


class Emergency(Facts):
    """What somebody must see now, and why: of a customer some record classes, or one confidential matter, or both."""

    customer_id: UUID
    record_classes: Annotated[tuple[FieldName, ...], Field(max_length=50)] = ()
    matter_id: UUID | None = None
    reason: Code
    minutes: Annotated[int, Field(ge=1, le=MINUTES_MAX)]
    opened_by: ActorId
    explanation: Annotated[Text | None, Personal("break_glass")] = None


class Review(Facts):
    """What another person thinks of it, and what follows."""

    finding: Finding
    follow_up: Code | None = None
    reviewed_by: ActorId


# Events


class BreakGlassOpened(Emergency, Event, name="break-glass.opened"):
    """Somebody took the right to see what they normally may not, for a while."""


class BreakGlassClosed(Event, name="break-glass.closed"):
    """It is over before its time."""

    closed_by: ActorId


class BreakGlassReviewed(Review, Event, name="break-glass.reviewed"):
    """Another person has looked into it; with that it is over."""


# State


@dataclass(frozen=True, slots=True)
class BreakGlass:
    """The grant as decisions see it."""

    status: Status = "absent"
    opened_by: ActorId | None = None


# Evolve


def _opened(state: BreakGlass, event: BreakGlassOpened) -> BreakGlass:
    return replace(state, status="open", opened_by=event.opened_by)


def _closed(state: BreakGlass, _: BreakGlassClosed) -> BreakGlass:
    return replace(state, status="closed")


def _reviewed(state: BreakGlass, _: BreakGlassReviewed) -> BreakGlass:
    return replace(state, status="reviewed")


_EVOLVE: Final[dict[type[Event], Callable[..., BreakGlass]]] = {
    BreakGlassOpened: _opened,
    BreakGlassClosed: _closed,
    BreakGlassReviewed: _reviewed,
}


def evolve(state: BreakGlass, event: Event) -> BreakGlass:
    """Fold one event into the grant."""
    return _EVOLVE[type(event)](state, event)


# Commands


class BreakGlassCommand(Command):
    """A command to one grant's stream."""

    stream_field = "grant_id"

    grant_id: UUID


class OpenBreakGlass(Emergency, BreakGlassCommand, name="break-glass.open"):
    """Take the right to see what is needed now; everything seen by it is recorded, and reviewed by another person."""

    actor_field = "opened_by"


class CloseBreakGlass(BreakGlassCommand, name="break-glass.close"):
    """End it before its time."""

    actor_field = "closed_by"

    closed_by: ActorId


class ReviewBreakGlass(Review, BreakGlassCommand, name="break-glass.review"):
    """Say whether it was justified; not for the one who did it."""

    actor_field = "reviewed_by"


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "break-glass.already-opened": "This grant was taken already.",
        "break-glass.not-opened": "There is no such grant.",
        "break-glass.nothing-wanted": "Name the record classes of the customer, or the matter, that must be seen.",
        "break-glass.already-reviewed": "It was reviewed already.",
        "break-glass.reviewer-not-another": "Who broke the glass cannot review it.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _open(command: OpenBreakGlass, state: BreakGlass) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("break-glass.already-opened", "grant_id")
    if not command.record_classes and command.matter_id is None:
        raise _refuse("break-glass.nothing-wanted", "record_classes")
    return [happened(BreakGlassOpened, command)]


def _close(command: CloseBreakGlass, state: BreakGlass) -> Sequence[Event]:
    return [happened(BreakGlassClosed, command)] if state.status == "open" else []


def _review(command: ReviewBreakGlass, state: BreakGlass) -> Sequence[Event]:
    if state.status == "reviewed":
        raise _refuse("break-glass.already-reviewed")
    refused = _refuse("break-glass.reviewer-not-another", "reviewed_by")
    require_another(command.reviewed_by, [state.opened_by], refused)
    return [happened(BreakGlassReviewed, command)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    OpenBreakGlass: _open,
    CloseBreakGlass: _close,
    ReviewBreakGlass: _review,
}


def decide(command: Command, state: BreakGlass) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not OpenBreakGlass:
        raise _refuse("break-glass.not-opened", "grant_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: BreakGlass) -> None:
    """Nobody: a customer's timeline tells what the bank did with them, and not who had to look."""


def _ended(state: BreakGlass) -> bool:
    return state.status == "reviewed"


BREAK_GLASS: Final = Aggregate(
    name="break-glass",
    initial=BreakGlass(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
