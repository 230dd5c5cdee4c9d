"""KPIs on a history small enough to be read: what is counted, when, by what, and what stands behind it."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.campaign import CampaignCostRecorded, CampaignPlanned
from domain.codes import Money
from domain.complaint import ComplaintClosed, ComplaintMerged, ComplaintReopened, ComplaintWithdrawn
from domain.complaint_confidentiality import ComplaintMarkedConfidential
from domain.complaint_letters import FinalResponseIssued
from domain.complaint_redress import RedressAccepted, RedressApproved, RedressOffered, RedressPaid
from domain.customer_messages import CustomerRegistered, RelationshipEnded
from domain.lead import LeadCaptured, LeadConverted, LeadCostRecorded, LeadLost
from domain.matters import Sight
from domain.touch import TouchConverted, TouchDecided, TouchReleased, TouchSuppressed
from projections.errors import MeasureRefused
from projections.kpi_query import behind, figures
from projections.kpis import KPIS, kpi_of
from projections.measures import Asked
from projections.seeing import EVERYTHING
from store.errors import CursorInvalid
from store.identity import new_id
from tests.projections.bank import asked, complains

NOBODY = Sight("staff:1")
# Of each definition: a changed one must get the next version, for people keep figures by name and version.
DIGESTS = {
    ("complaint.count", 1): "c2a79b9b19e7fece",
    ("complaint.timely_rate", 2): "6e215ae7a6d7f553",
    ("complaint.open", 1): "da2cf5ca0136e4dc",
    ("complaint.repeat_rate", 1): "9599f12d0224c17e",
    ("complaint.answered", 1): "26628f03625aa59f",
    ("complaint.upheld_rate", 1): "086d16c339d7fb29",
    ("complaint.redress_offered", 1): "2f223b0264675799",
    ("complaint.redress_accepted", 1): "4c55a05ecb0770ac",
    ("complaint.redress_paid", 1): "cc31583d1a3e6932",
    ("complaint.relief_rate", 1): "c21283b42f3cb58f",
    ("complaint.rate", 2): "4908ab023f42d58c",
    ("complaint.resolution_days", 1): "1aa48a001b82438b",
    ("campaign.conversion_rate", 1): "4998cc60ee262e7f",
    ("campaign.touches", 1): "06b15f1a2ac21431",
    ("campaign.touches_per_customer", 2): "b6449639961379e9",
    ("customer.acquisition_cost", 2): "0dcdb5625fa27168",
    ("campaign.acquisition_cost", 2): "3f94d88ed8c094d9",
    ("customer.retention", 2): "9ded7b929f9ccafd",
    ("engagement.count", 1): "1adb48afc7812d31",
    ("engagement.approval_rate", 1): "9a23b8fd12701c5c",
    ("engagement.acceptance_rate", 1): "3b156012b2bc85c4",
    ("engagement.decision_days", 1): "6606a97dec552653",
    ("satisfaction.csat", 1): "39fccbc4a30af06b",
    ("satisfaction.nps", 1): "4cac50e50476b0e4",
    ("satisfaction.response_rate", 1): "1bae95636037d9c4",
}


def at(month: int, day: int = 1, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


async def told(bank, name: str, sight: Sight = NOBODY, **of: Any) -> list[tuple[Any, ...]]:
    """Group, numerator, denominator and value of each cell."""
    found = await figures(bank.models, kpi_of(name), Asked(**of), sight)
    assert found.parked == 0
    return [(*one.group.values(), one.numerator, one.denominator, one.value) for one in found.cells]


def test_a_definition_that_changes_gets_the_next_version():
    assert {(one.name, one.version): one.digest[:16] for one in KPIS} == DIGESTS


def test_names_are_unique_and_bases_agree_on_their_dimensions():
    assert len({one.name for one in KPIS}) == len(KPIS)
    for one in KPIS:
        assert len({basis.numerator.dimensions for basis in one.bases}) == 1
        assert len({basis.denominator is None for basis in one.bases}) == 1


async def test_complaints_are_counted_by_day_and_dimension(bank):
    for n in range(5):
        await complains(
            bank, n % 4, product="loan" if n == 2 else "mortgage", at=at(1 + n % 2, 31 if n % 2 == 0 else 1)
        )
    await complains(bank, product=None, at=at(3, 1, 0))
    await complains(bank, product="loan", at=at(2, 28, 23) + timedelta(minutes=59))
    await bank.follow()
    assert await told(bank, "complaint.count") == [(7, None, 7.0)]
    assert await told(bank, "complaint.count", first=date(2026, 2, 1), last=date(2026, 2, 28)) == [(3, None, 3.0)]
    assert await told(bank, "complaint.count", by=("product",), last=date(2026, 1, 31)) == [
        ("loan", 1, None, 1.0), ("mortgage", 2, None, 2.0),
    ]  # fmt: skip
    assert await told(bank, "complaint.count", by=("month", "product"), first=date(2026, 2, 2)) == [
        ("2026-02", "loan", 1, None, 1.0), ("2026-03", None, 1, None, 1.0),
    ]  # fmt: skip
    assert await told(bank, "complaint.count", where={"product": "", "channel": "phone"}) == [(1, None, 1.0)]
    assert await told(bank, "complaint.count", where={"month": "2026-02"}) == [(3, None, 3.0)]
    assert await told(bank, "complaint.count", by=("product",), where={"product": "card"}) == []


async def test_what_it_cannot_answer_is_refused(bank):
    wrong: dict[str, dict[str, Any]] = {
        "no dimension": {"by": ("colour",)},
        "at most": {"by": ("product", "product")},
        "after": {"first": date(2026, 2, 1), "last": date(2026, 1, 1)},
        "2026-11": {"where": {"month": "soon"}},
        "years": {"last": date.max},
    }
    for says, of in wrong.items():
        with pytest.raises(MeasureRefused, match=re.escape(says)):
            await told(bank, "complaint.count", **of)
    with pytest.raises(MeasureRefused, match="there are complaint"):
        kpi_of("complaint.sung")
    with pytest.raises(MeasureRefused, match="has no denominator"):
        kpi_of("complaint.count").basis(None).part("denominator")
    with pytest.raises(MeasureRefused, match="asserted"):
        kpi_of("complaint.timely_rate").basis("guessed")


async def test_confidential_complaints_exist_for_whom_they_exist(bank):
    one = await complains(bank, confidential="whistleblower")
    await bank.happens(await complains(bank), ComplaintMarkedConfidential, group="about-colleague", standing="open")
    await complains(bank)
    await bank.follow()
    assert await told(bank, "complaint.count") == [(1, None, 1.0)]
    assert await told(bank, "complaint.count", EVERYTHING) == [(3, None, 3.0)]
    seeing = Sight("staff:1", frozenset({"whistleblower"}))
    assert await told(bank, "complaint.count", seeing) == [(2, None, 2.0)]
    page = await behind(bank.models, kpi_of("complaint.count").bases[0].numerator, Asked(), NOBODY)
    assert one not in {counted.id for counted in page.counted}


async def _answered(bank, days: int, redress: str, timely: bool | None = None, **facts: Any):  # noqa: FBT001
    begun = at(1, 10)
    one = await complains(bank, len(bank.versions) % 4, at=begun, **facts)
    more = {"complainant_id": new_id(), "letter": "so", "timely_asserted": timely}
    await bank.happens(one, FinalResponseIssued, outcome="upheld", redress=redress, **more)
    await bank.happens(one, ComplaintClosed, at=begun + timedelta(days=days))
    return one


async def test_rates_of_complaints(bank):
    source = {"source": "us.cfpb"}
    await _answered(bank, 0, "monetary", timely=True, **source)
    await _answered(bank, 40, "not_stated", timely=False, **source)
    await _answered(bank, 3, "none")
    reopened = await _answered(bank, 3, "non_monetary")
    await complains(bank)
    await bank.follow()
    assert await told(bank, "complaint.timely_rate") == [(1, 2, 50.0), (0, 0, None)]
    assert await told(bank, "complaint.relief_rate") == [(2, 3, 66.6667)]
    found = await figures(bank.models, kpi_of("complaint.resolution_days"), Asked(), NOBODY)
    assert [(one.basis, one.numerator, one.denominator, one.value, one.spread) for one in found.cells] == [
        ("recorded", 6, 2, 3.0, {3: 2}), ("imported", 40, 2, 20.0, {0: 1, 40: 1}),
    ]  # fmt: skip
    await bank.happens(reopened, ComplaintReopened, reason="new-facts")
    await bank.follow()
    (here, _) = await told(bank, "complaint.resolution_days")
    assert here == (3, 1, 3.0)


async def test_complaints_for_each_customer_there_was_at_the_end(bank):
    person = {"kind": "person", "name": "A", "language": "zh"}
    for n, region in enumerate(("CN-GD", "CN-GD", "CN-BJ", None)):
        me = bank.customer(n)
        await bank.happens(me, CustomerRegistered, customer_id=me, **person, region=region, at=at(1 + n // 2))
        if n == 0:
            await bank.happens(me, RelationshipEnded, customer_id=me, reason="moved", at=at(3))
    for month, region in ((1, "CN-GD"), (2, "CN-GD"), (2, "US-FL"), (3, None)):
        await complains(bank, month, region=region, at=at(month, 15))
    await bank.follow()
    assert await told(bank, "complaint.rate", last=date(2026, 2, 28)) == [(3, 4, 750.0)]
    assert await told(bank, "complaint.rate") == [(4, 3, 1333.3333)]
    assert await told(bank, "complaint.rate", by=("month",), first=date(2026, 2, 1)) == [
        ("2026-02", 2, 4, 500.0), ("2026-03", 1, 3, 333.3333),
    ]  # fmt: skip
    assert await told(bank, "complaint.rate", by=("region",), last=date(2026, 2, 28)) == [
        (None, 0, 1, 0.0), ("CN-BJ", 0, 1, 0.0), ("CN-GD", 2, 2, 1000.0), ("US-FL", 1, 0, None),
    ]  # fmt: skip
    assert await told(bank, "complaint.rate", by=("product",)) == [("mortgage", 4, 3, 1333.3333)]
    customers = kpi_of("complaint.rate").basis(None).part("denominator")
    page = await behind(bank.models, customers, Asked(last=date(2026, 2, 28), where={"region": "CN-GD"}), NOBODY)
    assert [(one.kind, one.amount, one.events[0].type) for one in page.counted] == [
        ("customer", 1, "customer.registered")
    ] * 2
    assert len((await behind(bank.models, customers, Asked(), NOBODY)).counted) == 3


async def _touched(bank, person, campaign, decision="send", month=1):
    touch = new_id(person)
    await bank.happens(
        touch, TouchDecided, customer_id=person, campaign_id=campaign, campaign_version=2, channel="email",
        purpose="marketing", decision=decision, rule="consent", rule_version=1, reason="x", at=at(month),
    )  # fmt: skip
    return touch


async def test_campaigns(bank):
    people, spring, autumn = [bank.customer(n) for n in range(4)], new_id(), new_id()
    ruling = {"rule": "r", "rule_version": 1, "reason": "x"}
    for month, campaign in ((1, spring), (2, spring), (2, autumn)):
        for person in people[: 4 - month]:
            touch = await _touched(bank, person, campaign, month=month)
            if person == people[0] and campaign == spring:
                for value in range(2):
                    await bank.happens(touch, TouchConverted, conversion_id=new_id(), product=f"fund-{value}", at=at(5))
    await bank.happens(await _touched(bank, people[3], spring, "hold", 1), TouchReleased, **ruling, at=at(3))
    await bank.happens(await _touched(bank, people[3], spring, "hold", 1), TouchSuppressed, **ruling, at=at(3))
    await _touched(bank, people[3], spring, "suppress", 1)
    await bank.follow()
    assert await told(bank, "campaign.touches") == [(8, None, 8.0)]
    assert await told(bank, "campaign.touches", by=("month",)) == [
        ("2026-01", 3, None, 3.0), ("2026-02", 4, None, 4.0), ("2026-03", 1, None, 1.0),
    ]  # fmt: skip
    assert await told(bank, "campaign.touches_per_customer") == [(8, 4, 2.0)]
    assert await told(bank, "campaign.touches_per_customer", by=("month",)) == [
        ("2026-01", 3, 3, 1.0), ("2026-02", 4, 2, 2.0), ("2026-03", 1, 1, 1.0),
    ]  # fmt: skip
    by_campaign = {one[0]: one[1:] for one in await told(bank, "campaign.conversion_rate", by=("campaign",))}
    assert by_campaign == {str(spring): (2, 6, 33.3333), str(autumn): (0, 2, 0.0)}
    assert await told(bank, "campaign.conversion_rate", by=("product",), where={"product": "fund-0"}) == [
        ("fund-0", 2, 2, 100.0)
    ]


async def test_satisfaction(bank):
    people = [bank.customer(n % 4) for n in range(6)]
    for person, score in zip(people, [10, 9, 8, 6, 0, None], strict=True):
        await asked(bank, person, score, at=at(1))
    for person, score in zip(people, [5, 4, 3, 1, None, None], strict=True):
        await asked(bank, person, score, metric="csat", scale_min=1, scale_max=5, product="loan", at=at(1))
    await bank.follow()
    assert await told(bank, "satisfaction.nps") == [(0, 5, 0.0)]
    assert await told(bank, "satisfaction.csat", by=("product",)) == [("loan", 2, 4, 50.0)]
    assert await told(bank, "satisfaction.csat", last=date(2026, 1, 31)) == [(0, 0, None)]
    assert await told(bank, "satisfaction.response_rate", by=("product",)) == [
        (None, 5, 6, 83.3333), ("loan", 4, 6, 66.6667),
    ]  # fmt: skip


async def _redressed(bank, complaint_id, amounts, begun, steps=3):
    """Offers, accepted and paid on the days after."""
    for amount, currency in amounts:
        offer = new_id(complaint_id)
        terms = {"redress": "monetary", "amount": Money(amount, currency)} if amount else {"redress": "non_monetary"}
        await bank.happens(complaint_id, RedressOffered, redress_id=offer, **terms, at=begun)
        for n, kind in enumerate((RedressAccepted, RedressPaid)[: steps - 1], 1):
            await bank.happens(complaint_id, kind, redress_id=offer, at=begun + timedelta(days=n))


async def test_what_stands_open_is_told_as_of_any_day_by_age(bank):
    begun = at(1, 1)
    one, two, three = [await complains(bank, n, at=begun, regime="cn" if n else "uk") for n in range(3)]
    await complains(bank, at=at(3, 1))
    await bank.happens(one, ComplaintClosed, at=at(1, 11))
    await bank.happens(one, ComplaintReopened, reason="new-facts", at=at(2, 1))
    await bank.happens(two, ComplaintWithdrawn, reason="settled", at=at(1, 21))
    await bank.happens(three, ComplaintMerged, into_complaint_id=one, reason="same-matter", at=at(2, 11))
    await bank.follow()
    standing = {
        date(2025, 12, 31): [],
        date(2026, 1, 1): [("00-07", 3, None, 3.0)],
        date(2026, 1, 10): [("08-15", 3, None, 3.0)],
        date(2026, 1, 11): [("08-15", 2, None, 2.0)],
        date(2026, 1, 31): [("16-30", 1, None, 1.0)],
        date(2026, 2, 1): [("31-56", 2, None, 2.0)],
        date(2026, 3, 1): [("00-07", 1, None, 1.0), ("57-90", 1, None, 1.0)],
    }
    for last, expected in standing.items():
        assert await told(bank, "complaint.open", last=last, by=("age",)) == expected, last
    assert await told(bank, "complaint.open", last=date(2026, 1, 10), by=("regime", "age"), where={"age": "08-15"}) == [
        ("cn", "08-15", 2, None, 2.0), ("uk", "08-15", 1, None, 1.0),
    ]  # fmt: skip
    assert await told(bank, "complaint.open") == [(2, None, 2.0)]
    page = await behind(bank.models, kpi_of("complaint.open").bases[0].numerator, Asked(last=date(2026, 2, 1)), NOBODY)
    assert {counted.id for counted in page.counted} == {one, three}
    with pytest.raises(MeasureRefused, match="month is no dimension"):
        await told(bank, "complaint.open", by=("month",))


async def test_who_complains_again_within_a_year(bank):
    person, other = bank.customer(), bank.customer()
    days = [datetime(2025, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 9, tzinfo=UTC), at(1, 2), at(1, 2)]
    for moment in days:
        await complains(bank, customer_id=person, at=moment)
    await complains(bank, customer_id=other, at=at(1, 2))
    await complains(bank, customer_id=other, confidential="whistleblower", at=at(1, 1))
    await bank.follow()
    assert await told(bank, "complaint.repeat_rate") == [(3, 5, 60.0)]
    assert await told(bank, "complaint.repeat_rate", EVERYTHING) == [(4, 6, 66.6667)]


async def test_outcomes(bank):
    for n, outcome in enumerate(("upheld", "partly_upheld", "rejected", "not_stated")):
        one = await complains(bank, n, at=at(1))
        more = {"complainant_id": new_id(), "letter": "so", "redress": "none"}
        await bank.happens(one, FinalResponseIssued, outcome=outcome, **more, at=at(2))
    await complains(bank, branch="north")
    await bank.follow()
    assert await told(bank, "complaint.upheld_rate", first=date(2026, 2, 1)) == [(2, 3, 66.6667)]
    assert await told(bank, "complaint.answered", by=("outcome",)) == [
        ("not_stated", 1, None, 1.0), ("partly_upheld", 1, None, 1.0), ("rejected", 1, None, 1.0),
        ("upheld", 1, None, 1.0),
    ]  # fmt: skip
    assert await told(bank, "complaint.count", by=("branch",)) == [(None, 4, None, 4.0), ("north", 1, None, 1.0)]


async def test_redress_by_currency_and_amount(bank):
    one, two = await complains(bank, product="loan"), await complains(bank, 2, product="card")
    await _redressed(bank, one, [(1_000, "CNY"), (9_999, "CNY"), (0, None)], at(1, 5))
    await _redressed(bank, two, [(70, "EUR")], at(2, 5), steps=2)
    proposed = new_id(two)
    terms = {"redress": "monetary", "amount": Money(50_000, "EUR"), "needs_approval": True}
    await bank.happens(two, RedressOffered, redress_id=proposed, **terms, at=at(2, 6))
    await bank.follow()
    offered = await told(bank, "complaint.redress_offered", by=("currency",))
    assert offered == [(None, 0, 1, 0.0), ("CNY", 10_999, 2, 5499.5), ("EUR", 70, 1, 70.0)]
    assert await told(bank, "complaint.redress_paid", by=("currency",)) == offered[:2]
    assert await told(bank, "complaint.redress_accepted", where={"currency": "EUR"}, by=("product", "month")) == [
        ("card", "2026-02", 70, 1, 70.0)
    ]
    await bank.happens(two, RedressApproved, redress_id=proposed, approved_by="staff:2", at=at(3, 1))
    await bank.follow()
    assert await told(bank, "complaint.redress_offered", where={"currency": "EUR"}, by=("amount",)) == [
        ("10-99", 70, 1, 70.0), ("10000-99999", 50_000, 1, 50_000.0),
    ]  # fmt: skip
    measure = kpi_of("complaint.redress_offered").basis(None).numerator
    page = await behind(bank.models, measure, Asked(where={"currency": "CNY"}), NOBODY)
    assert [(counted.id, counted.amount) for counted in page.counted] == [(one, 10_999)]
    with pytest.raises(MeasureRefused, match="never added up over currency"):
        await told(bank, "complaint.redress_paid", by=("product",))


async def test_every_cell_adds_up_from_what_stands_behind_it(bank):
    """Of every KPI that has cells here: pages of its numerator and denominator come to the cell's figures."""
    people, campaign = [bank.customer(n % 4) for n in range(7)], new_id()
    for n, person in enumerate(people):
        await bank.happens(person, CustomerRegistered, customer_id=person, kind="person", name="A", at=at(1))
        touch = await _touched(bank, person, campaign, month=1 + n % 3)
        await _touched(bank, person, campaign, month=1)
        if n % 2:
            await bank.happens(touch, TouchConverted, conversion_id=new_id(), at=at(5))
        await asked(bank, person, n, at=at(1 + n % 2))
        await asked(bank, person, 1 + n % 5, metric="csat", scale_min=1, scale_max=5, at=at(1 + n % 3))
        one = await _answered(bank, n, "monetary" if n % 2 else "none", timely=n > 2, source="x" if n > 3 else None)
        await _redressed(bank, one, [(100 * n, "CNY"), (n, "EUR")][: n % 3], at(2 + n % 2))
        await complains(bank, n % 4, complainant_id=person, at=at(1 + n % 2))
    await bank.follow()
    pages = 0
    for kpi in KPIS:
        by = tuple(one for one in ("month", "channel", "currency") if one in kpi.dimensions)
        for cell in (await figures(bank.models, kpi, Asked(by=by), NOBODY)).cells:
            where = {name: value or "" for name, value in cell.group.items()}
            basis = kpi.basis(cell.basis)
            for measure, figure in ((basis.numerator, cell.numerator), (basis.denominator, cell.denominator)):
                if measure is None:
                    continue
                total, after, ids = 0, None, []
                while True:
                    page = await behind(bank.models, measure, Asked(where=where), NOBODY, after=after, limit=2)
                    total += sum(one.amount for one in page.counted)
                    ids += [one.id for one in page.counted]
                    assert all(one.events for one in page.counted)
                    assert {event.type for one in page.counted for event in one.events} <= set(measure.events)
                    after, pages = page.next, pages + 1
                    if after is None:
                        break
                assert (total, len(ids)) == (figure, len(set(ids))), (kpi.name, where, measure.says)
    assert pages > 80
    with pytest.raises(CursorInvalid):
        await behind(bank.models, KPIS[0].bases[0].numerator, Asked(), NOBODY, after="x")


