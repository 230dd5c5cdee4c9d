"""Imports: the same judgement as for a batch, and COPY."""

import asyncio

import pytest

from store.envelope import Appended, AppendRequest, CustomerCondition, Participant, SealedBlob
from store.errors import ConditionFailed, RequestTooLarge, VersionConflict
from store.identity import new_id
from store.lane import LaneLimits
from tests.store.made import answer, event, ids_in, outcomes, request, stored


def whole(stream, name: str, count: int = 2) -> AppendRequest:
    """A request with a row for every table."""
    events = [event(stream, n, customer_id=stream) for n in range(count)]
    blob = SealedBlob(events[-1].event_id, stream, "interaction", new_id(), b"sealed")
    return AppendRequest(
        1, events, {stream: -1}, (), answer(name), sealed=[blob], participants=[Participant(count - 1, stream, "r")]
    )


async def test_copied_and_appended_rows_are_alike(record, streams, app):
    by_copy, by_call = streams(2)
    (copied,) = await record.append_copy(1, [whole(by_copy, "copied")])
    called = await record.append(whole(by_call, "called"))
    assert (copied.position, called.position) == (0, 2)
    columns = "version, type, schema, occurred_at, actor, causation_id, data, meta, length(salt)"
    rows = await stored(app, columns)
    assert rows[:2] == rows[2:]
    assert len(set(await stored(app, "salt"))) == 4
    found = await record.find_answers(1, [answer("copied").command_id, answer("called").command_id])
    assert {i: a.position for i, a in found.items()} == {
        answer("copied").command_id: 1,
        answer("called").command_id: 3,
    }
    rows = await app.fetch("select customer_id, position from record.participant order by position")
    assert [tuple(row) for row in rows] == [(by_copy, 1), (by_call, 3)]
    assert (
        await app.fetchval("select count(*) from record.sealed s join record.event e using (partition, event_id)") == 2
    )


async def test_refused_requests_leave_no_gap_and_no_rows(record, streams, app):
    wanted = streams(40)
    for stream in wanted[::4]:
        await record.append(request(stream, partition=1))
    results = await record.append_copy(1, [whole(s, f"c{n}", 1 + n % 3) for n, s in enumerate(wanted)])
    good = [n for n in range(40) if n % 4]
    assert all(isinstance(results[n], VersionConflict) for n in range(0, 40, 4))
    for n in good:
        events = await record.read_events(1, range(results[n].position, results[n].last + 1))
        assert [(e.stream_id, e.version) for e in events] == [(wanted[n], v) for v in range(1 + n % 3)]
    positions = [row[0] for row in await stored(app, "position")]
    assert positions == list(range(len(positions)))
    rows = await app.fetch("select customer_id, position from record.participant")
    assert {row[0]: row[1] for row in rows} == {wanted[n]: results[n].last for n in good}
    found = await record.find_answers(1, [answer(f"c{n}").command_id for n in range(40)])
    assert {i: a.position for i, a in found.items()} == {answer(f"c{n}").command_id: results[n].last for n in good}
    assert await app.fetchval("select count(*) from record.sealed") == 30


async def test_a_stream_may_be_repeated_within_an_import(record, streams, app):
    one, two = streams(2)
    chain = [request(s, n - 1, partition=1) for n in range(10) for s in (one, two)]
    conflict = request(one, 3, partition=1)
    results = await record.append_copy(1, [*chain[:12], conflict, *chain[12:]])
    assert outcomes(results) == {"Appended": 20, "VersionConflict": 1}
    assert isinstance(results[12], VersionConflict)
    assert [e.version for e in await record.read_stream(one)] == list(range(10))
    assert [row[0] for row in await stored(app, "position")] == list(range(20))


async def test_an_import_done_twice_changes_nothing(record, streams, app):
    wanted = streams(50)
    requests = [whole(s, f"row {n}") for n, s in enumerate(wanted)]
    assert outcomes(await record.append_copy(1, requests)) == {"Appended": 50}
    before = await stored(app, "*")
    assert outcomes(await record.append_copy(1, requests)) == {"CommandAnswered": 50}
    assert await stored(app, "*") == before


async def test_an_import_half_of_which_is_there(record, streams):
    wanted = streams(20)
    requests = [AppendRequest(1, [event(s)]) for s in wanted]  # nothing expected: the unique keys refuse
    await record.append_copy(1, requests[::2])
    assert outcomes(await record.append_copy(1, requests)) == {"EventExists": 10, "Appended": 10}


async def test_conditions_and_answers_without_events(record, streams):
    one, two = streams(2)
    customer = new_id()
    condition = CustomerCondition(customer, frozenset({"t"}), -1)
    results = await record.append_copy(
        1,
        [
            AppendRequest(1, answer=answer("nothing")),
            AppendRequest(1, [event(one, customer_id=customer, type="t")], {one: -1}, [condition], answer("first")),
            AppendRequest(1, [event(two, customer_id=customer, type="t")], {two: -1}, [condition], answer("second")),
        ],
    )
    assert [type(r) for r in results] == [Appended, Appended, ConditionFailed]
    assert (results[0].position, results[0].last) == (0, -1)
    found = await record.find_answers(1, [answer("nothing").command_id])
    assert [a.position for a in found.values()] == [-1]


async def test_an_empty_import(record):
    assert await record.append_copy(1, []) == []
    assert await record.next_position(1) == 0


async def test_a_large_import_is_several_transactions_and_lets_others_in_between(open_record, app):
    record = await open_record(limits=LaneLimits(copy_events=100))
    *wanted, other = ids_in(record, 1, 401)
    copying = asyncio.ensure_future(record.append_copy(1, [request(s, partition=1) for s in wanted]))
    await asyncio.sleep(0)
    single = await record.append(request(other, partition=1))
    assert not copying.done()
    results = await copying
    assert outcomes(results) == {"Appended": 400}
    assert sorted(r.position for r in (*results, single)) == list(range(401))
    assert await app.fetchval("select count(distinct xmin::text) from record.event") == 5


async def test_a_request_too_large_refuses_the_import_before_anything_is_written(open_record):
    record = await open_record(limits=LaneLimits(events=10))
    one, two = ids_in(record, 1, 2)
    with pytest.raises(RequestTooLarge, match="11 events"):
        await record.append_copy(1, [request(one, partition=1), request(two, count=11, partition=1)])
    assert await record.next_position(1) == 0


async def test_an_import_given_up_stops(open_record):
    record = await open_record(limits=LaneLimits(copy_events=10))
    wanted = ids_in(record, 1, 101)
    copying = asyncio.ensure_future(record.append_copy(1, [request(s, partition=1) for s in wanted[:100]]))
    await asyncio.sleep(0)
    copying.cancel()
    await record.append(request(wanted[100], partition=1))
    assert await record.next_position(1) <= 11
