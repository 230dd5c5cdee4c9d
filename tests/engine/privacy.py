"""A bank with people in it whose data is erased, held and disposed of; every personal value is a canary."""

from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from domain.complaint import CloseComplaint
from domain.complaint_intake import AttachToComplaint, ReceiveComplaint
from domain.complaint_letters import IssueFinalResponse
from domain.customer_messages import (
    AddContactPoint,
    ApproveCustomerCorrection,
    CorrectDetails,
    EndRelationship,
    RegisterCustomer,
)
from domain.disclosure import RecordDisclosure
from domain.disposal import ApproveDisposal, ProposeDisposal
from domain.interaction import AnnotateInteraction, AttachToInteraction, RecordInteraction
from domain.kernel import Command
from domain.legal_hold import PlaceLegalHold, ProposeLegalHoldRelease, ReleaseLegalHold
from domain.privacy_messages import ApprovePrivacyRequest, CheckPrivacyRequestIdentity, ReceivePrivacyRequest
from domain.privacy_rules import RetentionRule
from domain.retention_schedule import (
    ActivateRetentionSchedule,
    ProposeRetentionSchedule,
    SignOffRetentionSchedule,
)
from domain.survey import AnswerSurvey, InviteToSurvey
from domain.touch import DecideTouch, RecordTouchResponse
from engine.carrying_out import Carried, CarryingOut
from engine.deciding import Context
from engine.following import Following
from engine.logs import start_sealing
from engine.wiring import Daybook
from store.identity import new_id
from tests.engine.lookers import LOOKER

C = TypeVar("C", bound=Command)

LONG_AGO = datetime(2015, 3, 1, 12, tzinfo=UTC)
DISP = RetentionRule(basis="uk.disp.1.9", duty=True, months=36, record_class="complaint", trigger="matter-ended")
TOUCHES = RetentionRule(basis="policy", duty=False, months=24, record_class="touch", trigger="last-recorded")


def made(kind: type[C], /, **fields: Any) -> C:
    return kind.model_validate(fields)


