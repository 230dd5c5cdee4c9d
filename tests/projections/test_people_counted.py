"""KPIs count people: held against plain SQL over the record, on histories with merges made at random."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest

from domain.codes import Money
from domain.customer_messages import CustomerRegistered, RelationshipEnded
from domain.identity_messages import CustomersMerged, MergeClaimed, MergeReversed
from domain.lead import LeadCaptured, LeadConverted, LeadCostRecorded
from domain.touch import TouchConverted, TouchDecided
from projections.kpi_query import behind, figures
from projections.kpis import kpi_of
from projections.measures import Asked
from projections.seeing import EVERYTHING
from store.identity import new_id

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 180
PEOPLE = """
with recursive told as (
    select position, partition, type, customer_id, occurred_at, convert_from(data, 'UTF8')::jsonb as d from record.event
), merge as (
    select distinct on (customer_id, d ->> 'merge_id')
           type, customer_id, (d ->> 'other_id')::uuid as other_id, occurred_at
      from told
     where type in ('customer.merged', 'customer.merge-reversed') and customer_id < (d ->> 'other_id')::uuid
     order by customer_id, d ->> 'merge_id', position desc
), edge as (
    select customer_id as one, other_id as other from merge where type = 'customer.merged' and occurred_at < $1
    union
    select other_id, customer_id from merge where type = 'customer.merged' and occurred_at < $1
), reach as (
    select customer_id as one, customer_id as other from told where type = 'customer.registered'
    union
    select r.one, e.other from reach r join edge e on e.one = r.other
), person as (
    select one as customer_id, min(other::text) as person from reach group by one
), customer as (
    select p.person, p.customer_id, r.d ->> 'branch' as branch, r.occurred_at as came, e.occurred_at as went
      from told r
      join person p using (customer_id)
      left join told e on e.customer_id = r.customer_id and e.type = 'customer.relationship-ended'
     where r.type = 'customer.registered'
)
"""
"""Who is who at the end of a period ($1), from the events alone."""
TOUCHED = """
select count(distinct p.person) from told t join person p using (customer_id)
 where t.type = 'touch.decided' and t.occurred_at >= $2 and t.occurred_at < $1
"""
WON = """
select count(distinct p.person) from told t join person p using (customer_id)
 where t.type = 'touch.converted' and t.occurred_at >= $2 and t.occurred_at < $1
"""
LEADS_WON = """
select count(distinct p.person) from told c join told l on l.d ->> 'external_ref' = c.d ->> 'holding_id'
  join person p on p.customer_id::text = c.d ->> 'customer_id'
 where c.type = 'lead.converted' and l.type = 'lead.captured' and l.occurred_at >= $2 and l.occurred_at < $1
"""
STANDING = """
select count(distinct person) from customer
 where came < $1 and (went is null or went >= $1) and $2::timestamptz is not null
"""
BEGUN = """
select count(distinct person) from customer where came < $2 and (went is null or went >= $2)
"""
KEPT = """
select count(distinct b.person) from customer b join customer k using (person)
 where b.came < $2 and (b.went is null or b.went >= $2) and k.came < $1 and (k.went is null or k.went >= $1)
