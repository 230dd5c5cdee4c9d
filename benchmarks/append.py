"""Appending single events: COPY, the library, and the record at 64 and 256 callers."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvloop

from benchmarks.made import conflicting, requests
from benchmarks.peers import CopyPeer, EventsourcingPeer
from benchmarks.processes import Prepare, Run, processes
from benchmarks.scratch import PARTITIONS, fresh_record, median, say
from store.embedded import EmbeddedServer
from store.envelope import AppendRequest
from store.errors import VersionConflict
from store.record import Record

ROUNDS = 7


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians."""
    return uvloop.run(_run(server, rounds=1 if quick else ROUNDS, scale=0.1 if quick else 1.0))


async def _run(server: EmbeddedServer, *, rounds: int, scale: float) -> dict[str, Any]:
    databases = await fresh_record(server, "append")
    copy = CopyPeer(databases.migrate)
    await copy.prepare()
    threads = (1, 8, 16)
    library = {n: EventsourcingPeer(databases.migrate, n) for n in threads}
    record = await Record.open(databases.application)
    measured: dict[str, list[float]] = {}
    latencies: list[float] = []

    async def append(callers: int, count: int, conflicts: int = 0) -> float:
        made = requests(count, PARTITIONS)
        rate, waited = await callers_append(record, conflicting(made, conflicts) if conflicts else made, callers)
        if callers == 64:  # noqa: PLR2004
            latencies.extend(waited)
        return rate

    steps: dict[str, Callable[[], Coroutine[Any, Any, float]]] = {
        "copy_per_s": lambda: copy.per_s(int(100_000 * scale)),
        **{f"eventsourcing_{n}_per_s": (lambda n=n: library[n].per_s(int(2000 * scale))) for n in threads},
        "append_64_per_s": lambda: append(64, int(50_000 * scale)),
        "append_256_per_s": lambda: append(256, int(100_000 * scale)),
        "append_256_conflicts_per_s": lambda: append(256, int(100_000 * scale), 100),
        "append_2x128_per_s": lambda: asyncio.to_thread(_two_processes, databases.application, int(50_000 * scale)),
    }
    for number in range(rounds):
        for name, measure in steps.items():
            measured.setdefault(name, []).append(await measure())
            say(f"round {number + 1}: {name} {measured[name][-1]:,.0f}")
    await record.close()
    for peer in library.values():
        peer.close()
    figures = {name: median(values) for name, values in measured.items()}
    best = max(figures.pop(f"eventsourcing_{n}_per_s") for n in threads)
    latencies.sort()
    return {
        "copy_per_s": figures.pop("copy_per_s"),
        "eventsourcing_per_s": best,
        **figures,
        "p99_64_ms": round(latencies[int(len(latencies) * 0.99)] * 1000, 2),
        "rounds": rounds,
    }


async def callers_append(record: Record, made: list[AppendRequest], callers: int) -> tuple[float, list[float]]:
    """Events a second, refusals included, with so many callers that each wait for their answer; and the waits."""
    waits: list[float] = []

    async def caller(mine: list[AppendRequest]) -> None:
        for request in mine:
            started = time.perf_counter()
            with suppress(VersionConflict):
                await record.append(request)
            waits.append(time.perf_counter() - started)

    shares = [made[number::callers] for number in range(callers)]
    started = time.perf_counter()
    await asyncio.gather(*(caller(share) for share in shares))
    return len(made) / (time.perf_counter() - started), waits


def _two_processes(dsn: str, each: int) -> float:
    """Two processes with 128 callers each."""
    with processes(2, _appending, dsn) as both:
        took, _ = both.run((each, each))
    return 2 * each / took


@asynccontextmanager
async def _appending(dsn: str) -> AsyncGenerator[Prepare]:
    async with await Record.open(dsn) as record:

        async def prepare(count: int) -> Run:
            made = requests(count, PARTITIONS)

            async def run() -> None:
                await callers_append(record, made, 128)

            return run

        yield prepare
