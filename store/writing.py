"""A lane's connection: each batch is written once, whatever becomes of the connection."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from eventsourcing.persistence import PersistenceError

from store.batch import Batch
from store.copying import copy_batch
from store.envelope import Appended
from store.judging import Outcome, Verdict, outcomes, translated, unreachable
from store.settling import settle
from store.statements import statement

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement  # named in `Append`

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Append: TypeAlias = "PreparedStatement[asyncpg.Record]"
Connect: TypeAlias = "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]"

RECONNECT_PAUSE_S = 0.05

# `asyncpg.InterfaceError` is here for "the connection is closed"; where the connection is open, it tells of bad input.
CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
    TimeoutError,
)
# The fault of a value: of one request, then, and not of those beside it.
BAD_VALUE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.InterfaceError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


class Writer:
    """Writes batches of one partition, by the append function or by COPY."""

    def __init__(self, partition: int, connect: Connect, *, schema: str, reach_s: float) -> None:
        self._partition = partition
        self._connect = connect
        self._schema = schema
        self._reach_s = reach_s
        self._open: tuple[Connection, Append] | None = None

    async def write(self, batch: Batch, *, copy: bool) -> Sequence[Outcome]:
        """The outcome of each request; raises for nothing that the database or a value does."""
        try:
            return await self._persist(batch, copy=copy)
        except BAD_VALUE as error:
            if len(batch.requests) == 1:
                return [translated(error)]
            middle = len(batch.requests) // 2
            halves = batch.requests[:middle], batch.requests[middle:]
            return [outcome for half in halves for outcome in await self.write(Batch.of(half), copy=copy)]
        except (PersistenceError, asyncpg.PostgresError) as error:
            return [translated(error)] * len(batch.requests)

    def drop(self) -> None:
        """Cut the connection, whatever it is doing."""
        if self._open is not None:
            self._open[0].terminate()
            self._open = None

    async def close(self) -> None:
        """Disconnect."""
        if self._open is not None:
            connection, _ = self._open
            self._open = None
            try:
                await connection.close(timeout=2)
            except (*CONNECTION_LOST, asyncpg.PostgresError):
                connection.terminate()

    async def _persist(self, batch: Batch, *, copy: bool) -> Sequence[Outcome]:
        deadline = asyncio.get_running_loop().time() + self._reach_s
        in_doubt = careful = False
        while True:
            try:
                connection, append = await self._ready()
                # In doubt: a call before was cut off, and may have committed.
                found = await settle(connection, self._partition, batch, self._schema) if in_doubt else ()
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                if not in_doubt and not _passes(error):
                    raise
                await self._pause(error, deadline, in_doubt=in_doubt)
                continue
            if any(found):
                return await self._complete(batch, found, copy=copy)
            try:
                if copy:
                    verdict = await copy_batch(connection, self._partition, batch, careful=careful, schema=self._schema)
                else:
                    verdict = await _append_batch(append, self._partition, batch, careful=careful)
                return outcomes(batch, self._partition, verdict)
            except asyncpg.UniqueViolationError:
                if careful:
                    raise
                in_doubt, careful = False, True
            except CONNECTION_LOST as error:
                if isinstance(error, asyncpg.InterfaceError) and not connection.is_closed():
                    raise
                in_doubt = True
                await self._pause(error, deadline, in_doubt=True)

    async def _pause(self, error: Exception, deadline: float, *, in_doubt: bool) -> None:
        self.drop()
        if asyncio.get_running_loop().time() > deadline:
            raise unreachable(error, in_doubt=in_doubt) from error
        await asyncio.sleep(RECONNECT_PAUSE_S)

    async def _complete(self, batch: Batch, found: Sequence[Appended | None], *, copy: bool) -> Sequence[Outcome]:
        """The batch was committed: requests that it does not hold were refused, and are judged again."""
        missing = [request for request, appended in zip(batch.requests, found, strict=True) if appended is None]
        again = iter(await self.write(Batch.of(missing), copy=copy) if missing else ())
        return [appended if appended is not None else next(again) for appended in found]

    async def _ready(self) -> tuple[Connection, Append]:
        if self._open is None or self._open[0].is_closed():
            connection = await self._connect()
            self._open = connection, await connection.prepare(statement("append", self._schema))
        return self._open


async def _append_batch(append: Append, partition: int, batch: Batch, *, careful: bool) -> Verdict:
    ids, streams, versions, customers, types, schemas, occurred, actors, correlations, causations, data, meta = (
        batch.event_columns()
    )
    row = await append.fetchrow(
        partition, batch.cause_recorded_at(), careful,
        batch.event_requests(), ids, streams, versions, customers, types, schemas, occurred, actors,
        correlations, causations, batch.salts(), data, meta,
        *batch.expectations(), *batch.conditions(), *batch.answers(), *batch.sealed(), *batch.participants(),
    )  # fmt: skip
    return Verdict(*(row or ()))


def _passes(error: Exception) -> bool:
    """Whether trying again soon may help."""
    return isinstance(error, (*CONNECTION_LOST, asyncpg.InsufficientResourcesError))
