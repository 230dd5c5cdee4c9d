"""Calendars drafted by the library `holidays`: what a person then looks at, day by day, and adopts."""

from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain.clock_catalogue import CN, ENGLAND, US

CLOSE_OF_BUSINESS: Final = "17:00"
MAKE_UP: Final = "Make-up working day"


class Place(NamedTuple):
    """Where a calendar is of, as the library knows it; `make_up`: holidays are paid for by working weekends."""

    country: str
    subdivision: str | None
    zone: str
    make_up: bool = False


PLACES: Final[Mapping[str, Place]] = MappingProxyType(
    {
        CN: Place("CN", None, "Asia/Shanghai", make_up=True),
        ENGLAND: Place("GB", "ENG", "Europe/London"),
        US: Place("US", None, "America/New_York"),
    }
)


class NotKnownYet(ValueError):
    """The library knows no holidays of a year: the government has not published them, or the library is too old."""


def drafted(name: str, first_year: int, last_year: int) -> dict[str, Any]:
    """The fields of a draft that the library can tell, for whole years.

    Raises:
        NotKnownYet: a year without make-up working days, where every year has some.
        KeyError: no such calendar in `PLACES`.
    """
    import holidays  # noqa: PLC0415  # takes a tenth of what every command needs to start, for one that is seldom given

    place = PLACES[name]
    years = range(first_year, last_year + 1)
    found = holidays.country_holidays(place.country, subdiv=place.subdivision, years=years, language="en_US")
    days = {day: {"day": day, "kind": "holiday", "name": said[:200]} for day, said in found.items()}
    if place.make_up:
        worked = {day for day in found.weekend_workdays if first_year <= day.year <= last_year}
        unknown = sorted(set(years).difference(day.year for day in worked))
        if unknown:
            raise NotKnownYet(
                f"{name}: the library knows no make-up working days of {unknown[0]}; draft fewer years, or update it"
            )
        days.update({day: {"day": day, "kind": "working", "name": MAKE_UP} for day in worked})
    return {
        "calendar": name,
        "zone": place.zone,
        "weekend": (6, 7),
        "close_of_business": CLOSE_OF_BUSINESS,
        "covers_from": date(first_year, 1, 1),
        "covers_until": date(last_year, 12, 31),
        "days": tuple(days[day] for day in sorted(days)),
        "source": " ".join(filter(None, ("holidays", version("holidays"), place.country, place.subdivision))),
    }


def last_known_year(name: str, year: int) -> int:
    """The last year, not after this one, that the library can draft."""
    while True:
        try:
            drafted(name, year, year)
        except NotKnownYet:
            year -= 1
        else:
            return year