async def test_what_a_customer_costs_is_told_by_source_and_never_over_currencies(bank):
    async def lead(source: str, currency: str | None, amount: int, *, won: bool, when: datetime) -> None:
        lead_id = new_id()
        await bank.happens(lead_id, LeadCaptured, source=source, channel="web", at=when)
        if currency is not None:
            cost = Money(amount_minor=amount, currency=currency)
            await bank.happens(lead_id, LeadCostRecorded, cost_id=new_id(), kind="fee", amount=cost, at=when)
        if won:
            # Of the period in which it was captured, whenever it became a customer.
            await bank.happens(lead_id, LeadConverted, customer_id=bank.customer(), at=at(9))
        else:
            await bank.happens(lead_id, LeadLost, reason="silent", at=when)

    await lead("partner", "CNY", 4000, won=True, when=at(1))
    await lead("partner", "CNY", 2000, won=False, when=at(1))
    await lead("partner", "EUR", 70, won=True, when=at(1))
    await lead("fair", "CNY", 500, won=False, when=at(2))
    await lead("branch", None, 0, won=True, when=at(2))
    await bank.follow()
    name = "customer.acquisition_cost"
    assert await told(bank, name, by=("source", "currency")) == [
        ("fair", "CNY", 500, 0, None), ("partner", "CNY", 6000, 1, 6000.0), ("partner", "EUR", 70, 1, 70.0),
    ]  # fmt: skip
    january = await told(bank, name, where={"currency": "CNY"}, last=date(2026, 1, 31))
    assert [row[-3:] for row in january] == [(6000, 1, 6000.0)]
    page = await behind(bank.models, kpi_of(name).basis(None).numerator, Asked(where={"source": "fair"}), NOBODY)
    (counted,) = page.counted
    assert (counted.kind, counted.amount, [one.type for one in counted.events]) == (
        "lead", 500, ["lead.captured", "lead.cost-recorded"],
    )  # fmt: skip


