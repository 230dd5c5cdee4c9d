"""Group commit: one lane per partition and process.

Waiting appends are written together by one autocommit call. The cost of a transaction is fixed, so
events per transaction is what matters; nothing is ever delayed to gather more: a lane flushes as
soon as its last flush is done.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from eventsourcing.persistence import DataError, OperationalError, PersistenceError

from store.batch import Batch
from store.copying import copy_batch
from store.envelope import Appended, AppendRequest
from store.errors import LaneFull, RecordUnreachable, RequestTooLarge
from store.judging import Outcome, outcomes, translated, unreachable
from store.settling import settle
from store.statements import statement

RECONNECT_PAUSE_S = 0.05

Connect: TypeAlias = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
Call: TypeAlias = Callable[[Batch, bool], Awaitable[asyncpg.Record]]

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
    TimeoutError,
)


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """How much may wait, and how much is written at once."""

    waiting: int = 8192
    """Requests that may wait; the next one is refused with `LaneFull`."""
    requests: int = 512
    """Requests in one batch."""
    size_bytes: int = 16 << 20
    """Data, meta and blobs in one batch; one request may not be larger either."""
    events: int = 5000
    """Events in one request."""
    reach_s: float = 20.0
    """How long to go on trying to reach the database, and to settle a lost commit, in seconds."""


@dataclass(slots=True)
class _Waiting:
    request: AppendRequest
    future: asyncio.Future[Appended]


@dataclass(slots=True)
class _WaitingCopy:
    requests: Sequence[AppendRequest]
    future: asyncio.Future[list[Outcome]]


class Lane:
    """The one way by which this process appends to one partition."""

    def __init__(self, partition: int, connect: Connect, *, schema: str, limits: LaneLimits) -> None:
        self.partition = partition
        self._connect = connect
        self._schema = schema
        self._limits = limits
        self._waiting: deque[_Waiting | _WaitingCopy] = deque()
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._append: Any = None
        self._closed = False

    @property
    def depth(self) -> int:
        """Requests that wait for their batch."""
        return len(self._waiting)

    def submit(self, request: AppendRequest) -> asyncio.Future[Appended]:
        """Queue a request; the future has its own outcome, whatever becomes of its batch's others.

        Raises:
            LaneFull: too many are waiting.
            RequestTooLarge: it would not fit a batch alone.
        """
        self._check_open()
        if len(self._waiting) >= self._limits.waiting:
            raise LaneFull(len(self._waiting))
        if len(request.events) > self._limits.events:
            message = f"{len(request.events)} events in one request; at most {self._limits.events}"
            raise RequestTooLarge(message)
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(request, future))
        self._wake()
        return future

    def submit_copy(self, requests: Sequence[AppendRequest]) -> asyncio.Future[list[Outcome]]:
        """Queue an import's requests, written by COPY in a transaction of their own, judged one by one."""
        self._check_open()
        future: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_WaitingCopy(requests, future))
        self._wake()
        return future

    async def close(self) -> None:
        """Write what waits, then disconnect."""
        self._closed = True
        if self._task is not None:
            await self._task
        await self._disconnect()

    def _check_open(self) -> None:
        if self._closed:
            message = "the record is closed"
            raise RecordUnreachable(message)

    def _wake(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"lane {self.partition}")

    async def _run(self) -> None:
        try:
            while self._waiting:
                # Callers that the last batch woke get to run first, and so join this one.
                await asyncio.sleep(0)
                if isinstance(self._waiting[0], _WaitingCopy):
                    await self._flush_copy(self._waiting[0])
                else:
                    await self._flush(*self._gather())
        except BaseException as error:
            self._fail_all(error)
            raise
        finally:
            self._task = None

    def _gather(self) -> tuple[Batch, list[_Waiting]]:
        batch = Batch()
        chosen: list[_Waiting] = []
        later: list[_Waiting] = []
        waiting, limits = self._waiting, self._limits
        while waiting and len(chosen) < limits.requests and batch.size_bytes < limits.size_bytes:
            item = waiting[0]
            if isinstance(item, _WaitingCopy):
                break
            waiting.popleft()
            if item.future.cancelled():
                continue
            (chosen if batch.admit(item.request) else later).append(item)
        waiting.extendleft(reversed(later))
        return batch, chosen

    async def _flush(self, batch: Batch, chosen: list[_Waiting]) -> None:
        if not chosen:
            return
        for item, outcome in zip(chosen, await self._outcomes(batch, self._call_append), strict=True):
            if item.future.cancelled():
                continue
            if isinstance(outcome, Appended):
                item.future.set_result(outcome)
            else:
                item.future.set_exception(outcome)

    async def _flush_copy(self, item: _WaitingCopy) -> None:
        self._waiting.popleft()
        known: dict[int, Outcome] = {}
        left = list(enumerate(item.requests))
        while left:
            batch, taken, later = Batch(), list[int](), list[tuple[int, AppendRequest]]()
            for index, request in left:
                if batch.admit(request):
                    taken.append(index)
                else:
                    later.append((index, request))
            known.update(zip(taken, await self._outcomes(batch, self._call_copy), strict=True))
            left = later
        if not item.future.cancelled():
            item.future.set_result([known[index] for index in range(len(item.requests))])

    async def _outcomes(self, batch: Batch, call: Call) -> Sequence[Outcome]:
        """The outcome of each request of a batch; never raises for what the database does."""
        try:
            return await self._persist(batch, call)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(batch.requests) > 1:  # one request's bad value must not fail its neighbours
                return [o for r in batch.requests for o in await self._outcomes(Batch.of([r]), call)]
            return [DataError(str(error))]
        except PersistenceError as error:
            return [error] * len(batch.requests)
        except asyncpg.PostgresError as error:
            return [translated(error)] * len(batch.requests)

    async def _persist(self, batch: Batch, call: Call) -> Sequence[Outcome]:
        deadline = asyncio.get_running_loop().time() + self._limits.reach_s
        sent = careful = False
        while True:
            try:
                connection = await self._ready()
                if sent:
                    # The call before was cut off: it may have committed.
                    found = await settle(connection, self.partition, batch.requests, self._schema)
                    if any(found):
                        return await self._complete(batch, found, call)
                sent = True
                return outcomes(batch, self.partition, await call(batch, careful))
            except asyncpg.UniqueViolationError:
                if careful:
                    raise
                sent, careful = False, True
            except CONNECTION_LOST as error:
                await self._disconnect()
                if asyncio.get_running_loop().time() > deadline:
                    raise unreachable(error, sent=sent) from error
                await asyncio.sleep(RECONNECT_PAUSE_S)

    async def _complete(self, batch: Batch, found: Sequence[Appended | None], call: Call) -> Sequence[Outcome]:
        """The batch was committed: requests that it does not hold were refused, and are judged again."""
        missing = [request for request, appended in zip(batch.requests, found, strict=True) if appended is None]
        again = iter(await self._outcomes(Batch.of(missing), call) if missing else ())
        return [appended if appended is not None else next(again) for appended in found]

    async def _call_append(self, batch: Batch, careful: bool) -> asyncpg.Record:  # noqa: FBT001
        ids, streams, versions, customers, types, schemas, occurred, actors, correlations, causations, data, meta = (
            batch.event_columns()
        )
        return await self._append.fetchrow(
            self.partition, batch.cause_recorded_at(), careful,
            batch.event_requests(), ids, streams, versions, customers, types, schemas, occurred, actors,
            correlations, causations, batch.salts(), data, meta,
            *batch.expectations(), *batch.conditions(), *batch.answers(), *batch.sealed(), *batch.participants(),
        )  # fmt: skip

    async def _call_copy(self, batch: Batch, careful: bool) -> asyncpg.Record:  # noqa: FBT001
        assert self._connection is not None
        return await copy_batch(self._connection, self.partition, batch, careful=careful, schema=self._schema)

    async def _ready(self) -> "asyncpg.Connection[asyncpg.Record]":
        connection = self._connection
        if connection is None or connection.is_closed():
            self._connection = connection = await self._connect()
            self._append = await connection.prepare(statement("append", self._schema))
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            try:
                await connection.close(timeout=2)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
                connection.terminate()

    def _fail_all(self, error: BaseException) -> None:
        """A lane's own fault reaches everyone who waits in it."""
        failure = OperationalError(f"the lane of partition {self.partition} failed: {error!r}")
        while self._waiting:
            item = self._waiting.popleft()
            if not item.future.done():
                item.future.set_exception(failure)
