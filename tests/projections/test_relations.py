"""What the read models of the organisation, of leads and of holdings tell, on a history small enough to be read."""

from datetime import date, timedelta
from typing import Literal

import pytest

from domain.codes import Change, Money
from domain.holding import CategoryTotal, HoldingActivitySummarised, HoldingChanged, HoldingClosed, HoldingOpened
from domain.lead import LeadCaptured, LeadConverted, LeadCostRecorded, LeadLost, LeadQualified
from domain.need import NeedNoted, NeedSettled
from domain.organisation_unit import UnitClosed, UnitMoved, UnitName, UnitOpened, UnitRenamed
from projections import lead_register, organisation, product_holdings
from projections.lead_register import LeadFilter
from projections.product_holdings import Total
from projections.segment_membership import At
from store.errors import CursorInvalid
from store.identity import new_id
from tests.projections.bank import START

ENGLISH = UnitName(language="en", name="Futian")


async def _opened(bank, code, kind, parent=None):
    unit_id = new_id()
    await bank.happens(unit_id, UnitOpened, code=code, unit_kind=kind, names=(ENGLISH,), parent=parent)
    return unit_id


async def test_a_unit_is_what_it_was_at_a_moment(bank):
    await _opened(bank, "bank", "bank")
    await _opened(bank, "north", "region", "bank")
    await _opened(bank, "south", "region", "bank")
    branch = await _opened(bank, "branch-7", "branch", "north")
    opened = bank.at
    await bank.happens(branch, UnitMoved, parent="south", previous="north")
    moved = bank.at
    await bank.happens(branch, UnitRenamed, names=(UnitName(language="zh", name="福田支行"),))
    await bank.happens(branch, UnitClosed, reason="merged", successor="branch-8")
    await bank.follow()

    async def at(moment):
        return (await organisation.by_codes(bank.models, ["branch-7"], At(moment))).get("branch-7")

    assert await at(opened - timedelta(seconds=1)) is None
    first, second, now = await at(opened), await at(moved), await at(None)
    assert first is not None
    assert second is not None
    assert now is not None
    assert (first.parent, second.parent, now.parent) == ("north", "south", "south")
    assert (first.names, now.names[0].name) == ((ENGLISH,), "福田支行")
    assert (second.closed_at, now.closed_at, now.reason, now.successor) == (None, bank.at, "merged", "branch-8")
    assert [one.code for one in await organisation.above(bank.models, first, At(opened))] == ["north", "bank"]
    assert [one.code for one in await organisation.above(bank.models, now)] == ["south", "bank"]
    assert await organisation.code_of(bank.models, branch) == "branch-7"
    assert await organisation.code_of(bank.models, new_id()) is None


async def test_units_come_page_by_page_as_they_were(bank):
    for n in range(5):
        await _opened(bank, f"region-{n}", "region", "bank")
    before = bank.at
    late = await _opened(bank, "region-2a", "region", "bank")
    # Told of a time before it was opened: not there yet, and no gap in the list.
    await bank.happens(late, UnitRenamed, names=(ENGLISH,), at=START)
    await bank.follow()
    found, after = [], None
    while True:
        page = await organisation.units(bank.models, At(before), after=after, limit=2)
        found += [one.code for one in page.units]
        after = page.next
        if after is None:
            break
    assert found == [f"region-{n}" for n in range(5)]
    assert len((await organisation.units(bank.models)).units) == 6
    with pytest.raises(CursorInvalid):
        await organisation.units(bank.models, after="x")


async def test_a_unit_says_whether_its_parent_is_as_it_should_be(bank):
    await _opened(bank, "region", "region", "bank")
    await _opened(bank, "branch", "branch", "region")
    await _opened(bank, "beside", "branch", "branch")
    closed = await _opened(bank, "old", "region", "nowhere")
    await bank.happens(closed, UnitClosed, reason="merged")
    await _opened(bank, "left-behind", "branch", "old")
    await bank.follow()
    units = {one.code: one for one in (await organisation.units(bank.models)).units}
    assert {code: organisation.stands(one, units) for code, one in units.items()} == {
        "region": "parent-unknown",
        "branch": "standing",
        "beside": "parent-not-higher",
        "old": "parent-unknown",
        "left-behind": "parent-closed",
    }
    assert await organisation.above(bank.models, units["beside"]) == (), "no circle can be followed"


async def _lead(bank, source, *costs, **facts):
    lead_id = new_id()
    await bank.happens(lead_id, LeadCaptured, source=source, channel="web", **facts)
    for amount in costs:
        cost = Money(amount_minor=amount, currency="CNY")
        await bank.happens(lead_id, LeadCostRecorded, cost_id=new_id(), kind="commission", amount=cost)
    return lead_id


