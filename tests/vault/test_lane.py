"""Callers at once are answered by few lookups, each caller by one that began after it asked."""

import asyncio

import pytest

from vault.lane import Lane, Lanes


class Lookup:
    """Answers each key with its upper case, when the gate is open; `x` is known to nobody, `!` fails."""

    def __init__(self) -> None:
        self.batches: list[set[str]] = []
        self.gate = asyncio.Event()

    async def __call__(self, keys):
        self.batches.append(set(keys))
        await self.gate.wait()
        if "!" in keys:
            raise OSError("no database")
        return {key: key.upper() for key in keys if key != "x"}


@pytest.fixture
async def lookup() -> Lookup:
    return Lookup()


async def started(*callers):
    tasks = [asyncio.create_task(caller) for caller in callers]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_who_asks_while_a_batch_is_under_way_waits_in_the_next(lookup):
    lane = Lane(lookup, keys_max=100)
    first = await started(lane.get(["a"]))
    others = await started(*(lane.get([key, "a"]) for key in "bcdef"))
    lookup.gate.set()
    assert await asyncio.gather(*first, *others) == [{"a": "A"}, *({k: k.upper(), "a": "A"} for k in "bcdef")]
    assert lookup.batches == [{"a"}, set("abcdef")]


async def test_a_full_batch_takes_no_more_callers_and_none_is_split(lookup):
    lane = Lane(lookup, keys_max=2)
    callers = await started(lane.get(["a"]), lane.get(["b", "c", "d"]), lane.get(["e"]))
    lookup.gate.set()
    await asyncio.gather(*callers)
    assert lookup.batches == [{"a", "b", "c", "d"}, {"e"}]


async def test_what_nobody_knows_is_left_out(lookup):
    lookup.gate.set()
    assert await Lane(lookup, keys_max=9).get(["a", "x"]) == {"a": "A"}


async def test_an_error_reaches_every_caller_of_its_batch_and_no_other(lookup):
    lane = Lane(lookup, keys_max=9)
    first = await started(lane.get(["a"]))
    failing = await started(lane.get(["b"]), lane.get(["!"]))
    lookup.gate.set()
    outcomes = await asyncio.gather(*first, *failing, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [dict, OSError, OSError]
    assert await lane.get(["c"]) == {"c": "C"}


async def test_a_caller_that_gives_up_leaves_the_others_undisturbed(lookup):
    lane = Lane(lookup, keys_max=9)
    gone, stays = await started(lane.get(["a"]), lane.get(["a", "b"]))
    gone.cancel()
    await asyncio.sleep(0)
    lookup.gate.set()
    assert await stays == {"a": "A", "b": "B"}
    assert gone.cancelled()


async def test_when_the_lane_s_task_is_cancelled_nobody_waits_for_ever(lookup):
    lane = Lane(lookup, keys_max=1)
    callers = await started(lane.get(["a"]), lane.get(["b"]))
    assert lane._runner
    lane._runner.cancel()
    outcomes = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 2
    lookup.gate.set()
    assert await lane.get(["c"]) == {"c": "C"}


async def test_each_partition_has_a_lane_of_its_own(lookup):
    asked: list[tuple[int, set[str]]] = []

    async def of_partition(partition, keys):
        asked.append((partition, set(keys)))
        return await lookup(keys)

    lanes = Lanes(of_partition, keys_max=9)
    first = await started(lanes.get(0, ["a"]), lanes.get(1, ["b"]))
    later = await started(lanes.get(0, ["c"]), lanes.get(0, ["d"]))
    assert asked == [(0, {"a"}), (1, {"b"})], "of one partition a batch at a time, of two at once"
    lookup.gate.set()
    assert await asyncio.gather(*first, *later) == [{"a": "A"}, {"b": "B"}, {"c": "C"}, {"d": "D"}]
    assert asked[2:] == [(0, {"c", "d"})]
