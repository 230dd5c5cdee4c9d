"""Read models against a fresh replay: every edit of a row is found and named, and there is no false alarm."""

import asyncio
from random import Random

import pytest

from engine.following import Following
from projections import versions
from projections.parking import unpark
from replay.compared import ComparisonRunning, compare
from replay.rebuild import rebuild
from tests.projections import made
from tests.projections.made import NOTES, POISON, Passed, setup
from tests.projections.tallies import expected, tallies
from tests.replay.sealed import follow_all

COLUMNS = {
    "test_words_v1": (
        "words = words || '[\"x\"]'", "last = last || 'x'", "position = position + 1", "event_id = gen_random_uuid()",
    ),
    "test_streams_v1": ("notes = notes + 1", "position = 0", "stream_id = gen_random_uuid()"),
    "test_counts_v1": ("notes = notes - 1", "word = word || 'x'", "position = position + 1"),
    "test_lines_v1": ("word = 'y'", "position = position + 100"),
    "test_others_v1": ("word = 'y'",),
    "tally": ("events = events + 1", "sum = sum + 1"),
    "parked": ("position = position + 100", "key = gen_random_uuid()"),
}  # fmt: skip


async def fill(models, writer):
    for partition in range(4):
        for n in range(4):
            writer.customer(f"p{partition}c{n}", partition)
    names = list(writer.customers)
    await writer.note(*[(name, f"w{n}") for n in range(3) for name in names])
    await writer.note(("p1c1", POISON), ("p1c1", "behind"), ("p1c2", "x"))
    await writer.note(("p2c1", "x"), kind=Passed)
    await follow_all(models)


async def tables(models) -> set[str]:
    rows = await models.writers.fetch("select tablename from pg_tables where schemaname = 'read_model'")
    return {row[0] for row in rows}


@pytest.mark.parametrize("processes", [0, 2])
async def test_honest_read_models_have_no_differences_and_nothing_is_left(models, writer, processes):
    await fill(models, writer)
    before = await tables(models)
    found = await compare(models, setup, processes=processes)
    assert (found.differences, found.unnamed, found.skipped) == ((), 0, ())
    assert found.versions == {"test_notes": 1, "test_others": 1}
    assert await tables(models) == before
    for table in ("version", "bookmark", "tally", "parked"):
        assert await models.writers.fetchval(f"select count(*) from read_model.{table} where version > 1") == 0


async def test_every_edit_of_a_row_is_found_and_named(models, writer, admin):
    """One row of each table at a time, in each column; and rows taken away and put in."""
    await fill(models, writer)
    random = Random(1)
    edits = []
    for table, changes in COLUMNS.items():
        row = f"ctid = (select ctid from read_model.{table} offset {random.randrange(2)} limit 1)"
        edits += [(table, f"update read_model.{table} set {change} where {row}") for change in changes]
        edits.append((table, f"delete from read_model.{table} where {row}"))
    for table, edit in edits:
        await admin.execute(f"create table kept as select * from read_model.{table}")
        await admin.execute(edit)
        found = await compare(models, setup)
        name = table.removesuffix("_v1")
        assert found.differences, edit
        assert {one.table for one in found.differences} == {name}, edit
        if "= gen_random" not in edit and "position + 100" not in edit and "word ||" not in edit:
            (one,) = found.differences
            column = edit.partition(" set ")[2].partition(" = ")[0]
            assert (one.what, one.columns) == (("changed", (column,)) if column else ("removed", ())), edit
            assert str(one).startswith(f"row of {name} in partition ")
        await admin.execute(f"delete from read_model.{table}")
        await admin.execute(f"insert into read_model.{table} select * from kept")
        await admin.execute("drop table kept")
    assert (await compare(models, setup)).differences == ()


async def test_an_added_row_is_named(models, writer, admin):
    await fill(models, writer)
    await admin.execute("insert into read_model.test_others_v1 values (3, 99, 'forged')")
    (one,) = (await compare(models, setup, ["test_others"])).differences
    assert (one.what, one.partition, one.key) == ("added", 3, {"position": "99"})
    assert (await compare(models, setup, ["test_notes"])).differences == ()


async def test_what_was_parked_and_folded_later_is_as_if_never_parked(models, writer):
    await fill(models, writer)
    made.cured.add(POISON)
    found = await compare(models, setup)
    assert {one.table for one in found.differences} >= {"parked", "test_words"}, (
        "a replay folds what live ones have parked"
    )
    assert await unpark(models, NOTES.name, 1, writer.customers["p1c1"]) == 0
    assert (await compare(models, setup)).differences == ()


async def test_it_compares_while_events_come_and_are_followed(models, writer):
    await fill(models, writer)
    running = True

    async def write():
        n = 0
        while running:
            await writer.note(*[(f"p{n % 4}c{m}", f"w{n}") for m in range(3)])
            n += 1
            await asyncio.sleep(0.01)

    async with await Following.start(models):
        writing = asyncio.create_task(write())
        for _ in range(2):
            found = await compare(models, setup)
            assert found.differences == ()
            assert sum(found.positions) > 0
        running = False
        await writing
        for name in ("test_notes", "test_others"):
            assert await models.wait_for(name, await models.record.end(), 10) == "seen"
    assert await tallies(models) == await expected(models)


async def test_one_at_a_time_and_what_a_killed_one_left_is_taken_up(models, writer):
    await fill(models, writer)
    async with models.writers.acquire() as connection:
        left = await versions.begin(connection, NOTES, models.record.incarnation, "compare")
        assert await versions.unfinished(connection, NOTES) is None, "a rebuild has no part in it"
        await connection.execute("select pg_advisory_lock(hashtextextended('daybook compares read models', 0))")
        with pytest.raises(ComparisonRunning):
            await compare(models, setup)
        await connection.execute("select pg_advisory_unlock_all()")
    done = await rebuild(models, setup)
    assert done.versions["test_notes"] > left
    assert (await compare(models, setup)).differences == ()
    assert await models.writers.fetchval("select count(*) from read_model.version where purpose = 'compare'") == 0


async def test_a_read_model_of_other_code_is_left_out_and_named(models, writer, admin):
    await fill(models, writer)
    await admin.execute("update read_model.version set code = 7 where projection = 'test_others'")
    found = await compare(models, setup)
    assert (found.skipped, list(found.versions)) == (("test_others",), ["test_notes"])
