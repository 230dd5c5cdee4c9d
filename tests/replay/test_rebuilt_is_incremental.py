"""Rebuilt equals incremental, for all read models and any history."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections.models import ReadModels
from projections.registry import PROJECTIONS
from replay.rebuild import rebuild
from tests.examples import examples
from tests.projections.histories import MAPPER, append, lives
from tests.projections.made import follower_of

TALLIES = """
select partition, day, type, folded, events, sum, first_position, last_position
  from read_model.tally where projection = $1 and version = $2 order by 1, 2, 3, 4
"""


def setup():
    return MAPPER.fact, PROJECTIONS


@pytest.fixture
async def all_models(record):
    async with await ReadModels.open(record, *setup()) as models:
        yield models


@settings(
    max_examples=examples(4),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=st.lists(lives(), min_size=1, max_size=3), seed=st.integers(0, 1000))
async def test_rebuilt_is_incremental(all_models, history, seed):
    """Every example adds to the record of those before it, followed in pages of any size with little memory."""
    random = Random(seed)
    for part in history:
        await append(all_models.record, part.interleaved(seed))
        await follow(all_models, random)
    live = (await all_models.progress("customer_profile")).version
    followed = await contents(all_models, live)
    await rebuild(all_models, setup)
    assert await contents(all_models, live + 1) == followed
    assert await all_models.parked() == []


async def follow(models, random):
    for partition in range(models.record.partitions):
        follower = await follower_of(models, partition, held_max=random.choice([0, 3, 1000]))
        while await follower.step(limit=random.choice([1, 3, 100]), pages=random.choice([1, 4])):
            pass
        await follower.close()


async def contents(models, version) -> dict[str, list[tuple]]:
    found = {}
    for projection in PROJECTIONS:
        for table in projection.tables:
            key = ", ".join(("partition", *table.key))
            rows = await models.writers.fetch(f"select * from {table.at(version)} order by {key}")
            found[table.name] = [tuple(row) for row in rows]
        rows = await models.writers.fetch(TALLIES, projection.name, version)
        found[f"{projection.name} tally"] = [tuple(row) for row in rows]
    return found
