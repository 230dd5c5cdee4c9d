"""A rebuild fills new tables beside the live ones and swaps them in; readers never see a half one."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from engine.following import Following
from projections import versions
from projections.errors import CodeMismatch, NotLive
from projections.models import ReadModels
from replay.rebuild import rebuild
from replay.swap import rollback
from store.identity import new_id
from tests.projections import made
from tests.projections.made import NOTES, POISON, decode, setup, shown
from tests.projections.tallies import expected, tallies

PROJECT = Path(__file__).resolve().parents[2]


async def many(writer, customers=40, words=5):
    for partition in range(4):
        names = [f"p{partition}c{n}" for n in range(customers)]
        for name in names:
            writer.customer(name, partition)
        await writer.note(*[(name, f"w{n}") for n in range(words) for name in names])


BOTH = """
select (select count(*) from read_model.test_lines_v{v}),
       (select coalesce(sum(notes), 0) from read_model.test_counts_v{v})
"""


async def tables(models) -> set[str]:
    rows = await models.writers.fetch("select tablename from pg_tables where schemaname = 'read_model'")
    return {row[0] for row in rows if row[0].startswith("test_")}


@pytest.mark.parametrize("processes", [0, 2])
async def test_rebuilt_shows_what_was_recorded(models, writer, processes):
    await many(writer)
    seen = []
    done = await rebuild(models, setup, processes=processes, report=lambda *progress: seen.append(progress))
    assert done.versions == {"test_notes": 2, "test_others": 2}
    assert (done.events, done.parked) == (800, {"test_notes": 0, "test_others": 0})
    assert await models.version("test_notes") == 2
    assert await shown(models, writer, 2) == writer.words()
    assert ("events", 800, 800) in seen
    assert seen[-1][0] == "indexes"
    assert seen[-1][1] == seen[-1][2]


async def test_rebuilt_tables_have_the_indexes_of_the_first_ones(models, writer):
    await many(writer, 2)
    await rebuild(models, setup)
    rows = await models.writers.fetch("select indexdef from pg_indexes where schemaname = 'read_model'")
    first, second = (
        sorted(row[0].replace(version, "").split(" ON ")[1] for row in rows if f"{version} " in row[0])
        for version in ("_v1", "_v2")
    )
    assert first == second
    assert len(first) > 4


async def test_one_read_model_can_be_rebuilt_alone(models, writer):
    await many(writer, 2)
    done = await rebuild(models, setup, ["test_notes"])
    assert done.versions == {"test_notes": 2}
    assert (await models.progress("test_others")).version == 1
    async with await Following.start(models):
        assert await models.wait_for("test_others", await models.record.end(), 10) == "seen"


async def test_rebuilds_beside_live_traffic(models, record, writer):
    """Writers and followers go on; every look at any time shows a whole state, and later looks never less."""
    running = True

    async def write():
        n = 0
        while running:
            await writer.note(*[(f"c{m}", f"w{n}") for m in range(10)])
            n += 1
            await asyncio.sleep(0.01)  # rows here grow with every note: without end they outgrow the rebuild

    async def look():
        before = 0
        while running:
            version = await models.version("test_notes")
            try:
                lines, counted = await record.pool.fetchrow(BOTH.format(v=version))
            except asyncpg.UndefinedTableError:
                models.look_again()
                continue
            assert lines == counted
            assert lines >= before
            before = lines

    await many(writer)
    async with await ReadModels.open(record, *setup()) as others, await Following.start(others):
        tasks = [asyncio.create_task(write()), asyncio.create_task(look())]
        for version in (2, 3):
            done = await rebuild(models, setup)
            assert done.versions["test_notes"] == version
        await asyncio.sleep(0.3)
        running = False
        await asyncio.gather(*tasks)
        assert await models.wait_for("test_notes", await record.end(), 10) == "seen"
    assert await shown(models, writer, 3) == writer.words()


async def test_the_live_one_is_kept_for_rollback_and_the_one_before_dropped(models, writer):
    await many(writer, 3)
    await rebuild(models, setup)
    await rebuild(models, setup)
    assert {name for name in await tables(models) if "words" in name} == {"test_words_v2", "test_words_v3"}
    assert await models.writers.fetchval("select count(*) from read_model.bookmark where version = 1") == 0


async def test_opens_again_when_the_first_version_is_dropped(models, record, writer):
    await many(writer, 3)
    await rebuild(models, setup)
    await rebuild(models, setup)
    async with await ReadModels.open(record, *setup()) as again:
        assert (await again.progress("test_notes")).version == 3
        assert await shown(again, writer) == writer.words()


async def test_rollback_catches_up_first(models, writer):
    await many(writer, 3)
    async with await Following.start(models):
        await models.wait_for("test_notes", await models.record.end(), 10)
        await rebuild(models, setup)
        await writer.note(("p0c0", "later"))
        assert await rollback(models, ["test_notes"]) == {"test_notes": 1}
        await writer.note(("p0c0", "latest"))
        assert await models.wait_for("test_notes", await models.record.end(), 10) == "seen"
    assert (await models.progress("test_notes")).version == 1
    assert await shown(models, writer, 1) == writer.words()
    assert await rollback(models, ["test_notes"]) == {"test_notes": 2}
    assert await shown(models, writer, 2) == writer.words()


async def test_there_is_no_way_back_from_the_first_version(models):
    with pytest.raises(NotLive, match="no earlier version"):
        await rollback(models, ["test_notes"])


async def test_new_code_is_a_rebuild_and_the_way_back_needs_the_old_program(models, record, writer):
    await many(writer, 3)
    newer = NOTES.__class__(NOTES.name, 2, NOTES.tables, NOTES.rows, NOTES.folds)
    async with await ReadModels.open(record, decode, [newer]) as new:
        with pytest.raises(CodeMismatch, match="daybook rebuild"):
            await new.version("test_notes")
        await rebuild(new, lambda: (decode, [newer]))
        assert await shown(new, writer) == writer.words()
        with pytest.raises(CodeMismatch):
            await rollback(new, ["test_notes"])
        models.look_again()
        with pytest.raises(CodeMismatch):
            await models.version("test_notes")
        assert await rollback(models, ["test_notes"]) == {"test_notes": 1}
    assert await shown(models, writer, 1) == writer.words()


async def test_poison_parks_in_the_rebuilt_one_too_until_it_is_mended(models, writer):
    await many(writer, 3)
    await writer.note(("p1c1", POISON), ("p1c1", "behind"), ("p1c2", "x"))
    async with await Following.start(models):
        await models.wait_for("test_notes", await models.record.end(), 10)
    done = await rebuild(models, setup)
    assert done.parked == {"test_notes": 1, "test_others": 0}
    before = [word for name, word in writer.noted if name == "p1c1"][:-2]
    assert await shown(models, writer, 2) == writer.words() | {"p1c1": before}
    made.cured.add(POISON)
    assert (await rebuild(models, setup)).parked["test_notes"] == 0
    assert await shown(models, writer, 3) == writer.words()


async def test_of_two_rebuilds_at_once_one_wins_and_nothing_is_wrong(models, record, writer):
    await many(writer)
    async with await ReadModels.open(record, *setup()) as others:
        results = await asyncio.gather(rebuild(models, setup), rebuild(others, setup), return_exceptions=True)
    assert any(not isinstance(one, Exception) for one in results)
    assert all(not isinstance(one, Exception) or isinstance(one, (NotLive, asyncpg.PostgresError)) for one in results)
    models.look_again()
    assert await shown(models, writer) == writer.words()


async def test_a_rebuild_mends_what_a_restore_has_torn(models, writer):
    """Neither the live version's bookmarks nor those of a rebuild begun before the restore are of this history."""
    await many(writer, 3)
    async with await Following.start(models):
        await models.wait_for("test_notes", await models.record.end(), 10)
    async with models.writers.acquire() as connection:
        begun = await versions.begin(connection, NOTES, models.record.incarnation)
    await models.writers.execute("update read_model.bookmark set incarnation = $1, position = position + 9", new_id())
    async with await Following.start(models) as following:
        while len(following.troubles) < 4:  # noqa: ASYNC110  # no one is told
            await asyncio.sleep(0.01)
        done = await rebuild(models, setup)
        assert done.versions["test_notes"] == begun  # its number is free again
    assert await shown(models, writer, done.versions["test_notes"]) == writer.words()


KILLED = """
import asyncio, sys
from projections.models import ReadModels
from replay.rebuild import rebuild
from store.record import Record
from tests.projections.made import setup_in_small_pages as setup

async def main():
    async with await Record.open(sys.argv[1]) as record, await ReadModels.open(record, *setup()) as models:
        await rebuild(models, setup, processes=2, report=lambda *p: print(*p, flush=True))
if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.parametrize("after_reports", [8, *(pytest.param(count, marks=pytest.mark.long) for count in (1, 12))])
async def test_killed_it_goes_on_where_it_was(models, writer, tmp_path, after_reports):
    await many(writer, 200, 20)
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        models.record.dsn,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        start_new_session=True,
    )
    assert process.stdout is not None
    for _ in range(after_reports):
        await process.stdout.readline()
    os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    async with models.writers.acquire() as connection:
        begun = await versions.unfinished(connection, NOTES)
    await models.writers.execute("update read_model.lease set expires_at = now() + interval '0.5 s'")
    done = await rebuild(models, setup)
    assert begun in (None, done.versions["test_notes"])
    assert await shown(models, writer, done.versions["test_notes"]) == writer.words()
    assert await tallies(models) == await expected(models)
