"""Access table: a version of the rules who may see and do what. Four eyes: two others sign what one proposes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from domain.access_rules import AccessRules
from domain.codes import ActorId, Code
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of

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
class AccessTable(RuleVersion):
    """The version as decisions see it."""

    table_version: int = 0


# Commands


class AccessTableCommand(Command):
    """A command to one version's stream."""

    stream_field = "table_id"

    table_id: UUID


class ProposeAccessTable(Proposal, AccessTableCommand, name="access-table.propose"):
    """Propose a whole table."""

    actor_field = "proposed_by"
    key_fields = ("table_version",)


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


def _check(command: ProposeAccessTable) -> None:
    granted = [one for role in command.rules.roles for one in role.commands]
    if not all(any(_fits(one, name) for one in granted) for name in _NEEDED):
        raise _refuse("access-table.locks-itself", "rules")


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


ACCESS_TABLE: Final = course_of(
    AccessTable(),
    Steps(
        propose=Step(ProposeAccessTable, AccessTableProposed),
        sign_off=Step(SignOffAccessTable, AccessTableSignedOff),
        activate=Step(ActivateAccessTable, AccessTableActivated),
        withdraw=Step(WithdrawAccessTable, AccessTableWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
