"""A tally says of each day and type what a read model has met, whatever happened on the way."""

from datetime import date
from random import Random

import pytest

from projections.errors import LeaseLost
from projections.parking import unpark
from replay.rebuild import rebuild
from tests.projections import made
from tests.projections.made import NOTES, POISON, REFUSED, Noted, Passed, catch_up, follower_of, setup
from tests.projections.tallies import expected, tallies


async def test_it_counts_what_is_folded_and_what_is_passed_over(models, writer):
    await writer.note(("a", "1"), ("b", "2"), ("a", "3"))
    await writer.note(("a", "x"), kind=Passed)
    await catch_up([await follower_of(models)])
    found = await tallies(models)
    assert {key[2:]: value[0] for key, value in found.items()} == {("thing.noted", True): 3, ("thing.passed", False): 1}
    assert found == await expected(models)


async def test_what_is_parked_is_not_counted_until_it_is_folded(models, writer):
    await writer.note(("a", "1"), ("a", POISON), ("b", "1"), ("a", "2"), ("b", REFUSED), ("b", "3"), ("c", "1"))
    await catch_up([await follower_of(models)])
    assert sum(value[0] for value in (await tallies(models)).values()) == 3
    assert await tallies(models) == await expected(models)
    made.cured.add(POISON)
    assert await unpark(models, NOTES.name, 1, writer.customers["a"], limit=1) == 0
    assert await tallies(models) == await expected(models)
    assert sum(value[0] for value in (await tallies(models)).values()) == 5
    assert await unpark(models, NOTES.name, 1, writer.customers["b"]) == 2
    assert await tallies(models) == await expected(models)


async def test_a_page_that_was_not_committed_is_not_counted(models, writer):
    await writer.note(*[(f"c{n % 3}", f"w{n}") for n in range(20)])
    slow = await follower_of(models, holder="slow")
    await slow.step(limit=5)
    await catch_up([await follower_of(models, holder="quick", steal=True)])
    with pytest.raises(LeaseLost):
        await slow.step()
    assert await tallies(models) == await expected(models)


@pytest.mark.parametrize("seed", range(3))
async def test_a_rebuild_counts_the_same(models, writer, seed):
    """Random histories with poison, in pages of any size, with restarts between; followed and rebuilt."""
    random = Random(seed)
    for partition in range(2):
        for n in range(4):
            writer.customer(f"p{partition}c{n}", partition)
    for _ in range(6):
        notes = [
            (f"p{random.randrange(2)}c{random.randrange(4)}", random.choice(["a", "b", POISON, REFUSED, "c", "d"]))
            for _ in range(random.randrange(1, 30))
        ]
        await writer.note(*notes, kind=random.choice([Noted, Noted, Passed]))
        for partition in range(2):
            follower = await follower_of(models, partition, holder=f"h{random.random()}", steal=True)
            for _ in range(random.randrange(4)):
                await follower.step(limit=random.choice([1, 3, 50]), pages=random.choice([1, 3]))
    for partition in range(2):
        await catch_up([await follower_of(models, partition, holder="last", steal=True)])
    followed = await tallies(models)
    assert followed == await expected(models)
    await rebuild(models, setup, processes=0)
    assert await tallies(models, 2) == followed
    for name in ("test_notes", "test_others"):
        assert await tallies(models, name=name) == await expected(models, name=name)
    await rebuild(models, setup)
    assert await models.writers.fetchval("select count(*) from read_model.tally where version = 1") == 0


async def test_a_day_is_that_of_utc(models, writer, admin):
    await writer.note(("a", "1"), ("a", "2"))
    await admin.execute("set session_replication_role = replica")
    await admin.execute("update record.event set recorded_at = '2026-01-31T23:59:59.999999Z' where position = 0")
    await admin.execute("update record.event set recorded_at = '2026-02-01T00:00:00Z' where position = 1")
    await catch_up([await follower_of(models)])
    assert {key[1] for key in await tallies(models)} == {date(2026, 1, 31), date(2026, 2, 1)}
    assert await tallies(models) == await expected(models)
