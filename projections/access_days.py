"""Access days: whom each actor was shown personal data of on each day, counted from the reads log.

A day is one of the bank's time zone. Looks at what is confidential are in no count: they stand apart, one by one, for
those who may see the matter. Rows and bookmark move together, by compare and set, so any number of processes may count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from projections.bookmarks import Bookmark, check_bookmark
from projections.errors import BookmarkAhead
from projections.looks import DENIED, LOOKED, SEARCHED
from projections.statements import statement
from projections.writing import Connection
from store.envelope import RecordedEvent
from store.record import PAGE, Record

if TYPE_CHECKING:
    import asyncpg

NAME: Final = "access_days"
CODE: Final = 1
"""Rises with every change of what is counted; then all is counted anew."""
HOURS: Final = 24


class DayKey(NamedTuple):
    """An actor's day."""

    day: date
    actor: str


@dataclass(slots=True)
class _Day:
    roles: set[str] = field(default_factory=set[str])
    hours: list[int] = field(default_factory=lambda: [0] * HOURS)
    customers: int = 0
    looks: int = 0
    break_glass: int = 0
    empty_searches: int = 0
    denied: int = 0


@dataclass(slots=True)
class _Counted:
    """What a page of the reads log adds."""

    days: dict[DayKey, _Day] = field(default_factory=dict[DayKey, _Day])
    customers: dict[tuple[DayKey, UUID], int] = field(default_factory=dict[tuple[DayKey, UUID], int])
    confidential: set[tuple[int, UUID, date, str, UUID, UUID]] = field(
        default_factory=set[tuple[int, UUID, date, str, UUID, UUID]]
    )


class AccessDays:
    """Counts the looks of a reads log into days. `record` says what is confidential; `zone` is the bank's time zone."""

    def __init__(self, reads: Record, record: Record, writers: "asyncpg.Pool[asyncpg.Record]", zone: str) -> None:
        self._reads = reads
        self._record = record
        self._writers = writers
        self._zone = ZoneInfo(zone)
        self._code = f"{CODE} {zone}"

    async def catch_up(self) -> None:
        """Count all that is there now."""
        for partition in range(self._reads.partitions):
            while await self.step(partition):
                pass

    async def behind(self) -> int:
        """Events of the reads log that are not counted yet."""
        ends = (await self._reads.end()).next_positions
        rows = [await self._writers.fetchrow(statement("access_bookmark"), one) for one in range(len(ends))]
        done = [0 if row is None or row["code"] != self._code else row["position"] for row in rows]
        return sum(max(end - position, 0) for end, position in zip(ends, done, strict=True))

    async def step(self, partition: int, limit: int = PAGE) -> int:
        """Count the next page of a partition; how many events were read, also where another process was faster."""
        row = await self._writers.fetchrow(statement("access_bookmark"), partition)
        if row is None:
            incarnation = self._reads.incarnation.id
            await self._writers.execute(statement("begin_access_bookmark"), partition, incarnation, self._code)
            return await self.step(partition, limit)
        if row["code"] != self._code or self._is_ahead(Bookmark(partition, row["position"], row["incarnation"])):
            await self._begin_anew(partition, row["position"], row["code"])
            return await self.step(partition, limit)
        events = await self._reads.read_partition(partition, row["position"], limit)
        if events:
            counted = _count(events, await self._matters_of(events), self._zone)
            await self._write(partition, row["position"], events[-1].position + 1, counted)
        return len(events)

    def _is_ahead(self, bookmark: Bookmark) -> bool:
        try:
            check_bookmark(self._reads.incarnation, NAME, bookmark)
        except BookmarkAhead:
            return True
        return False

    async def _begin_anew(self, partition: int, position: int, code: str) -> None:
        async with self._writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            if await self._moved(connection, partition, (position, code), 0):
                for name in ("delete_access_days", "delete_access_customers", "delete_confidential_looks"):
                    await connection.execute(statement(name), partition)

    async def _moved(self, connection: Connection, partition: int, before: tuple[int, str], position: int) -> bool:
        arguments = (partition, *before, position, self._reads.incarnation.id, self._code)
        return await connection.fetchval(statement("move_access_bookmark"), *arguments) is not None

    async def _matters_of(self, events: Sequence[RecordedEvent]) -> Mapping[UUID, UUID]:
        """The confidential streams of events that were looked at; ids mostly name their partition, but need not."""
        looked = {UUID(one) for event in events for part in _parts(event) for one in part.get("events", ())}
        if not looked:
            return {}
        sql, partitions = statement("confidential_events"), range(self._record.partitions)
        pages = [await self._record.pool.fetch(sql, one, list(looked)) for one in partitions]
        return {row["event_id"]: row["stream_id"] for row in chain.from_iterable(pages)}

    async def _write(self, partition: int, position: int, following: int, counted: _Counted) -> None:
        async with self._writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            if not await self._moved(connection, partition, (position, self._code), following):
                return  # another process has counted this page
            of = counted.customers
            if of:
                columns = zip(*((*key, customer, looks) for (key, customer), looks in of.items()), strict=True)
                for row in await connection.fetch(statement("add_access_customers"), partition, *columns):
                    counted.days[DayKey(row["day"], row["actor"])].customers += row["customers"]
            if counted.days:
                columns = zip(*(_row(key, day) for key, day in counted.days.items()), strict=True)
                await connection.execute(statement("add_access_days"), partition, *columns)
            if counted.confidential:
                columns = zip(*sorted(counted.confidential), strict=True)
                await connection.execute(statement("add_confidential_looks"), partition, *columns)


