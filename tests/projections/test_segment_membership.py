"""Who belonged to which segment at a moment, and as it was known at a moment."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest

from domain.customer_messages import CustomerRegistered, SegmentEntered, SegmentLeft
from projections import segment_membership
from projections.segment_membership import At
from store.errors import CursorInvalid
from tests.projections.bank import START


async def _customer(bank, partition=1, **facts):
    me = bank.customer(partition)
    await bank.happens(me, CustomerRegistered, customer_id=me, kind="person", **facts)
    return me


async def test_a_segment_is_what_it_was_at_a_moment(bank):
    me = await _customer(bank, segment="mass")
    entered = await bank.happens(me, SegmentEntered, customer_id=me, segment="affluent", rule="assets", rule_version=3)
    left = await bank.happens(me, SegmentLeft, customer_id=me, segment="mass")
    await bank.follow()

    async def codes(at):
        return [one.segment for one in await segment_membership.of_customer(bank.models, me, at)]

    assert await codes(At(START)) == []
    assert await codes(At(START + timedelta(hours=1))) == ["mass"]
    assert await codes(At(entered.event.occurred_at)) == ["affluent", "mass"]
    assert await codes(At(left.event.occurred_at)) == ["affluent"]
    (now,) = await segment_membership.of_customer(bank.models, me)
    assert (now.segment, now.since, now.rule, now.rule_version, now.event_id) == (
        "affluent", entered.event.occurred_at, "assets", 3, entered.event_id,
    )  # fmt: skip


async def test_what_was_recorded_late_was_not_known_before(bank):
    me = await _customer(bank)
    backdated = START - timedelta(days=30)
    await bank.happens(me, SegmentEntered, customer_id=me, segment="affluent", at=backdated)
    await bank.follow()
    (known,) = await segment_membership.of_customer(bank.models, me, At(occurred=backdated))
    assert known.since == backdated
    before = At(occurred=backdated, recorded=known.recorded_at - timedelta(microseconds=1))
    assert await segment_membership.of_customer(bank.models, me, before) == ()


async def test_members_come_page_by_page_and_are_counted(bank):
    wanted = sorted([await _customer(bank, n % 4, segment="affluent") for n in range(7)])
    gone = await _customer(bank, segment="affluent")
    moment = bank.at
    await bank.happens(gone, SegmentLeft, customer_id=gone, segment="affluent")
    await bank.follow()
    found, after = [], None
    while True:
        page = await segment_membership.members(bank.models, "affluent", after=after, limit=2)
        found += [one.customer_id for one in page.members]
        after = page.next
        if after is None:
            break
    assert found == wanted
    assert (await segment_membership.sizes(bank.models)).sizes == {"affluent": 7}
    assert (await segment_membership.sizes(bank.models, At(moment))).sizes == {"affluent": 8}
    assert (await segment_membership.members(bank.models, "nobody")).members == ()
    walked = [await segment_membership.members_in(bank.models, n, "affluent") for n in range(4)]
    assert sorted(one for page in walked for one in page) == wanted
    (first, second) = walked[0]
    assert await segment_membership.members_in(bank.models, 0, "affluent", after=first) == [second]
    with pytest.raises(CursorInvalid):
        await segment_membership.members(bank.models, "affluent", after="x")


async def test_at_every_moment_the_change_recorded_last_decides(bank):
    """Many changes in any order of business time, and every question about them answered by hand as well."""
    random = Random(7)
    people = [await _customer(bank, n % 4) for n in range(6)]
    told = []
    for _ in range(60):
        me, kind = random.choice(people), random.choice((SegmentEntered, SegmentLeft))
        day = random.randrange(8)
        one = await bank.happens(me, kind, customer_id=me, segment=random.choice("ab"), at=START + timedelta(days=day))
        told.append((me, day, kind is SegmentEntered, one))
    await bank.follow()
    recorded = {
        row["event_id"]: row["recorded_at"]
        for row in await bank.models.record.pool.fetch("select event_id, recorded_at from record.event")
    }
    known = sorted(recorded.values())
    for _ in range(60):
        segment, day, moment = random.choice("ab"), random.randrange(-1, 8), random.choice(known)
        last: dict[UUID, bool] = {
            me: entered
            for me, changed, entered, one in told
            if one.event.segment == segment and changed <= day and recorded[one.event_id] <= moment
        }
        at = At(START + timedelta(days=day), moment)
        page = await segment_membership.members(bank.models, segment, at)
        assert [one.customer_id for one in page.members] == sorted(me for me, entered in last.items() if entered)
        sizes = (await segment_membership.sizes(bank.models, at)).sizes
        assert sizes.get(segment, 0) == len(page.members)
        for me in people:
            codes = [one.segment for one in await segment_membership.of_customer(bank.models, me, at)]
            assert (segment in codes) == last.get(me, False)
