"""Rebuilding all read models from a million events, beside raw reading and the library's projection runner."""

import resource
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import uvloop

from benchmarks.bank import EVENTS_PER_CUSTOMER, fill
from benchmarks.library_projection import projection_per_s
from benchmarks.scratch import PARTITIONS, fresh_record, median, say
from engine.settings import Settings
from engine.wiring import Databases, Daybook, read_model_setup
from replay.rebuild import rebuild
from store.embedded import EmbeddedServer
from store.statements import statement

ROUNDS = 3
PROCESSES = 2
PAGE = 5000
MIB = 1 << 20


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Three interleaved rounds; medians. Peak memory is that of the largest process."""
    rounds, events, library_events = (1, 20_000, 420) if quick else (ROUNDS, 1_000_000, 4200)
    databases = uvloop.run(fresh_record(server, "rebuild"))
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=databases.application, data_dir=Path(folder))
        say(f"recording {events:,} events of {events // EVENTS_PER_CUSTOMER:,} customers")
        uvloop.run(_record(settings, databases, events))
        for number in range(rounds):
            server.ensure_database(f"library_{number}")
            one = {
                "raw_read_per_s": uvloop.run(_raw_read(databases.application)),
                "rebuild_per_s": uvloop.run(_rebuild(settings, databases)),
                "eventsourcing_projection_per_s": projection_per_s(
                    server.admin_dsn(f"library_{number}"), library_events
                ),
            }
            for name, value in one.items():
                figures.setdefault(name, []).append(value)
            say(f"round {number + 1}: " + ", ".join(f"{name} {value:,.0f}" for name, value in one.items()))
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return {
        **{name: median(values) for name, values in figures.items()},
        "peak_memory_mb": round(peak_kib * 1024 / MIB, 1),
        "events": events,
        "rounds": rounds,
    }


async def _record(settings: Settings, databases: Databases, events: int) -> None:
    daybook = await Daybook.open(settings, databases)
    try:
        await fill(daybook.record, events)
    finally:
        await daybook.close()
    connection = await asyncpg.connect(databases.migrate)
    await connection.execute("vacuum (analyze) record.event")
    await connection.close()


async def _raw_read(dsn: str) -> float:
    """Events a second in keyset pages, all columns, one connection, nothing done with them."""
    connection = await asyncpg.connect(dsn)
    read = await connection.prepare(statement("read_partition"))
    count = 0
    started = time.perf_counter()
    for partition in range(PARTITIONS):
        position = 0
        while rows := await read.fetch(partition, position, PAGE):
            count += len(rows)
            position = rows[-1]["position"] + 1
    took = time.perf_counter() - started
    await connection.close()
    return count / took


async def _rebuild(settings: Settings, databases: Databases) -> float:
    """Events a second from the start of the rebuild to the swap, indexes included."""
    daybook = await Daybook.open(settings, databases)
    try:
        started = time.perf_counter()
        done = await rebuild(daybook.models, read_model_setup, processes=PROCESSES)
        return done.events / (time.perf_counter() - started)
    finally:
        await daybook.close()
