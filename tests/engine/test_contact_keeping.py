"""Held touches end: sent when there is room, suppressed when something forbids them, expired when it is too late."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest

from domain.complaint import WithdrawComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.customer import WithdrawConsent
from domain.touch_messages import (
    ObjectToTouch,
    ProposeTouch,
    ReviewTouchObjection,
    TouchExpired,
    TouchReleased,
    TouchSuppressed,
)
from engine.carried_out import CarriedOutJudge
from engine.contact_judging import ContactJudge
from engine.contact_keeping import ACTOR, ContactKeeper, keeping_contacts
from engine.deciding import Context
from engine.handling import CommandHandler
from engine.judging import Judges
from engine.lawfulness import lawfulness
from engine.link_judging import LinkJudge
from engine.linking_rules import linking_in_force
from engine.survey_judging import SurveyJudge
from engine.wiring import Daybook
from store.identity import new_id
from tests.engine.contact_bank import Bank, asleep, scope


@pytest.fixture
def bank(daybook: Daybook) -> Bank:
    return Bank(daybook)


async def passed(daybook: Daybook, moment: datetime | None = None, holder: str = "one") -> int:
    """One pass over all partitions; how many held touches were settled."""
    settled = 0
    for partition in range(daybook.record.partitions):
        keeper = await ContactKeeper.open(daybook, partition, holder)
        assert keeper is not None
        while await keeper.step(moment or datetime.now(UTC)):
            pass
        settled += (await keeper.take_up(moment or datetime.now(UTC))).settled
        await keeper.close()
    return settled


async def complained(bank: Bank, customer: UUID) -> UUID:
    complaint = new_id(customer)
    await bank.give(
        ReceiveComplaint, complaint_id=complaint, complainant_id=customer, customer_id=customer, channel="phone",
        product="loan", issue="fees",
    )  # fmt: skip
    return complaint


async def held_touch(bank: Bank, customer: UUID, **plan) -> UUID:
    await bank.propose(customer, await bank.campaign(**plan))
    ((touch, types),) = (await bank.touches(customer)).items()
    assert types == ["touch.decided"]
    return touch


async def test_when_the_complaint_is_over_what_it_held_is_sent(bank, daybook):
    customer, _ = await bank.customer()
    complaint = await complained(bank, customer)
    touch = await held_touch(bank, customer)
    assert await passed(daybook) == 0
    await bank.give(WithdrawComplaint, complaint_id=complaint)
    assert await passed(daybook) == 1
    _, released = await bank.touch(touch)
    assert isinstance(released, TouchReleased)
    assert (released.rule, released.reason, released.campaign_version) == ("allowed", "all-rules-pass", 2)
    found = await lawfulness(daybook, touch)
    assert found is not None
    assert (found.answer, found.agrees) == ("lawful", True)
    assert await passed(daybook) == 0


async def test_what_another_process_had_held_is_settled_by_one_that_remembers_the_customer_from_before(bank, daybook):
    customer, _ = await bank.customer()
    campaign = await bank.campaign()
    assert (await bank.propose(customer, campaign)).decision == "send"
    complaint = await complained(bank, customer)
    elsewhere = ContactJudge(daybook.record, daybook.mapper, daybook.contact_policies, daybook.vault.keyed_hmac)
    elsewhere.places = daybook.places
    surveys = SurveyJudge(daybook.record, daybook.mapper, daybook.survey_plans)
    links = LinkJudge(daybook, partial(linking_in_force, daybook.models, daybook.mapper))
    judges = Judges(elsewhere, surveys, CarriedOutJudge(daybook.record, daybook.mapper), links)
    command_id, touch = new_id(), new_id(customer)
    proposal = ProposeTouch(touch_id=touch, occurred_at=datetime.now(UTC), customer_id=customer, campaign_id=campaign)
    handler = CommandHandler(daybook.record, daybook.vault, daybook.mapper, judges)
    await handler.handle([proposal], Context("staff:2", command_id, b"r", command_id))
    assert (await bank.touch(touch))[0].decision == "hold"
    await bank.give(WithdrawComplaint, complaint_id=complaint)
    assert await passed(daybook) == 1
    assert isinstance((await bank.touch(touch))[-1], TouchReleased)


async def test_a_consent_that_is_taken_back_suppresses_what_is_held_and_is_named_as_the_cause(bank, daybook):
    customer, point = await bank.customer()
    await complained(bank, customer)
    touch = await held_touch(bank, customer)
    await passed(daybook)
    answer = await bank.give(WithdrawConsent, **scope(customer, point), evidence_channel="web")
    assert await passed(daybook) == 1
    _, suppressed = await bank.touch(touch)
    assert isinstance(suppressed, TouchSuppressed)
    assert (suppressed.rule, suppressed.reason) == ("consent", "consent-withdrawn")
    recorded = (await daybook.record.read_stream(touch))[-1]
    assert (recorded.actor, recorded.causation_id) == (ACTOR, answer.events[0].event_id)


async def test_a_held_touch_is_given_up_when_its_time_is_over(bank, daybook, monkeypatch):
    customer, _ = await bank.customer()
    await complained(bank, customer)
    touch = await held_touch(bank, customer)
    later = datetime.now(UTC) + timedelta(days=14, minutes=1)
    await passed(daybook)
    assert await passed(daybook, later - timedelta(minutes=3)) == 0

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):  # noqa: ARG003
            return later

    monkeypatch.setattr("engine.contact_judging.datetime", Later)
    assert await passed(daybook, later) == 1
    _, expired = await bank.touch(touch)
    assert isinstance(expired, TouchExpired)
    assert expired.reason == "held-too-long"


async def test_what_the_night_held_waits_for_the_morning(bank, daybook):
    customer, _ = await bank.customer(zone=asleep())
    touch = await held_touch(bank, customer)
    await passed(daybook)
    row = await daybook.record.pool.fetchrow("select * from read_model.contact_due where key = $1", touch)
    assert row["due_at"] == (await bank.touch(touch))[0].held_until


async def test_a_crash_between_the_command_and_the_bookmark_settles_nothing_twice(bank, daybook):
    customer, _ = await bank.customer()
    complaint = await complained(bank, customer)
    touch = await held_touch(bank, customer)
    await passed(daybook)
    await bank.give(WithdrawComplaint, complaint_id=complaint)
    await passed(daybook)
    await daybook.models.writers.execute("update read_model.keeper_bookmark set position = 0")
    assert await passed(daybook) == 0
    assert len(await bank.touch(touch)) == 2


async def test_one_process_at_a_time_keeps_a_partition(daybook):
    first = await ContactKeeper.open(daybook, 0, "one")
    assert first is not None
    assert await ContactKeeper.open(daybook, 0, "two") is None
    await first.close()
    assert await ContactKeeper.open(daybook, 0, "two") is not None


async def test_a_consents_end_is_recorded_and_before_that_it_counts_already(bank, daybook):
    customer, point = await bank.customer(valid_until=datetime.now(UTC) + timedelta(seconds=2))
    campaign = await bank.campaign()
    assert (await bank.propose(customer, campaign)).decision == "send"
    await asyncio.sleep(2.1)
    assert (await bank.propose(customer, campaign)).reason == "consent-expired"
    await passed(daybook)
    last = (await daybook.record.read_stream(customer))[-1]
    event = daybook.mapper.fact(last).event
    assert (last.type, event.contact_point_id, event.text_version) == ("customer.consent-expired", point, "v1")
    await passed(daybook)
    assert (await daybook.record.read_stream(customer))[-1].event_id == last.event_id


async def test_an_objection_is_reviewed_by_a_person_and_stops_the_purpose(bank, daybook):
    customer, _ = await bank.customer()
    campaign = await bank.campaign()
    await bank.propose(customer, campaign)
    ((touch, _),) = (await bank.touches(customer)).items()
    objection = new_id(customer)
    await bank.give(ObjectToTouch, touch_id=touch, objection_id=objection, channel="phone", text="Not by a machine.")
    assert (await bank.propose(customer, campaign)).reason == "objection-raised"
    review = {"touch_id": touch, "objection_id": objection, "reason": "wish", "reviewed_by": "staff:9"}
    await bank.give(ReviewTouchObjection, **review, outcome="dismissed")
    assert (await bank.propose(customer, campaign)).decision == "send"


async def test_it_goes_on_by_itself(bank, daybook):
    customer, _ = await bank.customer()
    complaint = await complained(bank, customer)
    touch = await held_touch(bank, customer)
    async with keeping_contacts(daybook, idle_s=0.05):
        await bank.give(WithdrawComplaint, complaint_id=complaint)
        while len(await bank.touch(touch)) < 2:  # noqa: ASYNC110  # the record, not this process, tells
            await asyncio.sleep(0.05)
    assert isinstance((await bank.touch(touch))[-1], TouchReleased)
