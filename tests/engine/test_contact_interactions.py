"""Contacts that staff recorded as interactions count in caps, once each, on a real record."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.interaction_messages import CorrectInteraction, MarkInteractionConfidential, RecordInteraction
from domain.kernel import Refusal
from engine import contact_policies
from engine.handling import CommandHandler
from engine.lawfulness import lawfulness
from engine.wiring import Daybook
from store.errors import ConditionFailed
from store.identity import new_id
from tests.engine.contact_bank import Bank


class Desk(Bank):
    """Staff who write to customers of their own accord, and record it."""

    async def wrote(self, customer: UUID, *, ago: timedelta = timedelta(), **other: object) -> UUID:
        interaction_id = new_id(customer)
        told = {"channel": "email", "direction": "outbound", "purpose": "marketing", **other}
        await self.give(
            RecordInteraction, interaction_id=interaction_id, occurred_at=datetime.now(UTC) - ago, customer_id=customer,
            **told,
        )  # fmt: skip
        return interaction_id

    async def sent(self, customer: UUID, campaign: UUID) -> UUID:
        """A touch that is sent."""
        assert (await self.propose(customer, campaign)).decision == "send"
        return next(iter(await self.touches(customer)))


@pytest.fixture
def bank(daybook: Daybook) -> Desk:
    return Desk(daybook)


async def test_the_next_touch_is_judged_with_what_staff_recorded_and_is_explained_by_it(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    touch = await bank.sent(customer, campaign)
    interaction = await bank.wrote(customer, ago=timedelta(hours=1))
    held = await bank.propose(customer, campaign)
    assert (held.decision, held.reason) == ("hold", "marketing.week")
    (of_held,) = [one for one in await bank.touches(customer) if one != touch]
    found = await lawfulness(daybook, of_held)
    assert found is not None
    assert found.then is not None
    assert found.agrees
    (ground,) = [one for one in found.then.grounds if one.reason == "marketing.week"]
    assert {found.events[one].recorded.stream_id for one in ground.events} == {touch, interaction}
    await bank.wrote(customer)  # it has happened, so nothing refuses it


async def test_what_was_recorded_late_makes_a_touch_unlawful_with_hindsight_only(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    touch = await bank.sent(customer, campaign)
    for hours in (1, 2):
        await bank.wrote(customer, ago=timedelta(hours=hours))
    found = await lawfulness(daybook, touch)
    assert found is not None
    assert found.with_hindsight is not None
    assert (found.answer, found.agrees) == ("lawful", True)
    assert (found.with_hindsight.decision, found.with_hindsight.reason) == ("hold", "marketing.week")


async def test_with_hindsight_an_interaction_is_what_it_was_corrected_to(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    interactions = [await bank.wrote(customer, ago=timedelta(hours=1), direction="inbound") for _ in range(2)]
    touch = await bank.sent(customer, campaign)
    for one in interactions:
        await bank.give(
            CorrectInteraction, interaction_id=one, correction_id=new_id(customer), reason="wrong",
            direction="outbound", requested_by="staff:1", corrections_alone={"interaction": ["direction"]},
        )  # fmt: skip
    found = await lawfulness(daybook, touch)
    assert found is not None
    assert found.with_hindsight is not None
    assert (found.answer, found.with_hindsight.decision) == ("lawful", "hold")


async def test_an_interaction_that_names_its_touch_is_the_same_contact(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    touch = await bank.sent(customer, campaign)
    await bank.wrote(customer, touch_id=touch)
    again = await bank.sent(customer, campaign)
    for one in (touch, again):
        found = await lawfulness(daybook, one)
        assert found is not None
        assert found.with_hindsight is not None
        assert (found.agrees, found.with_hindsight.decision) == (True, "send")


async def test_a_touch_that_an_interaction_names_is_the_customers_and_sent_and_carried_out_by_no_other(bank):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    other, _ = await bank.customer()
    touch = await bank.sent(customer, campaign)
    for named in (new_id(customer), new_id(), customer):
        with pytest.raises(Refusal) as unknown:
            await bank.wrote(customer, touch_id=named)
        assert (unknown.value.code, unknown.value.field) == ("interaction.touch-unknown", "touch_id")
    with pytest.raises(Refusal, match="no such touch"):
        await bank.wrote(other, touch_id=touch)
    with pytest.raises(Refusal, match="its own channel"):
        await bank.wrote(customer, touch_id=touch, channel="phone")
    kept = await bank.wrote(customer, touch_id=touch)
    with pytest.raises(Refusal, match="carried this touch out"):
        await bank.wrote(customer, touch_id=touch)
    # A refusal would tell of an interaction that only few may know of; the touch counts once all the same.
    await bank.give(MarkInteractionConfidential, interaction_id=kept, group="suspicious-activity")
    await bank.wrote(customer, touch_id=touch)
    assert (await bank.propose(customer, campaign)).decision == "send"


async def test_of_many_at_once_one_carries_a_touch_out(bank):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    touch = await bank.sent(customer, campaign)

    async def one() -> bool:
        try:
            await bank.wrote(customer, touch_id=touch)
        except (Refusal, ConditionFailed):
            return False
        return True

    assert (await asyncio.gather(*(one() for _ in range(6)))).count(True) == 1


async def test_of_many_interactions_those_are_read_that_a_window_may_count(bank, daybook):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    for days in (10, 20, 29, 40, 400):
        await bank.wrote(customer, ago=timedelta(days=days))
    assert (await bank.propose(customer, campaign)).decision == "send"  # what is not read is in nobody's way
    facts, _ = await daybook.contact.facts(daybook.record.partition_of(customer), [customer], datetime.now(UTC))
    assert len(facts[customer].contacts) == 3  # a month is the longest window


async def test_a_policy_with_a_longer_window_reads_what_it_counts_of_who_is_remembered(bank, daybook, monkeypatch):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    await bank.wrote(customer, ago=timedelta(days=40))
    assert (await bank.propose(customer, campaign)).decision == "send"
    monkeypatch.setattr(contact_policies, "FIRST", longer(days=60))
    await daybook.contact_policies.of(0, None)  # it looks
    assert (await bank.propose(customer, campaign)).reason == "long"


def longer(days: int) -> contact_policies.PolicyVersion:
    """The first policy with one window of so many days for marketing, of two contacts."""
    first = contact_policies.FIRST
    marketing = first.rules.of("marketing")
    assert marketing is not None
    window = replace(marketing.windows[0], window="long", limit=2, days=days)
    purposes = (replace(marketing, windows=(window,)), *first.rules.purposes[1:])
    return first._replace(rules=replace(first.rules, purposes=purposes))


async def test_an_interaction_between_judging_and_appending_makes_it_judge_again(bank, daybook, monkeypatch):
    campaign = await bank.campaign()
    customer, _ = await bank.customer()
    await bank.sent(customer, campaign)
    judged, looks = daybook.contact.judged, 0
    other = CommandHandler(daybook.record, daybook.vault, daybook.mapper)  # another process

    async def slow(*asked):
        nonlocal looks
        found = await judged(*asked)
        looks += 1
        if looks == 1:
            daybook.handler, mine = other, daybook.handler
            await bank.wrote(customer)
            daybook.handler = mine
        return found

    monkeypatch.setattr(daybook.contact, "judged", slow)
    assert (await bank.propose(customer, campaign)).reason == "marketing.week"
    assert looks == 2
