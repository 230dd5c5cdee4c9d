"""Reading the record: paged, by partition, type, stream, customer, position and command."""

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from store.connecting import CONNECTING, CONNECTION_LOST, Connection, keep_session
from store.envelope import FoundAnswer, RecordedEvent, SealedBlob, recorded
from store.errors import RecordUnreachable
from store.identity import partition_of
from store.incarnation import Incarnation, enter, fingerprint_of
from store.statements import statement

PAGE = 1000
MAX_POSITION = (1 << 63) - 1


class Reader:
    """The reading half of a `Record`; what reads raises RecordUnreachable where the database cannot be reached."""

    def __init__(self, dsn: str, incarnation: Incarnation, schema: str, readers: int) -> None:
        """Not connected: `pool` is to be awaited."""
        self.dsn = dsn
        self.incarnation = incarnation
        self.partitions = incarnation.partitions
        self.pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            dsn, min_size=0, max_size=readers, init=self._recognise, reset=keep_session, **CONNECTING
        )
        self._schema = schema

    def partition_of(self, identifier: UUID) -> int:
        """Where the events of this stream or customer are."""
        return partition_of(identifier, self.partitions)

    def by_partition(self, identifiers: Iterable[UUID]) -> dict[int, list[UUID]]:
        """Streams or customers by the partition that their events are in, each once."""
        found: dict[int, list[UUID]] = {}
        for one in dict.fromkeys(identifiers):
            found.setdefault(self.partition_of(one), []).append(one)
        return found

    async def read_partition(self, partition: int, start: int, limit: int = PAGE) -> list[RecordedEvent]:
        """Events of a partition from position `start` on, at most `limit`."""
        rows = await self._fetch("read_partition", partition, start, limit)
        return [recorded(row) for row in rows]

    async def read_types(
        self, partition: int, types: Collection[str], start: int, stop: int = MAX_POSITION, limit: int = PAGE
    ) -> list[RecordedEvent]:
        """Events of some types from `start` up to but not including `stop`, at most `limit`."""
        rows = await self._fetch("read_partition_types", partition, start, stop, list(types), limit)
        return [recorded(row) for row in rows]

    async def read_stream(self, stream_id: UUID, after: int = -1, limit: int = PAGE) -> list[RecordedEvent]:
        """Events of a stream after version `after`, at most `limit`."""
        rows = await self._fetch("read_stream", self.partition_of(stream_id), stream_id, after, limit)
        return [recorded(row) for row in rows]

    async def read_streams(self, partition: int, stream_ids: Collection[UUID]) -> dict[UUID, list[RecordedEvent]]:
        """All events of each of these streams, in version order; a stream without events is left out.

        For streams of ordinary length: it is one statement, not pages.
        """
        rows = await self._fetch("read_streams", partition, list({*stream_ids}), MAX_POSITION)
        streams: dict[UUID, list[RecordedEvent]] = {}
        for row in rows:
            event = recorded(row)
            streams.setdefault(event.stream_id, []).append(event)
        return streams

    async def read_customer(
        self, customer_id: UUID, before: int = MAX_POSITION, limit: int = PAGE, *, partition: int | None = None
    ) -> list[RecordedEvent]:
        """Events of a customer, as first subject or participant, before a position, newest first.

        Of the customer's own partition, unless another is given: there they can be participants only.
        """
        if partition is None:
            partition = self.partition_of(customer_id)
        rows = await self._fetch("read_customer", partition, customer_id, before, limit)
        return [recorded(row) for row in rows]

    async def read_customers(  # noqa: PLR0913  # what to read, and within which bounds
        self,
        partition: int,
        customer_ids: Collection[UUID],
        types: Collection[str],
        before: int = MAX_POSITION,
        *,
        start: int = 0,
        lately: Collection[str] = (),
        since: datetime | None = None,
    ) -> dict[UUID, list[RecordedEvent]]:
        """Events of some types, from `start` and before a position, that customers are the first subject of, in order.

        `lately`: further types, of which those are read that happened at `since` or later. Of the customers' own
        partition. A customer without any is left out. For customers of ordinary length: it is one statement, not pages.
        """
        rows = await self._fetch(
            "read_customers", partition, list({*customer_ids}), before, list(types), list(lately), since, start
        )
        customers: dict[UUID, list[RecordedEvent]] = {}
        for row in rows:
            event = recorded(row)
            customers.setdefault(row["customer_id"], []).append(event)
        return customers

    async def read_events(self, partition: int, positions: Collection[int]) -> list[RecordedEvent]:
        """The events at these positions."""
        rows = await self._fetch("read_events", partition, list({*positions}))
        return [recorded(row) for row in rows]

    async def read_sealed(
        self, partition: int, event_ids: Collection[UUID], record_classes: Collection[str] | None = None
    ) -> list[SealedBlob]:
        """The sealed personal data of these events; of these record classes alone, if any are given."""
        classes = None if record_classes is None else list({*record_classes})
        rows = await self._fetch("read_sealed", partition, list({*event_ids}), MAX_POSITION, classes)
        return [SealedBlob(*row) for row in rows]

    async def find_answers(self, partition: int, command_ids: Collection[UUID]) -> dict[UUID, FoundAnswer]:
        """The stored answers of these commands, of those that have one."""
        rows = await self._fetch("find_answers", partition, list(command_ids))
        return {row[0]: FoundAnswer(*row[1:]) for row in rows}

    async def next_position(self, partition: int) -> int:
        """The position that the next event of a partition will get, as committed now."""
        rows = await self._fetch("last_position", partition)
        return rows[0][0] + 1 if rows else 0

    async def _fetch(self, name: str, *arguments: Any) -> list[asyncpg.Record]:  # noqa: ANN401  # what PostgreSQL takes
        """Rows of a statement that may be repeated: it is, once, when the connection is lost.

        After a restart of the server all connections of the pool are.
        """
        sql = statement(name, self._schema)
        with suppress(*CONNECTION_LOST):
            return await self.pool.fetch(sql, *arguments)
        try:
            return await self.pool.fetch(sql, *arguments)
        except CONNECTION_LOST as error:
            raise RecordUnreachable(f"the record cannot be read: {error!r}") from error

    async def _recognise(self, connection: Connection) -> None:
        """Notice that another copy of the record answers than before (a restore, a failover)."""
        if await fingerprint_of(connection, self._schema) != self.incarnation.fingerprint:
            self.incarnation = await enter(connection, self.partitions, self._schema)
