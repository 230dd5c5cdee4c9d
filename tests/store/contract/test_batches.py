"""Many requests at once: each gets its own answer, whatever becomes of the others."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from eventsourcing.persistence import DataError, IntegrityError

from store.envelope import Appended, AppendRequest, CustomerCondition, Participant
from store.errors import CommandAnswered, ConditionFailed, EventExists, VersionConflict
from store.identity import new_id
from tests.store.made import answer, event, ids_in, outcomes, request, stored


async def settle_all(futures: Iterable[Any]) -> list[Any]:
    return await asyncio.gather(*futures, return_exceptions=True)


async def test_a_batch_is_one_transaction(record, streams, app):
    results = await settle_all([record.append(request(stream, partition=1)) for stream in streams(100)])
    assert [result.position for result in results] == list(range(100))
    assert await app.fetchval("select count(distinct xmin::text) from record.event") == 1


async def test_a_batch_of_which_every_tenth_conflicts(record, streams, app):
    wanted = streams(100)
    for stream in wanted[::10]:
        await record.append(request(stream, partition=1))
    results = await settle_all([record.append(request(s, count=1 + n % 3, partition=1)) for n, s in enumerate(wanted)])
    for n, (stream, result) in enumerate(zip(wanted, results, strict=True)):
        if n % 10 == 0:
            assert isinstance(result, VersionConflict)
            assert (result.stream_id, result.found) == (stream, 0)
        else:
            assert (result.count, result.recorded_at) == (1 + n % 3, results[1].recorded_at)
            found = await record.read_events(1, range(result.position, result.position + result.count))
            assert [(e.stream_id, e.version) for e in found] == [(stream, v) for v in range(result.count)]
    positions = [row[0] for row in await stored(app, "position")]
    assert positions == list(range(len(positions)))


async def test_side_rows_of_a_mixed_batch_belong_to_their_events(record, streams, app):
    wanted = streams(30)
    for stream in wanted[::3]:
        await record.append(request(stream, partition=1))
    people = [new_id() for _ in wanted]
    results = await settle_all(
        [
            record.append(
                AppendRequest(
                    1, [event(s), event(s, 1)], {s: -1}, (), answer(f"c{n}"), participants=[Participant(1, who, "r")]
                )
            )
            for n, (s, who) in enumerate(zip(wanted, people, strict=True))
        ]
    )
    good = [n for n in range(30) if n % 3]
    rows = await app.fetch("select customer_id, position from record.participant")
    assert {row[0]: row[1] for row in rows} == {people[n]: results[n].last for n in good}
    found = await record.find_answers(1, [answer(f"c{n}").command_id for n in range(30)])
    assert {i: a.position for i, a in found.items()} == {answer(f"c{n}").command_id: results[n].last for n in good}


async def test_two_requests_for_one_stream_in_one_batch(record, streams):
    (stream,) = streams(1)
    both = [record.append(request(stream, partition=1)), record.append(request(stream, partition=1))]
    first, second = await settle_all(both)
    assert first.position == 0
    assert isinstance(second, VersionConflict)
    assert (second.expected, second.found) == (-1, 0)


async def test_requests_for_one_stream_keep_their_order(record, streams):
    one, two = streams(2)
    chain = [record.append(request(one, n - 1, partition=1)) for n in range(20)]
    beside = [record.append(request(two, n - 1, partition=1)) for n in range(20)]
    assert outcomes(await settle_all([*chain, *beside])) == {"Appended": 40}
    assert [e.version for e in await record.read_stream(one)] == list(range(20))


async def test_who_waits_is_not_overtaken_on_any_of_its_streams(record, streams):
    one, two = streams(2)
    results = await settle_all(
        [
            record.append(request(one, partition=1)),
            record.append(AppendRequest(1, [event(one, 1), event(two)], {one: 0, two: -1})),
            record.append(request(two, 0, partition=1)),
        ]
    )
    assert [r.position for r in results] == [0, 1, 3]


async def test_one_command_twice_in_one_batch(record, streams):
    one, two = streams(2)
    requests = [AppendRequest(1, [event(s)], {s: -1}, (), answer("c")) for s in (one, two)]
    results = await settle_all([record.append(r) for r in requests])
    assert outcomes(results) == {"Appended": 1, "CommandAnswered": 1}
    assert isinstance(results[1], CommandAnswered)


async def test_one_event_id_twice_in_one_batch(record, streams):
    one, two, three = streams(3)
    same = event(one)
    requests = [request(three, partition=1), AppendRequest(1, [same], {one: -1})]
    requests.append(AppendRequest(1, [event(two, event_id=same.event_id)], {two: -1}))
    results = await settle_all([record.append(r) for r in requests])
    assert [type(r) for r in results] == [Appended, Appended, EventExists]


async def test_a_condition_sees_what_stands_before_it_in_the_batch(record, streams):
    one, two, three = streams(3)
    customer = new_id()
    condition = CustomerCondition(customer, frozenset({"t"}), -1)
    results = await settle_all(
        [
            record.append(AppendRequest(1, [event(one, customer_id=customer, type="t")], {one: -1}, [condition])),
            record.append(AppendRequest(1, [event(two, customer_id=customer, type="t")], {two: -1}, [condition])),
            record.append(request(three, partition=1)),
        ]
    )
    assert [type(r) for r in results] == [Appended, ConditionFailed, Appended]
    assert results[1].position == 0


async def test_20_parallel_appends_at_one_expected_version(open_record):
    records = [await open_record() for _ in range(5)]
    (stream,) = ids_in(records[0], 1, 1)
    await records[0].append(request(stream, partition=1))
    for version in range(10):
        race = [record.append(request(stream, version, partition=1)) for record in records for _ in range(4)]
        results = await settle_all(race)
        assert outcomes(results) == {"Appended": 1, "VersionConflict": 19}
        assert {r.found for r in results if isinstance(r, VersionConflict)} == {version + 1}
    assert await records[0].next_position(1) == 11


async def test_several_processes_share_a_partition_without_gaps(open_record):
    records = [await open_record() for _ in range(4)]
    wanted = ids_in(records[0], 1, 200)
    results = await settle_all([records[n % 4].append(request(s, partition=1)) for n, s in enumerate(wanted)])
    assert sorted(r.position for r in results) == list(range(200))
    times = [e.recorded_at for e in await records[0].read_partition(1, 0)]
    assert times == sorted(times)


@pytest.mark.parametrize("taken", ["command", "event", "version"])
async def test_what_is_taken_fails_alone(record, streams, taken):
    first, *wanted = streams(21)
    known = event(first)
    await record.append(AppendRequest(1, [known], {first: -1}, (), answer("known")))
    requests = [AppendRequest(1, [event(s)], {s: -1}, (), answer(str(s))) for s in wanted]
    repeat = {
        "command": AppendRequest(1, [event(wanted[7])], {wanted[7]: -1}, (), answer("known")),
        "event": AppendRequest(1, [event(wanted[7], event_id=known.event_id)], {wanted[7]: -1}),
        "version": AppendRequest(1, [event(first)]),
    }
    requests[7] = repeat[taken]
    results = await settle_all([record.append(r) for r in requests])
    refusal = results.pop(7)
    assert isinstance(refusal, CommandAnswered if taken == "command" else EventExists)
    assert [r.position for r in results] == list(range(1, 20))


BAD = {
    "a NUL": {"actor": "clerk\x00"},
    "no text": {"type": 7},
    "half a surrogate pair": {"actor": "\ud800"},
    "a number out of range": {"schema": 1 << 20},
    "nothing where something must be": {"actor": None},
    "no time": {"occurred_at": "yesterday"},
    "a negative version": {"version": -2},
    "a version out of range": {"version": 1 << 63},
    "no id": {"correlation_id": "clerk-7"},
    "text for octets": {"data": "{}"},
}


@pytest.mark.parametrize("copied", [False, True], ids=["call", "copy"])
@pytest.mark.parametrize("fields", BAD.values(), ids=BAD.keys())
async def test_a_bad_value_fails_alone(record, streams, fields, copied):
    wanted = streams(9)
    requests = [AppendRequest(1, [event(s)], {s: -1}, (), answer(str(s))) for s in wanted]
    bad = event(wanted[4])._replace(**fields)
    requests[4] = AppendRequest(1, [bad], answer=answer("bad"))
    if copied:
        results = await record.append_copy(1, requests)
    else:
        results = await settle_all([record.append(r) for r in requests])
    refusal = results.pop(4)
    assert isinstance(refusal, DataError | IntegrityError), refusal
    assert [r.position for r in results] == list(range(8))
    assert not await record.find_answers(1, [answer("bad").command_id])


async def test_an_event_twice_in_one_request_is_its_own_fault(record, streams):
    one, two = streams(2)
    twice = AppendRequest(1, [event(one), event(one)], {one: -1})
    results = await settle_all([record.append(r) for r in (twice, request(two, partition=1))])
    assert isinstance(results[0], IntegrityError)
    assert results[1].position == 0


async def test_partitions_do_not_wait_for_each_other(record, app, database):
    one = ids_in(record, 1, 1)[0]
    async with app.transaction():
        await app.fetchval("select record.lock_head(1::smallint)")
        held = record.append(request(one, partition=1))
        results = await settle_all([record.append(request(ids_in(record, p, 1)[0], partition=p)) for p in (0, 2, 3)])
        assert [r.position for r in results] == [0, 0, 0]
        assert not held.done()
    assert (await held).position == 0


async def test_answers_of_a_batch_are_counted_once_each(record, streams):
    mixed = []
    for n, stream in enumerate(streams(200)):
        request_ = AppendRequest(1, [event(stream)] * (n % 2), {stream: -1}, (), answer(f"m{n}"))
        mixed.append(record.append(request_))
    results = await settle_all(mixed)
    assert Counter(r.count for r in results) == {0: 100, 1: 100}
    found = await record.find_answers(1, [answer(f"m{n}").command_id for n in range(200)])
    assert [found[answer(f"m{n}").command_id].position for n in range(200)] == [r.last for r in results]
