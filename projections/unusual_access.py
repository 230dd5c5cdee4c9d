"""Unusual access: days of actors that pass a rule, judged from the counted looks whenever somebody asks.

Each day is judged by the rules that were in force on it, and the same again whenever it is asked for.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.matters import Sight
from domain.unusual_access import ActorDay, NoRelation, RuleName, Unusual, WatchRules, unusual
from projections import actor_directory
from projections.listing import checked_limit, read_mark, write_mark
from projections.models import ReadModels
from projections.seeing import arguments_of
from projections.statements import statement
from store.record import Record

if TYPE_CHECKING:
    import asyncpg

CUSTOMERS_SHOWN_MAX: Final = 20
HOURS: Final = 24


class Period(NamedTuple):
    """Days of the bank, both included; the last is judged first."""

    first: date
    last: date


class DatedRules(NamedTuple):
    """A version of the rules, and the first day that it is in force on."""

    version: int
    since: date
    rules: WatchRules


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """Versions of the rules; at least one is in force on every day."""

    versions: tuple[DatedRules, ...]

    def on(self, day: date) -> DatedRules:
        """The version that a day is judged by: of those in force the highest."""
        return max((one for one in self.versions if one.since <= day), key=lambda one: one.version)


@dataclass(frozen=True, slots=True)
class UnusualFilter:
    """What to list; all that is given must hold."""

    period: Period
    actor: str | None = None
    rule: RuleName | None = None


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """One rule that one actor's day passed, and by which version of the rules.

    `customers`: some of those that made it; `events`: confidential looks.
    """

    day: date
    by: DatedRules
    actor: str
    roles: tuple[str, ...]
    found: Unusual
    customers: tuple[UUID, ...]
    events: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class UnusualPage:
    """Last day first, then by actor and rule. `next` continues; None: there is no more."""

    days: tuple[UnusualDay, ...]
    next: str | None


@dataclass(slots=True)
class _Actor:
    """An actor's day, added up over the partitions."""

    roles: set[str] = field(default_factory=set[str])
    customers: int = 0
    looks: int = 0
    hours: list[int] = field(default_factory=lambda: [0] * HOURS)
    break_glass: int = 0
    empty_searches: int = 0
    denied: int = 0
    confidential: list[tuple[UUID, UUID]] = field(default_factory=list[tuple[UUID, UUID]])
    named: dict[RuleName, list[UUID]] = field(default_factory=dict[RuleName, list[UUID]])


