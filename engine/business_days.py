"""Business days of a return: counted by the adopted calendar, or by weekdays where none says better."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from domain.counting import ONE_DAY, Calendar, last_day
from engine.wiring import Daybook
from projections.return_measures import BusinessDays

SOON_DAYS: Final = 3
_BEFORE: Final = timedelta(days=30)
"""What was received longer ago has been open for more than three business days."""
_WEEKDAYS: Final = (3, 3, 5, 5, 5, 4, 3)


@dataclass(frozen=True)
class Counted:
    """The days that a return was counted with, and by which versions of which calendar.

    `versions` is empty and `covers` None where no calendar is named, or none of this name is adopted.
    """

    calendar: str | None
    days: BusinessDays
    versions: tuple[int, ...]
    covers: tuple[date, date] | None

    def as_json(self, first: date, last: date) -> Mapping[str, Any]:
        """What a return says of them. `weekdays`: in part of the period only weekends are known."""
        covers = self.covers
        return {
            "calendar": self.calendar,
            "calendar_versions": self.versions,
            "zone": self.days.zone,
            "covers_from": covers and covers[0],
            "covers_until": covers and covers[1],
            "weekdays": covers is None or not covers[0] <= first <= last <= covers[1],
        }


async def business_days(daybook: Daybook, name: str | None, first: date, last: date) -> Counted:
    """The business days of a period by the calendar of this name, as it was in force when each complaint came in."""
    if name is None:
        return Counted(None, BusinessDays(), (), None)
    catalogue = (await daybook.clock_catalogue.known()).catalogue
    calendar = catalogue.calendars.get(name)
    if calendar is None:
        return Counted(name, BusinessDays(), (), None)
    covers = (min(one.covers_from for one in calendar.tables), max(one.covers_until for one in calendar.tables))
    days, versions = _told(calendar, max(first - _BEFORE, covers[0] - _BEFORE), min(last, covers[1]))
    return Counted(name, BusinessDays(calendar.tables[0].zone, days), versions, covers)


def _told(calendar: Calendar, first: date, last: date) -> tuple[dict[date, int], tuple[int, ...]]:
    """By day of receipt, how many days the third business day is away, where it is not as weekdays have it."""
    days: dict[date, int] = {}
    versions: set[int] = set()
    day = first
    while day <= last:
        seen = calendar.as_of(day)
        ends = last_day(day, SOON_DAYS, "business-day", seen)
        versions.update(seen.versions(day, ends))
        if (ends - day).days != _WEEKDAYS[day.weekday()]:
            days[day] = (ends - day).days
        day += ONE_DAY
    return days, tuple(sorted(versions))
