"""Counting days as laws do: which days a calendar counts, from a day so many units on, and rolling off rest days.

Pure arithmetic on local days. A calendar's day is decided by the version in force when a clock began; a day that this
one does not cover, by the first later version that does; so no later version changes a day that was told before,
unless it says so of itself (`amends_running`: a holiday declared at short notice), and then for days to come alone.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import ZoneInfo

Unit = Literal["natural-day", "calendar-day", "working-day", "business-day", "week", "month"]
"""As the rules call them; natural and calendar day are counted alike, as are working and business day."""
Roll = Literal["none", "holiday", "rest-day"]
"""A last day on a named holiday, or on any day that is not worked, moves on to the next that is not."""
Kind = Literal["working", "rest", "holiday"]

ONE_DAY: Final = timedelta(days=1)
MONTHS: Final = 12
WORKED: Final = frozenset({"working-day", "business-day"})


@dataclass(frozen=True, slots=True)
class DayTable:
    """One adopted version of a calendar. `weekend` holds ISO weekdays, 1 is Monday; both ends are covered."""

    version: int
    effective_from: date
    covers_from: date
    covers_until: date
    zone: str
    close_of_business: time | None = None
    weekend: frozenset[int] = frozenset({6, 7})
    holidays: frozenset[date] = frozenset()
    working: frozenset[date] = frozenset()
    amends_running: bool = False

    def covers(self, day: date) -> bool:
        """Whether this version knows the day's holidays."""
        return self.covers_from <= day <= self.covers_until

    def kind(self, day: date) -> Kind:
        """What the day is; make-up working days go before weekends."""
        if day in self.holidays:
            return "holiday"
        if day in self.working:
            return "working"
        return "rest" if day.isoweekday() in self.weekend else "working"


class Days:
    """A calendar as a clock that begins on some day sees it."""

    def __init__(self, tables: Sequence[DayTable]) -> None:
        """`tables`: the version in force first, then all later ones, of which there may be none."""
        self.pinned = tables[0]
        self.zone = ZoneInfo(self.pinned.zone)
        self._tables = tables
        self._amending = [one for one in reversed(tables[1:]) if one.amends_running]
        self._kinds: dict[date, Kind] = {}

    def table_of(self, day: date) -> DayTable | None:
        """The version that decides a day; None: none covers it, so the weekend rule alone does."""
        for one in self._amending:
            if one.effective_from <= day and one.covers(day):
                return one
        return next((one for one in self._tables if one.covers(day)), None)

    def kind(self, day: date) -> Kind:
        """What the day is."""
        known = self._kinds.get(day)
        if known is None:
            known = self._kinds[day] = (self.table_of(day) or self._tables[-1]).kind(day)
        return known

    def worked(self, day: date) -> bool:
        """Whether the day is worked."""
        return self.kind(day) == "working"

    def versions(self, first: date, last: date) -> tuple[int, ...]:
        """The versions that decide these days, the one in force at the beginning always among them."""
        found = {self.pinned.version}
        if len(self._tables) > 1:
            span = (last - first).days + 1
            tables = (self.table_of(first + timedelta(days=n)) for n in range(max(span, 0)))
            found.update(one.version for one in tables if one is not None)
        return tuple(sorted(found))

    def provisional(self, day: date) -> bool:
        """Whether no version covers the day, so that its holidays are not known yet."""
        return self.table_of(day) is None

    # Moments

    def local(self, moment: datetime) -> datetime:
        """A moment on the calendar's clock."""
        return moment.astimezone(self.zone)

    def day_of(self, moment: datetime) -> date:
        """The local day of a moment."""
        return self.local(moment).date()

    def end_of(self, day: date) -> datetime:
        """24:00 of a local day, in UTC; across a change of clocks the day is 23 or 25 hours long."""
        return datetime.combine(day + ONE_DAY, time(), self.zone).astimezone(UTC)

    def close_of(self, day: date) -> datetime:
        """Close of business of a local day, in UTC; where the calendar names none, its end."""
        close = self.pinned.close_of_business
        return self.end_of(day) if close is None else datetime.combine(day, close, self.zone).astimezone(UTC)


@dataclass(frozen=True)
class Calendar:
    """All adopted versions of one calendar, in the order of their numbers; at least one."""

    name: str
    tables: tuple[DayTable, ...]
    _seen: dict[int, Days] = field(default_factory=dict[int, Days], compare=False, repr=False)

    def at(self, moment: datetime) -> Days:
        """The calendar of a clock that begins at this moment."""
        return self.as_of(moment.astimezone(ZoneInfo(self.tables[0].zone)).date())

    def as_of(self, day: date) -> Days:
        """The calendar of a clock that begins on this day; before the first version, that one."""
        place = 0
        for n, one in enumerate(self.tables):
            if one.effective_from <= day:
                place = n
        seen = self._seen.get(place)
        if seen is None:
            seen = self._seen[place] = Days(self.tables[place:])
        return seen

    @cached_property
    def newest(self) -> int:
        """The highest version."""
        return max(one.version for one in self.tables)


# Counting


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or its last day where it has no such day (Civil Code art. 202)."""
    place = day.year * MONTHS + day.month - 1 + months
    year, month = divmod(place, MONTHS)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _worked_days_on(day: date, length: int, days: Days) -> date:
    while length > 0:
        day += ONE_DAY
        length -= days.worked(day)
    return day


_ADD: Final[Mapping[Unit, Callable[[date, int, Days], date]]] = MappingProxyType(
    {
        "natural-day": lambda day, length, _: day + timedelta(days=length),
        "calendar-day": lambda day, length, _: day + timedelta(days=length),
        "working-day": _worked_days_on,
        "business-day": _worked_days_on,
        "week": lambda day, length, _: day + timedelta(weeks=length),
        "month": lambda day, length, _: add_months(day, length),
    }
)


def last_day(first: date, length: int, unit: Unit, days: Days, *, first_counts: bool = False) -> date:
    """The last day of a period. `first` is the day of the event; whether it counts as day one is the rule's choice."""
    return _ADD[unit](first - ONE_DAY if first_counts else first, length, days)


def rolled(day: date, roll: Roll, days: Days) -> date:
    """The day itself, or the next one that the rule lets a period end on."""
    stopped = {"none": (), "holiday": ("holiday",), "rest-day": ("holiday", "rest")}[roll]
    while days.kind(day) in stopped:
        day += ONE_DAY
    return day


def next_worked(day: date, days: Days) -> date:
    """The first worked day after this one."""
    return _worked_days_on(day, 1, days)


def moved_on(day: date, paused: Sequence[tuple[date, date]], unit: Unit, days: Days, roll: Roll = "none") -> date:
    """The last day of a period that stood still from each first to each second day.

    The day on which it stops has begun and counts; the day on which it goes on does not, as the starting day does not
    (Civil Code art. 201). Of a period in worked days only these are given back. A pause that begins on days that the
    end rolls over is given back from the day it rolled to.
    """
    for since, until in united(paused):
        if since > day:
            day = rolled(day, roll, days)
        if since > day:
            break
        if unit in WORKED:
            span = (until - since).days
            given_back = sum(days.worked(since + timedelta(days=n)) for n in range(1, span + 1))
            day = _worked_days_on(day, given_back, days)
        else:
            day += until - since
    return rolled(day, roll, days)


def united(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    """Spans in order, with those that touch made one, so that no day is given back twice."""
    found: list[tuple[date, date]] = []
    for since, until in sorted((since, max(since, until)) for since, until in spans):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found
