"""Clocks of many complaints: nothing is read whole, and what is killed records each escalation once all the same."""

import asyncio
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import orjson
import pytest

from benchmarks.open_complaints import agree, receive
from engine.clock_keeping import ClockKeeper
from engine.following import Following
from engine.statements import statement as of_engine
from engine.status import caught_up
from projections.clock_board import OF_A_CLOCK
from projections.statements import statement as of_projections
from replay.clock_cases import case_of
from store.statements import statement as of_store

COMPLAINTS = 20_000
TYPES = ("complaint.clock-escalated", "complaint.clock-breached")
PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.long


@pytest.fixture
async def received(daybook):
    """Complaints of the last twenty days, under all rules that come with the program."""
    await agree(daybook)
    ids = await receive(daybook.record, COMPLAINTS, datetime.now(UTC))
    async with await Following.start(daybook.models):
        await caught_up(daybook)
    return ids


async def _sums(daybook) -> Counter[str]:
    """How often each escalation and breach is recorded, by what it is of."""
    found: Counter[str] = Counter()
    for partition in range(daybook.record.partitions):
        for one in await daybook.record.read_types(partition, TYPES, 0, limit=1_000_000):
            told = orjson.loads(one.state)
            found[f"{one.stream_id} {told['clock']} {told['run']} {told.get('threshold', 100)}"] += 1
    return found


async def _due(daybook) -> int:
    sql = "select count(*) from read_model.complaint_clock where next_at <= now() - interval '1 minute'"
    return await daybook.record.pool.fetchval(sql)


async def test_each_escalation_is_recorded_once_whatever_is_killed(daybook, database, tmp_path, received):
    random, kills = Random(7), 0
    command = (sys.executable, "-m", "tests.engine.clock_process", database.app_dsn, str(tmp_path))
    bookmarks = "select sum(position) from read_model.keeper_bookmark where duty = 'clocks'"
    end = sum((await daybook.record.end()).next_positions)
    async with asyncio.timeout(400):
        while True:
            process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, stdout=asyncio.subprocess.PIPE)
            assert process.stdout is not None
            await process.stdout.readline()
            finished = False
            for _ in range(random.randrange(2, 8)):  # so many seconds it may work
                await asyncio.sleep(1)
                read = (await daybook.record.pool.fetchval(bookmarks) or 0) >= end
                if kills > 3 and read and not await _due(daybook):
                    finished = True
            process.kill()
            await process.wait()
            kills += 1
            if finished:
                break
    found = await _sums(daybook)
    assert found
    assert set(found.values()) == {1}
    moment = datetime.now(UTC) - timedelta(minutes=1)
    by = await daybook.clock_catalogue.known()
    for partition in range(daybook.record.partitions):
        mine = [one for one in received if daybook.record.partition_of(one) == partition]
        streams = await daybook.record.read_streams(partition, mine)
        for complaint_id, events in streams.items():
            case = case_of(complaint_id, [daybook.mapper.fact(one) for one in events])
            assert case is not None
            assert all(clock.owed(moment) is None for clock in case.clocks(by.catalogue, moment))


async def test_no_statement_of_the_board_or_the_keeper_reads_a_table_whole(daybook, admin, received):
    now, by = datetime.now(UTC), await daybook.clock_catalogue.known()
    for partition in range(daybook.record.partitions):
        keeper = await ClockKeeper.open(daybook, partition, "one")
        assert keeper is not None
        while await keeper.step(by, now):
            pass
        await keeper.close()
    await admin.execute("analyze")
    pages = {
        "due_clocks": (of_engine("due_clocks"), 3),
        "delete_other_clocks": (of_engine("delete_other_clocks"), 4),
        "write_clocks": (of_engine("write_clocks"), 12),
        "move_keeper_bookmark": (of_engine("move_keeper_bookmark"), 7),
        "clock_board": (of_projections("clock_board"), 8),
        "clock_board of a clock": (of_projections("clock_board", by=OF_A_CLOCK), 9),
        "read_partition_types": (of_store("read_partition_types"), 5),
        "read_streams": (of_store("read_streams"), 3),
        "positions_of_type": (of_projections("positions_of_type", 1), 2),
    }
    await admin.execute("set plan_cache_mode = force_generic_plan")
    for name, (sql, arguments) in pages.items():
        await admin.execute(f"prepare asked as {sql}")
        asked = ", ".join(["null"] * arguments)
        plan = "\n".join(row[0] for row in await admin.fetch(f"explain execute asked ({asked})"))
        await admin.execute("deallocate asked")
        whole = [line for line in plan.splitlines() if "Seq Scan" in line and "keeper_bookmark" not in line]
        assert not whole, f"{name}: {plan}"
