"""The followers' process: it follows, is woken, is started again when it dies, and never outlives its parent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime

import pytest

from domain.customer import RegisterCustomer
from engine import follower_process
from engine.deciding import Context
from engine.follower_process import FollowerProcess
from engine.wiring import Daybook
from store.identity import new_id, partition_of

NAME = "customer_profile"
HOLDERS = "select count(distinct holder)::int from read_model.lease where expires_at > clock_timestamp()"


@pytest.fixture
async def process(daybook) -> AsyncGenerator[FollowerProcess]:
    async with await FollowerProcess.start(daybook.databases.application, 4) as started:
        yield started


async def register(daybook: Daybook) -> int:
    """The partition of a new customer."""
    customer_id = new_id()
    now = datetime.now(UTC)
    command = RegisterCustomer(customer_id=customer_id, occurred_at=now, kind="person", residence_country="PT")
    await daybook.handler.handle([command], Context("staff:1", new_id(), b"", new_id()), new_stream=True)
    return partition_of(customer_id, 4)


async def seen(daybook: Daybook) -> str:
    return await daybook.models.wait_for(NAME, await daybook.record.end(), 20)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110  # no one is told
            await asyncio.sleep(0.02)


async def test_it_follows_and_goes_on_after_it_was_killed(daybook, process, monkeypatch):
    monkeypatch.setattr(follower_process, "RESTART_S", 0.1)
    process.wake(await register(daybook))
    assert await seen(daybook) == "seen"
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: set(process.troubles) == {0, 1, 2, 3})
    await daybook.models.writers.execute("update read_model.lease set expires_at = clock_timestamp()")
    process.wake(await register(daybook))
    assert await seen(daybook) == "seen"
    await until(lambda: not process.troubles)
    assert process.pid != first


async def test_its_troubles_are_told(daybook, process, admin):
    partition = await register(daybook)
    assert await seen(daybook) == "seen"
    await admin.execute("alter table record.event disable trigger user")
    await admin.execute(
        "insert into record.event select partition, position + 1, gen_random_uuid(), stream_id, version + 1, "
        "customer_id, 'of.tomorrow', schema, occurred_at, recorded_at, actor, correlation_id, causation_id, "
        "salt, data, meta from record.event"
    )
    process.wake(partition)
    await until(lambda: partition in process.troubles)
    assert "of.tomorrow" in process.troubles[partition]


async def test_when_it_leaves_others_may_follow_at_once(daybook):
    async with await FollowerProcess.start(daybook.databases.application, 4) as process:
        await register(daybook)
        assert await seen(daybook) == "seen"
        assert await daybook.record.pool.fetchval(HOLDERS) == 1
        pid = process.pid
    assert pid is not None
    assert await daybook.record.pool.fetchval(HOLDERS) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("way", ["input ends", "SIGTERM"])
async def test_it_never_outlives_its_parent(daybook, way):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "engine.follower_process", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(daybook.databases.application.encode() + b"\n")
    assert await child.stdout.readline() == b"{}\n"
    child.send_signal(signal.SIGINT)  # from the terminal, which both get
    if way == "SIGTERM":
        child.terminate()
    else:
        child.stdin.close()
    async with asyncio.timeout(20):
        assert await child.wait() == 0
