"""What a lane takes, and what becomes of those in it when it fails."""

import asyncio

import pytest
from eventsourcing.persistence import OperationalError

from store.batch import Batch
from store.envelope import AppendRequest, SealedBlob
from store.errors import LaneFull, OutcomeUnknown, RecordUnreachable, RequestTooLarge
from store.identity import new_id
from store.lane import LaneLimits
from tests.store.made import event, ids_in, outcomes, request


async def test_a_full_lane_refuses_at_once_and_tells_when_to_come_again(open_record):
    record = await open_record(limits=LaneLimits(waiting=5))
    *wanted, one_more = ids_in(record, 1, 6)
    taken = [record.append(request(s, partition=1)) for s in wanted]
    assert record.waiting() == {1: 5}
    with pytest.raises(LaneFull) as caught:
        record.append(request(one_more, partition=1))
    assert caught.value.retry_after_s == 1
    with pytest.raises(LaneFull):
        await record.append_copy(1, [request(one_more, partition=1)])
    assert record.append(request(ids_in(record, 2, 1)[0], partition=2)), "each partition has its own lane"
    assert outcomes(await asyncio.gather(*taken)) == {"Appended": 5}
    assert (await record.append(request(one_more, partition=1))).position == 5


async def test_a_request_larger_than_a_batch_is_refused_at_once(open_record):
    record = await open_record(limits=LaneLimits(events=3, size_bytes=1000))
    one, two, three = ids_in(record, 1, 3)
    with pytest.raises(RequestTooLarge, match="4 events in one request; at most 3"):
        record.append(request(one, count=4, partition=1))
    with pytest.raises(RequestTooLarge, match="1002 bytes in one request; at most 1000"):
        record.append(request(one, partition=1, data=b"x" * 1000))
    blob = SealedBlob(new_id(), one, "interaction", new_id(), b"x" * 1000)
    with pytest.raises(RequestTooLarge, match="bytes"):
        record.append(AppendRequest(1, [event(one)], {one: -1}, sealed=[blob]))
    assert record.waiting() == {1: 0}
    full = [request(s, partition=1, data=b"x" * 998, count=1) for s in (one, two, three)]
    assert outcomes(await asyncio.gather(*map(record.append, full))) == {"Appended": 3}


@pytest.mark.parametrize(
    ("limits", "transactions"),
    [
        (LaneLimits(requests=10), 10),
        (LaneLimits(events=20), 10),
        (LaneLimits(size_bytes=400), 10),
        (LaneLimits(), 1),
    ],
    ids=["requests", "events", "bytes", "none"],
)
async def test_batches_are_bounded(open_record, app, limits, transactions):
    record = await open_record(limits=limits)
    wanted = [request(s, count=2, partition=1, data=b"x" * 18) for s in ids_in(record, 1, 100)]
    assert outcomes(await asyncio.gather(*map(record.append, wanted))) == {"Appended": 100}
    assert await app.fetchval("select count(distinct xmin::text) from record.event") == transactions


async def test_a_crowd_before_one_stream_does_not_keep_others_waiting_for_ever(open_record):
    record = await open_record(limits=LaneLimits(requests=8))
    crowded, other = ids_in(record, 1, 2)
    crowd = [record.append(request(crowded, n - 1, partition=1)) for n in range(40)]
    last = record.append(request(other, partition=1))
    assert outcomes(await asyncio.gather(*crowd, last)) == {"Appended": 41}
    assert [e.version for e in await record.read_stream(crowded)] == list(range(40))


async def test_closing_writes_what_waits_and_then_takes_no_more(open_record, streams):
    record = await open_record()
    wanted = [record.append(request(s, partition=1)) for s in streams(30)]
    copying = asyncio.ensure_future(record.append_copy(1, [request(s, partition=1) for s in streams(30)]))
    await asyncio.sleep(0)
    await record.close()
    assert outcomes([*await asyncio.gather(*wanted), *await copying]) == {"Appended": 60}
    with pytest.raises(RecordUnreachable, match="closed"):
        record.append(request(streams(1)[0], partition=1))


async def test_a_fault_of_the_lane_reaches_everyone_in_it(open_record, monkeypatch):
    record = await open_record(limits=LaneLimits(requests=2, copy_events=1))
    wanted = [request(s, partition=1) for s in ids_in(record, 1, 9)]
    monkeypatch.setattr(Batch, "salts", _fail)
    futures = [record.append(r) for r in wanted[:5]]
    copying = asyncio.ensure_future(record.append_copy(1, wanted[5:]))
    results = await asyncio.gather(*futures, return_exceptions=True)
    assert outcomes(results) == {"OutcomeUnknown": 2, "OperationalError": 3}
    assert isinstance(results[0], OutcomeUnknown)
    assert outcomes(await copying) == {"OperationalError": 4}
    assert "broken" in str(results[4])
    monkeypatch.undo()
    assert (await record.append(wanted[0])).position == 0, "the lane goes on"


async def test_a_fault_while_copying_reaches_the_import(open_record, monkeypatch):
    record = await open_record(limits=LaneLimits(copy_events=2))
    wanted = [request(s, partition=1) for s in ids_in(record, 1, 6)]
    copying = asyncio.ensure_future(record.append_copy(1, wanted))
    await asyncio.sleep(0)
    await record.append(request(ids_in(record, 1, 1)[0], partition=1))  # written after the import's first batch
    monkeypatch.setattr(Batch, "salts", _fail)
    assert outcomes(await copying) == {"Appended": 2, "OutcomeUnknown": 4}
    monkeypatch.undo()
    assert outcomes(await record.append_copy(1, wanted)) == {"VersionConflict": 2, "Appended": 4}


async def test_a_cancelled_lane_leaves_nobody_waiting(open_record, app, streams):
    record = await open_record()
    async with app.transaction():
        await app.fetchval("select record.lock_head(1::smallint)")
        writing = record.append(request(streams(1)[0], partition=1))
        await asyncio.sleep(0.05)
        waiting = record.append(request(streams(1)[0], partition=1))
        (task,) = (task for task in asyncio.all_tasks() if task.get_name() == "lane 1")
        task.cancel()
        results = await asyncio.gather(writing, waiting, task, return_exceptions=True)
    assert [type(r) for r in results] == [OutcomeUnknown, OperationalError, asyncio.CancelledError]
    assert await record.append(request(streams(1)[0], partition=1)), "the lane goes on"


def _fail(_batch: Batch) -> bytes:
    raise RuntimeError("broken")
