"""Sealing in a process of its own, which `serve` starts, watches and ends.

Hashing and a database that hashes take the processor in pieces; those who are served would wait for them. So the
process that seals has an event loop of its own and a lower priority. It is told its settings, tells what it may not
sign at each change, and leaves when it is stopped or whoever started it is gone (see `engine.child_process`).
"""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

import asyncpg
import orjson
import uvloop

from audit.errors import SealingStopped
from audit.giving_way import give_way
from audit.notes import NoteRefused
from audit.policy import PolicyRefused
from audit.sealing import INTERVAL_S, new_holder
from audit.timestamps import TimestampRefused
from engine.child_process import ChildProcess
from engine.logs import seal_as, sealer_dsn
from engine.settings import Settings
from store.collecting import collect_seldom

if TYPE_CHECKING:
    from engine.wiring import Databases

TELL_S: Final = 0.1
END_S: Final = 10.0
"""How long the process may take to give up its leases; they expire by themselves."""
PAUSE_S: Final = 0.5
PAUSE_S_MAX: Final = 30.0
STEADY_S: Final = 60.0
"""Who has run so long is started again without a longer pause."""
PROCESS: Final = "process"
"""What the troubles of the process itself are called, among those of logs by their origins."""
REFUSED: Final = (
    SealingStopped, NoteRefused, PolicyRefused, TimestampRefused, ValueError, OSError, asyncpg.PostgresError,
    asyncpg.InterfaceError,
)  # fmt: skip
"""What keeps it from starting whose message tells how to mend it."""

_log = logging.getLogger(__name__)


class SealingProcess:
    """Keeps a process that seals. Made by `start`, ended by `close` or as a context manager."""

    def __init__(self, started: bytes) -> None:
        self._started = started
        self._troubles: dict[str, str] = {}
        self._child: ChildProcess | None = None
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, settings: Settings, databases: "Databases", *, interval_s: float = INTERVAL_S) -> Self | None:
        """Begin to seal, where this installation lets this process; None: it does not.

        Raises:
            SealingStopped: it could not begin; see `engine.logs.start_sealing`.
        """
        dsn = sealer_dsn(settings, databases)
        if dsn is None or not settings.seal:
            return None
        told = {
            "dsn": dsn, "holder": new_holder(), "interval_s": interval_s, "settings": settings.model_dump(mode="json")
        }  # fmt: skip
        made = cls(orjson.dumps(told))
        try:
            refused = await made._begin()
        except BaseException:
            await made.close()
            raise
        if refused is not None:
            raise SealingStopped(f"the process that seals could not begin: {refused}")
        made._task = asyncio.create_task(made._keep(), name="process that seals")
        return made

    async def close(self) -> None:
        """End the process; it lets others take its leases."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._end()

    async def __aenter__(self) -> Self:
        """Nothing to do: `start` has done it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    @property
    def troubles(self) -> Mapping[str, str]:
        """What is not sealed now, and why: logs by origin, and `process` when there is none."""
        return MappingProxyType(self._troubles)

    @property
    def pid(self) -> int | None:
        """Of the process that seals; None: there is none now."""
        return None if self._child is None else self._child.process.pid

    async def _begin(self) -> str | None:
        """Start a process and wait until it seals; why it does not."""
        self._child = child = await ChildProcess.start(__name__, self._started, own_session=True)
        told = await child.hear()
        if told is None:
            return f"it ended with {await child.end(END_S)} before it had begun"
        self._troubles = told
        if PROCESS in told:
            await child.end(END_S)
        return told.get(PROCESS)

    async def _keep(self) -> None:
        pause_s = PAUSE_S
        while self._child is not None:
            began, why = time.monotonic(), None
            while (told := await self._child.hear()) is not None:
                self._troubles, why = told, told.get(PROCESS)
            why = why or f"it ended with {await self._child.end(END_S)}"
            while why is not None:
                pause_s = PAUSE_S if time.monotonic() - began > STEADY_S else min(pause_s * 2, PAUSE_S_MAX)
                self._child, self._troubles = None, {PROCESS: f"nothing is sealed by this process, trying again: {why}"}
                _log.error("the process that seals is started again in %.0f s: %s", pause_s, why)
                await asyncio.sleep(pause_s)
                began, why = time.monotonic(), await self._begin()

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.end(END_S)


def main() -> None:
    """Seal until the standard input ends."""
    give_way(os.getpid())
    told = orjson.loads(sys.stdin.buffer.readline())
    settings = Settings(**told.pop("settings"))
    uvloop.run(_seal(settings, **told))


async def _seal(settings: Settings, dsn: str, holder: str, interval_s: float) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    stdin = sys.stdin.fileno()

    def end() -> None:
        loop.remove_reader(stdin)
        loop.call_later(END_S, os._exit, 1)  # a database that is silent keeps nobody alive
        stop.set()

    loop.add_reader(stdin, end)  # nothing more is sent: it can be read when it is closed
    loop.add_signal_handler(signal.SIGTERM, end)
    try:
        sealing = await seal_as(settings, dsn, interval_s=interval_s, holder=holder)
    except REFUSED as error:
        _tell({PROCESS: str(error) or repr(error)})
        return
    collect_seldom()
    async with sealing:
        told: dict[str, str] | None = None
        while not stop.is_set():
            if told != sealing.troubles:
                told = dict(sealing.troubles)
                _tell(told)
            with suppress(TimeoutError):
                async with asyncio.timeout(TELL_S):
                    await stop.wait()


def _tell(troubles: Mapping[str, str]) -> None:
    with suppress(BrokenPipeError):  # nobody listens any more: the standard input has ended, too
        sys.stdout.buffer.write(orjson.dumps(troubles) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
