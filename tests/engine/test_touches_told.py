"""Touches as they are told: as far as the list knows them, and none of which the record has no facts any more."""

from uuid import UUID

import asyncpg
import pytest

from domain.touch_messages import ConfirmTouchDelivery, DecideTouch
from engine.following import Following
from engine.status import caught_up
from engine.touches_told import TouchPage, touches_of_campaign, touches_of_customer
from engine.wiring import Daybook
from store.disposing import dispose_of_stream
from store.identity import new_id
from tests.engine.contact_bank import Bank


@pytest.fixture
def bank(daybook: Daybook) -> Bank:
    return Bank(daybook)


async def read_on(daybook: Daybook) -> None:
    async with await Following.start(daybook.models):
        await caught_up(daybook)


async def decided(bank: Bank, campaign: UUID, customer: UUID) -> UUID:
    touch = new_id(customer)
    await bank.give(
        DecideTouch, touch_id=touch, customer_id=customer, campaign_id=campaign, campaign_version=2, channel="email",
        purpose="marketing", decision="send", rule="scored", rule_version=4, reason="likely",
    )  # fmt: skip
    return touch


def standing(page: TouchPage) -> dict[UUID, str]:
    return {one.touch_id: one.status for one in page.touches}


async def test_a_touch_is_told_as_the_list_knows_it(daybook, bank):
    campaign, customer = await bank.campaign(), new_id()
    touch = await decided(bank, campaign, customer)
    await read_on(daybook)
    await bank.give(ConfirmTouchDelivery, touch_id=touch)
    assert standing(await touches_of_campaign(daybook, campaign, "sent")) == {touch: "sent"}
    assert standing(await touches_of_customer(daybook, customer)) == {touch: "delivered"}
    await read_on(daybook)
    assert standing(await touches_of_campaign(daybook, campaign, "sent")) == {}
    assert standing(await touches_of_campaign(daybook, campaign)) == {touch: "delivered"}
    assert await touches_of_campaign(daybook, campaign) == await touches_of_customer(daybook, customer)


async def test_a_touch_that_was_disposed_of_is_not_told(daybook, bank, database):
    campaign, customer = await bank.campaign(), new_id()
    gone, stays = [await decided(bank, campaign, customer) for _ in range(2)]
    await read_on(daybook)
    (why,) = await daybook.record.read_stream(stays)
    async with asyncpg.create_pool(database.app_dsn.replace("daybook_app", "daybook_eraser"), min_size=1) as pool:
        assert await dispose_of_stream(pool, daybook.record.partition_of(gone), gone, why.event_id) == 1
    assert standing(await touches_of_customer(daybook, customer)) == {stays: "sent"}
    assert standing(await touches_of_campaign(daybook, campaign)) == {stays: "sent"}
