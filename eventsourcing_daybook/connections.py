"""The connections of one factory; lives in its event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import asyncpg
from eventsourcing.persistence import ProgrammingError

from eventsourcing_daybook.settings import Settings
from store.envelope import Appended, AppendRequest
from store.lane import Lane, LaneLimits
from store.writing import CONNECTION_LOST

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

PAUSE_S = 0.05
CLOSE_TIMEOUT_S = 10.0


class Connections:
    """A pool for reading and tracking, and a lane per partition for appending."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limits = LaneLimits(events=1_000_000, size_bytes=256 << 20, reach_s=settings.reach_timeout_s)
        self._lanes: dict[int, Lane] = {}
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    def append(self, request: AppendRequest) -> "asyncio.Future[Appended]":
        """Queue a request in the lane of its partition."""
        lane = self._lanes.get(request.partition)
        if lane is None:
            lane = Lane(request.partition, self._connect, schema=self._settings.schema, limits=self._limits)
            self._lanes[request.partition] = lane
        return lane.submit(request)

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of a statement that may be repeated; it is, when the connection is lost."""
        loop = asyncio.get_running_loop()
        pool = self._pool or await self._open()
        deadline = loop.time() + self._settings.reach_timeout_s
        while True:
            try:
                async with pool.acquire() as connection:
                    return await _fetch(connection, sql, arguments)
            except CONNECTION_LOST:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(PAUSE_S)

    async def use(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What the work gives, done on one connection. Not repeated when that is lost: it may be done."""
        pool = self._pool or await self._open()
        async with pool.acquire() as connection:
            return await work(connection)

    async def close(self) -> None:
        """Write what waits and disconnect."""
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()))
        if self._pool is not None:
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    async def _open(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._settings.database_url,
                    min_size=1,
                    max_size=self._settings.pool_size,
                    timeout=self._settings.connect_timeout_s,
                    server_settings=self._session(),
                    reset=_keep,
                )
            return self._pool

    async def _connect(self) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            self._settings.database_url, timeout=self._settings.connect_timeout_s, server_settings=self._session()
        )

    def _session(self) -> dict[str, str]:
        return {
            "application_name": "eventsourcing_daybook",
            "default_transaction_isolation": "read committed",
            "synchronous_commit": "on",
            "lock_timeout": f"{round(self._settings.lock_timeout_s * 1000)}ms",
            "statement_timeout": f"{round(self._settings.statement_timeout_s * 1000)}ms",
            "idle_in_transaction_session_timeout": "60s",
            "jit": "off",  # compiling costs more than any statement here takes
        }


async def _fetch(connection: Connection, sql: str, arguments: tuple[object, ...]) -> list[asyncpg.Record]:
    try:
        return await connection.fetch(sql, *arguments)
    except asyncpg.InterfaceError as error:
        if connection.is_closed():
            raise
        # Otherwise it tells of arguments that do not fit the statement; repeating it would not help.
        raise ProgrammingError(str(error)) from error


async def _keep(_: object) -> None:
    """Nothing of a session is changed here: the RESET ALL after each use would be a lost round trip."""
