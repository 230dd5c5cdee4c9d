"""Sealing: a backlog, the lag while events are appended, and what sealing costs those who append.

The process that seals is the one that `serve` starts; who appends has a process to itself, as the API has.
"""

import asyncio
import tempfile
import time
from array import array
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import uvloop

from benchmarks.append import callers_append
from benchmarks.made import requests
from benchmarks.scratch import PARTITIONS, fresh_record, median, say, write_through_log
from engine.sealing_process import SealingProcess
from engine.settings import Settings
from engine.wiring import Databases
from store.embedded import EmbeddedServer
from store.envelope import AppendRequest
from store.record import Record

BACKLOG = 200_000
MINUTES = 10.0
ROUNDS = 7
ROUND_S = 15.0
CALLERS = 256
LOOK_S = 0.02
TICK_S = 0.02
LOG_FILES = 500
"""8 GB of the server's log, what it keeps to use again."""
WAITING_MAX = 8192
"""So many appends wait at most, as many as one lane takes: after a pause of the machine the rest comes later."""
TELL_S = 30.0
"""How often a long run says how it goes."""

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


@dataclass
class Unsealed:
    """Commits whose checkpoint has not been seen, in each partition; and of those that were, how long it took."""

    positions: list[deque[int]] = field(default_factory=lambda: [deque[int]() for _ in range(PARTITIONS)])
    times: list[deque[float]] = field(default_factory=lambda: [deque[float]() for _ in range(PARTITIONS)])
    """Beside each position; as pairs they were what the garbage collector looks through, 0.1 s in every round."""
    lags_s: "array[float]" = field(default_factory=lambda: array("d"))
    counts: "array[int]" = field(default_factory=lambda: array("q"))
    """How many were not under a checkpoint, at each look."""

    def signed(self, partition: int, size: int, now: float) -> None:
        """A log was seen signed so far."""
        positions, times = self.positions[partition], self.times[partition]
        while positions and positions[0] < size:
            positions.popleft()
            self.lags_s.append(now - times.popleft())

    def count(self) -> int:
        """How many wait for a checkpoint."""
        return sum(map(len, self.positions))


def run(server: EmbeddedServer, *, quick: bool, minutes: float | None = None) -> dict[str, Any]:
    """The backlog first, then ten minutes at half of what the same run could append, then rounds with and without."""
    with tempfile.TemporaryDirectory(prefix="daybook-bench-seal-") as folder:
        return uvloop.run(_run(server, Path(folder), quick=quick, minutes=minutes or (0.2 if quick else MINUTES)))


