"""Exactly once, whatever is killed: rows and bookmark in one transaction, compared before it is written."""

import asyncio
from dataclasses import replace
from random import Random

import asyncpg
import pytest

from projections.errors import BookmarkAhead, LeaseLost
from projections.follower import Follower
from projections.held import Rows
from projections.leases import Claim
from store.identity import new_id
from tests.projections.made import Passed, catch_up, follower_of, shown

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
 where application_name = 'daybook read models' and datname = current_database()
"""


async def test_folds_all_tables_of_all_read_models_once(models, writer):
    await writer.note(*[(f"c{n % 7}", f"w{n % 5}") for n in range(100)])
    mine = await follower_of(models)
    assert await mine.step(limit=30) == 30
    assert await mine.step(limit=30, pages=2) == 60
    await catch_up([mine])
    assert await shown(models, writer) == writer.words()
    lines = await models.writers.fetchval("select count(*) from read_model.test_others_v1")
    assert lines == 100
    assert (await models.progress("test_notes")).next_positions == (0, 100, 0, 0)


async def test_goes_on_where_another_stopped(models, writer):
    await writer.note(("a", "1"), ("b", "2"), ("a", "3"))
    first = await follower_of(models)
    await first.step(limit=2)
    await first.close()
    await catch_up([await follower_of(models, holder="another")])
    assert await shown(models, writer) == {"a": ["1", "3"], "b": ["2"]}


async def test_events_nobody_cares_for_move_the_bookmark(models, writer):
    end = await writer.note(("a", "1"), ("a", "2"), kind=Passed)
    await catch_up([await follower_of(models)])
    assert (await models.progress("test_notes")).next_positions[1] == end


async def test_rows_dropped_from_memory_are_loaded_again(models, writer):
    await writer.note(*[(f"c{n % 20}", "x") for n in range(200)])
    mine = await follower_of(models, held_max=4)
    while await mine.step(limit=7):
        assert all(len(held.held) <= 11 for held in mine.holdings[0].tables if isinstance(held, Rows))
    assert await shown(models, writer) == writer.words()


async def test_only_one_has_the_lease(models, writer):
    mine = await follower_of(models)
    assert await Follower.open(models, Claim(1, "another")) is None
    assert await Follower.open(models, Claim(2, "another")) is not None
    await mine.close()
    assert await Follower.open(models, Claim(1, "another")) is not None


async def test_an_expired_lease_is_taken_over_and_the_old_holders_page_refused(models, writer):
    await writer.note(("a", "1"), ("b", "2"))
    old = await follower_of(models, holder="old", ttl_s=0.01)
    await old.step(limit=1)
    await asyncio.sleep(0.05)
    new = await follower_of(models, holder="new")
    with pytest.raises(LeaseLost):
        await old.step()
    await catch_up([new])
    assert await shown(models, writer) == writer.words()


async def test_a_page_folded_before_the_lease_was_lost_is_refused(models, writer, monkeypatch):
    await writer.note(("a", "1"), ("b", "2"))
    old = await follower_of(models, holder="old")
    write = old._write
    taken = []

    async def lose_it_first(*page):
        taken.append(await follower_of(models, holder="new", steal=True))
        await taken[0].step()
        await write(*page)

    monkeypatch.setattr(old, "_write", lose_it_first)
    with pytest.raises(LeaseLost):
        await old.step()
    assert await shown(models, writer) == writer.words()


async def test_two_fight_for_a_lease_and_nothing_is_folded_twice(models, writer):
    async def fight(name: str) -> None:
        while (await models.progress("test_notes")).next_positions[1] < 600:
            mine = await follower_of(models, holder=name, steal=True)
            try:
                await mine.step(limit=20)
                await mine.step(limit=20)
            except LeaseLost:
                continue

    await writer.note(*[(f"c{n % 9}", f"w{n % 5}") for n in range(600)])
    await asyncio.gather(fight("one"), fight("two"), fight("three"))
    assert await shown(models, writer) == writer.words()


async def test_cancelled_anywhere_in_a_page_it_is_folded_once(models, writer):
    """Cancel after 1, 2, 3, ... turns of the event loop until a step gets through."""
    for turns in range(1, 200):
        await writer.note((f"c{turns % 5}", f"w{turns}"), (f"c{turns % 3}", "x"))
        task = asyncio.create_task((await follower_of(models)).step())
        for _ in range(turns):
            await asyncio.sleep(0)
        await asyncio.sleep(0.0003 * (turns % 20))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await catch_up([await follower_of(models)])
    assert await shown(models, writer) == writer.words()


async def test_connections_killed_at_any_time_lose_and_repeat_nothing(models, writer, admin):
    chance = Random(1)

    async def kill() -> None:
        while True:
            await admin.execute(CUT)
            await asyncio.sleep(chance.uniform(0.01, 0.1))

    await writer.note(*[(f"c{n % 9}", f"w{n % 5}") for n in range(2000)])
    killing = asyncio.create_task(kill())
    mine = None
    cut = read = 0
    while read < 2000:
        try:
            mine = mine or await follower_of(models)
            await mine.step(limit=10)
            read = (await models.progress("test_notes")).next_positions[1]
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, LeaseLost):
            mine = None
            cut += 1
    killing.cancel()
    await asyncio.gather(killing, return_exceptions=True)
    for pool in (models.writers, models.record.pool):
        await pool.expire_connections()  # the last ones killed are not used again
    assert cut > 3
    assert await shown(models, writer) == writer.words()


async def test_a_step_that_failed_can_be_repeated(models, writer, monkeypatch):
    await writer.note(("a", "1"), ("a", "2"))
    mine = await follower_of(models)
    await mine.step(limit=1)
    original = models.record.read_partition

    async def fail(*_):
        raise OSError("gone")

    monkeypatch.setattr(models.record, "read_partition", fail)
    with pytest.raises(OSError, match="gone"):
        await mine.step()
    monkeypatch.setattr(models.record, "read_partition", original)
    await catch_up([mine])
    assert await shown(models, writer) == writer.words()


async def test_a_commit_whose_answer_was_lost_is_not_folded_twice(models, writer, monkeypatch):
    await writer.note(("a", "1"), ("b", "2"))
    mine = await follower_of(models)
    write = mine._write

    async def lose_the_answer(*page):
        await write(*page)
        raise ConnectionResetError

    monkeypatch.setattr(mine, "_write", lose_the_answer)
    with pytest.raises(ConnectionResetError):
        await mine.step(limit=1)
    monkeypatch.setattr(mine, "_write", write)
    # It does not know that the bookmark has moved, so its next page is refused.
    mine.holdings[0].position = mine.holdings[1].position = 0
    with pytest.raises(LeaseLost):
        await mine.step()
    await catch_up([await follower_of(models)])
    assert await shown(models, writer) == writer.words()


async def test_events_that_are_gone_at_the_commit_move_nothing(models, writer, monkeypatch):
    """As after a failover to a server that did not have them yet."""
    await writer.note(("a", "1"), ("b", "2"))
    mine = await follower_of(models)
    read = models.record.read_partition

    async def read_what_is_lost(*asked):
        return [replace(event, event_id=new_id()) for event in await read(*asked)]

    monkeypatch.setattr(models.record, "read_partition", read_what_is_lost)
    with pytest.raises(LeaseLost, match="its events are gone"):
        await mine.step()
    monkeypatch.setattr(models.record, "read_partition", read)
    await catch_up([mine])
    assert await shown(models, writer) == writer.words()


async def test_a_bookmark_in_events_that_a_restore_removed_is_refused(models, writer):
    await writer.note(("a", "1"), ("b", "2"))
    await catch_up([await follower_of(models)])
    await models.writers.execute("update read_model.bookmark set incarnation = $1", new_id())
    with pytest.raises(BookmarkAhead, match="daybook rebuild"):
        await follower_of(models)
    await follower_of(models, partition=2)  # nothing was read there, so nothing can be wrong
