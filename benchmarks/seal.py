"""Sealing: a backlog, the lag while events are appended, and what sealing costs those who append."""

import asyncio
import multiprocessing
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from audit.guard import ForkGuard
from audit.logs import ensure_logs
from audit.sealer import Hands, LogSealer
from audit.sealing import Sealing, new_holder, open_pool
from audit.signing import FileKeys
from benchmarks.append import callers_append
from benchmarks.made import requests
from benchmarks.scratch import PARTITIONS, fresh_record, median, say
from store.collecting import collect_seldom
from store.embedded import EmbeddedServer
from store.record import Record

LOG_ID = "bench.invalid/seal"
BACKLOG = 200_000
MINUTES = 10.0
ROUNDS = 7
ROUND_S = 15.0
CALLERS = 256
LOOK_S = 0.02


@dataclass
class Watched:
    """What a watch of the logs has seen: when each log was first seen signed so far, and how many were not."""

    signed: list[tuple[float, int, int]] = field(default_factory=list[tuple[float, int, int]])
    unsealed: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """The backlog first, then ten minutes at half of what the same run could append, then rounds with and without."""
    with tempfile.TemporaryDirectory(prefix="daybook-bench-seal-") as folder:
        return uvloop.run(_run(server, Path(folder), quick=quick))


async def _run(server: EmbeddedServer, folder: Path, *, quick: bool) -> dict[str, Any]:
    minutes, rounds, backlog = (0.2, 1, 20_000) if quick else (MINUTES, ROUNDS, BACKLOG)
    databases = await fresh_record(server, "seal")
    sealer = server.dsn("seal", "daybook_sealer")
    async with await Record.open(databases.application) as record:
        made = requests(backlog, PARTITIONS)
        maximum, _ = await callers_append(record, made, CALLERS)
        say(f"append {maximum:,.0f} events a second at most")
        seal_per_s = await _backlog(sealer, folder, backlog)
        say(f"sealed {seal_per_s:,.0f} of a backlog a second")
        async with asyncpg.create_pool(databases.application, min_size=1, max_size=2) as pool:
            with _Process(sealer, folder):
                steady = await _steady(record, pool, maximum / 2, minutes * 60)
            quiet, sealed = await _interleaved(record, pool, sealer, folder, maximum / 2, rounds, quick=quick)
    return {
        "append_max_per_s": round(maximum, 1),
        "seal_per_s": round(seal_per_s, 1),
        **steady,
        "append_p99_without_ms": median(quiet),
        "append_p99_with_ms": median(sealed),
        "minutes": minutes,
        "rounds": rounds,
    }


async def _backlog(dsn: str, folder: Path, count: int) -> float:
    """Entries a second from appended to signed, every log in turns, in one process."""
    async with await open_pool(dsn) as pool:
        hands = Hands(pool, ForkGuard(folder / "guard"), FileKeys(folder / "signing"), new_holder())
        logs = [log for log in await ensure_logs(pool, hands.keys, LOG_ID) if log.name.kind == "event"]
        sealers = [await LogSealer.open(hands, log) for log in logs]
        started = time.perf_counter()
        await asyncio.gather(*(_drain(one) for one in sealers if one is not None))
        took = time.perf_counter() - started
        for one in sealers:
            if one is not None:
                await one.release()
    return count / took


async def _drain(sealer: LogSealer) -> None:
    while await sealer.step():
        pass


class _Process:
    """Seals in a process of its own while the block runs."""

    def __init__(self, dsn: str, folder: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_seal, args=(dsn, str(folder), theirs))

    def __enter__(self) -> None:
        self._process.start()
        self._pipe.recv()

    def __exit__(self, *_: object) -> None:
        self._pipe.send("stop")
        self._process.join()


def _seal(dsn: str, folder: str, pipe: Connection) -> None:
    async def work() -> None:
        collect_seldom()
        keys = FileKeys(Path(folder) / "signing")
        async with await Sealing.start(dsn, ForkGuard(Path(folder) / "guard"), keys, LOG_ID):
            pipe.send("started")
            await asyncio.to_thread(pipe.recv)

    uvloop.run(work())


