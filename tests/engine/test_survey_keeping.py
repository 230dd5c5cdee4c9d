"""Customers are invited after what the plan names, as often as it allows, each time once, whatever is killed."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.interaction_messages import MarkInteractionConfidential, RecordInteraction
from domain.kernel import Command
from domain.survey import AnswerSurvey, InviteToSurvey
from domain.survey_plan import ActivateSurveyPlan, ProposeSurveyPlan
from engine.deciding import Context
from engine.following import Following
from engine.status import caught_up
from engine.survey_keeping import ACTOR, SurveyKeeper, keeping_surveys
from engine.survey_plans import ActivePlan, SurveyPlans
from store.envelope import CustomerCondition
from store.errors import ConditionFailed
from store.identity import new_id
from tests.domain.survey_plan_refusals import CSAT, PLAN

AFTER_COMPLAINT = {**CSAT, "occasion": "final-response", "cap": {"days": 30, "most": 1}}
AFTER_CONTACT = {**CSAT, "survey": "after-contact", "occasion": "contact", "cap": {"days": 30, "most": 2}}
DAY = timedelta(days=1)


class SurveyBank:
    """Gives commands and drives the keepers of all partitions."""

    def __init__(self, daybook: Any) -> None:
        self.daybook = daybook
        self.keepers: list[SurveyKeeper] = []

    async def say(self, kind: type[Command], stream_id: UUID, at: datetime | None = None, **facts: Any) -> None:
        command_id = new_id()
        told = {kind.stream_field: stream_id, "occurred_at": at or datetime.now(UTC), **facts}
        context = Context("staff:1", command_id, b"x" * 32, command_id)
        await self.daybook.handler.handle([kind.model_validate(told)], context)

    async def plan(self, *instruments: dict[str, Any], most: int = 9, version: int = 1) -> None:
        survey_plan_id = new_id()
        told: dict[str, Any] = {**PLAN, "overall": {"days": 90, "most": most}, "plan_version": version}
        await self.say(ProposeSurveyPlan, survey_plan_id, **told, instruments=instruments)
        await self.say(ActivateSurveyPlan, survey_plan_id, activated_by="staff:2")

    async def contact(self, customer_id: UUID, **facts: Any) -> UUID:
        interaction_id, now = new_id(customer_id), datetime.now(UTC)
        given: dict[str, Any] = {
            "channel": "phone",
            "direction": "inbound",
            "purpose": "servicing",
            "ended_at": now,
            **facts,
        }
        await self.say(RecordInteraction, interaction_id, given.pop("at", now), customer_id=customer_id, **given)
        return interaction_id

    async def complaint(self, customer_id: UUID) -> UUID:
        complaint_id, now = new_id(customer_id), datetime.now(UTC)
        person: dict[str, Any] = {"complainant_id": customer_id, "customer_id": customer_id}
        await self.say(ReceiveComplaint, complaint_id, channel="email", product="savings", **person)
        await self.say(IssueFinalResponse, complaint_id, outcome="upheld", redress="none", notified_at=now)
        return complaint_id

    async def open_keepers(self, holder: str = "one", ttl_s: float = 10) -> None:
        partitions = range(self.daybook.record.partitions)
        found = [await SurveyKeeper.open(self.daybook, one, holder, ttl_s) for one in partitions]
        self.keepers = [one for one in found if one is not None]

    async def keep(self, moment: datetime | None = None) -> None:
        """Do all that there is to do."""
        for keeper in self.keepers:
            while await keeper.step(moment or datetime.now(UTC)):
                pass
        await caught_up(self.daybook)
        for keeper in self.keepers:
            await keeper.expire(moment or datetime.now(UTC))

    async def told(self, customer_id: UUID) -> list[tuple[str, dict[str, Any]]]:
        """Type and data of the events of surveys, oldest first."""
        events = reversed(await self.daybook.record.read_customer(customer_id))
        return [(one.type.removeprefix("survey."), orjson.loads(one.state)) for one in events if "survey." in one.type]

    async def types(self, customer_id: UUID) -> list[str]:
        return [name for name, _ in await self.told(customer_id)]


@asynccontextmanager
async def survey_bank(daybook):
    made = SurveyBank(daybook)
    async with await Following.start(daybook.models):
        yield made


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
        facts = {name: CSAT[name] for name in ("survey_version", "metric", "scale_min", "scale_max")}
        await bank.say(InviteToSurvey, new_id(over_all), survey="other", channel="web", customer_id=over_all, **facts)
    await bank.contact(over_all)
    await bank.keep()
    assert (await bank.told(over_all))[-1][1]["suppressed"] == "asked-often-over-all"


async def test_of_two_that_invite_at_once_one_counts_again(bank):
    """The keeper counts, somebody else invites, and the append is refused."""
    customer_id = new_id()
    handler, record = bank.daybook.handler, bank.daybook.record
    partition = record.partition_of(customer_id)
    after = await record.next_position(partition) - 1
    facts = {name: CSAT[name] for name in ("survey", "survey_version", "metric", "scale_min", "scale_max")}
    await bank.say(InviteToSurvey, new_id(customer_id), channel="web", customer_id=customer_id, **facts)
    again = InviteToSurvey.model_validate(
        {**facts, "invitation_id": new_id(customer_id), "occurred_at": datetime.now(UTC), "channel": "web",
         "customer_id": customer_id}
    )  # fmt: skip
    context, condition = Context("a", new_id(), b"", new_id()), frozenset({"survey.invited"})
    with pytest.raises(ConditionFailed):
        await handler.handle([again], context, on_condition=[CustomerCondition(customer_id, condition, after)])
    after = await record.next_position(partition) - 1
    await handler.handle([again], context, on_condition=[CustomerCondition(customer_id, condition, after)])


async def test_many_keepers_of_many_contacts_stay_within_the_cap(bank):
    """Without leases: as if each believed that it alone keeps."""
    await bank.plan(AFTER_CONTACT)
    customer_id = new_id()
    partition = bank.daybook.record.partition_of(customer_id)
    for _ in range(6):
        await bank.contact(customer_id)
    await caught_up(bank.daybook)
    plan: ActivePlan | None = await SurveyPlans(bank.daybook.models, bank.daybook.mapper).look()
    assert plan is not None
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
        await keeper._move(0)
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