async def customer(bank, joined: datetime, left: datetime | None = None, **facts: Any) -> None:
    customer_id = bank.customer()
    await bank.happens(customer_id, CustomerRegistered, customer_id=customer_id, kind="person", at=joined, **facts)
    if left is not None:
        await bank.happens(customer_id, RelationshipEnded, customer_id=customer_id, reason="moved", at=left)


async def test_who_was_there_when_a_period_began_and_who_stayed(bank):
    await customer(bank, at(1), branch="north")  # stays
    await customer(bank, at(1), at(3, 31, 23), branch="north")  # leaves on the last day
    await customer(bank, at(1), at(4, 1, 0), branch="south")  # leaves on the day after it
    await customer(bank, at(1), at(2, 28, 23), branch="south")  # was gone before
    await customer(bank, at(3, 1, 0), branch="south")  # joins on the first day
    await bank.follow()
    march: dict[str, Any] = {"first": date(2026, 3, 1), "last": date(2026, 3, 31)}
    assert await told(bank, "customer.retention", **march) == [(2, 3, 66.6667)]
    assert await told(bank, "customer.retention", **march, by=("branch",)) == [
        ("north", 1, 2, 50.0), ("south", 1, 1, 100.0),
    ]  # fmt: skip
    assert await told(bank, "customer.retention", first=date(2026, 3, 1)) == [(1, 3, 33.3333)]
    assert await told(bank, "customer.retention", first=date(2025, 1, 1)) == [(0, 0, None)]
    assert await told(bank, "customer.retention") == [(0, 0, None)]
    with pytest.raises(MeasureRefused, match="no dimension"):
        await told(bank, "customer.retention", **march, by=("month",))
    basis = kpi_of("customer.retention").basis(None)
    kept = await behind(bank.models, basis.numerator, Asked(**march), NOBODY)
    begun = await behind(bank.models, basis.part("denominator"), Asked(**march), NOBODY)
    assert (len(kept.counted), len(begun.counted)) == (2, 3)
    assert {one.id for one in kept.counted} < {one.id for one in begun.counted}


