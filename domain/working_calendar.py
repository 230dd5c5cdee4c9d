"""Calendar: which days are worked in one place, by date. A library drafts a version, another person adopts it.

A stream is one version of one calendar. What stands in the record decides; the library that drafted it is only named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.clock_rules import CalendarDays, TimeOfDay, Version, Weekend, Zone
from domain.codes import ActorId, Code, Label
from domain.four_eyes import require_another
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

Status = Literal["absent", "drafted", "adopted", "withdrawn"]

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
class WorkingCalendar:
    """The version as decisions see it."""

    status: Status = "absent"
    calendar: Code = ""
    calendar_version: int = 0
    drafted_by: ActorId | None = None


# Evolve


def _drafted(state: WorkingCalendar, event: CalendarDrafted) -> WorkingCalendar:
    facts = {name: getattr(event, name) for name in ("calendar", "calendar_version", "drafted_by")}
    return replace(state, status="drafted", **facts)


def _adopted(state: WorkingCalendar, _: CalendarAdopted) -> WorkingCalendar:
    return replace(state, status="adopted")


def _withdrawn(state: WorkingCalendar, _: CalendarWithdrawn) -> WorkingCalendar:
    return replace(state, status="withdrawn")


_EVOLVE: Final[dict[type[Event], Callable[..., WorkingCalendar]]] = {
    CalendarDrafted: _drafted,
    CalendarAdopted: _adopted,
    CalendarWithdrawn: _withdrawn,
}


def evolve(state: WorkingCalendar, event: Event) -> WorkingCalendar:
    """Fold one event into the version."""
    return _EVOLVE[type(event)](state, event)


# Commands


class CalendarCommand(Command):
    """A command to one version's stream."""

    stream_field = "calendar_id"

    calendar_id: UUID


class DraftCalendar(CalendarDraft, CalendarCommand, name="calendar.draft"):
    """Draft a version of a calendar."""

    actor_field = "drafted_by"


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


def _draft(command: DraftCalendar, state: WorkingCalendar) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("calendar.already-drafted", "calendar_id")
    if command.covers_until < command.covers_from:
        raise _refuse("calendar.period-invalid", "covers_until")
    days = [one.day for one in command.days]
    if len(set(days)) != len(days) or any(not command.covers_from <= day <= command.covers_until for day in days):
        raise _refuse("calendar.day-outside", "days")
    try:
        ZoneInfo(command.zone)
    except (ValueError, OSError, LookupError):
        raise _refuse("calendar.zone-unknown", "zone") from None
    return [happened(CalendarDrafted, command)]


def _adopt(command: AdoptCalendar, state: WorkingCalendar) -> Sequence[Event]:
    if state.status == "adopted":
        return []
    _require_open(state)
    require_another(command.adopted_by, [state.drafted_by], _refuse("calendar.second-person-required", "adopted_by"))
    facts = {"calendar": state.calendar, "calendar_version": state.calendar_version}
    return [happened(CalendarAdopted, command, **facts)]


def _withdraw(command: WithdrawCalendar, state: WorkingCalendar) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_open(state)
    return [happened(CalendarWithdrawn, command)]


def _require_open(state: WorkingCalendar) -> None:
    if state.status != "drafted":
        raise _refuse("calendar.already-adopted" if state.status == "adopted" else "calendar.withdrawn")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    DraftCalendar: _draft,
    AdoptCalendar: _adopt,
    WithdrawCalendar: _withdraw,
}


def decide(command: Command, state: WorkingCalendar) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not DraftCalendar:
        raise _refuse("calendar.not-drafted", "calendar_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: WorkingCalendar) -> None:
    return None


def _ended(state: WorkingCalendar) -> bool:
    return state.status in {"adopted", "withdrawn"}


CALENDAR: Final = Aggregate(
    name="calendar",
    initial=WorkingCalendar(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
