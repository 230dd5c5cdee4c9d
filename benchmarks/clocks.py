"""The clocks of 200,000 open complaints: counting them all, a pass of the keeper, the board's pages, and what-if."""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
import uvloop

from benchmarks.both import daybook_environment, logged_in
from benchmarks.load import load
from benchmarks.open_complaints import agree, receive
from benchmarks.scratch import fresh_record, median, query, say
from benchmarks.serving import ask, get, served
from domain.clocks import Catalogue
from engine.clock_catalogue import Known
from engine.clock_keeping import ClockKeeper
from engine.following import Following
from engine.settings import Settings
from engine.status import caught_up
from engine.wiring import Databases, Daybook
from projections.seeing import EVERYTHING
from replay.clock_what_if import WhatIf
from store.embedded import EmbeddedServer

ROUNDS = 7
DUE = 400
"""Clocks to which time has done something since the pass before."""
CONNECTIONS = 4
"""People who look at the board at one time, each again as soon as there is an answer."""
PAGES = 20
BEHIND = timedelta(hours=12)
"""So long ago the first pass takes place, so that the later ones are in the past, too."""


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Medians of the rounds; of what is asked over HTTP the median and the 99th percentile."""
    rounds, complaints, count = (1, 4000, 200) if quick else (ROUNDS, 200_000, 2000)
    databases = uvloop.run(fresh_record(server, "clocks"))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=databases.application, data_dir=Path(folder))
        figures, ids = uvloop.run(_kept(settings, databases, complaints, rounds))
        uvloop.run(query(databases.migrate, "analyze"))
        with served("api.app:app", daybook_environment(databases, Path(folder))) as port:
            asked = _asked(port, logged_in(Path(folder), "complaint-handler"), ids, count)
            measured: dict[str, list[float]] = {}
            for _ in range(rounds):
                for name, requests in asked.items():
                    one = load(port, requests, CONNECTIONS, 200)
                    if one.unexpected:
                        raise RuntimeError(f"{name}: {one.unexpected}")
                    measured.setdefault(f"{name}_p50_ms", []).append(one.p50_ms())
                    measured.setdefault(f"{name}_p99_ms", []).append(one.p99_ms())
    shown = {name: median(values) for name, values in measured.items()}
    slowest = max(value for name, value in shown.items() if name.startswith("board") and name.endswith("p99_ms"))
    return {**figures, **shown, "board_p99_ms": slowest, "complaints": complaints, "due": DUE, "rounds": rounds}


# What is kept


async def _kept(
    settings: Settings, databases: Databases, complaints: int, rounds: int
) -> tuple[dict[str, float], list[UUID]]:
    daybook = await Daybook.open(settings, databases)
    try:
        base = datetime.now(UTC) - BEHIND
        await agree(daybook)
        say(f"recording {complaints:,} complaints")
        ids = await receive(daybook.record, complaints, base)
        say("following them")
        async with await Following.start(daybook.models):
            await caught_up(daybook)
        opened = [await ClockKeeper.open(daybook, one, "benchmark") for one in range(daybook.record.partitions)]
        keepers = [one for one in opened if one is not None]
        by = await daybook.clock_catalogue.known()
        figures = await _counted(keepers, by, base, complaints)
        figures |= await _passes(daybook, keepers, by, base, rounds)
        await _until_nothing_is_due(keepers, by, datetime.now(UTC))
        for one in keepers:
            await one.close()
        figures["what_if_per_s"] = await _what_if(daybook, by.catalogue, complaints)
        return figures, ids
    finally:
        await daybook.close()


async def _counted(keepers: Sequence[ClockKeeper], by: Known, moment: datetime, complaints: int) -> dict[str, float]:
    """Complaints a second that are counted from the record, and commands a second for what has come due meanwhile."""
    say("counting their clocks")
    started = time.perf_counter()
    await asyncio.gather(*(_stepped(one, by, moment) for one in keepers))
    counted = time.perf_counter() - started
    say("recording what is due")
    started = time.perf_counter()
    recorded = await _until_nothing_is_due(keepers, by, moment)
    return {
        "counted_per_s": complaints / counted,
        "recorded_per_s": recorded / (time.perf_counter() - started),
        "recorded": recorded,
    }


async def _passes(
    daybook: Daybook, keepers: Sequence[ClockKeeper], by: Known, moment: datetime, rounds: int
) -> dict[str, float]:
    """Seconds of a pass over all partitions: when nothing is due, and when time has just done something to some."""
    idle: list[float] = []
    due: list[float] = []
    for _ in range(rounds):
        await _until_nothing_is_due(keepers, by, moment)
        started = time.perf_counter()
        await _pass(keepers, by, moment)
        idle.append(time.perf_counter() - started)
        moment = await daybook.record.pool.fetchval(
            "select next_at from read_model.complaint_clock where next_at > $1 order by next_at offset $2 limit 1",
            moment,
            DUE - 1,
        )
        started = time.perf_counter()
        recorded = await _pass(keepers, by, moment)
        due.append(time.perf_counter() - started)
        say(f"a pass: {idle[-1]:.4f} s with nothing due, {due[-1]:.2f} s with {recorded}")
    return {"pass_idle_ms": median([1000 * one for one in idle]), "pass_due_ms": median([1000 * one for one in due])}


async def _pass(keepers: Sequence[ClockKeeper], by: Known, moment: datetime) -> int:
    async def one(keeper: ClockKeeper) -> int:
        await keeper.step(by, moment)
        passed = await keeper.take_up(by, moment)
        return passed.escalated + passed.breached

    return sum(await asyncio.gather(*map(one, keepers)))


async def _stepped(keeper: ClockKeeper, by: Known, moment: datetime) -> None:
    while await keeper.step(by, moment):
        pass


async def _until_nothing_is_due(keepers: Sequence[ClockKeeper], by: Known, moment: datetime) -> int:
    recorded = 0
    while True:
        await asyncio.gather(*(_stepped(one, by, moment) for one in keepers))
        done = await _pass(keepers, by, moment)
        if not done:
            return recorded
        recorded += done


async def _what_if(daybook: Daybook, ours: Catalogue, complaints: int) -> float:
    """Complaints a second, under a rule of China that gives ten days in place of fifteen."""
    (table,) = ours.policies["cn"]
    shorter = tuple(replace(rule, length=10, extensions=()) for rule in table.rules[:1])
    other = replace(ours, policies={**ours.policies, "cn": (replace(table, rules=shorter),)})
    asked = WhatIf(daybook.record, daybook.mapper.fact, EVERYTHING)
    say("asking what if")
    started = time.perf_counter()
    async for _ in asked.differences(ours, other, datetime.now(UTC)):
        pass
    if asked.summary.complaints != complaints:
        raise RuntimeError(f"what-if has counted {asked.summary.complaints} complaints of {complaints}")
    return complaints / (time.perf_counter() - started)


# What is asked


def _asked(port: int, headers: Mapping[str, str], ids: Sequence[UUID], count: int) -> dict[str, list[bytes]]:
    """What people ask the board: its first page, that of one clock, pages further on; and a complaint's own clocks."""
    board = "/complaints/board"
    later = _later_pages(port, board, headers)
    return {
        "board_first": [get(board, headers)] * count,
        "board_of_clock": [get(f"{board}?clock={one}", headers) for one in ("cn.decide", "uk.final")] * (count // 2),
        "board_later": Random(1).choices([get(one, headers) for one in later], k=count),
        "complaint_clocks": [get(f"/complaints/{one}/clocks", headers) for one in Random(1).choices(ids, k=count)],
    }


def _later_pages(port: int, board: str, headers: Mapping[str, str]) -> list[str]:
    pages: list[str] = []
    path = board
    while len(pages) < PAGES:
        following = orjson.loads(ask(port, path, headers))["next"]
        path = f"{board}?after={following}"
        pages.append(path)
    return pages
