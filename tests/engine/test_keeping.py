"""Work at intervals tells each trouble once; keepers take turns when something was recorded, and now and then."""

import asyncio
import logging
from typing import Any, cast
from uuid import UUID

import pytest

from engine.keeping import Ends, Keeping, at_intervals
from store.identity import new_id
from store.record import Record


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


class Places:
    """Stands for a record of three partitions: where each ends, and how often each was asked for."""

    partitions = 3

    def __init__(self) -> None:
        self.ends = [0, 0, 0]
        self.asked = [0, 0, 0]

    async def next_position(self, partition: int) -> int:
        self.asked[partition] += 1
        return self.ends[partition]


class Counting:
    """A keeper that has nothing to do; tells each of its turns."""

    def __init__(self, turns: asyncio.Queue[int], partition: int) -> None:
        self.turns = turns
        self.partition = partition

    async def turn(self) -> bool:
        self.turns.put_nowait(self.partition)
        return False

    async def close(self) -> None:
        pass


async def test_who_asks_at_once_shares_a_look():
    places = Places()
    ends = Ends(cast("Record", places))
    places.ends[2] = 7
    assert await asyncio.gather(*(ends.of(partition) for partition in (0, 2, 2, 0, 2))) == [0, 7, 7, 0, 7]
    assert places.asked == [1, 0, 1]
    places.ends[2] = 8
    assert await ends.of(2) == 8


async def test_a_keeper_takes_its_turn_when_something_was_recorded_and_now_and_then(monkeypatch):
    places, turns = Places(), asyncio.Queue[int]()

    async def opened(partition: int, _: str) -> Counting:
        return Counting(turns, partition)

    monkeypatch.setattr("engine.keeping.LOOKS_MAX", 1_000_000)
    async with Keeping("counting", Ends(cast("Record", places)), opened, idle_s=0.001), asyncio.timeout(10):
        assert sorted([await turns.get() for _ in range(3)]) == [0, 1, 2]
        while min(places.asked) < 5:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert turns.empty(), "looked, and there was nothing"
        places.ends[1] = 4
        assert await turns.get() == 1
    monkeypatch.setattr("engine.keeping.LOOKS_MAX", 2)
    async with Keeping("counting", Ends(cast("Record", places)), opened, idle_s=0.001), asyncio.timeout(10):
        assert {await turns.get() for _ in range(20)} == {0, 1, 2}
