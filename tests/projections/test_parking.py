"""A poison event parks its customer, in its read model; what is behind it queues, all others go on."""

import pytest

from projections.errors import ReadModelError
from projections.follower import Follower
from projections.parking import unpark
from store.errors import NewerSchema
from tests.projections import made
from tests.projections.made import POISON, REFUSED, catch_up, follower_of, shown


async def follow(models, partition=1, **options) -> Follower:
    mine = await follower_of(models, partition, **options)
    await catch_up([mine])
    return mine


@pytest.mark.parametrize("held_max", [0, 20_000])
async def test_a_poison_event_parks_its_customer_and_nobody_else(models, writer, held_max):
    await writer.note(("a", "1"), ("b", "1"), ("a", POISON), ("b", "2"), ("a", "3"), ("c", "1"), ("a", "4"))
    await follow(models, held_max=held_max)
    assert await shown(models, writer) == {"a": ["1"], "b": ["1", "2"], "c": ["1"]}
    (parked,) = await models.parked()
    assert (parked.projection, parked.partition, parked.key) == ("test_notes", 1, writer.customers["a"])
    assert (parked.position, parked.queued, parked.error) == (2, 2, "ZeroDivisionError: a poison word")
    assert (await models.progress("test_notes")).parked == 1
    assert (await models.progress("test_others")).parked == 0
    others = await models.writers.fetchval("select count(*) from read_model.test_others_v1")
    assert others == len(writer.noted)


async def test_a_parked_customer_stays_parked_with_the_next_follower(models, writer):
    await writer.note(("a", POISON), ("b", "1"))
    await (await follow(models)).close()
    await writer.note(("a", "2"), ("b", "2"))
    await follow(models)
    assert await shown(models, writer) == writer.words("a")
    assert [(one.queued) for one in await models.parked()] == [1]


async def test_many_poison_events_in_one_page(models, writer):
    await writer.note(*[(f"c{n}", word) for n in range(50) for word in ("1", POISON if n % 2 else "2", "3")])
    await follow(models)
    expected = {f"c{n}": ["1"] if n % 2 else ["1", "2", "3"] for n in range(50)}
    assert await shown(models, writer) == expected
    assert (await models.progress("test_notes")).parked == 25


async def test_unparking_folds_what_queued_in_order(models, writer):
    await writer.note(("a", "1"), ("a", POISON), ("b", "1"), *[("a", f"w{n}") for n in range(20)])
    mine = await follow(models)
    made.cured.add(POISON)
    key = writer.customers["a"]
    assert await unpark(models, "test_notes", 1, key, limit=6) == 0
    assert await shown(models, writer) == writer.words()
    assert await models.parked() == []
    await mine.close()
    await writer.note(("a", "last"))
    await follow(models)
    assert await shown(models, writer) == writer.words()


async def test_unparking_stops_at_what_still_cannot_be_folded(models, writer):
    await writer.note(("a", POISON), ("a", "1"), ("a", REFUSED), ("a", "2"))
    await follow(models)
    made.cured.add(POISON)
    assert await unpark(models, "test_notes", 1, writer.customers["a"]) == 2
    (parked,) = [one for one in await models.parked() if one.projection == "test_notes"]
    assert (parked.position, parked.queued) == (2, 1)
    assert await shown(models, writer) == {"a": [POISON, "1"]}


async def test_unparking_what_is_not_parked_changes_nothing(models, writer):
    await writer.note(("a", "1"))
    await follow(models)
    assert await unpark(models, "test_notes", 1, writer.customers["a"]) == 0
    with pytest.raises(ReadModelError, match="no read model"):
        await unpark(models, "nothing", 1, writer.customers["a"])
    assert await shown(models, writer) == writer.words()


async def test_rows_that_the_database_refuses_park_their_event(models, writer):
    words = [(f"c{n % 10}", f"w{n}") for n in range(200)]
    words[77] = ("c7", REFUSED)
    await writer.note(*words)
    await follow(models)
    (parked, other) = await models.parked()
    assert {parked.projection, other.projection} == {"test_notes", "test_others"}
    assert (parked.key, parked.position, parked.queued) == (writer.customers["c7"], 77, 12)
    assert "WriteRefused" in parked.error
    assert await shown(models, writer) == writer.words("c7") | {"c7": [f"w{n}" for n in range(7, 77, 10)]}


async def test_what_cannot_be_decoded_is_poison_for_all(models, writer):
    decode = models.decode

    def fail(recorded):
        if recorded.position == 1:
            raise KeyError("word")
        return decode(recorded)

    models.decode = fail
    await writer.note(("a", "1"), ("a", "2"), ("b", "1"))
    await follow(models)
    assert {(one.projection, one.error) for one in await models.parked()} == {
        ("test_notes", "KeyError: 'word'"),
        ("test_others", "KeyError: 'word'"),
    }
    assert await shown(models, writer) == {"a": ["1"], "b": ["1"]}


async def test_events_before_a_newer_schema_are_folded_and_it_stops_there(models, writer):
    await writer.note(("a", "1"), ("a", POISON))
    await writer.note(("b", "2"), schema=2)
    await writer.note(("b", "3"))
    mine = await follower_of(models)
    assert await mine.step() == 2
    with pytest.raises(NewerSchema):
        await mine.step()
    assert (await models.progress("test_notes")).next_positions[1] == 2
