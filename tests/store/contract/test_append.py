"""Appending one request: what it may hold, and what is refused."""

from datetime import UTC, datetime

import asyncpg
import pytest

from store.envelope import AppendRequest, CustomerCondition, FoundAnswer, Participant, SealedBlob
from store.errors import CommandAnswered, ConditionFailed, EventExists, RecordMismatch, VersionConflict
from store.identity import new_id
from tests.store.made import OCCURRED, answer, event, request, stored


async def test_positions_are_dense_in_each_partition_and_versions_start_at_0(record):
    for partition in (0, 3):
        first, second = new_id(), new_id()
        assert (await record.append(request(first, partition=partition)))[:3] == (partition, 0, 1)
        assert (await record.append(request(second, count=3, partition=partition)))[:3] == (partition, 1, 3)
        assert (await record.append(request(first, 0, 2, partition=partition)))[:3] == (partition, 4, 2)
        events = await record.read_partition(partition, 0)
        assert [e.position for e in events] == [0, 1, 2, 3, 4, 5]
        assert [(e.stream_id, e.version) for e in events] == [
            (first, 0), (second, 0), (second, 1), (second, 2), (first, 1), (first, 2),
        ]  # fmt: skip


async def test_every_column_comes_back_as_it_went_in(record, streams):
    (stream,) = streams(1)
    customer, cause, correlation = new_id(), new_id(), new_id()
    sent = event(
        stream, 0, customer_id=customer, type="complaint.received", schema=3, actor="clerk é 7",
        correlation_id=correlation, causation_id=cause, data=b"\x00\xff any bytes", meta=b"",
    )  # fmt: skip
    before = datetime.now(UTC)
    appended = await record.append(AppendRequest(1, [sent], {stream: -1}))
    (found,) = await record.read_partition(1, 0)
    assert (found.id, found.partition, found.position, found.event_id) == (1, 1, 0, sent.event_id)
    assert (found.originator_id, found.originator_version, found.topic) == (stream, 0, "complaint.received")
    assert (found.stream_id, found.version, found.type) == (stream, 0, "complaint.received")
    assert (found.customer_id, found.schema, found.occurred_at) == (customer, 3, OCCURRED)
    assert (found.actor, found.correlation_id, found.causation_id) == ("clerk é 7", correlation, cause)
    assert (found.state, found.meta, len(found.salt)) == (b"\x00\xff any bytes", b"", 16)
    assert before <= found.recorded_at == appended.recorded_at <= datetime.now(UTC)


async def test_salts_are_random(record, streams):
    (stream,) = streams(1)
    await record.append(request(stream, count=20, partition=1))
    assert len({e.salt for e in await record.read_partition(1, 0)}) == 20


@pytest.mark.parametrize("expected", [-1, 0, 2])
async def test_another_version_than_expected_is_a_conflict(record, streams, expected):
    (stream,) = streams(1)
    await record.append(request(stream, count=2, partition=1))
    with pytest.raises(VersionConflict) as caught:
        await record.append(request(stream, expected, partition=1))
    assert (caught.value.expected, caught.value.found, caught.value.stream_id) == (expected, 1, stream)
    assert await record.next_position(1) == 2


async def test_a_stream_that_does_not_exist_is_at_minus_1(record, streams):
    with pytest.raises(VersionConflict) as caught:
        await record.append(request(streams(1)[0], 4, partition=1))
    assert (caught.value.expected, caught.value.found) == (4, -1)


async def test_several_streams_are_appended_together_or_not_at_all(record, streams):
    one, two, three = streams(3)
    await record.append(request(two, partition=1))
    events = [event(one), event(two, 1), event(three), event(one, 1)]
    with pytest.raises(VersionConflict) as caught:
        await record.append(AppendRequest(1, events, {one: -1, two: 1, three: -1}))
    assert (caught.value.stream_id, caught.value.expected, caught.value.found) == (two, 1, 0)
    assert await record.next_position(1) == 1
    appended = await record.append(AppendRequest(1, events, {one: -1, two: 0, three: -1}))
    assert appended[:3] == (1, 1, 4)
    assert [e.version for e in await record.read_stream(one)] == [0, 1]


async def test_a_request_of_nothing_but_expectations_checks_them(record, streams):
    (stream,) = streams(1)
    assert (await record.append(AppendRequest(1, (), {stream: -1})))[:3] == (1, 0, 0)
    await record.append(request(stream, partition=1))
    with pytest.raises(VersionConflict):
        await record.append(AppendRequest(1, (), {stream: -1}))


async def test_a_customer_condition_breaks_on_a_later_event_of_its_types_only(record, streams):
    one, two, three, four = streams(4)
    customer, other = new_id(), new_id()
    await record.append(request(one, partition=1, customer_id=customer, type="touch.made"))
    await record.append(request(two, partition=1, customer_id=customer, type="note.taken"))
    await record.append(request(three, partition=1, customer_id=other, type="touch.made"))

    def conditional(types: set[str], after: int) -> AppendRequest:
        return AppendRequest(1, [event(four)], {four: -1}, [CustomerCondition(customer, frozenset(types), after)])

    for types, after, found in (({"touch.made"}, -1, 0), ({"a", "touch.made", "note.taken"}, 0, 1)):
        with pytest.raises(ConditionFailed) as caught:
            await record.append(conditional(types, after))
        assert caught.value.position == found
    assert (await record.append(conditional({"touch.made", "touch", "made"}, 0))).position == 3


