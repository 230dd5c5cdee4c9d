"""Actor: whom a pseudonym stands for. The record names actors by pseudonyms for ever; who they are can be forgotten."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from domain.codes import ActorId, Code, Label, PersonalLine
from domain.kernel import Aggregate, Command, Event, Facts, Personal, happened, refusal

Status = Literal["absent", "active", "left"]
ActorKind = Literal["person", "program"]
Name = Annotated[PersonalLine | None, Personal("actor", subject="entry_id")]

# Facts that events and commands share


class Entry(Facts):
    """Somebody, or a program, behind a pseudonym. `customer_id`: the same person as a customer of the bank."""

    actor: ActorId
    kind: ActorKind
    organisation_unit: Code | None = None
    code_version: Label | None = None
    customer_id: UUID | None = None
    name: Name = None


# Events


class ActorRegistered(Entry, Event, name="actor.registered"):
    """From `occurred_at` on the pseudonym stands for them."""

    entry_id: UUID


class ActorMoved(Event, name="actor.moved"):
    """They belong to another organisation unit from `occurred_at` on."""

    organisation_unit: Code
    previous: Code | None = None


class ActorRenamed(Event, name="actor.renamed"):
    """They have another name from `occurred_at` on."""

    entry_id: UUID
    renaming_id: UUID
    name: Name = None


class ActorLeft(Event, name="actor.left"):
    """From `occurred_at` on the pseudonym stands for nobody."""

    reason: Code | None = None


# State


@dataclass(frozen=True, slots=True)
class Actor:
    """The entry as decisions see it: no name."""

    status: Status = "absent"
    organisation_unit: Code | None = None
    renamings: frozenset[UUID] = frozenset()


# Evolve


def _registered(state: Actor, event: ActorRegistered) -> Actor:
    return replace(state, status="active", organisation_unit=event.organisation_unit)


def _moved(state: Actor, event: ActorMoved) -> Actor:
    return replace(state, organisation_unit=event.organisation_unit)


def _renamed(state: Actor, event: ActorRenamed) -> Actor:
    return replace(state, renamings=state.renamings | {event.renaming_id})


def _left(state: Actor, _: ActorLeft) -> Actor:
    return replace(state, status="left")


_EVOLVE: Final[dict[type[Event], Callable[..., Actor]]] = {
    ActorRegistered: _registered,
    ActorMoved: _moved,
    ActorRenamed: _renamed,
    ActorLeft: _left,
}


def evolve(state: Actor, event: Event) -> Actor:
    """Fold one event into the entry."""
    return _EVOLVE[type(event)](state, event)


# Commands


class ActorCommand(Command):
    """A command to one entry's stream."""

    stream_field = "entry_id"

    entry_id: UUID


class RegisterActor(Entry, ActorCommand, name="actor.register"):
    """Say whom a pseudonym stands for; each has one entry, for it is given to nobody else afterwards."""

    key_fields = ("actor",)


class MoveActor(ActorCommand, name="actor.move"):
    """Record that they belong to another organisation unit."""

    organisation_unit: Code


class RenameActor(ActorCommand, name="actor.rename"):
    """Record that they have another name."""

    renaming_id: UUID
    name: Annotated[PersonalLine, Personal("actor", subject="entry_id")]


class RecordActorLeft(ActorCommand, name="actor.leave"):
    """Record that the pseudonym stands for nobody any more."""

    reason: Code | None = None


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "actor.already-registered": "This pseudonym has an entry already, and is given to nobody else.",
        "actor.not-registered": "There is no such entry.",
        "actor.already-left": "They have left; the entry stays as it is.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _register(command: RegisterActor, state: Actor) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("actor.already-registered", "actor")
    return [happened(ActorRegistered, command)]


def _move(command: MoveActor, state: Actor) -> Sequence[Event]:
    if command.organisation_unit == state.organisation_unit:
        return []
    _require_active(state)
    return [happened(ActorMoved, command, previous=state.organisation_unit)]


def _rename(command: RenameActor, state: Actor) -> Sequence[Event]:
    if command.renaming_id in state.renamings:
        return []
    _require_active(state)
    return [happened(ActorRenamed, command)]


def _leave(command: RecordActorLeft, state: Actor) -> Sequence[Event]:
    return [] if state.status == "left" else [happened(ActorLeft, command)]


def _require_active(state: Actor) -> None:
    if state.status == "left":
        raise _refuse("actor.already-left")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    RegisterActor: _register,
    MoveActor: _move,
    RenameActor: _rename,
    RecordActorLeft: _leave,
}


def decide(command: Command, state: Actor) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not RegisterActor:
        raise _refuse("actor.not-registered", "entry_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: Actor) -> None:
    """Nobody: an entry is of a member of staff, also where they are a customer."""


def _ended(state: Actor) -> bool:
    return state.status == "left"


ACTOR: Final = Aggregate(
    name="actor",
    initial=Actor(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
