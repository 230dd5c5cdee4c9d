"""Followers in a process of their own beside the one that answers, so that the two share two cores.

The process is told first where the record is, then the partitions that somebody waits for. It tells its troubles. When
its input ends it leaves (see `engine.child_process`).
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import MappingProxyType
from typing import Final, Self

import orjson
import uvloop

from engine.child_process import ChildProcess
from engine.following import Following
from engine.wiring import read_model_setup
from projections.models import ReadModels
from store.collecting import collect_seldom
from store.record import Record

RESTART_S: Final = 1.0
"""Before a process that ended is started again."""
LEAVE_S_MAX: Final = 15.0
"""How long it may take to leave: a page is written or given up by then."""
TELL_S: Final = 0.25
"""How often troubles are looked at."""
UNSENT_BYTES_MAX: Final = 4096
"""Of partitions not yet read by a process that is busy; past that it looks anyway as soon as it can."""

_log = logging.getLogger(__name__)


class FollowerProcess:
    """The parent's side; what `Following` is where the followers run here. Made by `start`, ended by `close`."""

    def __init__(self, dsn: str, partitions: int) -> None:
        """Not started; use `start`. `dsn`: of the application's role."""
        self._dsn = dsn
        self._partitions = range(partitions)
        self._troubles: dict[int, str] = {}
        self._child: ChildProcess | None = None
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, dsn: str, partitions: int) -> Self:
        """Start the process; it follows as soon as it has connected, and is started again whenever it ends."""
        made = cls(dsn, partitions)
        await made._spawn()
        made._task = asyncio.create_task(made._keep(), name="followers' process")
        return made

    async def close(self) -> None:
        """Let it finish what it writes and leave its leases to others."""
        self._closing = True
        if self._child is not None:
            await self._child.end(LEAVE_S_MAX)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def __aenter__(self) -> Self:
        """Nothing to do: `start` has done it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return None if self._child is None else self._child.process.pid

    @property
    def troubles(self) -> Mapping[int, str]:
        """Partitions that it cannot follow now, and why."""
        return MappingProxyType(self._troubles)

    def wake(self, partition: int) -> None:
        """Something was appended: look at once instead of at the next poll."""
        if self._child is None or (stdin := self._child.stdin).is_closing():
            return
        if stdin.transport.get_write_buffer_size() < UNSENT_BYTES_MAX:
            stdin.write(b"%d\n" % partition)

    async def _spawn(self) -> None:
        self._child = await ChildProcess.start("engine.follower_process", self._dsn.encode())

    async def _keep(self) -> None:
        while True:
            code = await self._listen()
            if self._closing:
                return
            _log.warning("the followers' process ended with %s; starting it again in %g s", code, RESTART_S)
            self._troubles = dict.fromkeys(self._partitions, "the followers' process ended and is started again")
            await asyncio.sleep(RESTART_S)
            try:
                await self._spawn()
            except OSError as error:
                _log.warning("the followers' process cannot be started: %s", error)

    async def _listen(self) -> int | None:
        """Take in what the process tells until it has ended; its exit code."""
        if self._child is None:
            return None
        while (told := await self._child.hear()) is not None:
            self._troubles = {int(partition): why for partition, why in told.items()}
        return await self._child.process.wait()


async def _follow() -> None:
    """The child's side: follow until the input ends or SIGTERM comes."""
    loop = asyncio.get_running_loop()
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    # A terminal sends Ctrl-C to both processes: the parent decides when this one leaves.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    loop.add_signal_handler(signal.SIGTERM, told.feed_eof)
    dsn = (await told.readline()).decode().strip()
    async with AsyncExitStack() as opened:
        record = await opened.enter_async_context(await Record.open(dsn))
        models = await opened.enter_async_context(await ReadModels.open(record, *read_model_setup()))
        following = await opened.enter_async_context(await Following.start(models))
        telling = asyncio.create_task(_tell(following), name="telling troubles")
        opened.callback(telling.cancel)
        collect_seldom()
        while line := await told.readline():
            following.wake(int(line))


async def _tell(following: Following) -> None:
    """Tell the troubles, at first and whenever they have changed."""
    before: Mapping[int, str] | None = None
    while True:
        now = dict(following.troubles)
        if now != before:
            sys.stdout.buffer.write(orjson.dumps(now, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE))
            sys.stdout.buffer.flush()
            before = now
        await asyncio.sleep(TELL_S)


if __name__ == "__main__":
    uvloop.run(_follow())
