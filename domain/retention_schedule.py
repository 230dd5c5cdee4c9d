"""Retention schedule: a version of the rules how long data is kept. Two others sign what one proposes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.codes import ActorId, Code
from domain.kernel import Command, Event, Facts
from domain.privacy_rules import RetentionRules, ScheduleVersion
from domain.rule_version import RuleVersion, Step, Steps, course_of

# Facts that events and commands share


class ScheduleProposal(Facts):
    """A whole schedule with its number: of the active ones, the highest is in force."""

    schedule_version: ScheduleVersion
    rules: RetentionRules
    proposed_by: ActorId


# Events


class RetentionScheduleProposed(ScheduleProposal, Event, name="retention-schedule.proposed"):
    """Somebody wants data to be kept so long."""


class RetentionScheduleSignedOff(Event, name="retention-schedule.signed-off"):
    """Another person agrees."""

    signed_by: ActorId


class RetentionScheduleActivated(Event, name="retention-schedule.activated"):
    """The rules are in force from now on, unless a higher version is."""

    schedule_version: ScheduleVersion
    activated_by: ActorId


class RetentionScheduleWithdrawn(Event, name="retention-schedule.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class RetentionSchedule(RuleVersion):
    """The version as decisions see it."""

    schedule_version: int = 0


# Commands


class RetentionScheduleCommand(Command):
    """A command to one version's stream."""

    stream_field = "schedule_id"

    schedule_id: UUID


class ProposeRetentionSchedule(ScheduleProposal, RetentionScheduleCommand, name="retention-schedule.propose"):
    """Propose a whole schedule."""

    actor_field = "proposed_by"
    key_fields = ("schedule_version",)


class SignOffRetentionSchedule(RetentionScheduleCommand, name="retention-schedule.sign-off"):
    """Agree to a proposal; not for the one who made it."""

    actor_field = "signed_by"

    signed_by: ActorId


class ActivateRetentionSchedule(RetentionScheduleCommand, name="retention-schedule.activate"):
    """Put a schedule in force that two others have signed."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawRetentionSchedule(RetentionScheduleCommand, name="retention-schedule.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "retention-schedule.already-proposed": "This version is proposed already.",
        "retention-schedule.not-proposed": "There is no such proposal.",
        "retention-schedule.second-person-required": "Who proposed a schedule cannot sign it off.",
        "retention-schedule.signatures-missing": "Two other people must sign the schedule off before it is activated.",
        "retention-schedule.already-active": "The schedule is active; propose another version.",
        "retention-schedule.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)

RETENTION_SCHEDULE: Final = course_of(
    RetentionSchedule(),
    Steps(
        propose=Step(ProposeRetentionSchedule, RetentionScheduleProposed),
        sign_off=Step(SignOffRetentionSchedule, RetentionScheduleSignedOff),
        activate=Step(ActivateRetentionSchedule, RetentionScheduleActivated),
        withdraw=Step(WithdrawRetentionSchedule, RetentionScheduleWithdrawn),
    ),
    REFUSALS,
)
