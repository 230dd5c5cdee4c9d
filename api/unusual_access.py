"""`GET /audit/unusual-access`: days of actors that pass a rule, each with its figures, thresholds and looks."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from api.actors import told
from api.admission import looker, require, sight_of
from api.edge import Edge, edge
from api.problems import FieldError, Problem
from api.reading import Paged, page_link, shown
from domain.matters import Sight
from domain.unusual_access import RuleName
from engine.watch_rules import FIRST_VERSION, rules_in_force
from projections.unusual_access import Period, UnusualDay, UnusualFilter
from projections.unusual_evidence import evidence

DAYS: Final = 7
DAYS_MAX: Final = 92


class UnusualQuery(Paged):
    """What to list; all that is given must hold. Days are those of the bank's time zone."""

    actor: str | None = Field(default=None, max_length=128)
    rule: RuleName | None = None
    first_day: date | None = Field(default=None, description="Left out: six days before the last.")
    last_day: date | None = Field(default=None, description="Left out: today.")
    actors: bool = Field(default=False, description="Also tell whom the actors stand for; for who may ask `actors`.")


async def unusual_access(request: Request, query: Annotated[UnusualQuery, Query()]) -> Response:
    """Days on which an actor's looks passed a rule of unusual access, last day first.

    That this was asked is recorded, too.
    """
    at, looking, sight = edge(request), looker(request), sight_of(request)
    daybook, period = at.daybook, _period(query, at)
    if query.actors:
        require(request, "actors")
    rules = await rules_in_force(daybook.models, daybook.mapper)
    found = await daybook.unusual_access.search(
        rules, UnusualFilter(period, query.actor, query.rule), sight, after=query.after, limit=query.limit
    )
    asked = {"actor": query.actor, "first_day": period.first, "last_day": period.last, "rule": query.rule}
    await daybook.looks.reviewed(looking, asked, len(found.days))
    body: dict[str, Any] = {
        "days": [await _body(at, sight, one) for one in found.days],
        "rules_version": rules.on(_today(at)).version,
        "time_zone": daybook.settings.time_zone,
        "behind": await daybook.access_days.behind(),
        "next": found.next,
        "actors": None,
    }
    if query.actors:
        rows = await daybook.directory.entries({one.actor for one in found.days})
        body["actors"] = await told(request, at, rows)
    return shown(body, headers=page_link(request, found.next))


def _period(query: UnusualQuery, at: Edge) -> Period:
    last = query.last_day or _today(at)
    first = query.first_day or last - timedelta(days=DAYS - 1)
    if not 0 <= (last - first).days < DAYS_MAX:
        reason = f"must be one of the {DAYS_MAX} days up to last_day, {last}"
        raise Problem("query-invalid", errors=(FieldError("query", "first_day", reason),))
    return Period(first, last)


def _today(at: Edge) -> date:
    return datetime.now(UTC).astimezone(at.daybook.unusual_access.zone).date()


async def _body(at: Edge, sight: Sight, one: UnusualDay) -> dict[str, Any]:
    daybook = at.daybook
    found = await evidence(daybook.looks.record, daybook.record, sight, daybook.unusual_access.zone, one)
    day = {"actor": one.actor, "recorded_from": found.recorded_from, "recorded_until": found.recorded_until}
    return {
        "day": one.day,
        "actor": one.actor,
        "roles": one.roles,
        "rule": one.found.rule,
        "rules_version": one.by.version,
        "figures": one.found.figures,
        "thresholds": one.found.thresholds,
        "customers": one.customers,
        "events": found.events,
        "more_events": found.more,
        "looks": f"/audit/looks?{urlencode({name: str(value) for name, value in day.items()})}",
    }


async def watch_rules(request: Request) -> Response:
    """The rules of unusual access in force today. Version 0 came with the program; it has no first day."""
    at = edge(request)
    found = (await rules_in_force(at.daybook.models, at.daybook.mapper)).on(_today(at))
    since = None if found.version == FIRST_VERSION else found.since
    return shown({"rules_version": found.version, "since": since, "rules": found.rules})