def hour_of(moment: datetime, zone: ZoneInfo) -> tuple[date, int]:
    """The day and hour of the bank that a moment is in."""
    local = moment.astimezone(zone)
    return local.date(), local.hour


def _parts(event: RecordedEvent) -> Iterable[Mapping[str, Any]]:
    if event.type == LOOKED:
        yield from orjson.loads(event.state)["looked"]


def _count(events: Iterable[RecordedEvent], matters: Mapping[UUID, UUID], zone: ZoneInfo) -> _Counted:
    counted = _Counted()
    for event in events:
        if event.type in {LOOKED, SEARCHED, DENIED}:
            data: dict[str, Any] = orjson.loads(event.state)
            day, hour = hour_of(event.recorded_at, zone)
            key = DayKey(day, event.actor)
            if event.type == LOOKED:
                _look(counted, event, key, hour, data, matters)
                continue
            of = _day(counted, key, data)
            of.empty_searches += event.type == SEARCHED and data["found"] == 0
            of.denied += data["times"] if event.type == DENIED else 0
    return counted


def _day(counted: _Counted, key: DayKey, data: Mapping[str, Any]) -> _Day:
    of = counted.days.setdefault(key, _Day())
    of.roles.update(data["roles"])
    return of


def _look(  # noqa: PLR0913, PLR0917
    counted: _Counted,
    event: RecordedEvent,
    key: DayKey,
    hour: int,
    data: Mapping[str, Any],
    matters: Mapping[UUID, UUID],
) -> None:
    """Count a look at what was shown; what was masked nobody has seen."""
    plain: set[UUID] = set()
    for part in data["looked"]:
        if part["decision"] != "shown":
            continue
        subject, of_events = UUID(part["subject"]), [UUID(one) for one in part.get("events", ())]
        hidden = [one for one in of_events if one in matters]
        counted.confidential |= {
            (event.position, matters[one], key.day, key.actor, subject, event.event_id) for one in hidden
        }
        if len(hidden) < len(of_events) or not of_events:
            plain.add(subject)
    if not plain:
        return
    of = _day(counted, key, data)
    of.looks += 1
    of.hours[hour] += 1
    of.break_glass += data.get("break_glass") is not None
    for subject in plain:
        counted.customers[key, subject] = counted.customers.get((key, subject), 0) + 1


def _row(key: DayKey, of: _Day) -> tuple[Any, ...]:
    roles = orjson.dumps(sorted(of.roles)).decode()
    hours = "{" + ",".join(map(str, of.hours)) + "}"
    return (*key, roles, hours, of.customers, of.looks, of.break_glass, of.empty_searches, of.denied)