async def test_several_conditions_must_all_hold(record, streams):
    one, two = streams(2)
    customer, other = new_id(), new_id()
    await record.append(request(one, partition=1, customer_id=other, type="t"))
    holds, fails = (CustomerCondition(c, frozenset({"t"}), -1) for c in (customer, other))
    with pytest.raises(ConditionFailed):
        await record.append(AppendRequest(1, [event(two)], {two: -1}, [holds, fails]))
    await record.append(AppendRequest(1, [event(two)], {two: -1}, [holds]))


async def test_an_answer_is_stored_with_its_events(record, streams):
    (stream,) = streams(1)
    stored_answer = answer("c1", hmac=b"\x01" * 32)
    appended = await record.append(AppendRequest(1, [event(stream), event(stream, 1)], {stream: -1}, (), stored_answer))
    found = await record.find_answers(1, [stored_answer.command_id, new_id()])
    assert found == {stored_answer.command_id: FoundAnswer(b"\x01" * 32, stored_answer.answer, 1)}
    assert found[stored_answer.command_id].position == appended.last == 1


async def test_an_answer_without_events_has_the_last_position_before_it(record, streams):
    nothing, refused = answer("nothing"), answer("refused")
    appended = await record.append(AppendRequest(1, answer=nothing))
    assert (appended.position, appended.count, appended.last) == (0, 0, -1)
    await record.append(request(streams(1)[0], count=3, partition=1))
    appended = await record.append(AppendRequest(1, answer=refused))
    assert (appended.position, appended.count, appended.last) == (3, 0, 2)
    found = await record.find_answers(1, [nothing.command_id, refused.command_id])
    assert [found[a.command_id].position for a in (nothing, refused)] == [-1, 2]


async def test_a_command_is_answered_once(record, streams):
    one, two = streams(2)
    await record.append(AppendRequest(1, [event(one)], {one: -1}, (), answer("c")))
    for repeat in (
        AppendRequest(1, [event(one)], {one: -1}, (), answer("c")),  # a conflict as well: the answer counts
        AppendRequest(1, [event(two)], {two: -1}, (), answer("c", hmac=b"other")),
        AppendRequest(1, answer=answer("c")),
    ):
        with pytest.raises(CommandAnswered):
            await record.append(repeat)
    assert await record.next_position(1) == 1


async def test_an_event_id_is_taken_once(record, streams):
    one, two = streams(2)
    first = event(one)
    await record.append(AppendRequest(1, [first], {one: -1}))
    with pytest.raises(EventExists):
        await record.append(AppendRequest(1, [event(two, event_id=first.event_id)], {two: -1}))


async def test_a_stream_version_is_taken_once_even_if_nothing_was_expected(record, streams):
    (stream,) = streams(1)
    await record.append(AppendRequest(1, [event(stream, 5)]))
    with pytest.raises(EventExists):
        await record.append(AppendRequest(1, [event(stream, 5)]))


async def test_sealed_blobs_and_participants_commit_with_their_event(record, streams, app):
    one, two = streams(2)
    customer, other, third, key = new_id(), new_id(), new_id(), new_id()
    await record.append(request(one, partition=1))
    events = [event(two, 0, customer_id=customer), event(two, 1, customer_id=customer)]
    blob = SealedBlob(events[1].event_id, customer, "interaction", key, b"\x00sealed")
    people = [Participant(1, other, "joint-holder"), Participant(0, third, "guarantor")]
    await record.append(AppendRequest(1, events, {two: -1}, sealed=[blob], participants=people))
    assert await record.read_sealed(1, [e.event_id for e in events]) == [blob]
    rows = await app.fetch("select partition, customer_id, position, role from record.participant order by position")
    assert [tuple(row) for row in rows] == [(1, third, 1, "guarantor"), (1, other, 2, "joint-holder")]
    with pytest.raises(VersionConflict):
        await record.append(AppendRequest(1, events, {two: -1}, sealed=[blob], participants=people))
    assert await app.fetchval("select count(*) from record.sealed") == 1


async def test_partitions_are_those_of_the_record(record):
    for partition in (-1, 4):
        with pytest.raises(RecordMismatch, match="partitions 0 to 3"):
            record.append(request(new_id(), partition=partition))


async def test_a_caller_that_gives_up_does_not_disturb_the_others(record, streams, app):
    one, two = streams(2)
    given_up = record.append(request(one, partition=1))
    kept = record.append(request(two, partition=1))
    given_up.cancel()
    assert (await kept).position == 0
    assert await stored(app, "stream_id") == [(two,)]


async def test_the_head_is_locked_in_read_committed_only(record, app):
    for level in ("repeatable_read", "serializable"):
        with pytest.raises(asyncpg.PostgresError, match="READ COMMITTED") as caught:
            async with app.transaction(isolation=level):
                await app.fetchval("select record.lock_head(0::smallint)")
        assert caught.value.sqlstate == "DB004"
        with pytest.raises(asyncpg.PostgresError, match="READ COMMITTED"):
            async with app.transaction(isolation=level):
                await app.fetchrow("select * from record.next_position(0::smallint, null)")
