"""Rebuilding read models from the record, beside the live ones."""

import asyncio
import multiprocessing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, Literal, TypeAlias, cast

from projections import bookmarks, table_sql
from projections import versions as made
from projections.errors import ReadModelError
from projections.models import ReadModels
from projections.projection import Projection
from replay.filling import Filling, Positions, Setup, fill, work
from replay.swap import swap_in

POLL_S = 0.1

Phase: TypeAlias = Literal["events", "indexes"]
Report: TypeAlias = Callable[[Phase, int, int], None]
"""`report(phase, done, total)`: how many events are folded, then how many indexes are made."""


class RebuildFailed(ReadModelError):
    """A process that was filling died; run the rebuild again, it goes on from there."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The versions that are live now, the events each was made from, and the keys that are parked in them."""

    versions: Mapping[str, int]
    events: int
    parked: Mapping[str, int]


async def rebuild(
    models: ReadModels,
    setup: Setup,
    names: Collection[str] | None = None,
    *,
    processes: int = 0,
    report: Report = lambda _phase, _done, _total: None,
) -> Rebuilt:
    """Fill new tables of these read models (None: all) in a single pass, and swap them in.

    The live ones go on meanwhile. A rebuild that was killed is taken up where it was. `processes`: how many to
    fill with; 0: this one. `setup` makes the decoder and the read models in them.

    Raises:
        RebuildFailed: a process died.
        NotLive: another rebuild has come first.
    """
    projections = [models.projections[name] for name in sorted(names or models.projections)]
    versions = await begin(models, projections)
    ends = (await models.record.end()).next_positions
    await fill_to(models, setup, versions, ends, processes, report)
    await _finish(models, versions, processes, report)
    await swap_in(models, versions)
    progress = await models.all_progress()
    return Rebuilt(versions, sum(ends), {name: progress[name].parked for name in versions})


async def begin(
    models: ReadModels, projections: Sequence[Projection], purpose: made.Purpose = "serve"
) -> dict[str, int]:
    """New versions, or those that were begun earlier for the same in the record as it is now."""
    incarnation = models.record.incarnation
    versions: dict[str, int] = {}
    async with models.writers.acquire() as connection:
        for one in projections:
            begun = await made.unfinished(connection, one, purpose)
            if begun is not None and not await bookmarks.are_good(connection, incarnation, one.name, begun):
                await made.drop(connection, one, begun)
                begun = None
            versions[one.name] = begun or await made.begin(connection, one, incarnation, purpose)
    return versions


# Filling


def _positions(partitions: int, processes: int) -> Positions:
    """Memory that all processes share, if there are more than this one."""
    return cast("Any", multiprocessing.get_context("spawn").Array("q", partitions)) if processes else [0] * partitions


async def fill_to(  # noqa: PLR0913, PLR0917  # what, how far, and how
    models: ReadModels, setup: Setup, versions: Mapping[str, int], ends: Sequence[int], processes: int, report: Report
) -> None:
    """Fill versions up to these positions.

    Raises:
        RebuildFailed: a process died.
    """
    filling = Filling(versions, ends, _positions(len(ends), processes))
    reporting = asyncio.create_task(_report(filling, report))
    try:
        if processes:
            await _fill_in_processes(setup, models.record.dsn, filling, processes)
        else:
            await fill(models, filling)
    finally:
        reporting.cancel()
    report("events", sum(filling.ends), sum(filling.ends))


async def _report(filling: Filling, report: Report) -> None:
    total = sum(filling.ends)
    while True:
        report("events", min(sum(filling.positions), total), total)
        await asyncio.sleep(POLL_S)


async def _fill_in_processes(setup: Setup, dsn: str, filling: Filling, processes: int) -> None:
    context = multiprocessing.get_context("spawn")
    started: list[BaseProcess] = []
    try:
        for n in range(processes):
            first = n * len(filling.ends) // processes
            one = context.Process(target=work, args=(setup, dsn, filling, first), daemon=True)
            one.start()
            started.append(one)
        while any(one.is_alive() for one in started):
            _check(started)
            await asyncio.sleep(POLL_S)
        _check(started)
    finally:
        for one in started:
            one.terminate()
            one.join()


def _check(started: Sequence[BaseProcess]) -> None:
    for one in started:
        if one.exitcode not in (None, 0):
            raise RebuildFailed(f"process {one.pid} ended with {one.exitcode}; run the rebuild again, it goes on")


# Indexes


async def _finish(models: ReadModels, versions: Mapping[str, int], processes: int, report: Report) -> None:
    """Make what searching needs, and tell the planner what is in the tables."""
    jobs = [
        sql
        for name, version in versions.items()
        for table in models.projections[name].tables
        for sql in (*table_sql.indexes(table, version), f"analyze {table.at(version)}")
    ]
    done = 0
    at_once = asyncio.Semaphore(max(processes, 1))

    async def make(sql: str) -> None:
        nonlocal done
        async with at_once, models.writers.acquire() as connection, connection.transaction():
            await connection.execute("set local statement_timeout = 0")
            await connection.execute(sql)
        done += 1
        report("indexes", done, len(jobs))

    await asyncio.gather(*map(make, jobs))