"""


def day(number: int) -> datetime:
    return START + timedelta(days=number, hours=9)


class Made:
    """Customers, their touches and leads, and merges of some of them, some reversed."""

    def __init__(self, bank: Any, seed: int) -> None:
        self.bank = bank
        self.random = Random(seed)
        self.campaign = new_id()

    async def customer(self, partition: int) -> UUID:
        me, random, bank = self.bank.customer(partition), self.random, self.bank
        came = random.randrange(DAYS)
        told = {"kind": "person", "branch": random.choice(("north", "south"))}
        await bank.happens(me, CustomerRegistered, customer_id=me, **told, at=day(came))
        if random.random() < 0.5:
            await bank.happens(me, RelationshipEnded, customer_id=me, reason="x", at=day(came + random.randrange(60)))
        for _ in range(random.randrange(3)):
            touch, at = new_id(me), random.randrange(DAYS)
            ruling = {"rule": "r", "rule_version": 1, "reason": "x", "decision": "send", "campaign_version": 2}
            scope = {"customer_id": me, "campaign_id": self.campaign, "channel": "email", "purpose": "marketing"}
            await bank.happens(touch, TouchDecided, **ruling, **scope, at=day(at))
            if random.random() < 0.6:
                await bank.happens(touch, TouchConverted, conversion_id=new_id(), at=day(at + random.randrange(40)))
        for _ in range(random.randrange(3)):
            lead, holding, at = new_id(), new_id(), day(random.randrange(DAYS))
            await bank.happens(lead, LeadCaptured, source="fair", channel="web", external_ref=str(holding), at=at)
            cost: dict[str, Any] = {"cost_id": new_id(), "kind": "fee", "amount": Money(5, "EUR")}
            await bank.happens(lead, LeadCostRecorded, **cost, at=at)
            await bank.happens(lead, LeadConverted, customer_id=me, holding_id=holding, at=at)
        return me

    async def merge(self, one: UUID, other: UUID) -> None:
        smaller, larger = sorted((one, other))
        sides = ((smaller, larger), (larger, smaller))
        merge_id, at = new_id(), self.random.randrange(DAYS)
        last = self.random.choice((CustomersMerged, CustomersMerged, CustomersMerged, MergeReversed, MergeClaimed))
        by = {"reason": "twice"}
        for me, them in sides:
            scope = {"customer_id": me, "merge_id": merge_id, "other_id": them}
            await self.bank.happens(me, MergeClaimed, **scope, **by, merged_by="staff:1", at=day(at))
            if last is not MergeClaimed:
                await self.bank.happens(me, CustomersMerged, **scope, at=day(at))
            if last is MergeReversed:
                await self.bank.happens(me, MergeReversed, **scope, **by, reversed_by="staff:2", at=day(at + 9))


async def told(bank: Any, name: str, asked: Asked) -> dict[tuple[str | None, ...], tuple[int, int | None]]:
    cells = (await figures(bank.models, kpi_of(name), asked, EVERYTHING)).cells
    return {tuple(one.group.values()): (one.numerator, one.denominator) for one in cells}


@pytest.mark.parametrize("seed", range(3))
async def test_they_count_whom_plain_sql_over_the_record_counts(bank, app, seed):
    made = Made(bank, seed)
    customers = [await made.customer(n % 4) for n in range(14)]
    for _ in range(9):
        await made.merge(*made.random.sample(customers, 2))
    await bank.follow()
    merged_away = 0
    for first, last in ((date(2026, 2, 1), date(2026, 3, 31)), (date(2026, 3, 10), date(2026, 6, 20))):
        asked, until = Asked(first, last), datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
        since = datetime(first.year, first.month, first.day, tzinfo=UTC)

        async def plain(query: str, since: datetime = since, until: datetime = until) -> int:
            return await app.fetchval(PEOPLE + query, until, since)

        (touches,) = (await told(bank, "campaign.touches_per_customer", asked)).values()
        assert touches[1] == await plain(TOUCHED)
        euro = Asked(first, last, where={"currency": "EUR"})
        assert [one[1] for one in (await told(bank, "campaign.acquisition_cost", euro)).values()] == [await plain(WON)]
        assert [one[1] for one in (await told(bank, "customer.acquisition_cost", euro)).values()] == [
            await plain(LEADS_WON)
        ]
        (rate,) = (await told(bank, "complaint.rate", asked)).values()
        assert rate[1] == await plain(STANDING)
        assert list((await told(bank, "customer.retention", asked)).values()) == [
            (await plain(KEPT), await plain(BEGUN))
        ]
        merged_away += len(customers) - await plain(
            "select count(distinct person) from person where $2::timestamptz is not null"
        )
        by_month = await told(bank, "campaign.touches_per_customer", Asked(first, last, ("month",)))
        for (month,), (_, people) in by_month.items():
            begins = max(datetime.fromisoformat(f"{month}-01T00:00:00+00:00"), since)
            ends = min((begins.replace(day=1) + timedelta(days=31)).replace(day=1), until)
            assert people == await plain(TOUCHED, begins, ends), month
        await check_behind(bank, asked)
    assert merged_away


async def check_behind(bank: Any, asked: Asked) -> None:
    """Each person stands once behind a figure, a few at a time."""
    for name in ("campaign.touches_per_customer", "complaint.rate", "customer.retention"):
        kpi = kpi_of(name)
        (cell,) = (await figures(bank.models, kpi, asked, EVERYTHING)).cells
        basis = kpi.basis(None)
        for measure, figure in ((basis.numerator, cell.numerator), (basis.denominator, cell.denominator)):
            if measure is None or not measure.of_people:
                continue
            ids, after = [], None
            while True:
                page = await behind(bank.models, measure, asked, EVERYTHING, after=after, limit=3)
                ids += [one.id for one in page.counted]
                assert all(one.events for one in page.counted)
                after = page.next
                if after is None:
                    break
            assert (len(ids), len(set(ids))) == (figure, figure)


async def test_who_left_under_one_id_and_came_back_under_another_was_kept(bank):
    left, back = bank.customer(0), bank.customer(1)
    for me, at in ((left, day(0)), (back, day(50))):
        await bank.happens(me, CustomerRegistered, customer_id=me, kind="person", at=at)
    await bank.happens(left, RelationshipEnded, customer_id=left, reason="x", at=day(40))
    await bank.follow()
    spring = Asked(date(2026, 2, 1), date(2026, 3, 31))
    assert await told(bank, "customer.retention", spring) == {(): (0, 1)}
    smaller, larger = sorted((left, back))
    for me, them in ((larger, smaller), (smaller, larger)):
        await bank.happens(me, CustomersMerged, customer_id=me, merge_id=UUID(int=7), other_id=them, at=day(60))
    await bank.follow()
    assert await told(bank, "customer.retention", spring) == {(): (1, 1)}
    before = Asked(date(2026, 2, 1), date(2026, 2, 28))
    assert await told(bank, "customer.retention", before) == {(): (0, 1)}
    assert await told(bank, "complaint.rate", Asked(last=date(2026, 3, 31), by=("month",))) == {
        ("2026-01",): (0, 1), ("2026-02",): (0, 1), ("2026-03",): (0, 1),
    }  # fmt: skip
