"""Made-up events and requests, as short to write as the test allows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from store.envelope import NO_STREAM, AppendRequest, NewEvent, StoredAnswer
from store.identity import derive_id, new_id
from store.record import Record
from store.statements import statement

OCCURRED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(stream_id: UUID, version: int = 0, **fields: Any) -> NewEvent:
    """An event of the stream, with a fresh id in the stream's slice."""
    given: dict[str, Any] = {
        "event_id": new_id(beside=stream_id),
        "stream_id": stream_id,
        "version": version,
        "customer_id": None,
        "type": "thing.happened",
        "schema": 1,
        "occurred_at": OCCURRED,
        "actor": "clerk-7",
        "correlation_id": new_id(),
        "causation_id": None,
        "data": b'{"n":1}',
        "meta": b"{}",
    }
    return NewEvent(**{**given, **fields})


def request(stream_id: UUID, after: int = NO_STREAM, count: int = 1, *, partition: int, **fields: Any) -> AppendRequest:
    """Appends so many events to a stream that is at version `after`; further fields are the event's."""
    events = [event(stream_id, after + 1 + n, **fields) for n in range(count)]
    return AppendRequest(partition, events, {stream_id: after})


def answer(name: str, *, hmac: bytes = b"fingerprint", days: int = 7) -> StoredAnswer:
    """The stored answer of the command of this name."""
    return StoredAnswer(derive_id(name.encode(), at=OCCURRED), hmac, b'{"of":"' + name.encode() + b'"}', in_days(days))


def in_days(days: int) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def ids_in(record: Record, partition: int, count: int) -> list[UUID]:
    """Fresh ids of one partition."""
    found: list[UUID] = []
    while len(found) < count:
        if record.partition_of(fresh := new_id()) == partition:
            found.append(fresh)
    return found


async def stored(connection: asyncpg.Connection, columns: str) -> list[tuple[Any, ...]]:
    """Columns of all events, in the order of partition and position."""
    rows = await connection.fetch(f"select {columns} from record.event order by partition, position")
    return [tuple(row) for row in rows]


async def make_partitions(admin_dsn: str, count: int) -> None:
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(statement("init_partitions"), count)
    finally:
        await connection.close()


def outcomes(results: Sequence[Any]) -> Mapping[str, int]:
    """How many results of each class."""
    counts: dict[str, int] = {}
    for result in results:
        counts[type(result).__name__] = counts.get(type(result).__name__, 0) + 1
    return counts