async def _run(server: EmbeddedServer, folder: Path, *, quick: bool, minutes: float) -> dict[str, Any]:
    rounds, backlog = (1, 20_000) if quick else (ROUNDS, BACKLOG)
    await write_through_log(server.admin_dsn(), LOG_FILES // 50 if quick else LOG_FILES)
    databases = await fresh_record(server, "seal")
    settings = Settings(
        database_url=databases.application, sealer_url=server.dsn("seal", "daybook_sealer"), data_dir=folder,
        log_id="bench.invalid/seal",
    )  # fmt: skip
    sealing = _Sealing(settings, databases)
    async with (
        await Record.open(databases.application) as record,
        asyncpg.create_pool(databases.application, min_size=1, max_size=2) as pool,
    ):
        maximum, _ = await callers_append(record, requests(backlog, PARTITIONS), CALLERS)
        say(f"append {maximum:,.0f} events a second at most")
        seal_per_s = await _backlog(record, pool, sealing, backlog)
        say(f"sealed {seal_per_s:,.0f} of a backlog a second")
        async with sealing.on():
            steady = await _steady(record, pool, maximum / 2, minutes * 60)
        quiet, sealed = await _interleaved(record, pool, sealing, maximum / 2, rounds, quick=quick)
    return {
        "append_max_per_s": round(maximum, 1),
        "seal_per_s": round(seal_per_s, 1),
        **steady,
        "append_p99_without_ms": median(quiet),
        "append_p99_with_ms": median(sealed),
        "minutes": minutes,
        "rounds": rounds,
    }


@dataclass(frozen=True)
class _Sealing:
    """The process that seals, as `serve` has it."""

    settings: Settings
    databases: Databases

    @asynccontextmanager
    async def on(self) -> AsyncGenerator[None]:
        """Seal while the block runs."""
        process = await SealingProcess.start(self.settings, self.databases)
        if process is None:
            raise RuntimeError("the settings of the benchmark let it seal nothing")
        async with process:
            yield
            if process.troubles:
                raise RuntimeError(f"sealing had trouble: {dict(process.troubles)}")


async def _backlog(record: Record, pool: Pool, sealing: _Sealing, count: int) -> float:
    """Events a second from appended to signed, in all logs; the process has started before."""
    async with sealing.on():
        started = time.perf_counter()
        await _caught_up(record, pool)
        return count / (time.perf_counter() - started)


async def _paced(record: Record, per_s: float, seconds: float, unsealed: Unsealed) -> "array[float]":
    """Append so many a second; each wait in seconds."""
    waits = array("d")

    async def one(request: AppendRequest) -> None:
        started = time.perf_counter()
        appended = await record.append(request)
        now = time.perf_counter()
        waits.append(now - started)
        unsealed.positions[appended.partition].append(appended.position)
        unsealed.times[appended.partition].append(now)

    began, sent, told = time.perf_counter(), 0, TELL_S
    async with asyncio.TaskGroup() as group:
        while (passed := time.perf_counter() - began) < seconds:
            due = min(int(per_s * passed), len(waits) + WAITING_MAX) - sent
            for request in requests(due, PARTITIONS):
                group.create_task(one(request))
            sent += due
            if passed > told:
                say(f"{passed:.0f} s: {sent:,} events, {unsealed.count():,} not under a checkpoint")
                told += TELL_S
            await asyncio.sleep(TICK_S)
    return waits


async def _steady(record: Record, pool: Pool, per_s: float, seconds: float) -> dict[str, Any]:
    await _caught_up(record, pool)
    unsealed = Unsealed()
    watching = asyncio.create_task(_watch(pool, unsealed))
    waits = await _paced(record, per_s, seconds, unsealed)
    looks = len(unsealed.counts)  # the rest is the end, when nothing is appended any more
    while unsealed.count():  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)
    watching.cancel()
    lags, third = sorted(unsealed.lags_s), looks // 3
    say(f"lag over {seconds:.0f} s: p99 {lags[int(len(lags) * 0.99)]:.2f} s")
    return {
        "append_per_s": round(len(waits) / seconds, 1),
        "commit_to_checkpoint_p50_s": round(lags[len(lags) // 2], 3),
        "commit_to_checkpoint_p99_s": round(lags[int(len(lags) * 0.99)], 3),
        "commit_to_checkpoint_max_s": round(lags[-1], 3),
        "unsealed_max_first_third": max(unsealed.counts[:third]),
        "unsealed_max_last_third": max(unsealed.counts[looks - third : looks]),
    }


async def _watch(pool: Pool, unsealed: Unsealed) -> None:
    """Look at the logs all the time; an event that is sealed before its append has answered waits for the next look."""
    while True:
        for partition, size in await _signed(pool):
            unsealed.signed(partition, size, time.perf_counter())
        unsealed.counts.append(unsealed.count())
        await asyncio.sleep(LOOK_S)


async def _interleaved(  # noqa: PLR0913
    record: Record,
    pool: Pool,
    sealing: _Sealing,
    per_s: float,
    rounds: int,
    *,
    quick: bool,
) -> tuple[list[float], list[float]]:
    """The 99th percentile of appends in milliseconds, by turns without and with sealing."""
    seconds = 3.0 if quick else ROUND_S
    quiet: list[float] = []
    sealed: list[float] = []
    for number in range(rounds):
        quiet.append(_p99_ms(await _paced(record, per_s, seconds, Unsealed())))
        async with sealing.on():
            await _caught_up(record, pool)
            sealed.append(_p99_ms(await _paced(record, per_s, seconds, Unsealed())))
        say(f"round {number + 1}: append p99 {quiet[-1]:.1f} ms without, {sealed[-1]:.1f} ms with sealing")
    return quiet, sealed


def _p99_ms(waits: "array[float]") -> float:
    return round(sorted(waits)[int(len(waits) * 0.99)] * 1000, 2)


async def _caught_up(record: Record, pool: Pool) -> None:
    ends = (await record.end()).next_positions
    while any(size < ends[partition] for partition, size in await _signed(pool)):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


async def _signed(pool: Pool) -> list[tuple[int, int]]:
    rows = await pool.fetch("select partition, signed_size from seal.log where kind = 'event' order by partition")
    return [(row[0], row[1]) for row in rows]
