"""The loops that seal: one per log, in as many processes as run them; only one holds each lease."""

import asyncio
import logging
import os
import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

import asyncpg

from audit.certificates import ensure_certificate_key
from audit.errors import CountersignatureMissing, SealingStopped, SealLeaseLost
from audit.giving_way import connection_gives_way
from audit.guard import ForkGuard
from audit.logs import Log, current, ensure_logs, read_logs
from audit.record_log import bind
from audit.sealer import PAGE, Countersigner, Hands, LogSealer
from audit.signing import SigningKeys
from store.connecting import CONNECTING, keep_session

if TYPE_CHECKING:
    from asyncpg import Pool, Record

INTERVAL_S: Final = 0.25
TURNS: Final = 3
"""Logs that are sealed at a time: while the database hashes for some, this process does for another."""
STANDBY_S: Final = 1.0
STOPPED_S: Final = 5.0
"""How often a log that was stopped is looked at again: somebody may have mended it."""

_log = logging.getLogger(__name__)


def new_holder() -> str:
    """A name for a holder: host, process and a random part."""
    return f"{socket.gethostname()}/{os.getpid()}/{os.urandom(4).hex()}"


async def open_pool(dsn: str, *, gives_way: bool = False) -> "Pool[Record]":
    """Connections of the sealer's role; `gives_way`: with a low priority, where the server is on this host."""
    init = connection_gives_way if gives_way else None
    return await asyncpg.create_pool(dsn, min_size=0, max_size=6, init=init, reset=keep_session, **CONNECTING)


class Sealing:
    """Seals all logs. Made by `start`, ended by `close` or as a context manager."""

    def __init__(self, hands: Hands, logs: Sequence[Log], interval_s: float) -> None:
        self._hands = hands
        self._interval_s = interval_s
        self._troubles: dict[str, str] = {}
        self._turns = asyncio.Semaphore(TURNS)
        self._tasks = [asyncio.create_task(self._keep(log), name=f"sealing {log.origin}") for log in logs]

    @classmethod
    async def start(  # noqa: PLR0913
        cls,
        dsn: str,
        guard: ForkGuard,
        keys: SigningKeys,
        log_id: str,
        *,
        interval_s: float = INTERVAL_S,
        countersigner: Countersigner | None = None,
        gives_way: bool = False,
        holder: str | None = None,
    ) -> Self:
        """Begin to seal; logs that are missing are begun. `gives_way`: see `open_pool`.

        `holder`: of the leases; whoever has the same name takes them at once, so it must be gone. Unset: a new name.

        Raises:
            SealingStopped, ValueError: see `audit.logs.ensure_logs`.
        """
        pool = await open_pool(dsn, gives_way=gives_way)
        try:
            logs = await ensure_logs(pool, keys, log_id)
            await ensure_certificate_key(pool, keys, log_id)
        except BaseException:
            await pool.close()
            raise
        return cls(Hands(pool, guard, keys, holder or new_holder(), countersigner=countersigner), logs, interval_s)

    async def close(self) -> None:
        """Stop, and let others take the leases at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._hands.countersigner is not None:
            await self._hands.countersigner.close()
        await self._hands.pool.close()

    async def __aenter__(self) -> Self:
        """Nothing to do: `start` has done it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    @property
    def pool(self) -> "Pool[Record]":
        """The connections that it seals with."""
        return self._hands.pool

    @property
    def troubles(self) -> Mapping[str, str]:
        """Logs, by origin, that this process may not sign now, and why."""
        return MappingProxyType(self._troubles)

    async def _keep(self, begun: Log) -> None:
        log = begun
        while True:
            pause_s = STANDBY_S
            try:
                log = await self._newest(log)
                await self._hold(log)
            except SealLeaseLost as lost:
                _log.info("%s", lost)
            except (SealingStopped, CountersignatureMissing) as stopped:
                if self._troubles.get(log.origin) != str(stopped):
                    _log.error("sealing stopped: %s", stopped)  # it says all there is to say
                self._troubles[log.origin] = str(stopped)
                pause_s = STOPPED_S if isinstance(stopped, SealingStopped) else STANDBY_S
            except Exception as error:  # noqa: BLE001  # a lost connection, a full disk: go on when it is over
                _log.warning("log %s: trying again in %.1f s: %r", log.origin, pause_s, error)
                self._troubles[log.origin] = f"not sealed now, trying again: {error!r}"
            await asyncio.sleep(pause_s)

    async def _newest(self, log: Log) -> Log:
        """The newest shard of a log: after a restore it may have been begun."""
        logs = current(await read_logs(self._hands.pool))
        found = next((one for one in logs if one.name[:2] == log.name[:2]), log)
        if found.origin != log.origin:
            self._troubles.pop(log.origin, None)
        return found

    async def _hold(self, log: Log) -> None:
        sealer, trouble = None, None
        try:
            sealer = await LogSealer.open(self._hands, log)
            if sealer is None:
                self._troubles.pop(log.origin, None)  # whoever has the lease says how it goes
            else:
                await self._seal(sealer)
        except (SealingStopped, CountersignatureMissing) as stopped:
            trouble = str(stopped)
            raise
        finally:
            if sealer is not None:
                await asyncio.shield(_release(sealer, trouble))

    async def _seal(self, sealer: LogSealer) -> None:
        while True:
            if sealer.name.kind == "checkpoint":
                await bind(self._hands.pool, sealer)
                count = await sealer.step()
            else:
                async with self._turns:
                    count = await sealer.step()
            self._troubles.pop(sealer.origin, None)
            if count < PAGE:
                await asyncio.sleep(self._interval_s)


async def _release(sealer: LogSealer, trouble: str | None) -> None:
    try:
        await sealer.release(trouble)
    except Exception as error:  # noqa: BLE001  # then it expires by itself
        _log.info("the lease of log %s could not be released: %r", sealer.origin, error)