async def _paced(record: Record, per_s: float, seconds: float) -> tuple[list[float], list[tuple[float, int, int]]]:
    """Append so many a second; each wait, and when which position of which partition was committed."""
    waits: list[float] = []
    committed: list[tuple[float, int, int]] = []
    tick_s, tasks = 0.02, set[asyncio.Task[None]]()

    async def one(request: Any) -> None:  # noqa: ANN401
        started = time.perf_counter()
        appended = await record.append(request)
        now = time.perf_counter()
        waits.append(now - started)
        committed.append((now, appended.partition, appended.position))

    began, sent = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        for request in requests(int(per_s * passed) - sent, PARTITIONS):
            task = asyncio.create_task(one(request))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            sent += 1
        await asyncio.sleep(tick_s)
    await asyncio.gather(*tasks)
    return waits, committed


async def _steady(record: Record, pool: "asyncpg.Pool[asyncpg.Record]", per_s: float, seconds: float) -> dict[str, Any]:
    watched, stop = Watched(), asyncio.Event()
    await _caught_up(record, pool)
    watching = asyncio.create_task(_watch(record, pool, watched, stop))
    waits, committed = await _paced(record, per_s, seconds)
    await _caught_up(record, pool)
    stop.set()
    await watching
    lags = sorted(_lags(committed, watched.signed))
    third = len(watched.unsealed) // 3
    say(f"lag over {seconds:.0f} s: p99 {lags[int(len(lags) * 0.99)]:.2f} s")
    return {
        "append_per_s": round(len(waits) / seconds, 1),
        "commit_to_checkpoint_p50_s": round(lags[len(lags) // 2], 3),
        "commit_to_checkpoint_p99_s": round(lags[int(len(lags) * 0.99)], 3),
        "commit_to_checkpoint_max_s": round(lags[-1], 3),
        "unsealed_max_first_third": max(count for _, count in watched.unsealed[:third]),
        "unsealed_max_last_third": max(count for _, count in watched.unsealed[-third:]),
    }


async def _watch(record: Record, pool: "asyncpg.Pool[asyncpg.Record]", watched: Watched, stop: asyncio.Event) -> None:
    signed: dict[int, int] = {}
    while not stop.is_set():
        ends = (await record.end()).next_positions
        for partition, size in await _signed(pool):
            if signed.get(partition) != size:
                signed[partition] = size
                watched.signed.append((time.perf_counter(), partition, size))
        watched.unsealed.append((time.perf_counter(), sum(ends) - sum(signed.values())))
        await asyncio.sleep(LOOK_S)


def _lags(committed: list[tuple[float, int, int]], signed: list[tuple[float, int, int]]) -> list[float]:
    """From each commit to the first look that saw its position signed."""
    lags: list[float] = []
    for partition in range(PARTITIONS):
        mine = sorted((position, at) for at, where, position in committed if where == partition)
        seen = iter([(size, at) for at, where, size in signed if where == partition])
        size, when = 0, 0.0
        for position, at in mine:
            while size <= position:
                size, when = next(seen)
            lags.append(max(when - at, 0.0))
    return lags


async def _interleaved(  # noqa: PLR0913, PLR0917
    record: Record,
    pool: "asyncpg.Pool[asyncpg.Record]",
    dsn: str,
    folder: Path,
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
        quiet.append(_p99_ms((await _paced(record, per_s, seconds))[0]))
        with _Process(dsn, folder):
            await _caught_up(record, pool)
            sealed.append(_p99_ms((await _paced(record, per_s, seconds))[0]))
        say(f"round {number + 1}: append p99 {quiet[-1]:.1f} ms without, {sealed[-1]:.1f} ms with sealing")
    return quiet, sealed


def _p99_ms(waits: list[float]) -> float:
    waits.sort()
    return round(waits[int(len(waits) * 0.99)] * 1000, 2)


async def _caught_up(record: Record, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    ends = (await record.end()).next_positions
    while any(size < ends[partition] for partition, size in await _signed(pool)):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_S)


async def _signed(pool: "asyncpg.Pool[asyncpg.Record]") -> list[tuple[int, int]]:
    rows = await pool.fetch("select partition, signed_size from seal.log where kind = 'event' order by partition")
    return [(row[0], row[1]) for row in rows]