class UnusualAccess:
    """The query. `zone`: the bank's time zone, by which the looks were counted."""

    def __init__(self, models: ReadModels, reads: Record, zone: str) -> None:
        self._models = models
        self._record = models.record
        self._reads = reads
        self.zone = ZoneInfo(zone)

    async def search(
        self, rules: RulesInForce, of: UnusualFilter, sight: Sight, *, after: str | None = None, limit: int = 50
    ) -> UnusualPage:
        """Days that pass a rule; of confidential matters only what the viewer may see.

        Raises:
            CursorInvalid, StaleCursor: `after` is no cursor of such a list of these reads as they are now.
        """
        wanted = checked_limit(limit)
        last: tuple[str, str, str] | None = None
        if after is not None:
            day, actor, rule = read_mark(self._reads.incarnation, after, 3)
            last = (day, actor, rule)
            of = replace(of, period=Period(of.period.first, min(of.period.last, date.fromisoformat(day))))
        shown: list[UnusualDay] = []
        async for one in self._days(rules, of, sight):
            if last is not None and one.day.isoformat() == last[0] and (one.actor, one.found.rule) <= last[1:]:
                continue
            if len(shown) == wanted:
                mark = (shown[-1].day, shown[-1].actor, shown[-1].found.rule)
                return UnusualPage(tuple(shown), write_mark(self._reads.incarnation, *mark))
            shown.append(one)
        return UnusualPage(tuple(shown), None)

    async def _days(self, in_force: RulesInForce, of: UnusualFilter, sight: Sight) -> AsyncIterator[UnusualDay]:
        day = of.period.last
        while day >= of.period.first:
            by = in_force.on(day)
            rules = by.rules
            actors = await self._actors(day)
            await self._confidential(actors, day, sight)
            medians = _medians(actors)
            chosen = {name: one for name, one in actors.items() if of.actor in {None, name}}
            if chosen:
                await self._name_customers(rules, chosen, day)
            history = await self._history(rules, chosen, day)
            for name in sorted(chosen):
                one = chosen[name]
                judged = _as_judged(
                    one, history.get(name, ()), {role: medians[role] for role in one.roles & {*medians}}
                )
                for found in unusual(rules, judged):
                    if of.rule in {None, found.rule}:
                        yield _found(day, by, name, one, found)
            day -= timedelta(days=1)

    async def _each(self, name: str, *arguments: Any) -> "list[asyncpg.Record]":  # noqa: ANN401
        sql = statement(name)
        partitions = range(self._record.partitions)
        pages = [await self._record.pool.fetch(sql, one, *arguments) for one in partitions]
        return list(chain.from_iterable(pages))

    async def _actors(self, day: date) -> dict[str, _Actor]:
        actors: dict[str, _Actor] = {}
        for row in await self._each("access_of_day", day):
            one = actors.setdefault(row["actor"], _Actor())
            one.roles.update(row["roles"])
            one.hours = [a + b for a, b in zip(one.hours, row["hours"], strict=True)]
            for name in ("customers", "looks", "break_glass", "empty_searches", "denied"):
                setattr(one, name, getattr(one, name) + row[name])
        return actors

    async def _confidential(self, actors: dict[str, _Actor], day: date, sight: Sight) -> None:
        for row in await self._each("confidential_looks", day, *arguments_of(sight)):
            actors.setdefault(row["actor"], _Actor()).confidential.append((row["event_id"], row["customer_id"]))

    async def _history(self, rules: WatchRules, actors: Mapping[str, _Actor], day: date) -> dict[str, Sequence[int]]:
        """Customers on each earlier day, of the actors who could pass the rule."""
        rule = rules.above_own_norm
        names = [] if rule is None else [name for name, one in actors.items() if one.customers >= rule.least]
        if rule is None or not names:
            return {}
        by_day: dict[str, dict[date, int]] = {}
        for row in await self._each("access_before", names, day - timedelta(days=rule.history_days), day):
            of = by_day.setdefault(row["actor"], {})
            of[row["day"]] = of.get(row["day"], 0) + row["customers"]
        return {name: list(of.values()) for name, of in by_day.items()}

    async def _name_customers(self, rules: WatchRules, actors: Mapping[str, _Actor], day: date) -> None:
        """Find the customers that some rules ask for."""
        if rules.no_relation is not None:
            await self._unrelated(rules.no_relation, actors, day)
        if rules.colleague is not None or rules.own_record is not None:
            await self._staff(actors, day)
        if rules.watched_segment is not None:
            segments = list(rules.watched_segment.segments)
            pages = await self._models.fetch_all("customer_profile", "access_in_segments", day, segments)
            _name(actors, "watched-segment", chain.from_iterable(pages))

    async def _unrelated(self, rule: NoRelation, actors: Mapping[str, _Actor], day: date) -> None:
        names = [name for name, one in actors.items() if one.customers >= rule.least]
        if not names:
            return
        start, end = self._start_of(day - timedelta(days=rule.days)), self._start_of(day + timedelta(days=1))
        patterns = [one.replace("*", "%") for one in rule.relations]
        for partition in range(self._record.partitions):
            bounds = [await self._position(partition, moment) for moment in (start, end)]
            arguments = (partition, day, names, *bounds, patterns)
            _name(actors, "no-relation", await self._record.pool.fetch(statement("access_unrelated"), *arguments))

    async def _position(self, partition: int, moment: datetime) -> int:
        return await self._record.pool.fetchval(statement("audit_position_at"), partition, moment)

    async def _staff(self, actors: Mapping[str, _Actor], day: date) -> None:
        pages = await self._models.fetch_all(actor_directory.NAME, "staff")
        staff = {row["customer_id"]: row["actor"] for row in chain.from_iterable(pages)}
        for partition, ids in self._record.by_partition(staff).items():
            rows = await self._record.pool.fetch(statement("access_of_customers"), partition, day, ids)
            _name(actors, "own-record", [row for row in rows if staff[row["customer_id"]] == row["actor"]])
            _name(actors, "colleague", [row for row in rows if staff[row["customer_id"]] != row["actor"]])

    def _start_of(self, day: date) -> datetime:
        return start_of(day, self.zone)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day of the bank begins."""
    return datetime.combine(day, time(), zone)


def _name(actors: Mapping[str, _Actor], rule: RuleName, rows: "Any") -> None:  # noqa: ANN401  # records of asyncpg
    for row in rows:
        if row["actor"] in actors:
            actors[row["actor"]].named.setdefault(rule, []).append(row["customer_id"])


def _medians(actors: Mapping[str, _Actor]) -> dict[str, tuple[int, int]]:
    """Of each role the number of actors who looked at anybody, and the median of customers."""
    by_role: dict[str, list[int]] = {}
    for one in actors.values():
        for role in one.roles if one.customers else ():
            by_role.setdefault(role, []).append(one.customers)
    return {role: (len(of), median_low(of)) for role, of in by_role.items()}


def _as_judged(one: _Actor, history: Sequence[int], medians: Mapping[str, tuple[int, int]]) -> ActorDay:
    return ActorDay(
        one.customers, one.hours, one.break_glass, one.empty_searches, one.denied, len(one.confidential), history,
        medians, one.named,
    )  # fmt: skip


def _found(day: date, by: DatedRules, actor: str, one: _Actor, found: Unusual) -> UnusualDay:
    customers: Sequence[UUID] = one.named.get(found.rule, ())
    events: tuple[UUID, ...] = ()
    if found.rule == "confidential-matter":
        customers = [customer for _, customer in one.confidential]
        events = tuple(dict.fromkeys(event for event, _ in one.confidential))
    first = tuple(list(dict.fromkeys(customers))[:CUSTOMERS_SHOWN_MAX])
    return UnusualDay(day, by, actor, tuple(sorted(one.roles)), found, first, events)
