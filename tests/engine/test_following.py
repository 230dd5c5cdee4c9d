"""Following: whoever gets the lease follows, others stand by; what no waiting mends stops it."""

import asyncio
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from engine.following import Following
from projections.models import ReadModels
from store.record import Record
from store.statements import statement
from tests.projections import made
from tests.projections.made import NOTES, OTHER_NOTES, Writer, decode, shown

CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
 where application_name = 'daybook read models' and datname = current_database()
"""


@pytest.fixture
async def record(database) -> AsyncGenerator[Record]:
    connection = await asyncpg.connect(database.admin_dsn)
    await connection.execute(statement("init_partitions"), 4)
    await connection.close()
    async with await Record.open(database.app_dsn) as record:
        yield record


@pytest.fixture
async def models(record) -> AsyncGenerator[ReadModels]:
    made.cured.clear()
    async with await ReadModels.open(record, decode, [NOTES, OTHER_NOTES]) as models:
        yield models


@pytest.fixture
def writer(record) -> Writer:
    return Writer(record)


async def caught_up(models: ReadModels) -> None:
    for name in ("test_notes", "test_others"):
        assert await models.wait_for(name, await models.record.end(), 10) == "seen"


async def test_follows_all_partitions_as_events_come(models, writer):
    async with await Following.start(models):
        for n in range(5):
            await writer.note(*[(f"c{m}", f"w{n}") for m in range(20)])
            writer.customer(f"d{n}", partition=n % 4)
            await writer.note((f"d{n}", "x"))
            await caught_up(models)
            assert await shown(models, writer) == writer.words()


async def test_a_wake_is_faster_than_a_poll(models, writer):
    async with await Following.start(models, poll_s=60) as following:
        await asyncio.sleep(0.2)
        await writer.note(("a", "1"))
        following.wake(1)
        await caught_up(models)


@pytest.mark.parametrize("turns", range(8))
async def test_it_ends_also_when_it_is_woken_in_the_same_moment(models, turns):
    """A loop that waits by `asyncio.wait_for` loses the cancellation then, under Python 3.11, and goes on for ever."""
    following = await Following.start(models, poll_s=60)
    await asyncio.sleep(0.2)
    for partition in range(4):
        following.wake(partition)
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await following.close()


async def test_another_process_takes_over_when_the_first_ends(models, record, writer):
    async with await ReadModels.open(record, decode, [NOTES, OTHER_NOTES]) as others:
        first = await Following.start(models)
        await asyncio.sleep(0.1)
        async with await Following.start(others):
            await writer.note(("a", "1"))
            await caught_up(models)
            await first.close()
            await writer.note(("a", "2"))
            await caught_up(models)
    assert await shown(models, writer) == writer.words()


async def test_a_dead_holders_lease_expires(models, record, writer):
    async with await ReadModels.open(record, decode, [NOTES, OTHER_NOTES]) as others:
        first = await Following.start(models, ttl_s=0.3)
        await asyncio.sleep(0.1)
        await models.writers.execute(
            "update read_model.lease set holder = 'dead', epoch = 0, expires_at = now() + interval '0.3 s'"
        )
        async with await Following.start(others):
            await writer.note(("a", "1"), ("a", "2"))
            await caught_up(models)
        await first.close()
    assert await shown(models, writer) == writer.words()


async def test_a_newer_schema_stops_its_partition_and_says_so(models, writer):
    writer.customer("elsewhere", partition=2)
    async with await Following.start(models) as following:
        await writer.note(("a", "1"))
        await writer.note(("a", "2"), schema=2)
        await writer.note(("a", "3"), ("elsewhere", "x"))
        while not following.troubles:  # noqa: ASYNC110  # there is nothing to be woken by
            await asyncio.sleep(0.01)
        assert following.troubles == {1: "schema 2"}
        assert await models.wait_for("test_notes", await models.record.end(), 0.2) == "timeout"
        trouble = await models.writers.fetch(
            "select partition, trouble from read_model.lease where trouble is not null"
        )
        assert [tuple(row) for row in trouble] == [(1, "schema 2")]
        assert await shown(models, writer) == {"a": ["1"], "elsewhere": ["x"]}


async def test_goes_on_after_connections_were_cut(models, writer, admin):
    async with await Following.start(models):
        for n in range(10):
            await writer.note(("a", str(n)), ("b", str(n)))
            await admin.execute(CUT)
        await caught_up(models)
    assert await shown(models, writer) == writer.words()