async def test_what_a_customer_won_by_a_campaign_cost(bank):
    campaign_id, other = new_id(), new_id()
    for one in (campaign_id, other):
        await bank.happens(one, CampaignPlanned, title="t", purpose="marketing", channel="email", planned_by="staff:1")
    costs = [(campaign_id, 90_00, "EUR", date(2026, 2, 1)), (campaign_id, 10_00, "EUR", date(2026, 2, 28)),
             (campaign_id, 70_00, "CNY", date(2026, 2, 3)), (other, 500_00, "EUR", date(2026, 3, 1))]  # fmt: skip
    for of, amount, currency, day in costs:
        cost: dict[str, Any] = {"cost_id": new_id(), "kind": "media", "amount": Money(amount, currency)}
        await bank.happens(of, CampaignCostRecorded, **cost, incurred_on=day, at=at(6))
    decided = {"campaign_id": campaign_id, "campaign_version": 2, "channel": "email", "purpose": "marketing",
               "decision": "send", "rule": "r", "rule_version": 1, "reason": "x"}  # fmt: skip
    for partition in (1, 2):
        customer_id = bank.customer(partition)
        for _ in range(2):  # each customer once
            touch_id = new_id(customer_id)
            await bank.happens(touch_id, TouchDecided, **decided, customer_id=customer_id, at=at(2))
            await bank.happens(touch_id, TouchConverted, conversion_id=new_id(), at=at(2, 20))
    await bank.follow()
    february: dict[str, Any] = {"first": date(2026, 2, 1), "last": date(2026, 2, 28)}
    assert await told(bank, "campaign.acquisition_cost", **february, by=("currency",)) == [
        ("CNY", 7000, 2, 3500.0), ("EUR", 10000, 2, 5000.0),
    ]  # fmt: skip
    of_other: dict[str, Any] = {"where": {"currency": "EUR", "campaign": str(other)}}
    assert await told(bank, "campaign.acquisition_cost", **of_other) == [(50000, 0, None)]
    with pytest.raises(MeasureRefused, match="never added up over currency"):
        await told(bank, "campaign.acquisition_cost")
    measure = kpi_of("campaign.acquisition_cost").basis(None).numerator
    page = await behind(bank.models, measure, Asked(**february, where={"currency": "EUR"}), NOBODY)
    assert [(one.kind, one.amount) for one in page.counted] == [("campaign-cost", 1000), ("campaign-cost", 9000)]
    assert {event.type for one in page.counted for event in one.events} == {"campaign.cost-recorded"}
