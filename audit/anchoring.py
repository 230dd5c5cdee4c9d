"""Anchors: at intervals a timestamp of an authority over the record log's newest checkpoint, beside sealing.

Sealing only says what it has published; everything else happens in a task of its own, so an authority that is slow,
away or wrong holds up nothing. Its failures are written down and tried again.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from audit.checkpoint import Checkpoint
from audit.errors import SealingStopped
from audit.log_tiles import hashes_for
from audit.logs import Database, Log
from audit.merkle import covering, root
from audit.statements import statement
from audit.tiles import TileMissing
from audit.timestamps import TimestampAuthority, TimestampRefused, TrustedCertificates, verify_anchor

if TYPE_CHECKING:
    import asyncpg

RETRY_S_MIN: Final = 5.0
RETRY_S_MAX: Final = 600.0
TROUBLE_MAX: Final = 300
_log = logging.getLogger(__name__)


class Anchor(NamedTuple):
    """A timestamp over the checkpoint of a log at a size: the authority's whole response, and its time."""

    origin: str
    size: int
    token: bytes
    at: datetime


class AnchoringStatus(NamedTuple):
    """How the anchoring of a log does; `size` and `at` are those of its newest anchor."""

    origin: str
    asked_at: datetime
    trouble: str | None
    size: int | None
    at: datetime | None


async def read_anchors(database: Database, log: Log, since: int = 0) -> list[Anchor]:
    """The anchors of a log at more than `since` entries, by size."""
    return [Anchor(*row) for row in await database.fetch(statement("anchors"), log.name.partition, log.origin, since)]


async def read_anchoring(database: Database) -> list[AnchoringStatus]:
    """How each log that is anchored does."""
    return [AnchoringStatus(*row) for row in await database.fetch(statement("anchoring"))]


async def unproved_anchors(database: Database, log: Log, trusted: TrustedCertificates) -> list[tuple[int, str]]:
    """The sizes of anchors that do not hold over the log as it is now, and why."""
    found: list[tuple[int, str]] = []
    for anchor in await read_anchors(database, log):
        try:
            read = await hashes_for(database, log.name, covering(0, anchor.size), anchor.size)
            text = Checkpoint(log.origin, anchor.size, root(anchor.size, read)).text()
            at = verify_anchor(text.encode(), anchor.token, trusted)
        except (TimestampRefused, TileMissing) as refused:
            found.append((anchor.size, str(refused)))
            continue
        if at != anchor.at:
            found.append((anchor.size, f"says {at.isoformat()}, its row {anchor.at.isoformat()}"))
    return found


class Anchoring:
    """Has the newest checkpoint that it was offered timestamped, not more often than an interval. `close` it."""

    def __init__(self, authority: TimestampAuthority, interval: timedelta, *, retry_s_min: float = RETRY_S_MIN) -> None:
        self._authority = authority
        self._interval = interval
        self._retry_s_min = retry_s_min
        self._newest: tuple[asyncpg.Pool[asyncpg.Record], int, Checkpoint] | None = None
        self._offered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.trouble: str | None = None

    def offer(self, pool: "asyncpg.Pool[asyncpg.Record]", partition: int, head: Checkpoint) -> None:
        """Say that a checkpoint is published; returns at once."""
        if head.size > 0:
            self._newest = (pool, partition, head)
            self._offered.set()
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name="anchoring")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._authority.close()

    async def _keep(self) -> None:
        failures = 0
        while True:
            await self._offered.wait()
            try:
                await asyncio.sleep(await self._wait_s())
                await self._anchor()
                failures, self.trouble = 0, None
            except Exception as error:  # noqa: BLE001  # whatever it is, it is tried again
                failures += 1
                await self._failed(error)
                await asyncio.sleep(min(RETRY_S_MAX, self._retry_s_min * 2 ** min(failures - 1, 20)))

    async def _wait_s(self) -> float:
        """How long it is until the next anchor."""
        pool, partition, head = self._latest()
        last = await pool.fetchrow(statement("last_anchor"), partition, head.origin)
        return 0.0 if last is None else max((self._interval - last["age"]).total_seconds(), 0.0)

    async def _anchor(self) -> None:
        pool, partition, head = self._latest()  # what was published meanwhile
        self._offered.clear()
        last = await pool.fetchrow(statement("last_anchor"), partition, head.origin)
        if last is not None and last["size"] >= head.size:
            return
        try:
            token, at = await self._authority.stamp(head.text().encode())
        except BaseException:
            self._offered.set()
            raise
        await pool.execute(statement("put_anchor"), partition, head.origin, head.size, token, at)

    async def _failed(self, error: Exception) -> None:
        why = (str(error) or repr(error))[:TROUBLE_MAX]
        if self.trouble != why:
            _log.warning("no timestamp for the record log: %s", why)
        self.trouble = why
        pool, partition, head = self._latest()
        try:
            await pool.execute(statement("put_anchoring"), partition, head.origin, why)
        except Exception as second:  # noqa: BLE001  # the log says it
            _log.info("and that could not be written down: %r", second)

    def _latest(self) -> "tuple[asyncpg.Pool[asyncpg.Record], int, Checkpoint]":
        if self._newest is None:
            raise SealingStopped("nothing was published yet")
        return self._newest
