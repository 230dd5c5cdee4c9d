"""Customers are invited after what the plan names, as often as it allows, each time once, whatever is killed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.interaction_messages import MarkInteractionConfidential
from domain.survey import AnswerSurvey
from engine.status import caught_up
from engine.survey_keeping import ACTOR, keeping_surveys
from store.identity import new_id
from tests.engine.survey_bank import AFTER_COMPLAINT, AFTER_CONTACT, DAY, survey_bank


@pytest.fixture
async def bank(daybook):
    async with survey_bank(daybook) as made:
        await made.open_keepers()
        yield made


async def test_a_final_response_leads_to_one_invitation(bank):
    await bank.plan(AFTER_COMPLAINT, AFTER_CONTACT)
    customer_id = new_id()
    complaint_id = await bank.complaint(customer_id)
    for _ in range(3):
        await bank.keep()
    ((name, told),) = await bank.told(customer_id)
    assert name == "invited"
    asked = {"complaint_id": str(complaint_id), "product": "savings", "channel": "email", "survey": "after-complaint"}
    assert {key: told[key] for key in asked} == asked
    assert (told["plan_version"], told["metric"], told["scale_max"]) == (1, "csat", 5)
    final = (await bank.daybook.record.read_stream(complaint_id))[-1]
    (invited,) = [one for one in await bank.daybook.record.read_customer(customer_id) if one.type == "survey.invited"]
    assert (invited.actor, invited.causation_id) == (ACTOR, final.event_id)


async def test_a_contact_leads_to_an_invitation_where_the_customer_sought_it(bank):
    await bank.plan(AFTER_CONTACT)
    asked, called, going_on, long_ago = (new_id() for _ in range(4))
    interaction_id = await bank.contact(asked)
    await bank.contact(called, direction="outbound")
    await bank.contact(going_on, ended_at=None)
    await bank.contact(long_ago, at=datetime.now(UTC) - 14 * DAY)
    await bank.keep()
    ((_, told),) = await bank.told(asked)
    assert told["interaction_id"] == str(interaction_id)
    assert [await bank.types(one) for one in (called, going_on, long_ago)] == [[], [], []]


async def test_nobody_is_asked_about_a_confidential_matter(bank):
    await bank.plan(AFTER_CONTACT)
    customer_id = new_id()
    interaction_id = await bank.contact(customer_id)
    await bank.say(MarkInteractionConfidential, interaction_id, group="whistleblower")
    await bank.keep()
    assert await bank.types(customer_id) == []


async def test_caps_hold_by_survey_and_over_all_each_by_itself(bank):
    await bank.plan(AFTER_COMPLAINT, AFTER_CONTACT, most=3)
    by_survey, over_all = new_id(), new_id()
    for _ in range(3):
        await bank.contact(by_survey)
        await bank.keep()
    assert await bank.types(by_survey) == ["invited", "invited", "suppressed"]
    assert (await bank.told(by_survey))[-1][1]["suppressed"] == "asked-often-by-survey"
    for _ in range(3):  # asked by others, in other surveys
        await bank.invite(over_all, "other")
    await bank.contact(over_all)
    await bank.keep()
    assert (await bank.told(over_all))[-1][1]["suppressed"] == "asked-often-over-all"


async def test_many_keepers_of_many_contacts_stay_within_the_cap(bank):
    """Without leases: as if each believed that it alone keeps."""
    await bank.plan(AFTER_CONTACT)
    customer_id = new_id()
    partition = bank.daybook.record.partition_of(customer_id)
    for _ in range(6):
        await bank.contact(customer_id)
    await caught_up(bank.daybook)
    plan = (await bank.daybook.survey_plans.look())[-1]
    facts = [
        bank.daybook.mapper.fact(one)
        for one in await bank.daybook.record.read_types(partition, {"interaction.recorded"}, 0)
    ]
    keeper = bank.keepers[partition]
    await asyncio.gather(*(keeper._consider(fact, plan, datetime.now(UTC)) for fact in facts for _ in range(3)))
    types = await bank.types(customer_id)
    assert (types.count("invited"), types.count("suppressed")) == (2, 4)


async def test_what_happened_before_the_plan_leads_to_nothing_and_neither_does_reading_again(bank):
    customer_id = new_id()
    await bank.contact(customer_id)
    await bank.plan(AFTER_CONTACT)
    await bank.keep()
    assert await bank.types(customer_id) == []
    await bank.contact(customer_id)
    await bank.keep()
    for keeper in bank.keepers:
        await keeper._bookmark.move(0)
    await bank.keep()
    assert await bank.types(customer_id) == ["invited"]


async def test_the_plan_that_was_activated_last_holds(bank):
    await bank.plan(AFTER_CONTACT)
    await bank.plan({**AFTER_CONTACT, "survey_version": 2, "metric": "nps", "scale_min": 0, "scale_max": 10}, version=2)
    customer_id = new_id()
    await bank.contact(customer_id)
    await bank.keep()
    ((_, told),) = await bank.told(customer_id)
    assert (told["plan_version"], told["survey_version"], told["metric"]) == (2, 2, "nps")


async def test_an_invitation_expires_once_and_an_answered_one_never(bank):
    await bank.plan(AFTER_CONTACT)
    silent, answered = new_id(), new_id()
    await bank.contact(silent)
    await bank.contact(answered)
    now = datetime.now(UTC)
    await bank.keep(now)
    events = await bank.daybook.record.read_customer(answered)
    invitation_id = next(one.stream_id for one in events if one.type == "survey.invited")
    await bank.keep(now + 14 * DAY - timedelta(seconds=1))
    assert await bank.types(silent) == ["invited"]
    await bank.say(AnswerSurvey, invitation_id, score=5)
    for holder in ("one", "two"):
        for keeper in bank.keepers:
            await keeper.close()
        await bank.open_keepers(holder)
        await bank.keep(now + 14 * DAY)
    assert await bank.types(silent) == ["invited", "expired"]
    assert await bank.types(answered) == ["invited", "answered"]
    expired = next(one for one in await bank.daybook.record.read_customer(silent) if one.type == "survey.expired")
    assert expired.occurred_at == now + 14 * DAY


async def test_while_it_runs_by_itself(bank):
    for keeper in bank.keepers:
        await keeper.close()
    customer_id = new_id()
    async with keeping_surveys(bank.daybook, idle_s=0.02):
        await bank.plan(AFTER_CONTACT)
        await bank.contact(customer_id)  # at once: the keeper must know the plan by then
        while not await bank.types(customer_id):  # noqa: ASYNC110  # another task is waited for
            await asyncio.sleep(0.02)
    assert await bank.types(customer_id) == ["invited"]
