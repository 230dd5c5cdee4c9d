"""Work at intervals goes on after its troubles, and tells each of them once."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from engine.keeping import at_intervals
from store.identity import new_id


class Work:
    """Meets one outcome after the other, then nothing for ever."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.done = asyncio.Event()

    async def __call__(self) -> dict[UUID, str] | None:
        if not self.outcomes:
            self.done.set()
            return None
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


async def told(caplog: pytest.LogCaptureFixture, work: Work) -> list[str]:
    with caplog.at_level(logging.WARNING, logger="engine.keeping"):
        async with at_intervals("counting", work, (OSError,), 0, 0.001), asyncio.timeout(10):
            await work.done.wait()
    return [record.getMessage().partition("every 0.001 s: ")[2] for record in caplog.records]


async def test_a_trouble_is_told_once_and_again_when_it_has_come_back(caplog):
    full = OSError("disk full")
    assert await told(caplog, Work(full, full, None, full)) == [repr(full)] * 2


async def test_what_the_work_could_not_do_yet_is_a_trouble(caplog):
    one, other = {new_id(): "held"}, {new_id(): "no schedule"}
    assert await told(caplog, Work({}, one, dict(one), other)) == [str(one), str(other)]


async def test_it_ends_with_its_block(caplog):
    work = Work()
    async with at_intervals("counting", work, (OSError,), 0):
        await work.done.wait()
        names = [task.get_name() for task in asyncio.all_tasks()]
    assert "counting" in names
    assert "counting" not in [task.get_name() for task in asyncio.all_tasks()]
    assert caplog.records == []
