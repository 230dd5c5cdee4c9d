"""A profile by id, beside a bare FastAPI route that runs the same query."""

import tempfile
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.bank import fill
from benchmarks.both import both_served, logged_in
from benchmarks.load import load
from benchmarks.scratch import fresh_record, median, say
from benchmarks.serving import get
from engine.following import Following
from engine.settings import Settings
from engine.status import caught_up
from engine.wiring import Databases, Daybook
from store.embedded import EmbeddedServer

ROUNDS = 7
CONNECTIONS = 8


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians of the 99th percentiles."""
    rounds, events, count = (1, 2000, 800) if quick else (ROUNDS, 200_000, 8000)
    databases = uvloop.run(fresh_record(server, "read"))
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=databases.application, data_dir=Path(folder))
        customers = uvloop.run(_prepare(settings, databases, events))
        with both_served(databases, Path(folder)) as (ours, bare):
            headers = logged_in(Path(folder), "front-office")
            for number in range(rounds):
                requests = [get(f"/customers/{one}", headers) for one in Random(number).choices(customers, k=count)]
                for name, port in (("bare_route", bare), ("profile", ours)):
                    measured = load(port, requests, CONNECTIONS, 200)
                    if measured.unexpected:
                        raise RuntimeError(f"{name}: {measured.unexpected}")
                    figures.setdefault(f"{name}_p99_ms", []).append(measured.p99_ms())
                    figures.setdefault(f"{name}_per_s", []).append(measured.per_s)
                say(f"round {number + 1}: " + ", ".join(f"{name} {of[-1]:,.2f}" for name, of in figures.items()))
    return {**{name: median(values) for name, values in figures.items()}, "rounds": rounds}


async def _prepare(settings: Settings, databases: Databases, events: int) -> list[UUID]:
    daybook = await Daybook.open(settings, databases)
    try:
        customers = await fill(daybook.record, events)
        async with await Following.start(daybook.models):
            await caught_up(daybook)
        return customers
    finally:
        await daybook.close()