@dataclass
class Bank:
    """Gives commands, each at `at`."""

    daybook: Daybook
    at: datetime = LONG_AGO
    versions: int = 0
    canaries: dict[UUID, list[str]] = field(default_factory=dict)

    async def give(self, *commands: Command) -> None:
        await self.daybook.handler.handle(commands, Context("staff:1", new_id(), b"", new_id()))

    def canary(self, customer: UUID, name: str) -> str:
        value = f"canary-{customer.hex[:12]}-{name}-{new_id().hex}"
        self.canaries.setdefault(customer, []).append(value)
        return value

    async def person(self) -> UUID:
        """A customer with a canary in every personal field that there is; with a closed complaint."""
        who = new_id()
        when: dict[str, Any] = {"occurred_at": self.at}
        mine = {"customer_id": who, **when}

        def canary(name: str) -> str:
            return self.canary(who, name)

        interaction, touch, survey, complaint = (new_id(beside=who) for _ in range(4))
        await self.give(made(RegisterCustomer, **mine, kind="person", name=canary("name")))
        point = {"contact_point_id": new_id(), "kind": "email", "value": canary("value")}
        await self.give(made(AddContactPoint, **mine, **point))
        await self.give(
            made(
                CorrectDetails,
                **mine,
                correction_id=(correction := new_id()),
                reason="typo",
                name=canary("corrected-name"),
                requested_by="staff:1",
            )
        )
        await self.give(made(ApproveCustomerCorrection, **mine, correction_id=correction, approved_by="staff:2"))
        contact = {"channel": "phone", "direction": "inbound", "purpose": "servicing"}
        await self.give(
            made(RecordInteraction, **mine, interaction_id=interaction, **contact, summary=canary("summary"))
        )
        await self.give(
            made(AnnotateInteraction, **when, interaction_id=interaction, note_id=new_id(), note=canary("note"))
        )
        said = {
            "description": canary("description"),
            "desired_outcome": canary("outcome"),
            "postal_code": canary("zip"),
        }
        await self.give(
            made(
                ReceiveComplaint,
                **when,
                complaint_id=complaint,
                complainant_id=who,
                customer_id=who,
                channel="web",
                **said,
            )
        )
        for kind, stream in ((AttachToInteraction, interaction), (AttachToComplaint, complaint)):
            content = b64encode(canary(f"{kind.stream_field[:-3]}-content").encode()).decode()
            self.canaries[who][-1] = content  # that is what is sealed
            file = {"kind": "proof", "media_type": "text/plain", "content": content}
            to = {kind.stream_field: stream, "attachment_id": new_id(), **when}
            await self.give(made(kind, **to, **file, file_name=canary(f"{kind.stream_field[:-3]}-file")))
        told = {"outcome": "rejected", "redress": "none", "letter": canary("letter")}
        await self.give(made(IssueFinalResponse, **when, complaint_id=complaint, **told))
        await self.give(made(CloseComplaint, **when, complaint_id=complaint))
        target = {"campaign_id": new_id(), "campaign_version": 1, "channel": "sms", "purpose": "marketing"}
        ruling = {"decision": "send", "rule": "caps", "rule_version": 1, "reason": "within-cap"}
        await self.give(made(DecideTouch, **mine, touch_id=touch, **target, **ruling))
        answer = {"response_id": new_id(), "response": "interested", "text": canary("text")}
        await self.give(made(RecordTouchResponse, **when, touch_id=touch, **answer))
        asked = {"survey": "service", "survey_version": 1, "channel": "sms", "metric": "csat"}
        await self.give(made(InviteToSurvey, **mine, invitation_id=survey, **asked, scale_min=1, scale_max=5))
        await self.give(made(AnswerSurvey, **when, invitation_id=survey, score=4, verbatim=canary("verbatim")))
        return who

    async def leaves(self, who: UUID) -> None:
        await self.give(made(EndRelationship, customer_id=who, occurred_at=self.at, reason="moved"))

    async def schedule(self, *rules: RetentionRule) -> None:
        """A new version in force."""
        self.versions += 1
        to = {"schedule_id": new_id(), "occurred_at": self.at}
        await self.give(
            made(ProposeRetentionSchedule, **to, schedule_version=self.versions, rules=rules, proposed_by="staff:1"),
            made(SignOffRetentionSchedule, **to, signed_by="staff:2"),
            made(SignOffRetentionSchedule, **to, signed_by="staff:3"),
            made(ActivateRetentionSchedule, **to, activated_by="staff:1"),
        )

    async def request(self, who: UUID, kind: str = "erasure", *classes: str, approved: bool = True) -> UUID:
        to: dict[str, Any] = {"request_id": new_id(beside=who), "occurred_at": datetime.now(UTC)}
        wish = {"customer_id": who, "kind": kind, "channel": "letter", "record_classes": classes}
        await self.give(
            made(ReceivePrivacyRequest, **to, **wish, received_by="staff:1"),
            made(CheckPrivacyRequestIdentity, **to, method="document", checked_by="staff:1"),
            *([made(ApprovePrivacyRequest, **to, approved_by="staff:2")] if approved else []),
        )
        return to["request_id"]

    async def hold(self, who: UUID, *classes: str) -> UUID:
        hold_id = new_id(beside=who)
        what = {"customer_id": who, "record_classes": classes, "matter": "CASE-1", "basis": "litigation"}
        await self.give(made(PlaceLegalHold, hold_id=hold_id, occurred_at=self.at, **what, placed_by="staff:1"))
        return hold_id

    async def release(self, hold_id: UUID) -> None:
        to = {"hold_id": hold_id, "occurred_at": self.at}
        await self.give(made(ProposeLegalHoldRelease, **to, reason="settled", proposed_by="staff:1"))
        await self.give(made(ReleaseLegalHold, **to, released_by="staff:2"))

    async def disclose(self, who: UUID, *classes: str) -> UUID:
        disclosure_id = new_id(beside=who)
        why = {"purpose": "credit-check", "basis": "gdpr.art6-1f", "channel": "other", "disclosed_by": "staff:1"}
        to = {"disclosure_id": disclosure_id, "occurred_at": self.at, "customer_id": who}
        await self.give(made(RecordDisclosure, **to, recipient="Credit bureau", record_classes=classes, **why))
        return disclosure_id

    async def dispose(self, record_class: str, *who: UUID, clear: bool = False) -> UUID:
        to: dict[str, Any] = {"disposal_id": new_id(), "occurred_at": self.at}
        await self.give(
            made(
                ProposeDisposal, **to, record_class=record_class, customer_ids=who, proposed_by="staff:1", clear=clear
            ),
            made(ApproveDisposal, **to, approved_by="staff:2"),
        )
        return to["disposal_id"]

    async def types(self, stream_id: UUID) -> list[str]:
        return [event.type for event in await self.daybook.record.read_stream(stream_id)]

    async def opened(self, who: UUID, looker=LOOKER) -> dict[str, Any]:
        """Every personal field of the customer's events by event type and name, as a looker is shown it."""
        record = self.daybook.record
        facts = [self.daybook.mapper.fact(one) for one in await record.read_customer(who)]
        shown = await self.daybook.opener.open_facts(looker, record.partition_of(who), facts)
        return {
            f"{fact.recorded.type}.{name}": value
            for fact, fields in zip(facts, shown, strict=True)
            for name, value in fields.items()
        }

    async def opened_of(self, stream_id: UUID, looker=LOOKER) -> dict[str, Any]:
        """Every personal field of a stream's events, as a looker is shown it."""
        facts = [self.daybook.mapper.fact(one) for one in await self.daybook.record.read_stream(stream_id)]
        partition = self.daybook.record.partition_of(stream_id)
        shown = await self.daybook.opener.open_facts(looker, partition, facts)
        return {name: value for fields in shown for name, value in fields.items()}

    def elsewhere(self, one: UUID, other: UUID) -> bool:
        """Whether two ids lie in different partitions."""
        return self.daybook.record.partition_of(one) != self.daybook.record.partition_of(other)

    async def complains_for(self, customer: UUID, agent: UUID) -> UUID:
        """A complaint of somebody about what happened to a customer: an event of two people."""
        complaint = new_id(beside=customer)
        who = {"complainant_id": agent, "customer_id": customer, "channel": "letter"}
        said = {"description": self.canary(agent, "description")}
        await self.give(made(ReceiveComplaint, complaint_id=complaint, occurred_at=self.at, **who, **said))
        return complaint

    async def run(self, reached=lambda _: None) -> Carried:
        """One run of the program."""
        async with CarryingOut.open(self.daybook) as carrying:
            carrying._reached = carrying._erasing._reached = reached
            return await carrying.run()

    def later(self, **by: float) -> None:
        self.at += timedelta(**by)


@asynccontextmanager
async def privacy_bank(daybook: Daybook, database, **changes: Any):
    """A bank that can sign certificates and erase, whose read models follow."""
    sealer = database.app_dsn.replace("daybook_app", "daybook_sealer")
    eraser = database.app_dsn.replace("daybook_app", "daybook_eraser")
    urls = {"sealer_url": sealer, "eraser_url": eraser, "log_id": "bank.example/x"}
    daybook.settings = daybook.settings.model_copy(update={**urls, **changes})
    sealing = await start_sealing(daybook.settings, daybook.databases)
    assert sealing is not None
    async with sealing, await Following.start(daybook.models):
        yield Bank(daybook)
