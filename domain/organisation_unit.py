"""Organisation unit: a part of the bank with a code, such as a region, a branch or a team, and where it stands.

Each unit has a stream of its own, so what concerns two units (that a parent exists, and is open) is no decision here:
a list of units tells of each whether its parent is known, and follows only parents of a higher kind.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as value

from domain.codes import Code, Label, Language
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

UnitKind = Literal["bank", "region", "branch", "team"]
"""From the highest to the lowest; a unit stands under one of a higher kind, and the bank under none."""

Status = Literal["absent", "open", "closed"]


@value(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class UnitName:
    """What the unit is called in a language, in clear: a unit is no person."""

    language: Language
    name: Label


Names = Annotated[tuple[UnitName, ...], Field(min_length=1, max_length=10)]

# Facts that events and commands share


class Unit(Facts):
    """A part of the bank, known by its code."""

    code: Code
    unit_kind: UnitKind
    names: Names
    parent: Code | None = None


# Events


class UnitOpened(Unit, Event, name="organisation-unit.opened"):
    """The unit exists from `occurred_at` on."""


class UnitRenamed(Event, name="organisation-unit.renamed"):
    """It has other names from `occurred_at` on; the code stays."""

    names: Names


class UnitMoved(Event, name="organisation-unit.moved"):
    """It stands under another unit from `occurred_at` on."""

    parent: Code
    previous: Code


class UnitClosed(Event, name="organisation-unit.closed"):
    """It exists no more; `successor` is the unit that has taken over."""

    reason: Code
    successor: Code | None = None


# State


@dataclass(frozen=True, slots=True)
class OrganisationUnit:
    """The unit as decisions see it."""

    unit_status: Status = "absent"
    code: Code = ""
    unit_kind: UnitKind = "bank"
    names: tuple[UnitName, ...] = ()
    parent: Code | None = None


# Evolve


def _opened(state: OrganisationUnit, event: UnitOpened) -> OrganisationUnit:
    return replace(
        state, unit_status="open", code=event.code, unit_kind=event.unit_kind, names=event.names, parent=event.parent
    )


def _renamed(state: OrganisationUnit, event: UnitRenamed) -> OrganisationUnit:
    return replace(state, names=event.names)


def _moved(state: OrganisationUnit, event: UnitMoved) -> OrganisationUnit:
    return replace(state, parent=event.parent)


def _closed(state: OrganisationUnit, _: UnitClosed) -> OrganisationUnit:
    return replace(state, unit_status="closed")


_EVOLVE: Final[dict[type[Event], Callable[..., OrganisationUnit]]] = {
    UnitOpened: _opened,
    UnitRenamed: _renamed,
    UnitMoved: _moved,
    UnitClosed: _closed,
}


def evolve(state: OrganisationUnit, event: Event) -> OrganisationUnit:
    """Fold one event into the unit."""
    return _EVOLVE[type(event)](state, event)


# Commands


class UnitCommand(Command):
    """A command to one unit's stream."""

    stream_field = "unit_id"

    unit_id: UUID


class OpenUnit(Unit, UnitCommand, name="organisation-unit.open"):
    """Open a unit; each code has one, for it is given to no other afterwards."""

    key_fields = ("code",)


class RenameUnit(UnitCommand, name="organisation-unit.rename"):
    """Give the unit other names, all of them."""

    names: Names


class MoveUnit(UnitCommand, name="organisation-unit.move"):
    """Put the unit under another."""

    parent: Code


class CloseUnit(UnitCommand, name="organisation-unit.close"):
    """Close the unit; customers and staff of it stay as they are until they are moved."""

    reason: Code
    successor: Code | None = None


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "organisation-unit.already-opened": "This code has a unit already, and is given to no other.",
        "organisation-unit.not-opened": "There is no such unit; open it first.",
        "organisation-unit.closed": "The unit is closed; it stays as it is.",
        "organisation-unit.parent-missing": "Only the bank itself stands under no other unit; name the parent.",
        "organisation-unit.parent-of-bank": "The bank itself stands under no other unit.",
        "organisation-unit.own-parent": "A unit cannot stand under itself.",
        "organisation-unit.own-successor": "A unit cannot take over from itself.",
        "organisation-unit.language-repeated": "A unit has one name in each language.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _require_open(state: OrganisationUnit) -> None:
    if state.unit_status == "closed":
        raise _refuse("organisation-unit.closed")


def _require_one_name_each(names: Sequence[UnitName]) -> None:
    if len({one.language for one in names}) < len(names):
        raise _refuse("organisation-unit.language-repeated", "names")


def _require_place(kind: UnitKind, code: Code, parent: Code | None) -> None:
    if kind == "bank" and parent is not None:
        raise _refuse("organisation-unit.parent-of-bank", "parent")
    if kind != "bank" and parent is None:
        raise _refuse("organisation-unit.parent-missing", "parent")
    if parent == code:
        raise _refuse("organisation-unit.own-parent", "parent")


def _open(command: OpenUnit, state: OrganisationUnit) -> Sequence[Event]:
    if state.unit_status != "absent":
        raise _refuse("organisation-unit.already-opened", "code")
    _require_place(command.unit_kind, command.code, command.parent)
    _require_one_name_each(command.names)
    return [happened(UnitOpened, command)]


def _rename(command: RenameUnit, state: OrganisationUnit) -> Sequence[Event]:
    if command.names == state.names:
        return []
    _require_open(state)
    _require_one_name_each(command.names)
    return [happened(UnitRenamed, command)]


def _move(command: MoveUnit, state: OrganisationUnit) -> Sequence[Event]:
    if command.parent == state.parent:
        return []
    _require_open(state)
    _require_place(state.unit_kind, state.code, command.parent)
    return [happened(UnitMoved, command, previous=state.parent)]


def _close(command: CloseUnit, state: OrganisationUnit) -> Sequence[Event]:
    if state.unit_status == "closed":
        return []
    if command.successor == state.code:
        raise _refuse("organisation-unit.own-successor", "successor")
    return [happened(UnitClosed, command)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    OpenUnit: _open,
    RenameUnit: _rename,
    MoveUnit: _move,
    CloseUnit: _close,
}


def decide(command: Command, state: OrganisationUnit) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.unit_status == "absent" and type(command) is not OpenUnit:
        raise _refuse("organisation-unit.not-opened", "unit_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: OrganisationUnit) -> None:
    """Nobody: a unit is no customer's."""


def _ended(state: OrganisationUnit) -> bool:
    return state.unit_status == "closed"


ORGANISATION_UNIT: Final = Aggregate(
    name="organisation-unit",
    initial=OrganisationUnit(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
