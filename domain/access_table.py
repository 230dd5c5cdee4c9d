"""Access table: a version of the rules who may see and do what. Four eyes: two others sign what one proposes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.access_rules import AccessRules
from domain.codes import ActorId, Code
from domain.four_eyes import SIGNATURES, require_another
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

Status = Literal["absent", "proposed", "active", "withdrawn"]

VersionNumber = Annotated[int, Field(ge=1, le=1_000_000)]

# Facts that events and commands share


class Proposal(Facts):
    """A whole table with its number: of the active ones, the highest is in force."""

    table_version: VersionNumber
    rules: AccessRules
    proposed_by: ActorId


# Events


class AccessTableProposed(Proposal, Event, name="access-table.proposed"):
    """Somebody wants these rules."""


class AccessTableSignedOff(Event, name="access-table.signed-off"):
    """Another person agrees."""

    signed_by: ActorId


class AccessTableActivated(Event, name="access-table.activated"):
    """The rules are in force from now on, unless a higher version is."""

    table_version: VersionNumber
    activated_by: ActorId


class AccessTableWithdrawn(Event, name="access-table.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class AccessTable:
    """The version as decisions see it."""

    status: Status = "absent"
    table_version: int = 0
    proposed_by: ActorId | None = None
    signed_by: tuple[ActorId, ...] = ()


# Evolve


def _proposed(state: AccessTable, event: AccessTableProposed) -> AccessTable:
    return replace(state, status="proposed", table_version=event.table_version, proposed_by=event.proposed_by)


def _signed_off(state: AccessTable, event: AccessTableSignedOff) -> AccessTable:
    return replace(state, signed_by=(*state.signed_by, event.signed_by))


def _activated(state: AccessTable, _: AccessTableActivated) -> AccessTable:
    return replace(state, status="active")


def _withdrawn(state: AccessTable, _: AccessTableWithdrawn) -> AccessTable:
    return replace(state, status="withdrawn")


_EVOLVE: Final[dict[type[Event], Callable[..., AccessTable]]] = {
    AccessTableProposed: _proposed,
    AccessTableSignedOff: _signed_off,
    AccessTableActivated: _activated,
    AccessTableWithdrawn: _withdrawn,
}


def evolve(state: AccessTable, event: Event) -> AccessTable:
    """Fold one event into the version."""
    return _EVOLVE[type(event)](state, event)


# Commands


class AccessTableCommand(Command):
    """A command to one version's stream."""

    stream_field = "table_id"

    table_id: UUID


class ProposeAccessTable(Proposal, AccessTableCommand, name="access-table.propose"):
    """Propose a whole table."""

    actor_field = "proposed_by"


class SignOffAccessTable(AccessTableCommand, name="access-table.sign-off"):
    """Agree to a proposal; not for the one who made it."""

    actor_field = "signed_by"

    signed_by: ActorId


class ActivateAccessTable(AccessTableCommand, name="access-table.activate"):
    """Put a table in force that two others have signed."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawAccessTable(AccessTableCommand, name="access-table.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "access-table.already-proposed": "This version is proposed already.",
        "access-table.not-proposed": "There is no such proposal.",
        "access-table.second-person-required": "Who proposed a table cannot sign it off.",
        "access-table.signatures-missing": "Two other people must sign the table off before it is activated.",
        "access-table.locks-itself": "By this table nobody could propose, sign off and activate another one.",
        "access-table.already-active": "The table is active; propose another version.",
        "access-table.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)
_NEEDED: Final = ("access-table.propose", "access-table.sign-off", "access-table.activate")


def _propose(command: ProposeAccessTable, state: AccessTable) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("access-table.already-proposed", "table_id")
    granted = [one for role in command.rules.roles for one in role.commands]
    if not all(any(_fits(one, name) for one in granted) for name in _NEEDED):
        raise _refuse("access-table.locks-itself", "rules")
    return [happened(AccessTableProposed, command)]


def _sign_off(command: SignOffAccessTable, state: AccessTable) -> Sequence[Event]:
    if command.signed_by in state.signed_by:
        return []
    _require_open(state)
    require_another(command.signed_by, [state.proposed_by], _refuse("access-table.second-person-required", "signed_by"))
    return [happened(AccessTableSignedOff, command)]


def _activate(command: ActivateAccessTable, state: AccessTable) -> Sequence[Event]:
    if state.status == "active":
        return []
    _require_open(state)
    if len(state.signed_by) < SIGNATURES:
        raise _refuse("access-table.signatures-missing")
    return [happened(AccessTableActivated, command, table_version=state.table_version)]


def _withdraw(command: WithdrawAccessTable, state: AccessTable) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_open(state)
    return [happened(AccessTableWithdrawn, command)]


def _require_open(state: AccessTable) -> None:
    if state.status == "active":
        raise _refuse("access-table.already-active")
    if state.status == "withdrawn":
        raise _refuse("access-table.withdrawn")


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ProposeAccessTable: _propose,
    SignOffAccessTable: _sign_off,
    ActivateAccessTable: _activate,
    WithdrawAccessTable: _withdraw,
}


def decide(command: Command, state: AccessTable) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ProposeAccessTable:
        raise _refuse("access-table.not-proposed", "table_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: AccessTable) -> None:
    return None


def _ended(state: AccessTable) -> bool:
    return state.status in {"active", "withdrawn"}


ACCESS_TABLE: Final = Aggregate(
    name="access-table",
    initial=AccessTable(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
