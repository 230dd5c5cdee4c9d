"""The record: append, read and follow events, a partition at a time."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

import asyncpg

from store.cursor import Cursor
from store.envelope import Appended, AppendRequest, FoundAnswer, RecordedEvent, SealedBlob, recorded
from store.errors import CutInFuture
from store.identity import partition_of
from store.incarnation import Incarnation, enter
from store.lane import Lane, LaneLimits
from store.statements import statement

if TYPE_CHECKING:
    from store.judging import Outcome

POLL_S = 0.05
PAGE = 1000
MAX_POSITION = (1 << 63) - 1

_SESSION = {
    "application_name": "daybook",
    "default_transaction_isolation": "read committed",
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # compiling costs more than any statement here takes
}


@dataclass(frozen=True, slots=True)
class Page:
    """Events of one partition in position order, and the cursor after them."""

    events: Sequence[RecordedEvent]
    cursor: Cursor


class Record:
    """An open record. Made by `open`, ended by `close` or as an async context manager."""

    def __init__(self, dsn: str, pool: "asyncpg.Pool[asyncpg.Record]", incarnation: Incarnation, schema: str) -> None:
        self.dsn = dsn
        self.pool = pool
        self.incarnation = incarnation
        self.partitions = incarnation.partitions
        self._schema = schema
        self._lanes: dict[int, Lane] = {}
        self._limits = LaneLimits()

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        partitions: int | None = None,
        schema: str = "record",
        limits: LaneLimits | None = None,
        readers: int = 8,
    ) -> Self:
        """Connect as the application's role.

        `partitions`: refuse a record with another number of them. `readers`: connections kept for
        reading; appending has one more per partition.

        Raises:
            NotInitialised: the database holds no record.
            RecordMismatch: it has another number of partitions.
        """
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=readers, server_settings=_SESSION)
        try:
            async with pool.acquire() as connection:
                incarnation = await enter(connection, partitions, schema)
        except BaseException:
            await pool.close()
            raise
        record = cls(dsn, pool, incarnation, schema)
        record._limits = limits or record._limits
        return record

    async def close(self) -> None:
        """Write what waits and disconnect."""
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))
        await self.pool.close()

    async def __aenter__(self) -> Self:
        """Nothing to do: `open` has done it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    def partition_of(self, identifier: UUID) -> int:
        """Where the events of this stream or customer are."""
        return partition_of(identifier, self.partitions)

    # Appending

    def append(self, request: AppendRequest) -> asyncio.Future[Appended]:
        """Append what one decision says, whole or not at all; await the result.

        The future raises VersionConflict, ConditionFailed, CommandAnswered, EventExists, ClockBehind,
        RecordUnreachable or OutcomeUnknown (see `store.errors`).

        Raises:
            LaneFull, RequestTooLarge: at once.
        """
        return self._lane(request.partition).submit(request)

    async def append_copy(self, partition: int, requests: Sequence[AppendRequest]) -> "list[Outcome]":
        """Append many requests of an import by COPY, in one transaction; each gets its own outcome."""
        return await self._lane(partition).submit_copy(requests)

    def waiting(self) -> dict[int, int]:
        """Requests waiting per partition."""
        return {partition: lane.depth for partition, lane in self._lanes.items()}

    def _lane(self, partition: int) -> Lane:
        lane = self._lanes.get(partition)
        if lane is None:
            lane = Lane(partition, self._connect, schema=self._schema, limits=self._limits)
            self._lanes[partition] = lane
        return lane

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(self.dsn, server_settings=_SESSION)

    # Reading

    async def read_partition(self, partition: int, start: int, limit: int = PAGE) -> list[RecordedEvent]:
        """Events of a partition from position `start` on, at most `limit`."""
        rows = await self.pool.fetch(statement("read_partition", self._schema), partition, start, limit)
        return [recorded(row) for row in rows]

    async def read_types(
        self, partition: int, types: Collection[str], start: int, stop: int = MAX_POSITION, limit: int = PAGE
    ) -> list[RecordedEvent]:
        """Events of some types from `start` up to but not including `stop`, at most `limit`."""
        rows = await self.pool.fetch(
            statement("read_partition_types", self._schema), partition, start, stop, list(types), limit
        )
        return [recorded(row) for row in rows]

    async def read_stream(self, stream_id: UUID, after: int = -1, limit: int = PAGE) -> list[RecordedEvent]:
        """Events of a stream after version `after`, at most `limit`."""
        rows = await self.pool.fetch(
            statement("read_stream", self._schema), self.partition_of(stream_id), stream_id, after, limit
        )
        return [recorded(row) for row in rows]

    async def read_customer(
        self, customer_id: UUID, before: int = MAX_POSITION, limit: int = PAGE
    ) -> list[RecordedEvent]:
        """Events of a customer, as first subject or participant, before a position, newest first."""
        rows = await self.pool.fetch(
            statement("read_customer", self._schema), self.partition_of(customer_id), customer_id, before, limit
        )
        return [recorded(row) for row in rows]

    async def read_events(self, partition: int, positions: Collection[int]) -> list[RecordedEvent]:
        """The events at these positions."""
        rows = await self.pool.fetch(statement("read_events", self._schema), partition, list(positions))
        return [recorded(row) for row in rows]

    async def read_sealed(self, partition: int, event_ids: Collection[UUID]) -> list[SealedBlob]:
        """The sealed personal data of these events."""
        rows = await self.pool.fetch(statement("read_sealed", self._schema), partition, list(event_ids))
        return [SealedBlob(*row) for row in rows]

    async def find_answers(self, partition: int, command_ids: Collection[UUID]) -> dict[UUID, FoundAnswer]:
        """The stored answers of these commands, of those that have one."""
        rows = await self.pool.fetch(statement("find_answers", self._schema), partition, list(command_ids))
        return {row[0]: FoundAnswer(*row[1:]) for row in rows}

    async def next_position(self, partition: int) -> int:
        """The position that the next event of a partition will get, as committed now."""
        last = await self.pool.fetchval(statement("last_position", self._schema), partition)
        return 0 if last is None else last + 1

    async def end(self) -> Cursor:
        """The cursor after all that is committed now."""
        positions = [await self.next_position(partition) for partition in range(self.partitions)]
        return Cursor(self.incarnation.id, tuple(positions))

    async def recorded_at(self, moment: datetime) -> Cursor:
        """The cut "as recorded at" a moment: events before the cursor were recorded at or before it.

        The cut is closed for ever: asking again, also after the clock was set back, gives the same.

        Raises:
            CutInFuture: the moment has not passed.
        """
        try:
            positions = [
                await self.pool.fetchval(statement("close_cut", self._schema), partition, moment)
                for partition in range(self.partitions)
            ]
        except asyncpg.PostgresError as error:
            if error.sqlstate == "DB003":
                raise CutInFuture(str(error)) from error
            raise
        return Cursor(self.incarnation.id, tuple(positions))

    async def follow(
        self, cursor: Cursor | None = None, *, limit: int = PAGE, poll_s: float = POLL_S, idle: bool = False
    ) -> AsyncIterator[Page]:
        """Pages of events from a cursor on, for ever; order is that of each partition.

        Polls, one index probe per partition: a NOTIFY in the append would take a lock on the whole
        cluster at commit. `idle`: also yields an empty page whenever there was nothing new.

        Raises:
            StaleCursor: the record was restored since the cursor was made.
        """
        cursor = cursor or self.incarnation.start()
        self.incarnation.check(cursor)
        while True:
            found = False
            for partition in range(self.partitions):
                events = await self.read_partition(partition, cursor.next_positions[partition], limit)
                if events:
                    found = True
                    cursor = cursor.advanced(partition, events[-1].position + 1)
                    yield Page(events, cursor)
            if not found:
                if idle:
                    yield Page((), cursor)
                await asyncio.sleep(poll_s)
