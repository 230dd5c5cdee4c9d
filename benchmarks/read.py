"""A profile by id, beside a bare FastAPI route with the same query; and one with a name, whose look is recorded."""

import tempfile
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.bank import START, fill
from benchmarks.both import both_served, logged_in
from benchmarks.load import load
from benchmarks.scratch import fresh_record, median, say
from benchmarks.serving import get
from domain.customer_messages import RegisterCustomer
from engine.deciding import Context
from engine.following import Following
from engine.settings import Settings
from engine.status import caught_up
from engine.wiring import Databases, Daybook
from store.embedded import EmbeddedServer
from store.identity import new_id

ROUNDS = 7
PEOPLE = 500
CONNECTIONS = 8


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians of the 99th percentiles."""
    rounds, events, count = (1, 2000, 800) if quick else (ROUNDS, 200_000, 8000)
    databases = uvloop.run(fresh_record(server, "read"))
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=databases.application, data_dir=Path(folder))
        customers, people = uvloop.run(_prepare(settings, databases, events))
        with both_served(databases, Path(folder)) as (ours, bare):
            headers = logged_in(Path(folder), "front-office")
            for number in range(rounds):
                requests = [get(f"/customers/{one}", headers) for one in Random(number).choices(customers, k=count)]
                named = [get(f"/customers/{one}", headers) for one in Random(number).choices(people, k=count)]
                for name, port, asked in (
                    ("bare_route", bare, requests), ("profile", ours, requests), ("personal", ours, named),
                ):  # fmt: skip
                    measured = load(port, asked, CONNECTIONS, 200)
                    if measured.unexpected:
                        raise RuntimeError(f"{name}: {measured.unexpected}")
                    figures.setdefault(f"{name}_p99_ms", []).append(measured.p99_ms())
                    figures.setdefault(f"{name}_per_s", []).append(measured.per_s)
                say(f"round {number + 1}: " + ", ".join(f"{name} {of[-1]:,.2f}" for name, of in figures.items()))
    return {**{name: median(values) for name, values in figures.items()}, "rounds": rounds}


async def _prepare(settings: Settings, databases: Databases, events: int) -> tuple[list[UUID], list[UUID]]:
    """Customers without personal data, and some with a name to open, each look at which is recorded."""
    daybook = await Daybook.open(settings, databases)
    try:
        customers = await fill(daybook.record, events)
        people = await _people(daybook)
        async with await Following.start(daybook.models):
            await caught_up(daybook)
        return customers, people
    finally:
        await daybook.close()


async def _people(daybook: Daybook) -> list[UUID]:
    people = [new_id() for _ in range(PEOPLE)]
    for customer_id in people:
        register = RegisterCustomer(occurred_at=START, customer_id=customer_id, kind="person", name="Ana Example")
        context = Context("staff:1", new_id(), b"", customer_id)
        await daybook.handler.handle([register], context, new_stream=True)
    return people
