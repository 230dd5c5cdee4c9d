"""A launched campaign proposes to its audience once; what came of it is compared, and divided among the touches."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.campaign import PauseCampaign, ResumeCampaign
from domain.codes import Money
from domain.customer import EnterSegment, LeaveSegment
from domain.touch_messages import RecordTouchConversion
from engine.campaign_running import CampaignRunner, progress, running_campaigns
from engine.campaigns_seen import LOOK_S
from engine.following import Following
from engine.wiring import Daybook
from projections.attribution import attribution
from projections.lift import lift
from store.identity import new_id
from tests.engine.contact_bank import Bank


@pytest.fixture
def bank(daybook: Daybook) -> Bank:
    return Bank(daybook)


@pytest.fixture
async def following(daybook: Daybook):
    async with await Following.start(daybook.models):
        yield


async def seen(daybook: Daybook) -> None:
    end = await daybook.record.end()
    for name in ("campaign_results", "segment_membership"):
        assert await daybook.models.wait_for(name, end, 30) == "seen"


async def ran(daybook: Daybook, turns: int = 100) -> None:
    """So many turns of every partition at most."""
    await seen(daybook)
    for partition in range(daybook.record.partitions):
        runner = await CampaignRunner.open(daybook, partition, "one")
        assert runner is not None
        for _ in range(turns):
            if not await runner.turn():
                break
        await runner.close()


async def touched(bank: Bank, customers: list[UUID]) -> list[int]:
    return [len(await bank.touches(one)) for one in customers]


@pytest.mark.usefixtures("following")
async def test_the_audience_is_who_was_in_a_segment_at_the_launch_and_each_is_proposed_to_once(bank, daybook):
    customers = [(await bank.customer())[0] for _ in range(7)]
    for one in customers[:5]:
        await bank.give(EnterSegment, customer_id=one, segment="affluent")
    await bank.give(EnterSegment, customer_id=customers[0], segment="young")
    await bank.give(LeaveSegment, customer_id=customers[4], segment="affluent")
    campaign = await bank.campaign(segments=("affluent", "young"))
    await bank.give(EnterSegment, customer_id=customers[5], segment="affluent")  # too late
    await bank.give(LeaveSegment, customer_id=customers[1], segment="affluent")  # too late as well
    await ran(daybook)
    assert await touched(bank, customers) == [1, 1, 1, 1, 0, 0, 0]
    far = await progress(daybook, campaign)
    assert (far.proposed, far.partitions_begun, far.partitions_done) == (5, 4, 4)
    await daybook.models.writers.execute("update read_model.campaign_run set done = false, after = $1", UUID(int=0))
    await ran(daybook)
    assert await touched(bank, customers) == [1, 1, 1, 1, 0, 0, 0]


@pytest.mark.usefixtures("following")
async def test_a_paused_campaign_waits_and_goes_on(bank, daybook):
    customers = [(await bank.customer())[0] for _ in range(3)]
    for one in customers:
        await bank.give(EnterSegment, customer_id=one, segment="affluent")
    campaign = await bank.campaign(segments=("affluent",))
    await bank.give(PauseCampaign, campaign_id=campaign, reason="wait")
    await ran(daybook)
    assert await touched(bank, customers) == [0, 0, 0]
    await bank.give(ResumeCampaign, campaign_id=campaign)
    async with running_campaigns(daybook, idle_s=0.05):
        while (await progress(daybook, campaign)).partitions_done < 4:  # noqa: ASYNC110  # the record tells
            await asyncio.sleep(0.05)
    assert await touched(bank, customers) == [1, 1, 1]


@pytest.mark.usefixtures("following")
async def test_groups_are_compared_and_conversions_divided(bank, daybook):
    one, other = await bank.campaign(holdout_share=5000), await bank.campaign()
    await asyncio.sleep(LOOK_S)
    groups: dict[str, list[UUID]] = {"treated": [], "holdout": []}
    while min(map(len, groups.values())) < 2:
        customer, _ = await bank.customer()
        decided = await bank.propose(customer, one)
        groups[decided.group].append(customer)
    converting = groups["treated"][0]
    await bank.propose(converting, other)
    bought = {"conversion_id": new_id(converting), "product": "deposit", "value": Money(1000, "EUR")}
    touches = await bank.touches(converting)
    await bank.give(RecordTouchConversion, touch_id=next(iter(touches)), **bought)
    kept_out = groups["holdout"][0]
    (untouched,) = await bank.touches(kept_out)
    await bank.give(RecordTouchConversion, touch_id=untouched, conversion_id=new_id(kept_out), product="deposit")
    await seen(daybook)
    found = await lift(daybook.models, one)
    assert (found.treated.customers, found.treated.converted) == (len(groups["treated"]), 1)
    assert (found.holdout.customers, found.holdout.converted) == (len(groups["holdout"]), 1)
    assert found.difference == pytest.approx(1 / len(groups["treated"]) - 1 / len(groups["holdout"]))
    now = datetime.now(UTC)
    views = await attribution(daybook.models, now - timedelta(days=1), now + timedelta(days=1), timedelta(days=90))
    assert views.conversions == 1
    by_campaign = {credit.campaign_id: (credit.first, credit.last, credit.linear) for credit in views.credits}
    assert by_campaign == {one: (1, 0, 0.5), other: (0, 1, 0.5)}
