"""Calendars and facts for examples of clocks: the real holidays of 2024 to 2027, written down by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.clock_catalogue import CATALOGUE
from domain.clock_facts import ClockFact
from domain.clock_rules import ClockRule
from domain.clocks import Catalogue, Clock, PolicyTable, clocks_of
from domain.counting import Calendar, DayTable

ZONES = {"cn": "Asia/Shanghai", "gb.england": "Europe/London", "us.federal": "America/New_York"}
CALENDAR_OF = {"cn": "cn", "uk": "gb.england", "uk.psd": "gb.england", "dsr": "gb.england", "us.cfpb": "us.federal"}
FAR = datetime(2099, 1, 1, tzinfo=UTC)


def span(first: str, last: str) -> set[date]:
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return {start + timedelta(days=n) for n in range((end - start).days + 1)}


# State Council's holiday arrangements for 2025 and 2026; make-up working days (调休) beside them.
CN_HOLIDAYS = (
    span("2025-01-01", "2025-01-01") | span("2025-01-28", "2025-02-04") | span("2025-04-04", "2025-04-06")
    | span("2025-05-01", "2025-05-05") | span("2025-05-31", "2025-06-02") | span("2025-10-01", "2025-10-08")
    | span("2026-01-01", "2026-01-03") | span("2026-02-15", "2026-02-23") | span("2026-04-04", "2026-04-06")
    | span("2026-05-01", "2026-05-05") | span("2026-06-19", "2026-06-21") | span("2026-09-25", "2026-09-27")
    | span("2026-10-01", "2026-10-07")
)  # fmt: skip
CN_WORKING = {
    date.fromisoformat(day)
    for day in (
        "2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11", "2026-01-04", "2026-02-14", "2026-02-28",
        "2026-05-09", "2026-09-20", "2026-10-10",
    )
}  # fmt: skip
ENGLAND_HOLIDAYS = {
    date.fromisoformat(day)
    for day in (
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-04", "2026-05-25", "2026-08-31", "2026-12-25", "2026-12-28",
        "2027-01-01",
    )
}  # fmt: skip
US_HOLIDAYS = {date.fromisoformat(day) for day in ("2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07")}

FIRST = DayTable(1, date(2011, 1, 1), date(2011, 1, 1), date(2027, 12, 31), "UTC", time(17))
CN = replace(
    FIRST, zone=ZONES["cn"], holidays=frozenset(CN_HOLIDAYS), working=frozenset(CN_WORKING),
    covers_until=date(2026, 12, 31),
)  # fmt: skip
ENGLAND = replace(FIRST, zone=ZONES["gb.england"], holidays=frozenset(ENGLAND_HOLIDAYS))
US = replace(FIRST, zone=ZONES["us.federal"], holidays=frozenset(US_HOLIDAYS))


def calendars(more: Mapping[str, Sequence[DayTable]]) -> dict[str, Calendar]:
    tables: dict[str, tuple[DayTable, ...]] = {"cn": (CN,), "gb.england": (ENGLAND,), "us.federal": (US,)}
    return {name: Calendar(name, (*known, *more.get(name, ()))) for name, known in tables.items()}


def catalogue(
    changed: Mapping[str, Any] | None = None, more: Mapping[str, Sequence[DayTable]] | None = None
) -> Catalogue:
    """The seed catalogue, with some fields of all rules changed, and more versions of calendars."""

    def rule(one: ClockRule) -> ClockRule:
        return replace(one, **(changed or {}))

    policies = {
        regime: (PolicyTable(regime, 1, seed.in_force_from, tuple(rule(one) for one in seed.rules)),)
        for regime, seed in CATALOGUE.items()
    }
    return Catalogue(policies, calendars(more or {}))


SEED = catalogue()


def at(text: str, regime: str = "cn") -> datetime:
    """A local time of the regime, `2026-03-02 10:00`; a day alone is its ten o'clock; with `Z`, UTC."""
    if text.endswith("Z"):
        return datetime.fromisoformat(text)
    local = datetime.fromisoformat(text if " " in text else f"{text} 10:00")
    return local.replace(tzinfo=ZoneInfo(ZONES[CALENDAR_OF[regime]]))


def facts(regime: str, *told: tuple[Any, ...]) -> list[ClockFact]:
    """Facts from (what, when[, more fields]); the regime is told with the receipt."""
    found: list[ClockFact] = []
    for what, when, *more in told:
        moment = at(when, regime)
        fields = more[0] if more else {}
        found.append(ClockFact(what, moment, UUID(int=len(found) + 1), **fields))
        if what == "received":
            found.append(ClockFact("regime", moment, UUID(int=len(found)), key=regime))
    return found


def clock(name: str, told: Sequence[ClockFact], of: Catalogue = SEED, moment: datetime = FAR) -> Clock:
    """The one clock of this name, which has started."""
    (found,) = [one for one in clocks_of(told, of, moment) if one.clock == name]
    return found
