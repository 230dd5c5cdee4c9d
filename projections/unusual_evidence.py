"""The looks, or other events of the reads log, that made a day unusual."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.matters import Sight
from domain.unusual_access import Night, WatchRules
from projections.access_days import hour_of
from projections.looks import DENIED, SEARCHED, Look, events_of, looks
from projections.unusual_access import UnusualDay, start_of
from store.record import Record

if TYPE_CHECKING:
    from domain.unusual_access import RuleName

EVENTS_MAX: Final = 20
READ_MAX: Final = 500
"""So many of a day's looks are read to find some."""


class Evidence(NamedTuple):
    """Ids of events of the reads log, last recorded first; `more`: there may be others. And from when until when."""

    events: tuple[UUID, ...]
    more: bool
    recorded_from: datetime
    recorded_until: datetime


async def evidence(reads: Record, record: Record, sight: Sight, zone: ZoneInfo, of: UnusualDay) -> Evidence:
    """What made a row, as far as the viewer may see it."""
    start, end = start_of(of.day, zone), start_of(of.day + timedelta(days=1), zone)
    rule = of.found.rule
    if rule == "confidential-matter":
        return Evidence(of.events[:EVENTS_MAX], len(of.events) > EVENTS_MAX, start, end)
    types = {"denied-requests": DENIED, "empty-searches": SEARCHED}
    if rule in types:
        found = await events_of(reads, of.actor, types[rule], start, end, READ_MAX)
        return Evidence(tuple(found[:EVENTS_MAX]), len(found) > EVENTS_MAX, start, end)
    page = await looks(reads, record, sight, actor=of.actor, recorded_from=start, recorded_until=end, limit=READ_MAX)
    fits = _fits(rule, of.by.rules, zone, set(of.customers))
    fitting = [one.event_id for one in page.looks if _shown(one) and fits(one)]
    return Evidence(tuple(fitting[:EVENTS_MAX]), len(fitting) > EVENTS_MAX or page.next is not None, start, end)


def _fits(rule: "RuleName", rules: WatchRules, zone: ZoneInfo, customers: set[UUID]) -> Callable[[Look], bool]:
    match rule:
        case "night":
            night = rules.night
            return lambda look: isinstance(night, Night) and night.has(hour_of(look.recorded_at, zone)[1])
        case "break-glass":
            return lambda look: look.break_glass is not None
        case "above-own-norm" | "above-role-norm":
            return lambda _: True
        case _:
            return lambda look: not customers.isdisjoint(_shown(look))


def _shown(look: Look) -> set[UUID]:
    return {part.subject for part in look.looked if part.decision == "shown"}
