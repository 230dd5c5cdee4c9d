"""The read models of a process: where queries and followers find everything."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeAlias
from uuid import UUID

import asyncpg

from projections import versions
from projections.errors import CodeMismatch, NotLive
from projections.projection import Decode, Projection
from projections.statements import statement, with_parts
from projections.writing import Connection
from store.record import keep_session

if TYPE_CHECKING:
    from store.cursor import Cursor
    from store.record import Record

__all__ = ["Connection", "ParkedKey", "Progress", "ReadModels", "Seen"]

POINTER_AGE_S_MAX = 1.0
POLL_S = 0.01

Seen: TypeAlias = Literal["seen", "timeout", "parked"]

_NO_PARTS: Mapping[str, str] = MappingProxyType({})

_SESSION = {
    "application_name": "daybook read models",
    "default_transaction_isolation": "read committed",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
    # Plans are kept, see `store.connecting`.
    "enable_seqscan": "off",
    "enable_sort": "off",
    "jit": "off",
}


class Progress(NamedTuple):
    """How far a read model is: the next position of each partition, parked keys, and which version."""

    projection: str
    version: int
    next_positions: tuple[int, ...]
    parked: int


class ParkedKey(NamedTuple):
    """A customer or stream whose events wait behind one that could not be folded."""

    projection: str
    version: int
    partition: int
    key: UUID
    position: int
    error: str
    parked_at: Any
    queued: int


class ReadModels:
    """Made by `open`, ended by `close`."""

    def __init__(
        self, record: "Record", decode: Decode, writers: "asyncpg.Pool[asyncpg.Record]", known: Sequence[Projection]
    ) -> None:
        self.record = record
        self.decode = decode
        self.projections: Mapping[str, Projection] = {one.name: one for one in known}
        self.writers = writers
        self._live: dict[str, versions.Live] = {}
        self._live_at = float("-inf")
        self._reading: asyncio.Task[dict[str, Progress]] | None = None

    @classmethod
    async def open(
        cls,
        record: "Record",
        decode: Decode,
        projections: Sequence[Projection],
        *,
        writers: int = 4,
        statement_timeout_s: int = 60,
    ) -> Self:
        """Make first versions where there are none (all: `projections.registry.PROJECTIONS`).

        `writers`: connections for followers at most.
        """
        session = {**_SESSION, "statement_timeout": f"{statement_timeout_s}s"}
        pool = await asyncpg.create_pool(
            record.dsn, min_size=0, max_size=writers, reset=keep_session, server_settings=session
        )
        try:
            async with pool.acquire() as connection:
                await versions.ensure(connection, projections, record.incarnation)
        except BaseException:
            await pool.close()
            raise
        return cls(record, decode, pool, projections)

    async def close(self) -> None:
        """Disconnect; the record stays open."""
        await self.writers.close()

    async def __aenter__(self) -> Self:
        """Nothing to do: `open` has done it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    # Versions

    async def live_versions(self, connection: Connection) -> dict[str, int]:
        """The live versions that this program's code can feed."""
        self._see(await versions.read_live(connection))
        return {
            name: live.version
            for name, live in self._live.items()
            if name in self.projections and live.code == self.projections[name].code
        }

    def mismatched(self) -> list[CodeMismatch]:
        """Read models whose live version was filled by other code, as last seen."""
        return [
            CodeMismatch(name, live.code, self.projections[name].code)
            for name, live in self._live.items()
            if name in self.projections and live.code != self.projections[name].code
        ]

    async def version(self, projection: str) -> int:
        """The live version to query; may be a second behind the pointer, whose old tables are kept.

        Raises:
            CodeMismatch: it was filled by other code.
        """
        now = time.monotonic()
        if now - self._live_at > POINTER_AGE_S_MAX:
            if self._live_at > float("-inf"):
                self._live_at = now  # one looks again; those who ask meanwhile do with what was last seen
            async with self.record.pool.acquire() as connection:
                self._see(await versions.read_live(connection))
        live = self._live.get(projection)
        if live is None:
            raise NotLive(f"there is no read model {projection!r}")
        if live.code != self.projections[projection].code:
            raise CodeMismatch(projection, live.code, self.projections[projection].code)
        return live.version

    def look_again(self) -> None:
        """The pointer has changed: read it before the next query."""
        self._live_at = float("-inf")

    def _see(self, live: dict[str, versions.Live]) -> None:
        self._live = live
        self._live_at = time.monotonic()

    # Querying

    async def fetch(
        self,
        projection: str,
        query: str,
        *arguments: Any,  # noqa: ANN401  # what PostgreSQL takes
        by: str = "",
        parts: Mapping[str, str] = _NO_PARTS,
    ) -> list[asyncpg.Record]:
        """Rows of `sql/<query>.sql` over the live version; the first argument is a partition."""
        try:
            version = await self.version(projection)
            sql = with_parts(statement(query, version, by), parts, version)
            return await self.record.pool.fetch(sql, *arguments)
        except asyncpg.UndefinedTableError:  # two rebuilds within the pointer's age
            self.look_again()
            version = await self.version(projection)
            sql = with_parts(statement(query, version, by), parts, version)
            return await self.record.pool.fetch(sql, *arguments)

    async def fetch_all(
        self,
        projection: str,
        query: str,
        *arguments: Any,  # noqa: ANN401  # what PostgreSQL takes
        by: str = "",
        parts: Mapping[str, str] = _NO_PARTS,
    ) -> list[list[asyncpg.Record]]:
        """Rows of every partition, one statement each."""
        partitions = range(self.record.partitions)
        return await asyncio.gather(
            *(self.fetch(projection, query, one, *arguments, by=by, parts=parts) for one in partitions)
        )

    # How far

    async def progress(self, projection: str) -> Progress:
        """How far a read model is."""
        found = (await self.all_progress()).get(projection)
        if found is None:
            raise NotLive(f"there is no read model {projection!r}")
        return found

    async def all_progress(self) -> dict[str, Progress]:
        """How far each read model is; those who ask at once share one look."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_progress())
        return await asyncio.shield(self._reading)

    async def _read_progress(self) -> dict[str, Progress]:
        found: dict[str, list[asyncpg.Record]] = {}
        for row in await self.record.pool.fetch(statement("progress")):
            found.setdefault(row["projection"], []).append(row)
        return {
            name: Progress(
                name, rows[0]["version"], tuple(row["position"] for row in rows), sum(row["parked"] for row in rows)
            )
            for name, rows in found.items()
        }

    async def parked(self, limit: int = 1000) -> list[ParkedKey]:
        """What could not be folded into live versions, with the number of events queued behind it."""
        return [ParkedKey(*row) for row in await self.record.pool.fetch(statement("parked"), limit)]

    async def wait_for(
        self, projection: str, cursor: "Cursor", timeout_s: float, concerning: Collection[UUID] = ()
    ) -> Seen:
        """Wait until the read model has seen all before the cursor.

        "parked": it has read so far, but the last event before the cursor, or an event of a customer or
        stream in `concerning`, is parked, so its rows do not show it.

        Raises:
            StaleCursor: the cursor is of another incarnation of the record.
        """
        self.record.incarnation.check(cursor)
        deadline = time.monotonic() + timeout_s
        while True:
            progress = await self.progress(projection)
            reached = zip(progress.next_positions, cursor.next_positions, strict=True)
            if all(next_position >= wanted for next_position, wanted in reached):
                break
            if time.monotonic() >= deadline:
                return "timeout"
            await asyncio.sleep(min(POLL_S, max(deadline - time.monotonic(), 0)))
        self._expect(projection, progress.version)
        if progress.parked and await self._is_parked(progress, cursor, concerning):
            return "parked"
        return "seen"

    def _expect(self, projection: str, version: int) -> None:
        """Never query an older version than the one that was waited for."""
        if projection in self._live and self._live[projection].version != version:
            self.look_again()

    async def _is_parked(self, progress: Progress, cursor: "Cursor", concerning: Collection[UUID]) -> bool:
        sql = statement("is_parked")
        for partition, wanted in enumerate(cursor.next_positions):
            if wanted > 0 and await self.record.pool.fetchval(
                sql, partition, progress.projection, progress.version, wanted - 1, list(concerning)
            ):
                return True
        return False
