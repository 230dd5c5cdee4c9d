"""Places are taken over partitions, however many want one at once and wherever somebody stops."""

import asyncio
from datetime import timedelta

import pytest

from domain.reservation import RESERVATION
from engine import reserving
from engine.program_commands import Program, now
from engine.reserving import ACTOR, Deed, Done, Reservations, Wish, reservation_id_of
from store.identity import new_id

PURPOSE = "identity-document"


@pytest.fixture
def reservations(daybook) -> Reservations:
    return Reservations(Program(daybook, ACTOR))


async def never(*_) -> Deed:
    raise AssertionError("nobody's claim has lapsed")


async def done(*_) -> Deed:
    return Done()


async def not_done(*_) -> Deed:
    return "not-done"


async def unknown(*_) -> Deed:
    return "unknown"


def wish(daybook, holder, holders_max: int = 1, number: bytes = b"11010519491231002X") -> Wish:
    at = reservation_id_of(daybook.vault.keyed_hmac, PURPOSE, b"resident-id", number)
    return Wish(at, PURPOSE, holder, holders_max, holder)


async def places(daybook, reservation_id) -> dict:
    story = await Program(daybook).story(RESERVATION, reservation_id)
    return {holder: place.confirmed for holder, place in story.state.places.items()}


async def test_of_many_at_once_as_many_get_a_place_as_may(daybook, reservations):
    wishes = [wish(daybook, new_id(), 3) for _ in range(12)]
    got = await asyncio.gather(*(reservations.claim(one, never, new_id()) for one in wishes))
    assert sum(got) == 3
    held = await places(daybook, wishes[0].reservation_id)
    assert set(held) == {one.holder for one, has in zip(wishes, got, strict=True) if has}


async def test_claimed_twice_it_is_one_place_and_released_it_is_anothers(daybook, reservations):
    mine, other = wish(daybook, new_id()), wish(daybook, new_id())
    assert [await reservations.claim(mine, never, new_id()) for _ in range(2)] == [True, True]
    assert await reservations.confirm(mine.reservation_id, mine.holder, new_id())
    assert not await reservations.claim(other, never, new_id())
    for _ in range(2):
        await reservations.release(mine.reservation_id, mine.holder, "withdrawn", new_id())
    assert await reservations.claim(other, never, new_id())
    assert await places(daybook, mine.reservation_id) == {other.holder: False}


@pytest.mark.parametrize(("acted", "gets"), [(done, False), (not_done, True), (unknown, False)])
async def test_a_claim_left_by_a_crash_is_settled_by_whether_there_was_acted(
    daybook, reservations, monkeypatch, acted, gets
):
    left, other = wish(daybook, new_id()), wish(daybook, new_id())
    assert await reservations.claim(left, never, new_id())
    later = now() + reserving.LAPSES_AFTER + timedelta(seconds=1)
    monkeypatch.setattr(reserving, "now", lambda: later)
    assert await reservations.claim(other, acted, new_id()) is gets
    assert await places(daybook, left.reservation_id) == (
        {other.holder: False} if gets else {left.holder: acted is done}
    )
    assert await reservations.confirm(left.reservation_id, left.holder, new_id()) is not gets


async def test_an_id_tells_nothing_of_the_value_and_depends_on_purpose_and_parts(daybook):
    hmac = daybook.vault.keyed_hmac
    ids = {
        reservation_id_of(hmac, purpose, *parts)
        for purpose in (PURPOSE, "shared-phone")
        for parts in ((b"a", b"bc"), (b"ab", b"c"), (b"abc",))
    }
    assert len(ids) == 6
    assert reservation_id_of(hmac, PURPOSE, b"a", b"bc") in ids


async def test_whose_place_it_is_stands_in_what_concerns_them(daybook, reservations):
    mine = wish(daybook, new_id())
    await reservations.claim(mine, never, new_id())
    partition = daybook.record.partition_of(mine.reservation_id)
    rows = await daybook.record.pool.fetch(
        "select role from record.participant where partition = $1 and customer_id = $2", partition, mine.holder
    )
    assert [row["role"] for row in rows] == ["holder"]
