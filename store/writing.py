"""A lane's connection: each batch is written once, whatever becomes of the connection."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from eventsourcing.persistence import OperationalError, PersistenceError

from store.batch import Batch
from store.connecting import CONNECTION_LOST, Connection
from store.copying import copy_batch
from store.envelope import Appended
from store.errors import KeyGone
from store.judging import Outcome, Verdict, outcomes, translated, unreachable
from store.settling import settle
from store.statements import statement

if TYPE_CHECKING:
    from asyncpg.prepared_stmt import PreparedStatement  # named in `Append`

Append: TypeAlias = "PreparedStatement[asyncpg.Record]"
Opened: TypeAlias = tuple[Connection, Append]
Connect: TypeAlias = "Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]]"

RECONNECT_PAUSE_S = 0.05

# The fault of a value: of one request, then, and not of those beside it.
BAD_VALUE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
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
        self._open: Opened | None = None

    async def write(self, batch: Batch, *, copy: bool) -> Sequence[Outcome]:
        """The outcome of each request; raises for nothing that the database or a value does."""
        try:
            return await self._persist(batch, copy=copy)
        except BAD_VALUE as error:
            return await self._halved(batch, translated(error), copy=copy)
        except (PersistenceError, asyncpg.PostgresError) as error:
            told = translated(error)
            if isinstance(told, KeyGone):
                return await self._halved(batch, told, copy=copy)
            return [told] * len(batch.requests)

    async def _halved(self, batch: Batch, error: PersistenceError, *, copy: bool) -> Sequence[Outcome]:
        """The fault is of one request or few: each half is written by itself, down to those."""
        if len(batch.requests) == 1:
            return [error]
        middle = len(batch.requests) // 2
        halves = batch.requests[:middle], batch.requests[middle:]
        return [outcome for half in halves for outcome in await self.write(Batch.of(half), copy=copy)]

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
        in_doubt = was_in_doubt = careful = False
        told: Sequence[Outcome] = ()
        while True:
            opened, found = await self._reach(batch, deadline, in_doubt=in_doubt)
            if told or any(found):
                return await self._complete(batch, found, told, copy=copy)
            try:
                verdict = await self._call(opened, batch, careful, copy=copy)
            except asyncpg.UniqueViolationError:
                if careful:
                    raise
                in_doubt, careful = False, True
            except CONNECTION_LOST as error:
                in_doubt = was_in_doubt = True
                await self._pause(error, deadline, in_doubt=True)
            except asyncpg.PostgresError as error:
                if was_in_doubt and isinstance(translated(error), OperationalError):
                    raise unreachable(error, in_doubt=True) from error
                raise
            else:
                told = outcomes(batch, self._partition, verdict)
                if not was_in_doubt or verdict.refused is None:
                    return told
                in_doubt = True  # they may be refused because the call before was late, and came in between

    async def _reach(
        self, batch: Batch, deadline: float, *, in_doubt: bool
    ) -> tuple[Opened, Sequence[Appended | None]]:
        """Connect; in doubt also find what a call that was cut off has written, else nothing."""
        while True:
            try:
                opened = await self._ready()
                found = await settle(opened[0], self._partition, batch, self._schema) if in_doubt else ()
            except (*CONNECTION_LOST, asyncpg.PostgresError) as error:
                if not in_doubt and not _passes(error):
                    raise
                await self._pause(error, deadline, in_doubt=in_doubt)
            else:
                return opened, found

    async def _pause(self, error: Exception, deadline: float, *, in_doubt: bool) -> None:
        self.drop()
        if asyncio.get_running_loop().time() > deadline:
            raise unreachable(error, in_doubt=in_doubt) from error
        await asyncio.sleep(RECONNECT_PAUSE_S)

    async def _complete(
        self, batch: Batch, found: Sequence[Appended | None], told: Sequence[Outcome], *, copy: bool
    ) -> Sequence[Outcome]:
        """The batch was committed: requests that it does not hold were refused, and are judged again if not `told`."""
        if told:
            return [outcome if appended is None else appended for appended, outcome in zip(found, told, strict=True)]
        missing = [request for request, appended in zip(batch.requests, found, strict=True) if appended is None]
        again = iter(await self.write(Batch.of(missing), copy=copy) if missing else ())
        return [next(again) if appended is None else appended for appended in found]

    async def _call(self, opened: Opened, batch: Batch, careful: bool, *, copy: bool) -> Verdict:  # noqa: FBT001
        connection, append = opened
        try:
            if copy:
                return await copy_batch(connection, self._partition, batch, careful=careful, schema=self._schema)
            return await _append_batch(append, self._partition, batch, careful=careful)
        except asyncpg.InterfaceError as error:
            if connection.is_closed():
                raise
            raise ValueError(str(error)) from error  # of what it was given

    async def _ready(self) -> Opened:
        if self._open is None or self._open[0].is_closed():
            connection = await self._connect()
            try:
                self._open = connection, await connection.prepare(statement("append", self._schema))
            except BaseException:
                connection.terminate()
                raise
        return self._open


async def _append_batch(append: Append, partition: int, batch: Batch, *, careful: bool) -> Verdict:
    row = await append.fetchrow(partition, *batch.append_arguments(careful=careful))
    return Verdict(*(row or ()))


def _passes(error: Exception) -> bool:
    """Whether trying again soon may help."""
    return isinstance(error, (*CONNECTION_LOST, asyncpg.InsufficientResourcesError))
