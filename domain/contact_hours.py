"""Days and hours at the customer, in each time zone that they may be in."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from domain.codes import Code
from domain.contact_rules import ContactHours

_DAYS_TRIED: Final = 3
_WISHED: Final = 2


@lru_cache(maxsize=1000)
def zone_known(name: str) -> bool:
    """Whether the time zone database has it."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=1440)
def _time(text: str) -> time:
    return time.fromisoformat(text)


def calendar_day(moment: datetime, zone: str) -> date:
    """The day at a place."""
    return moment.astimezone(ZoneInfo(zone)).date()


def day_starts(day: date, zones: tuple[str, ...]) -> datetime:
    """When this day has begun in all zones."""
    return max(datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for zone in zones)


def wished_hours(code: Code) -> tuple[time, time] | None:
    """The hours of a preference such as `09.00-17.30`; None: it says no hours."""
    parts = code.split("-")
    if len(parts) != _WISHED:
        return None
    try:
        first, last = (time.fromisoformat(part.replace(".", ":")) for part in parts)
    except ValueError:
        return None
    return (first, last) if first < last else None


def next_opening(hours: ContactHours, wished: Code | None, zones: tuple[str, ...], moment: datetime) -> datetime | None:
    """The first moment from now on at which contact is allowed in all zones; None: there is none within days.

    Hours that the customer wishes narrow those of the policy, and never widen them.
    """
    first, last = _time(hours.from_time), _time(hours.until_time)
    wish = None if wished is None else wished_hours(wished)
    if wish is not None:
        first, last = max(first, wish[0]), min(last, wish[1])
    if first >= last:
        return None
    if len(zones) == 1:
        return _opening(first, last, zones[0], moment)
    opening = moment
    for _ in range(_DAYS_TRIED * len(zones)):
        later = max(_opening(first, last, zone, opening) for zone in zones)
        if later == opening:
            return opening
        opening = later
    return None


def _opening(first: time, last: time, zone: str, moment: datetime) -> datetime:
    """The first moment from now on at which the place's clocks show a time between the two."""
    place = ZoneInfo(zone)
    local = moment.astimezone(place)
    if first <= local.time() < last:
        return moment
    day = local.date() if local.time() < first else local.date() + timedelta(days=1)
    return datetime.combine(day, first, place).astimezone(UTC)
