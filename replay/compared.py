"""Read models against a fresh replay: every row that is not what the record makes it, is missing or was added.

Fresh tables are filled beside the live ones, as a rebuild does it. When they have nearly caught up, followers lose
their leases for a moment: both sides are brought to the same positions, a snapshot is taken, and followers go on. The
tables are compared in that snapshot, inside the database, by the text of each row, and the fresh ones are dropped.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from projections import versions as made
from projections.errors import ReadModelError
from projections.models import ReadModels
from projections.projection import Projection
from replay.filling import RETRY_S, Setup
from replay.rebuild import begin, fill_to
from replay.statements import statement
from replay.swap import CLOSER, filler_of, live_positions, reach, stop_following

if TYPE_CHECKING:
    from asyncpg import Record
    from asyncpg.pool import PoolConnectionProxy

    Snapshot = PoolConnectionProxy[Record]

NAMED_MAX: Final = 1000
"""Rows of one table and partition that are named one by one."""
FREEZES: Final = 50
"""Times to try until all live read models are at one position: after a rebuild one may be behind for a moment."""
BESIDE: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "parked": (("key", "position"), ()),  # why and when is not compared
    "tally": (("day", "type", "folded"), ("events", "sum", "first_position", "last_position")),
}
"""Tables that all read models share: what a row is known by in a partition, and what else is compared."""

Progress = Callable[[int, int], None]


class ComparisonRunning(ReadModelError):
    """Another process compares read models now."""

    def __init__(self) -> None:
        super().__init__("read models are being compared by another process: wait for it")


class RowDifference(NamedTuple):
    """A row that is not what a fresh replay makes it: `what` is changed (these columns), removed or added."""

    projection: str
    table: str
    partition: int
    key: Mapping[str, str]
    what: str
    columns: tuple[str, ...]

    def __str__(self) -> str:
        """One line for people."""
        key = ", ".join(f"{name} {value}" for name, value in self.key.items())
        changed = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"row of {self.table} in partition {self.partition}, {key}: was {self.what}{changed}"


class Compared(NamedTuple):
    """What was compared, up to where, and what differs; `unnamed`: tables (per partition) with more of them."""

    versions: Mapping[str, int]
    positions: Sequence[int]
    differences: tuple[RowDifference, ...]
    unnamed: int
    skipped: tuple[str, ...]


async def compare(
    models: ReadModels,
    setup: Setup,
    names: Collection[str] | None = None,
    *,
    processes: int = 0,
    progress: Progress = lambda _done, _total: None,
) -> Compared:
    """Fill these read models (None: all) afresh and compare. A comparison that was killed is taken up again.

    Raises:
        ComparisonRunning: another process does it now.
        RebuildFailed, LeaseLost: it was disturbed; run it again.
    """
    async with _alone(models):
        async with models.writers.acquire() as connection:
            live = await models.live_versions(connection)
        chosen = [models.projections[name] for name in sorted(live) if names is None or name in names]
        skipped = tuple(sorted({*(names or models.projections)} - {one.name for one in chosen}))
        await _clear(models, [one for one in models.projections.values() if one not in chosen])
        fresh = await begin(models, chosen, "compare")
        try:
            ends = await live_positions(models, fresh)
            await fill_to(models, setup, fresh, ends, processes, lambda _, at, of: progress(at, of))
            return await _at_one_moment(models, chosen, fresh, skipped, progress)
        finally:
            await _clear(models, chosen)


@asynccontextmanager
async def _alone(models: ReadModels) -> AsyncGenerator[None]:
    async with models.writers.acquire() as connection:
        if not await connection.fetchval(statement("try_comparison_lock")):
            raise ComparisonRunning
        try:
            yield
        finally:
            await connection.execute(statement("release_comparison_lock"))


async def _clear(models: ReadModels, projections: Sequence[Projection]) -> None:
    """Drop what was filled to be compared, now or by one that was killed."""
    async with models.writers.acquire() as connection:
        for one in projections:
            for version, _ in await made.left(connection, one, "compare"):
                await made.drop(connection, one, version)


async def _at_one_moment(
    models: ReadModels,
    projections: Sequence[Projection],
    fresh: Mapping[str, int],
    skipped: tuple[str, ...],
    progress: Progress,
) -> Compared:
    async with models.writers.acquire() as connection:
        snapshot, live = connection.transaction(isolation="repeatable_read", readonly=True), dict[str, int]()

        async def start() -> None:
            await snapshot.start()
            # The first statement is what fixes the snapshot.
            live.update({name: one.version for name, one in (await made.read_live(connection)).items()})

        positions = await _frozen(models, fresh, start)
        try:
            for setting in ("statement_timeout = 0", "enable_seqscan = on", "enable_sort = on"):
                await connection.execute(f"set local {setting}")
            jobs = [job for one in projections for job in _jobs(one, live[one.name], fresh[one.name])]
            found, unnamed = await _differences(connection, jobs, len(positions), progress)
        finally:
            await snapshot.rollback()
    return Compared({name: live[name] for name in fresh}, positions, found, unnamed, skipped)


async def _frozen(models: ReadModels, fresh: Mapping[str, int], start: Callable[[], Awaitable[None]]) -> Sequence[int]:
    """Bring fresh and live versions to the same positions, and start the snapshot there."""
    for _ in range(FREEZES):
        async with AsyncExitStack() as stack:
            fillers = [await filler_of(models, one, fresh, stack) for one in range(models.record.partitions)]
            for _ in range(CLOSER):
                near = await live_positions(models, fresh)
                for filler in fillers:
                    await reach(filler, near[filler.partition])
            leases = await stop_following(models, stack)
            found = await models.all_progress()
            vectors = {found[name].next_positions for name in fresh}
            if len(vectors) == 1:
                (positions,) = vectors
                for filler in fillers:
                    await reach(filler, positions[filler.partition])
                    for lease in leases:
                        await lease.renew(models.writers)
                if all(holding.position == positions[one.partition] for one in fillers for holding in one.holdings):
                    await start()
                    return positions
        await asyncio.sleep(RETRY_S)
    raise ReadModelError("the live read models are at different positions: run it again when they have caught up")


class _Job(NamedTuple):
    """A table to compare, where its rows are, and the statement that finds its differences in a partition."""

    projection: str
    table: str
    key: tuple[str, ...]
    rows: str
    sql: str


def _jobs(projection: Projection, live: int, fresh: int) -> list[_Job]:
    jobs: list[_Job] = []
    for table in projection.tables:
        was, should = (f"{table.at(version)} where true" for version in (live, fresh))
        jobs.append(_job(projection, table.name, table.key, table.columns, was, should))
    for name, (key, others) in BESIDE.items():
        columns = ("partition", *key, *others)
        was, should = (
            f"read_model.{name} where projection = '{projection.name}' and version = {version}"
            for version in (live, fresh)
        )
        jobs.append(_job(projection, name, key, columns, was, should))
    return jobs


def _job(  # noqa: PLR0913, PLR0917
    projection: Projection, table: str, key: tuple[str, ...], columns: Sequence[str], was: str, should: str
) -> _Job:
    of_partition = [f"select {', '.join(columns)} from {rows} and partition = $1" for rows in (was, should)]  # noqa: S608
    return _Job(projection.name, table, key, was, _joined(key, columns, *of_partition))


def _joined(key: Sequence[str], columns: Sequence[str], was: str, should: str) -> str:
    """Rows are compared as text: 1.0 is not 1.00 there, so that no edit hides behind an equality of values."""
    names = ", ".join(f"coalesce(w.{one}, s.{one})::text" for one in key)
    changed = ", ".join(f"case when w.{one}::text is distinct from s.{one}::text then '{one}' end" for one in columns)
    return (
        "select w.partition is null as missing, s.partition is null as added, "  # noqa: S608
        f"array[{names}] as key, array_remove(array[{changed}], null) as columns "
        f"from ({was}) w full join ({should}) s on {' and '.join(f'w.{one} = s.{one}' for one in key)} "
        "where w::text is distinct from s::text limit $2"
    )


async def _differences(
    snapshot: "Snapshot", jobs: Sequence[_Job], partitions: int, progress: Progress
) -> tuple[tuple[RowDifference, ...], int]:
    found: list[RowDifference] = []
    unnamed = 0
    for number, job in enumerate(jobs):
        # A row in a partition that there is not is in no timeline, and in every sum over all partitions.
        outside = f"select distinct partition from {job.rows} and (partition < 0 or partition >= $1)"  # noqa: S608
        strays = [row[0] for row in await snapshot.fetch(outside, partitions)]
        for partition in (*range(partitions), *strays):
            progress(number * partitions + min(partition, partitions), len(jobs) * partitions)
            rows = await snapshot.fetch(job.sql, partition, NAMED_MAX + 1)
            found += [_difference(job, partition, row) for row in rows[:NAMED_MAX]]
            unnamed += len(rows) > NAMED_MAX
    return tuple(found), unnamed


def _difference(job: _Job, partition: int, row: "Record") -> RowDifference:
    what = "removed" if row["missing"] else "added" if row["added"] else "changed"
    columns = tuple(row["columns"]) if what == "changed" else ()
    return RowDifference(
        job.projection, job.table, partition, dict(zip(job.key, row["key"], strict=True)), what, columns
    )
