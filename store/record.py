"""The record: append, read and follow events, a partition at a time."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import asyncpg

from store.cursor import Cursor
from store.envelope import Appended, AppendRequest, FoundAnswer, RecordedEvent, SealedBlob, recorded
from store.errors import CutInFuture, RecordMismatch
from store.identity import partition_of
from store.incarnation import Incarnation, enter, fingerprint_of
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
    # Plans are kept: one that was made while a table was small must not read all of it when it has grown.
    "enable_seqscan": "off",
    "jit": "off",  # compiling costs more than any statement here takes
}
CONNECT_S = 10.0
COMMAND_S = 75.0  # above the statement timeout: only a server that has gone silent takes so long
_CONNECTING: dict[str, Any] = {"server_settings": _SESSION, "timeout": CONNECT_S, "command_timeout": COMMAND_S}


@dataclass(frozen=True, slots=True)
class Page:
    """Events of one partition in position order, and the cursor after them."""

    events: Sequence[RecordedEvent]
    cursor: Cursor


class Record:
    """An open record. Made by `open`, ended by `close` or as an async context manager."""

    def __init__(self, dsn: str, incarnation: Incarnation, schema: str, limits: LaneLimits, readers: int) -> None:
        """Not connected; use `open`."""
        self.dsn = dsn
        self.incarnation = incarnation
        self.partitions = incarnation.partitions
        self.pool: asyncpg.Pool[asyncpg.Record] = asyncpg.create_pool(
            dsn, min_size=0, max_size=readers, init=self._recognise, reset=keep_session, **_CONNECTING
        )
        self._schema = schema
        self._limits = limits
        self._lanes: dict[int, Lane] = {}

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
        connection = await asyncpg.connect(dsn, **_CONNECTING)
        try:
            incarnation = await enter(connection, partitions, schema)
        finally:
            await connection.close()
        record = cls(dsn, incarnation, schema, limits or LaneLimits(), readers)
        await record.pool
        return record

    async def close(self) -> None:
        """Write what waits and disconnect."""
        try:
            await asyncio.gather(*(lane.close() for lane in self._lanes.values()))
        finally:
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
        RecordUnreachable or OutcomeUnknown (see `store.errors`), or the library's DataError,
        IntegrityError or OperationalError with what the database said.

        Raises:
            LaneFull, RequestTooLarge: at once.
        """
        return self._lane(request.partition).submit(request)

    async def append_copy(self, partition: int, requests: Sequence[AppendRequest]) -> "list[Outcome]":
        """Append many requests of an import by COPY, a transaction per batch; each gets its own outcome.

        Raises:
            LaneFull, RequestTooLarge: at once, and nothing is appended.
        """
        return await self._lane(partition).submit_copy(requests)

    def waiting(self) -> dict[int, int]:
        """Requests waiting per partition."""
        return {partition: lane.depth for partition, lane in self._lanes.items()}

    def _lane(self, partition: int) -> Lane:
        lane = self._lanes.get(partition)
        if lane is None:
            if not 0 <= partition < self.partitions:
                raise RecordMismatch(f"partition {partition}: this record has partitions 0 to {self.partitions - 1}")
            lane = Lane(partition, self._connect, schema=self._schema, limits=self._limits)
            self._lanes[partition] = lane
        return lane

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection = await asyncpg.connect(self.dsn, **_CONNECTING)
        try:
            await self._recognise(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    async def _recognise(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Notice that another copy of the record answers than before (a restore, a failover)."""
        if await fingerprint_of(connection, self._schema) != self.incarnation.fingerprint:
            self.incarnation = await enter(connection, self.partitions, self._schema)

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

    async def read_streams(self, partition: int, stream_ids: Collection[UUID]) -> dict[UUID, list[RecordedEvent]]:
        """All events of each of these streams, in version order; a stream without events is left out.

        For streams of ordinary length: it is one statement, not pages.
        """
        rows = await self.pool.fetch(
            statement("read_streams", self._schema), partition, list({*stream_ids}), MAX_POSITION
        )
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
        rows = await self.pool.fetch(statement("read_customer", self._schema), partition, customer_id, before, limit)
        return [recorded(row) for row in rows]

    async def read_events(self, partition: int, positions: Collection[int]) -> list[RecordedEvent]:
        """The events at these positions."""
        rows = await self.pool.fetch(statement("read_events", self._schema), partition, list({*positions}))
        return [recorded(row) for row in rows]

    async def read_sealed(self, partition: int, event_ids: Collection[UUID]) -> list[SealedBlob]:
        """The sealed personal data of these events."""
        rows = await self.pool.fetch(
            statement("read_sealed", self._schema), partition, list({*event_ids}), MAX_POSITION
        )
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
                self.incarnation.check(cursor)  # after reading: that may have been from another copy already
                if events:
                    found = True
                    cursor = cursor.advanced(partition, events[-1].position + 1)
                    yield Page(events, cursor)
            if not found:
                if idle:
                    yield Page((), cursor)
                await asyncio.sleep(poll_s)


async def keep_session(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Return a connection to a pool as it is: nothing here changes a session, and asyncpg's reset is a round trip."""
