"""Retention schedule: a version of the rules how long data is kept. Two others sign what one proposes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId, Code
from domain.four_eyes import SIGNATURES, require_another
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal
from domain.privacy_rules import RetentionRules, ScheduleVersion

Status = Literal["absent", "proposed", "active", "withdrawn"]

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
class RetentionSchedule:
    """The version as decisions see it."""

    status: Status = "absent"
    schedule_version: int = 0
    proposed_by: ActorId | None = None
    signed_by: tuple[ActorId, ...] = ()


# Evolve


def _proposed(state: RetentionSchedule, event: RetentionScheduleProposed) -> RetentionSchedule:
    proposed = {"schedule_version": event.schedule_version, "proposed_by": event.proposed_by}
    return replace(state, status="proposed", **proposed)


def _signed_off(state: RetentionSchedule, event: RetentionScheduleSignedOff) -> RetentionSchedule:
    return replace(state, signed_by=(*state.signed_by, event.signed_by))


def _activated(state: RetentionSchedule, _: RetentionScheduleActivated) -> RetentionSchedule:
    return replace(state, status="active")


def _withdrawn(state: RetentionSchedule, _: RetentionScheduleWithdrawn) -> RetentionSchedule:
    return replace(state, status="withdrawn")


_EVOLVE: Final[dict[type[Event], Callable[..., RetentionSchedule]]] = {
    RetentionScheduleProposed: _proposed,
    RetentionScheduleSignedOff: _signed_off,
    RetentionScheduleActivated: _activated,
    RetentionScheduleWithdrawn: _withdrawn,
}


def evolve(state: RetentionSchedule, event: Event) -> RetentionSchedule:
    """Fold one event into the version."""
    return _EVOLVE[type(event)](state, event)


# Commands


class RetentionScheduleCommand(Command):
    """A command to one version's stream."""

    stream_field = "schedule_id"

    schedule_id: UUID


class ProposeRetentionSchedule(ScheduleProposal, RetentionScheduleCommand, name="retention-schedule.propose"):
    """Propose a whole schedule."""

    actor_field = "proposed_by"


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
_refuse: Final = partial(refusal, REFUSALS)


def _propose(command: ProposeRetentionSchedule, state: RetentionSchedule) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("retention-schedule.already-proposed", "schedule_id")
    return [happened(RetentionScheduleProposed, command)]


def _sign_off(command: SignOffRetentionSchedule, state: RetentionSchedule) -> Sequence[Event]:
    if command.signed_by in state.signed_by:
        return []
    _require_open(state)
    refused = _refuse("retention-schedule.second-person-required", "signed_by")
    require_another(command.signed_by, [state.proposed_by], refused)
    return [happened(RetentionScheduleSignedOff, command)]


def _activate(command: ActivateRetentionSchedule, state: RetentionSchedule) -> Sequence[Event]:
    if state.status == "active":
        return []
    _require_open(state)
    if len(state.signed_by) < SIGNATURES:
        raise _refuse("retention-schedule.signatures-missing")
    return [happened(RetentionScheduleActivated, command, schedule_version=state.schedule_version)]


def _withdraw(command: WithdrawRetentionSchedule, state: RetentionSchedule) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_open(state)
    return [happened(RetentionScheduleWithdrawn, command)]


def _require_open(state: RetentionSchedule) -> None:
    if state.status == "active":
        raise _refuse("retention-schedule.already-active")
    if state.status == "withdrawn":
        raise _refuse("retention-schedule.withdrawn")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ProposeRetentionSchedule: _propose,
    SignOffRetentionSchedule: _sign_off,
    ActivateRetentionSchedule: _activate,
    WithdrawRetentionSchedule: _withdraw,
}


def decide(command: Command, state: RetentionSchedule) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ProposeRetentionSchedule:
        raise _refuse("retention-schedule.not-proposed", "schedule_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: RetentionSchedule) -> None:
    return None


def _ended(state: RetentionSchedule) -> bool:
    return state.status in {"active", "withdrawn"}


RETENTION_SCHEDULE: Final = Aggregate(
    name="retention-schedule",
    initial=RetentionSchedule(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