async def test_a_source_tells_what_a_customer_cost(bank):
    me = bank.customer()
    won = await _lead(bank, "partner", 4000, 500)
    await bank.happens(won, LeadQualified, qualified_by="staff:1", score=70)
    await bank.happens(won, LeadConverted, customer_id=me)
    lost = await _lead(bank, "partner", 1500)
    await bank.happens(lost, LeadLost, reason="silent")
    await _lead(bank, "partner")
    end = bank.at
    later = await _lead(bank, "branch")
    await bank.follow()
    found = await lead_register.sources(bank.models)
    partner = next(one for one in found.sources if one.source == "partner")
    assert (partner.leads, partner.qualified, partner.converted, partner.lost) == (3, 1, 1, 1)
    assert (partner.costs, partner.cost_per_customer) == ({"CNY": 6000}, {"CNY": 6000.0})
    assert partner.conversion_percent == 33.33
    branch = next(one for one in found.sources if one.source == "branch")
    assert (branch.costs, branch.cost_per_customer) == ({}, {}), "of a source that brought none nothing can be said"
    within = await lead_register.sources(bank.models, None, end + timedelta(seconds=1))
    assert [one.source for one in within.sources] == ["partner"]
    listed = await lead_register.leads(bank.models, LeadFilter(source="partner"), limit=2)
    rest = await lead_register.leads(bank.models, LeadFilter(source="partner"), after=listed.next)
    assert [one.status for one in (*listed.leads, *rest.leads)] == ["captured", "lost", "converted"]
    (mine,) = (await lead_register.leads(bank.models, LeadFilter(customer_id=me))).leads
    assert (mine.lead_id, mine.cost_minor, mine.currency, mine.score) == (won, 4500, "CNY", 70)
    assert (await lead_register.leads(bank.models, LeadFilter(status="lost"))).leads[0].lead_id == lost
    one = await lead_register.lead(bank.models, later)
    assert one is not None
    assert one.source == "branch"
    assert await lead_register.lead(bank.models, new_id()) is None


def _total(amount: int, times: int = 1, category: str = "salary", flow: Literal["in", "out"] = "in") -> CategoryTotal:
    return CategoryTotal(
        amount=Money(amount_minor=amount, currency="CNY"), category=category, flow=flow, transactions=times
    )


async def test_holdings_show_what_a_customer_holds_and_what_moved(bank):
    me = bank.customer()
    held, given_back = new_id(me), new_id(me)
    await bank.happens(held, HoldingOpened, customer_id=me, product="current", account="6222")
    change = Change(field="product", before="current", after="premium")
    await bank.happens(held, HoldingChanged, customer_id=me, change_id=new_id(), reason="switched", changes=(change,))
    await bank.happens(given_back, HoldingOpened, customer_id=me, product="savings", holding_role="joint_holder")
    await bank.happens(given_back, HoldingClosed, customer_id=me, reason="moved")
    march, april = (date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 4, 30))

    async def moved(holding_id, period, version, *totals):
        await bank.happens(
            holding_id, HoldingActivitySummarised, customer_id=me, first_on=period[0], last_on=period[1],
            statement_version=version, totals=totals,
        )  # fmt: skip

    await moved(held, march, 1, _total(100))
    await moved(held, march, 2, _total(150, 2))
    await moved(held, april, 1, _total(70), _total(20, 5, "card", "out"))
    await moved(given_back, april, 1, _total(7))
    await bank.follow()
    shown = await product_holdings.holdings(bank.models, me, limit=1)
    rest = await product_holdings.holdings(bank.models, me, after=shown.next)
    (closed,), (open_one,) = shown.holdings, rest.holdings
    assert (closed.holding_status, closed.holding_role, closed.reason) == ("closed", "joint_holder", "moved")
    assert open_one.account_at is not None
    assert (open_one.product, open_one.holding_status, open_one.account_at.record_class) == (
        "premium",
        "open",
        "account",
    )
    told = (await product_holdings.statements(bank.models, held)).statements
    assert [(one.first_on.month, one.statement_version) for one in told] == [(4, 1), (3, 2)]
    page = await product_holdings.statements(bank.models, held, limit=1)
    assert (await product_holdings.statements(bank.models, held, after=page.next)).statements == told[1:]
    assert await product_holdings.activity(bank.models, me, *march) == (Total("salary", "in", "CNY", 2, 150),)
    assert await product_holdings.activity(bank.models, me, date.min, date.max) == (
        Total("card", "out", "CNY", 5, 20),
        Total("salary", "in", "CNY", 4, 227),
    )
    assert (await product_holdings.holdings(bank.models, bank.customer())).holdings == ()


async def test_needs_show_their_basis_and_what_came_of_them(bank):
    me = bank.customer()
    first, second = new_id(me), new_id(me)
    derived = {"basis": "derived", "rule": "salary-rises", "rule_version": 2}
    await bank.happens(first, NeedNoted, customer_id=me, product="mortgage", **derived)
    await bank.happens(second, NeedNoted, customer_id=me, product="card", basis="stated")
    await bank.happens(first, NeedSettled, customer_id=me, outcome="declined", reason="too-early")
    await bank.follow()
    found = (await product_holdings.needs(bank.models, me)).needs
    assert [(one.product, one.need_status, one.rule_version) for one in found] == [
        ("card", "open", None), ("mortgage", "declined", 2),
    ]  # fmt: skip
