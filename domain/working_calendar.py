"""Calendar: which days are worked in one place, by date. A library drafts a version, another person adopts it.

A stream is one version of one calendar. What stands in the record decides; the library that drafted it is only named.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.clock_rules import CalendarDays, TimeOfDay, Version, Weekend, Zone
from domain.codes import ActorId, Code, Label
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, Words, course_of

# Facts that events and commands share


class CalendarDraft(Facts):
    """A version of a calendar: `days` are those that the weekend rule gets wrong, between both ends, each once.

    `in_force_from`: for clocks that begin on this day or later, and never before the day after its adoption, but for
    the first version. `amends_running`: also for days to come of clocks that run then.
    """

    calendar: Code
    calendar_version: Version
    zone: Zone
    weekend: Weekend
    close_of_business: TimeOfDay | None = None
    covers_from: date
    covers_until: date
    in_force_from: date
    amends_running: bool = False
    days: CalendarDays
    source: Label
    drafted_by: ActorId


# Events


class CalendarDrafted(CalendarDraft, Event, name="calendar.drafted"):
    """A version was drafted."""


class CalendarAdopted(Event, name="calendar.adopted"):
    """Another person has looked at every day and answers for it."""

    calendar: Code
    calendar_version: Version
    adopted_by: ActorId


class CalendarWithdrawn(Event, name="calendar.withdrawn"):
    """The draft is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class WorkingCalendar(RuleVersion):
    """The version as decisions see it."""

    calendar: Code = ""
    calendar_version: int = 0


# Commands


class CalendarCommand(Command):
    """A command to one version's stream."""

    stream_field = "calendar_id"

    calendar_id: UUID


class DraftCalendar(CalendarDraft, CalendarCommand, name="calendar.draft"):
    """Draft a version of a calendar."""

    actor_field = "drafted_by"
    key_fields = ("calendar", "calendar_version")


class AdoptCalendar(CalendarCommand, name="calendar.adopt"):
    """Answer for a draft; not for the one who made it."""

    actor_field = "adopted_by"

    adopted_by: ActorId


class WithdrawCalendar(CalendarCommand, name="calendar.withdraw"):
    """Give a draft up."""

    reason: Code


# Decide

REFUSALS: Final = MappingProxyType(
    {
        "calendar.already-drafted": "This version is drafted already.",
        "calendar.not-drafted": "There is no such draft.",
        "calendar.period-invalid": "A calendar must not end before it begins.",
        "calendar.day-outside": "A day lies outside the calendar's period, or stands in it twice.",
        "calendar.zone-unknown": "The time zone database has no such zone.",
        "calendar.second-person-required": "Who drafted a calendar cannot adopt it.",
        "calendar.already-adopted": "The calendar is adopted; draft another version.",
        "calendar.withdrawn": "The draft was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _check(command: DraftCalendar) -> None:
    if command.covers_until < command.covers_from:
        raise _refuse("calendar.period-invalid", "covers_until")
    days = [one.day for one in command.days]
    if len(set(days)) != len(days) or any(not command.covers_from <= day <= command.covers_until for day in days):
        raise _refuse("calendar.day-outside", "days")
    try:
        ZoneInfo(command.zone)
    except (ValueError, OSError, LookupError):
        raise _refuse("calendar.zone-unknown", "zone") from None


CALENDAR: Final = course_of(
    WorkingCalendar(),
    Steps(
        propose=Step(DraftCalendar, CalendarDrafted),
        activate=Step(AdoptCalendar, CalendarAdopted),
        withdraw=Step(WithdrawCalendar, CalendarWithdrawn),
    ),
    REFUSALS,
    check=_check,
    words=Words("already-drafted", "not-drafted", "already-adopted"),
)
