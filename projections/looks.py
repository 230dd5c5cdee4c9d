"""Who looked at whose personal data, for what. A query over the reads log, not a copy of it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from domain.matters import Sight
from projections.listing import checked_limit, first_of
from projections.seeing import hidden_events
from projections.statements import statement
from store.cursor import Cursor
from store.record import MAX_POSITION, Record

LOOKED: Final = "access.looked"
SEARCHED: Final = "access.searched"
"""Somebody searched for a customer; with how many were found."""
DENIED: Final = "access.denied"
"""Requests that somebody's roles do not allow; with how many."""
REVIEWED: Final = "access.reviewed"
"""Somebody read who looked at what."""


@dataclass(frozen=True, slots=True)
class Part:
    """One subject's fields of a record class in a look, of which events; `decision`: shown or masked."""

    subject: UUID
    record_class: str
    fields: tuple[str, ...]
    decision: str
    events: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One answer that personal data was wanted for; `break_glass` is the grant that it was asked under."""

    event_id: UUID
    recorded_at: datetime
    actor: str
    roles: tuple[str, ...]
    purpose: str | None
    operation: str
    table_version: int
    correlation_id: UUID
    break_glass: UUID | None
    looked: tuple[Part, ...]
    partition: int
    position: int


@dataclass(frozen=True, slots=True)
class Looks:
    """Last recorded first. `next` continues; None: there is no more."""

    looks: tuple[Look, ...]
    next: str | None


async def looks(  # noqa: PLR0913  # what may be asked for
    reads: Record,
    record: Record,
    sight: Sight,
    *,
    customer_id: UUID | None = None,
    actor: str | None = None,
    recorded_from: datetime | None = None,
    recorded_until: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Looks:
    """Looks at a customer, by an actor, or of both; without either everybody's. `record` says what is confidential now.

    A period runs from, inclusive, until, exclusive.

    What was looked at of a confidential matter that is not in sight is left out, and so is a look at nothing else.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of this reads log as it is now.
    """
    checked_limit(limit)
    before: Sequence[int] = (MAX_POSITION,) * reads.partitions
    if after is not None:
        cursor = Cursor.parse(after)
        reads.incarnation.check(cursor)
        before = cursor.next_positions
    if recorded_until is not None:
        ends = await _ends(reads, recorded_until)
        before = [min(one, end) for one, end in zip(before, ends, strict=True)]
    shown: list[Look] = []
    following = before
    while True:  # until the page is full, whatever of it is hidden
        rows, more = await _rows(reads, before, customer_id, actor, limit + 1)
        if recorded_from is not None and rows and rows[-1]["recorded_at"] < recorded_from:
            rows, more = [row for row in rows if row["recorded_at"] >= recorded_from], False
        for look in await _in_sight(record, sight, map(_look, rows)):
            if len(shown) == limit:
                return Looks(tuple(shown), str(Cursor(reads.incarnation.id, tuple(following))))
            shown.append(look)
            following = _below(before, rows, look)
        if not more:
            return Looks(tuple(shown), None)
        before = _below(before, rows)


async def events_of(  # noqa: PLR0913, PLR0917  # what may be asked for
    reads: Record, actor: str, kind: str, recorded_from: datetime, recorded_until: datetime, limit: int
) -> list[UUID]:
    """Ids of an actor's events of one type in a period, last recorded first."""
    ends, sql = await _ends(reads, recorded_until), statement("looks_of_actor")
    pages = [await reads.pool.fetch(sql, at, actor, end, [kind], limit) for at, end in enumerate(ends)]
    rows, _ = first_of(pages, limit, lambda row: (row["recorded_at"], row["partition"], row["position"]))
    return [row["event_id"] for row in rows if row["recorded_at"] >= recorded_from]


async def _ends(reads: Record, until: datetime) -> list[int]:
    """Of each partition the position of the first event that was recorded at a moment or later."""
    sql, last = statement("look_position_at"), until - timedelta(microseconds=1)
    return [await reads.pool.fetchval(sql, partition, last) for partition in range(reads.partitions)]


async def _rows(
    reads: Record, before: Sequence[int], customer_id: UUID | None, actor: str | None, limit: int
) -> tuple[list[asyncpg.Record], bool]:
    partitions = range(reads.partitions) if customer_id is None else (reads.partition_of(customer_id),)
    pages = [await _page(reads, one, before[one], customer_id, actor, [LOOKED], limit + 1) for one in partitions]
    return first_of(pages, limit, lambda row: (row["recorded_at"], row["partition"], row["position"]))


async def _in_sight(record: Record, sight: Sight, found: Iterable[Look]) -> list[Look]:
    looked = list(found)
    hidden = await hidden_events(record, sight, [one for look in looked for part in look.looked for one in part.events])
    if not hidden:
        return looked
    seen = (replace(look, looked=tuple(_parts(look, hidden))) for look in looked)
    return [look for look in seen if look.looked]


def _parts(look: Look, hidden: Collection[UUID]) -> Iterator[Part]:
    for part in look.looked:
        events = tuple(one for one in part.events if one not in hidden)
        if events:
            yield replace(part, events=events)


async def _page(  # noqa: PLR0913, PLR0917  # as the statements take them
    reads: Record,
    partition: int,
    before: int,
    customer_id: UUID | None,
    actor: str | None,
    types: list[str],
    limit: int,
) -> list[asyncpg.Record]:
    if customer_id is not None:
        asked = (partition, customer_id, before, types, limit, actor)
        return await reads.pool.fetch(statement("looks_of_customer"), *asked)
    if actor is not None:
        return await reads.pool.fetch(statement("looks_of_actor"), partition, actor, before, types, limit)
    return await reads.pool.fetch(statement("looks"), partition, before, types, limit)


def _below(before: Sequence[int], rows: Sequence[asyncpg.Record], last: Look | None = None) -> Sequence[int]:
    """Below what was read in each partition, up to the look `last`; where nothing was read yet, as before."""
    lowest = list(before)
    for row in rows:  # the later, the lower
        lowest[row["partition"]] = row["position"]
        if last is not None and row["event_id"] == last.event_id:
            break
    return lowest


def _look(row: asyncpg.Record) -> Look:
    data: dict[str, Any] = orjson.loads(row["data"])
    parts = tuple(
        Part(
            UUID(one["subject"]),
            one["class"],
            tuple(one["fields"]),
            one["decision"],
            tuple(map(UUID, one.get("events", ()))),
        )
        for one in data["looked"]
    )
    grant = data.get("break_glass")
    return Look(
        row["event_id"], row["recorded_at"], row["actor"], tuple(data["roles"]), data["purpose"], data["operation"],
        data["table_version"], row["correlation_id"], None if grant is None else UUID(grant), parts, row["partition"],
        row["position"],
    )  # fmt: skip
