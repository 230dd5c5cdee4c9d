"""A bank that asks its customers: commands given, and the keepers of all partitions driven."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.interaction_messages import RecordInteraction
from domain.kernel import Command
from domain.survey import InviteToSurvey
from domain.survey_plan import ActivateSurveyPlan, ProposeSurveyPlan
from engine.answers import Answer
from engine.deciding import Context
from engine.following import Following
from engine.status import caught_up
from engine.survey_keeping import SurveyKeeper
from engine.wiring import Daybook
from store.identity import new_id
from tests.domain.survey_plan_refusals import CSAT, PLAN

AFTER_COMPLAINT = {**CSAT, "occasion": "final-response", "cap": {"days": 30, "most": 1}}
AFTER_CONTACT = {**CSAT, "survey": "after-contact", "occasion": "contact", "cap": {"days": 30, "most": 2}}
DAY = timedelta(days=1)


ASKED = {name: CSAT[name] for name in ("survey_version", "metric", "scale_min", "scale_max")}


class SurveyBank:
    """Gives commands and drives the keepers of all partitions."""

    def __init__(self, daybook: Daybook) -> None:
        self.daybook = daybook
        self.keepers: list[SurveyKeeper] = []

    async def say(self, kind: type[Command], stream_id: UUID, at: datetime | None = None, **facts: Any) -> Answer:
        command_id = new_id()
        told = {kind.stream_field: stream_id, "occurred_at": at or datetime.now(UTC), **facts}
        context = Context("staff:1", command_id, b"x" * 32, command_id)
        return await self.daybook.handler.handle([kind.model_validate(told)], context)

    async def invite(self, customer_id: UUID, survey: str, at: datetime | None = None, **facts: Any) -> UUID:
        """As anybody invites who is not the keeper."""
        invitation_id = new_id(customer_id)
        told = {**ASKED, "channel": "web", "survey": survey, "customer_id": customer_id, **facts}
        await self.say(InviteToSurvey, invitation_id, at, **told)
        return invitation_id

    async def plan(self, *instruments: dict[str, Any], most: int = 9, version: int = 1) -> None:
        survey_plan_id = new_id()
        told: dict[str, Any] = {**PLAN, "overall": {"days": 90, "most": most}, "plan_version": version}
        await self.say(ProposeSurveyPlan, survey_plan_id, **told, instruments=instruments)
        await self.say(ActivateSurveyPlan, survey_plan_id, activated_by="staff:2")
        await caught_up(self.daybook)

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
async def survey_bank(daybook: Daybook) -> AsyncGenerator[SurveyBank]:
    """The bank, while the record is followed."""
    async with await Following.start(daybook.models):
        yield SurveyBank(daybook)
