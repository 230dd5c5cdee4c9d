"""Receipts: waiting until events are sealed, and the proofs that they are."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from audit.logs import Log, current, read_logs
from audit.notes import NoteRefused
from audit.proving import EventProof, NotSealed, prove_events
from audit.tiles import TileMissing

if TYPE_CHECKING:
    import asyncpg

POLL_S: Final = 0.05

_log = logging.getLogger(__name__)


class Receipts:
    """Looks at the logs once for all who wait at the same time."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._looking: asyncio.Task[Mapping[int, Log]] | None = None

    async def proofs(self, partition: int, first: int, count: int, wait_s: float = 0.0) -> Sequence[EventProof] | None:
        """The proofs of events that stand one after the other; None: not all can be proved within the time."""
        until = time.monotonic() + wait_s
        log = (await self._newest()).get(partition)
        while log is None or log.signed_size < first + count:
            if time.monotonic() >= until:
                return None
            log = (await self._newest(POLL_S)).get(partition)
        try:
            return await prove_events(self._pool, log, first, count)
        except (TileMissing, NoteRefused, NotSealed) as error:  # the log was changed: `daybook verify` tells where
            _log.error("no proofs from log %s: %s", log.origin, error)  # it says all there is to say
            return None

    async def _newest(self, pause_s: float = 0.0) -> Mapping[int, Log]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(pause_s))
        return await asyncio.shield(self._looking)

    async def _look(self, pause_s: float) -> Mapping[int, Log]:
        await asyncio.sleep(pause_s)
        logs = current(await read_logs(self._pool))
        return {log.name.partition: log for log in logs if log.name.kind == "event"}
