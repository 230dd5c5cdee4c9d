"""Read your writes: a query waits until its read model has seen what the token names."""

import asyncio

import pytest

from projections.errors import NotLive
from store.cursor import Cursor
from store.errors import StaleCursor
from store.identity import new_id
from tests.projections.made import POISON, catch_up, follower_of


def token(models, partition, end) -> Cursor:
    return models.record.incarnation.start().advanced(partition, end)


async def test_waits_until_it_is_seen(models, writer):
    end = await writer.note(("a", "1"), ("a", "2"))
    mine = await follower_of(models)
    waiting = asyncio.create_task(models.wait_for("test_notes", token(models, 1, end), 10))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await mine.step(limit=1)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await mine.step(limit=1)
    assert await waiting == "seen"


async def test_a_token_of_nothing_is_seen_at_once(models):
    assert await models.wait_for("test_notes", models.record.incarnation.start(), 0) == "seen"


async def test_gives_up_after_the_timeout(models, writer):
    end = await writer.note(("a", "1"))
    assert await models.wait_for("test_notes", token(models, 1, end), 0.05) == "timeout"


async def test_says_parked_where_the_last_event_is_parked_or_queued(models, writer):
    ends = [await writer.note(("a", word)) for word in ("0", POISON, "1")]
    other = await writer.note(("b", "1"))
    await catch_up([await follower_of(models)])
    seen = [await models.wait_for("test_notes", token(models, 1, end), 1) for end in (*ends, other)]
    assert seen == ["seen", "parked", "parked", "seen"]
    assert await models.wait_for("test_others", token(models, 1, ends[1]), 1) == "seen"


async def test_says_parked_where_a_customer_of_the_query_is_parked(models, writer):
    await writer.note(("a", POISON))
    end = await writer.note(("b", "1"))
    await catch_up([await follower_of(models)])
    asked = models.wait_for("test_notes", token(models, 1, end), 1, concerning=[writer.customers["a"], new_id()])
    assert await asked == "parked"


async def test_many_who_wait_share_one_look(models, writer):
    end = await writer.note(("a", "1"))
    looks = 0
    read = models._read_progress

    async def count():
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.01)  # so that no more than ten, one after the other, fit into the time
        return await read()

    models._read_progress = count
    waiting = [models.wait_for("test_notes", token(models, 1, end), 0.1) for _ in range(50)]
    assert await asyncio.gather(*waiting) == ["timeout"] * 50
    assert looks < 20


async def test_refuses_the_token_of_another_incarnation(models):
    with pytest.raises(StaleCursor):
        await models.wait_for("test_notes", Cursor(new_id(), (0, 0, 0, 0)), 1)


async def test_refuses_an_unknown_read_model(models):
    with pytest.raises(NotLive, match="no read model"):
        await models.wait_for("nothing", models.record.incarnation.start(), 1)
