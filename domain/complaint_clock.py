"""What the program itself records of a complaint's clocks: that a share of the time is over, and that it is all over.

Which clock, when and by which rules is counted in `domain.clocks`; here each is recorded once and never again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.clock_rules import Version
from domain.codes import Code
from domain.complaint_case import Complaint, ComplaintCommand
from domain.kernel import Command, Event, Facts, happened

Run = Annotated[int, Field(ge=1, le=10_000)]
Share = Annotated[int, Field(ge=1, le=99)]
"""Percent of a clock's time."""

# Facts that events and commands share


class ClockCount(Facts):
    """A clock as it was counted: its run, when it is due, by which versions, and which events had moved it."""

    clock: Code
    run: Run
    regime: Code
    policy_version: Version
    calendar: Code
    calendar_versions: Annotated[tuple[Version, ...], Field(max_length=100)]
    due_at: AwareDatetime
    moved_by: Annotated[tuple[UUID, ...], Field(max_length=1000)]


# Events


class ComplaintClockEscalated(ClockCount, Event, name="complaint.clock-escalated"):
    """So much of a clock's time, in percent, was over at this moment, and nobody had stopped it."""

    threshold: Share


class ComplaintClockBreached(ClockCount, Event, name="complaint.clock-breached"):
    """A clock ran out at this moment, and nobody had stopped it."""


# Evolve


def _escalated(state: Complaint, event: ComplaintClockEscalated) -> Complaint:
    return replace(state, clocks=state.clocks | {(event.clock, event.run, event.threshold)})


def _breached(state: Complaint, event: ComplaintClockBreached) -> Complaint:
    return replace(state, clocks=state.clocks | {(event.clock, event.run, 100)})


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintClockEscalated: _escalated,
    ComplaintClockBreached: _breached,
}

# Commands


class ClockCommand(ClockCount, ComplaintCommand):
    """A command that only the program gives."""

    internal = True


class EscalateComplaintClock(ClockCommand, name="complaint.escalate-clock"):
    """Record that so much of a clock's time is over."""

    threshold: Share


class RecordClockBreach(ClockCommand, name="complaint.record-clock-breach"):
    """Record that a clock ran out."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType({})


def _escalate(command: EscalateComplaintClock, state: Complaint) -> Sequence[Event]:
    told = [share for clock, run, share in state.clocks if (clock, run) == (command.clock, command.run)]
    return [] if max(told, default=0) >= command.threshold else [happened(ComplaintClockEscalated, command)]


def _breach(command: RecordClockBreach, state: Complaint) -> Sequence[Event]:
    known = (command.clock, command.run, 100) in state.clocks
    return [] if known else [happened(ComplaintClockBreached, command)]


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    EscalateComplaintClock: _escalate,
    RecordClockBreach: _breach,
}
