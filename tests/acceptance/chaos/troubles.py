"""What goes wrong while the record is written and read."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random

import asyncpg

from store.embedded import EmbeddedServer
from tests.acceptance.chaos.world import ACTOR, OCCURRED, PARTITIONS, Part, customer
from tests.store.proxy import Cut, Moment, Proxy
from tests.warm import KILL_AND_WAIT

PROJECT = Path(__file__).resolve().parents[3]
GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
MOMENTS = (Moment.BEFORE_CALL, Moment.AFTER_CALL, Moment.BEFORE_ANSWER, Moment.WITHIN_ANSWER)


class Program:
    """A process of the test, which is killed and started again under the same name."""

    def __init__(self, python: Sequence[str], module: str, part: Part) -> None:
        self._python = python
        self._module = module
        self._part = part
        self._process: asyncio.subprocess.Process | None = None
        self.kills = 0

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._python, f"tests.acceptance.chaos.{self._module}", *self._part.arguments(), cwd=PROJECT
        )

    def finished(self) -> bool:
        """Whether it came to its end by itself; fails if that was not a good one."""
        code = None if self._process is None else self._process.returncode
        assert code in (None, 0), f"{self._part.name} ended with {code}"
        return code == 0

    async def kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.send_signal(KILL_AND_WAIT)
            await process.wait()

    async def replace(self) -> None:
        """Kill -9, and start again from what its journal says."""
        if not self.finished():
            await self.kill()
            self.kills += 1
            await self.start()


class Troubles:
    """Each trouble is a coroutine that goes on until `end`; `count` tells how often it came."""

    def __init__(self, server: EmbeddedServer, database: str, proxy: Proxy, seed: int) -> None:
        self.count: Counter[str] = Counter()
        self._dsn = server.admin_dsn(database)
        self._proxy = proxy
        self._rng = Random(seed)
        self._ended = asyncio.Event()

    async def every(self, pause_s: float, name: str, trouble: Callable[[], Awaitable[object]]) -> None:
        """The trouble, at random intervals, whether or not the server is up. One that has begun is carried through."""
        while not await self._ended_within(self._rng.uniform(0.5, 1.5) * pause_s):
            try:
                await trouble()
            except GONE:
                continue
            self.count[name] += 1

    async def _ended_within(self, pause_s: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._ended.wait()
        return self._ended.is_set()

    async def roll_back(self) -> None:
        """Lock a head, insert, hesitate, and think better of it."""
        partition = self._rng.randrange(PARTITIONS)
        stream = customer(-1)
        connection = await asyncpg.connect(self._dsn)
        try:
            transaction = connection.transaction(isolation="read_committed")
            await transaction.start()
            base = await connection.fetchval("select base from record.next_position($1, null)", partition)
            await connection.execute(
                "insert into record.event select $1, $2, $3, $3, 0, $3, 'chaos.happened', 1, $4, now(), $5, $3, null,"
                " '', '{}', '{}'",
                partition, base, stream, OCCURRED, ACTOR,
            )  # fmt: skip
            await asyncio.sleep(self._rng.random() * 0.02)
            await transaction.rollback()
        finally:
            connection.terminate()

    async def terminate(self) -> None:
        """End somebody's session, as an administrator does."""
        await self._somebody("select pg_terminate_backend(pid) from")

    async def crash(self) -> None:
        """Kill -9 of a backend: the whole server goes down and recovers."""
        pid = await self._somebody("select pid from")
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    async def _somebody(self, select_from: str) -> int | None:
        connection = await asyncpg.connect(self._dsn)
        try:
            return await connection.fetchval(
                f"{select_from} pg_stat_activity where usename = 'daybook_app' order by random() limit 1"
            )
        finally:
            connection.terminate()

    async def cut(self) -> None:
        """Cut a writer's connection at some moment of an append."""
        self._proxy.cuts = [Cut(self._rng.choice(MOMENTS), ACTOR.encode())]

    async def go_away(self) -> None:
        """Cut all of the writers' connections, and let none in for longer than they try."""
        self._proxy.away = True
        self._proxy.cut_all()
        await asyncio.sleep(0.8)
        self._proxy.away = False

    def end(self) -> None:
        """No more of it, once those that have begun are over."""
        self._ended.set()
        self._proxy.cuts = []
