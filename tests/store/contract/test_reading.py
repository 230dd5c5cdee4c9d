"""Paged reads by partition, type, stream, customer and position; and following."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from store.cursor import Cursor
from store.envelope import AppendRequest, Participant
from store.identity import derive_id, new_id
from store.record import Record
from tests.store.made import OCCURRED, event, ids_in, request


async def fill(record: Record, partition: int, count: int, **fields) -> None:
    await record.append_copy(
        partition, [request(s, partition=partition, **fields) for s in ids_in(record, partition, count)]
    )


async def test_a_partition_is_read_in_pages(record):
    await fill(record, 1, 25)
    await fill(record, 2, 3)
    pages, start = [], 0
    while page := await record.read_partition(1, start, 10):
        pages.append([e.position for e in page])
        start = page[-1].position + 1
    assert pages == [list(range(10)), list(range(10, 20)), list(range(20, 25))]
    assert [e.position for e in await record.read_partition(2, 0)] == [0, 1, 2]


async def test_types_are_read_between_two_positions(record, streams):
    (stream,) = streams(1)
    events = [event(stream, n, type=f"t{n % 3}") for n in range(12)]
    await record.append(AppendRequest(1, events, {stream: -1}))
    assert [e.position for e in await record.read_types(1, {"t0", "t2"}, 2, 9)] == [2, 3, 5, 6, 8]
    assert [e.position for e in await record.read_types(1, {"t1"}, 0, limit=2)] == [1, 4]
    assert await record.read_types(1, {"t9"}, 0) == []
    assert await record.read_types(1, set(), 0) == []


async def test_a_stream_is_read_in_pages_wherever_it_lies(record):
    for stream in [new_id() for _ in range(6)]:
        partition = record.partition_of(stream)
        await record.append(request(stream, count=7, partition=partition))
        assert [e.version for e in await record.read_stream(stream)] == list(range(7))
        assert [e.version for e in await record.read_stream(stream, 1, 3)] == [2, 3, 4]
        assert await record.read_stream(stream, 6) == []
    assert await record.read_stream(new_id()) == []


async def test_several_streams_at_once(record, streams):
    one, two, none = streams(3)
    for version in range(3):
        await record.append(request(two, version - 1, partition=1))
        await record.append(request(one, version - 1, partition=1))
    found = await record.read_streams(1, [one, two, none])
    assert {stream: [e.version for e in events] for stream, events in found.items()} == {one: [0, 1, 2], two: [0, 1, 2]}


async def test_customers_are_read_by_type_and_of_further_types_what_happened_lately(record, streams):
    (stream,) = streams(1)
    customer = derive_id(b"a customer", beside=stream)
    times = [OCCURRED, OCCURRED + timedelta(days=1)]
    events = [event(stream, n, type=f"t{n % 3}", customer_id=customer, occurred_at=times[n % 2]) for n in range(12)]
    await record.append(AppendRequest(1, events, {stream: -1}))

    async def positions(*types: str, **bounds: Any) -> list[int]:
        found = await record.read_customers(1, [customer], types, **bounds)
        return [one.position for one in found.get(customer, ())]

    assert await positions("t0", "t1") == [0, 1, 3, 4, 6, 7, 9, 10]
    assert await positions("t0", lately={"t1"}, since=times[1]) == [0, 1, 3, 6, 7, 9]
    assert await positions("t0", start=3, before=9) == [3, 6]
    assert await positions(lately={"t1"}, since=times[1] + timedelta(seconds=1)) == []


async def test_a_customer_is_read_newest_first_with_what_they_take_part_in(record, streams):
    customer, other = ids_in(record, 1, 2)
    for n, stream in enumerate(streams(30)):
        own = event(stream, customer_id=customer if n % 3 == 0 else other)
        people = [Participant(0, customer, "guarantor"), Participant(0, customer, "payer")] if n % 5 == 1 else []
        await record.append(AppendRequest(1, [own], {stream: -1}, participants=people))
    wanted = [n for n in reversed(range(30)) if n % 3 == 0 or n % 5 == 1]
    assert [e.position for e in await record.read_customer(customer)] == wanted
    seen, before = [], 30
    while page := await record.read_customer(customer, before, 4):
        seen += [e.position for e in page]
        before = page[-1].position
    assert seen == wanted
    assert await record.read_customer(ids_in(record, 1, 1)[0]) == []


async def test_a_customer_takes_part_in_events_of_other_partitions(record):
    (customer,) = ids_in(record, 1, 1)
    for partition in range(4):
        (stream,) = ids_in(record, partition, 1)
        people = [Participant(0, customer, "joint-holder")]
        await record.append(AppendRequest(partition, [event(stream)], {stream: -1}, participants=people))
    assert [e.partition for e in await record.read_customer(customer)] == [1]
    for partition in range(4):
        assert [e.partition for e in await record.read_customer(customer, partition=partition)] == [partition]


async def test_events_at_positions(record):
    await fill(record, 1, 10)
    assert [e.position for e in await record.read_events(1, [7, 2, 99, 2])] == [2, 7]


async def test_the_end_is_what_is_committed(record):
    assert (await record.end()).next_positions == (0, 0, 0, 0)
    await fill(record, 3, 5)
    assert (await record.end()).next_positions == (0, 0, 0, 5)


async def test_following_tells_every_event_once_and_in_order(record):
    await asyncio.gather(*(fill(record, partition, 30) for partition in range(4)))
    seen: dict[int, list[int]] = {partition: [] for partition in range(4)}
    more = None
    async for page in record.follow(limit=7, poll_s=0.01):
        partition = page.events[0].partition
        seen[partition] += [e.position for e in page.events]
        assert page.cursor.next_positions[partition] == page.events[-1].position + 1
        if more is None:
            more = asyncio.create_task(fill(record, 2, 20))
        if sum(map(len, seen.values())) == 140:
            break
    assert seen == {partition: list(range(50 if partition == 2 else 30)) for partition in range(4)}


async def test_following_goes_on_from_a_cursor(record):
    await fill(record, 1, 10)
    pages = record.follow(limit=4)
    cursor = (await anext(pages)).cursor
    await pages.aclose()
    again = Cursor.parse(str(cursor))
    assert [e.position for e in (await anext(record.follow(again, limit=4))).events] == [4, 5, 6, 7]


async def test_following_tells_of_idleness_when_asked(record):
    idle = await anext(record.follow(idle=True))
    assert (idle.events, idle.cursor) == ((), record.incarnation.start())


@pytest.mark.parametrize("partition", [0, 3])
async def test_an_uncommitted_append_is_passed_by_nobody(record, open_record, app, partition):
    """Readers that trust a sequence lose events here: the later one commits first."""
    other = await open_record()
    one, two = ids_in(record, partition, 2)
    async with app.transaction():
        await app.fetchval("select record.lock_head($1)", partition)
        base = await record.next_position(partition)
        waiting = [record.append(request(one, partition=partition)), other.append(request(two, partition=partition))]
        await asyncio.sleep(0.05)
        assert await record.read_partition(partition, 0) == []
        await app.execute(
            "insert into record.event select $1, $2, $3, $3, 0, null, 't', 1, now(), now(), 'a', $3, null, '', '', ''",
            partition, base, derive_id(b"k", at=OCCURRED),
        )  # fmt: skip
    assert min(appended.position for appended in await asyncio.gather(*waiting)) == 1
    assert [e.position for e in await record.read_partition(partition, 0)] == [0, 1, 2]
