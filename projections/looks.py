"""Who looked at whose personal data, for what. A query over the reads log, not a copy of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from projections.listing import checked_limit, first_of
from projections.statements import statement
from store.cursor import Cursor
from store.record import MAX_POSITION, Record

LOOKED: Final = "access.looked"


@dataclass(frozen=True, slots=True)
class Part:
    """One subject's fields of a record class in a look; `decision`: shown or masked."""

    subject: UUID
    record_class: str
    fields: tuple[str, ...]
    decision: str


@dataclass(frozen=True, slots=True)
class Look:
    """One answer that personal data was wanted for."""

    event_id: UUID
    recorded_at: datetime
    actor: str
    roles: tuple[str, ...]
    purpose: str | None
    operation: str
    table_version: int
    correlation_id: UUID
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
    *,
    customer_id: UUID | None = None,
    actor: str | None = None,
    types: Collection[str] = (LOOKED,),
    after: str | None = None,
    limit: int = 50,
) -> Looks:
    """Looks at a customer, by an actor, or of both; without either everybody's. Only of `types`.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of this reads log as it is now.
    """
    checked_limit(limit)
    before: Sequence[int] = (MAX_POSITION,) * reads.partitions
    if after is not None:
        cursor = Cursor.parse(after)
        reads.incarnation.check(cursor)
        before = cursor.next_positions
    partitions = range(reads.partitions) if customer_id is None else (reads.partition_of(customer_id),)
    pages = [await _page(reads, one, before[one], customer_id, actor, list(types), limit + 1) for one in partitions]
    rows, more = first_of(pages, limit, lambda row: (row["recorded_at"], row["partition"], row["position"]))
    return Looks(tuple(map(_look, rows)), str(_after(reads, before, rows)) if more else None)


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


def _after(reads: Record, before: Sequence[int], rows: Sequence[asyncpg.Record]) -> Cursor:
    """Below what was shown in each partition; where nothing was shown yet, as before."""
    lowest = list(before)
    for row in rows:  # the later, the lower
        lowest[row["partition"]] = row["position"]
    return Cursor(reads.incarnation.id, tuple(lowest))


def _look(row: asyncpg.Record) -> Look:
    data: dict[str, Any] = orjson.loads(row["data"])
    parts = tuple(
        Part(UUID(one["subject"]), one["class"], tuple(one["fields"]), one["decision"]) for one in data["looked"]
    )
    return Look(
        row["event_id"], row["recorded_at"], row["actor"], tuple(data["roles"]), data["purpose"], data["operation"],
        data["table_version"], row["correlation_id"], parts, row["partition"], row["position"],
    )  # fmt: skip
