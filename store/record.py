"""The record: append, read and follow events, a partition at a time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

import asyncpg

from store.connecting import CONNECTING, Connection, keep_session
from store.cursor import Cursor
from store.envelope import Appended, AppendRequest, RecordedEvent
from store.errors import CutInFuture, RecordMismatch
from store.incarnation import Incarnation, enter
from store.lane import Lane, LaneLimits
from store.reading import MAX_POSITION, PAGE, Reader

if TYPE_CHECKING:
    from store.judging import Outcome

__all__ = ["MAX_POSITION", "PAGE", "POLL_S", "Page", "Record", "keep_session"]

POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Page:
    """Events of one partition in position order, and the cursor after them."""

    events: Sequence[RecordedEvent]
    cursor: Cursor


class Record(Reader):
    """An open record. Made by `open`, ended by `close` or as an async context manager."""

    def __init__(self, dsn: str, incarnation: Incarnation, schema: str, limits: LaneLimits, readers: int) -> None:
        """Not connected; use `open`."""
        super().__init__(dsn, incarnation, schema, readers)
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
        connection = await asyncpg.connect(dsn, **CONNECTING)
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

    # Appending

    def append(self, request: AppendRequest) -> asyncio.Future[Appended]:
        """Append what one decision says, whole or not at all; await the result.

        The future raises VersionConflict, ConditionFailed, CommandAnswered, EventExists, ClockBehind,
        RecordUnreachable or OutcomeUnknown (see `store.errors`), or the library's DataError,
        IntegrityError or OperationalError with what the database said. Where several hold, one is
        given, CommandAnswered before all others.

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

    async def _connect(self) -> Connection:
        connection = await asyncpg.connect(self.dsn, **CONNECTING)
        try:
            await self._recognise(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    # Places

    async def end(self) -> Cursor:
        """The cursor after all that is committed now."""
        return await self._cursor(self.next_position)

    async def recorded_at(self, moment: datetime) -> Cursor:
        """The cut "as recorded at" a moment: events before the cursor were recorded at or before it.

        The cut is closed for ever: asking again, also after the clock was set back, gives the same.

        Raises:
            CutInFuture: the moment has not passed.
        """
        try:
            return await self._cursor(lambda partition: self._close_cut(partition, moment))
        except asyncpg.PostgresError as error:
            if error.sqlstate == "DB003":
                raise CutInFuture(str(error)) from error
            raise

    async def _close_cut(self, partition: int, moment: datetime) -> int:
        return (await self._fetch("close_cut", partition, moment))[0][0]

    async def _cursor(self, position: Callable[[int], Awaitable[int]]) -> Cursor:
        """All partitions' positions, of one incarnation."""
        while True:
            incarnation = self.incarnation
            positions = [await position(partition) for partition in range(self.partitions)]
            if self.incarnation is incarnation:
                return Cursor(incarnation.id, tuple(positions))

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
