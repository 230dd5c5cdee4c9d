"""A bank with people in it whose data is erased, held and disposed of; every personal value is a canary."""

from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from domain import event_types
from domain.access_rules import CorrectionsAlone
from domain.break_glass import OpenBreakGlass
from domain.campaign import ApproveCampaign, LaunchCampaign, PlanCampaign
from domain.complaint import CloseComplaint, ReopenComplaint, WithdrawComplaint
from domain.complaint_handling import AssignComplaint, CheckComplaintQuality
from domain.complaint_intake import AddRepresentative, AttachToComplaint, ReceiveComplaint, SupplementComplaint
from domain.complaint_letters import (
    AcceptResolution,
    IssueFinalResponse,
    SendHoldingResponse,
    SendLetter,
    SendSummaryResolution,
)
from domain.complaint_review import DecideReview, DisputeComplaint, RequestReview
from domain.complaint_time import RestartComplaint
from domain.customer_messages import (
    AddContactPoint,
    ApproveCustomerCorrection,
    CorrectDetails,
    EndRelationship,
    RegisterCustomer,
)
from domain.disclosure import RecordDisclosure
from domain.disposal import ApproveDisposal, ProposeDisposal
from domain.holding import OpenHolding
from domain.identity_messages import RecordIdentityDocument
from domain.interaction_messages import (
    AnnotateInteraction,
    ApproveInteractionCorrection,
    AttachToInteraction,
    CorrectInteraction,
    RecordInteraction,
)
from domain.kernel import Command, personal_fields
from domain.legal_hold import PlaceLegalHold, ProposeLegalHoldRelease, ReleaseLegalHold
from domain.privacy_messages import ApprovePrivacyRequest, CheckPrivacyRequestIdentity, ReceivePrivacyRequest
from domain.privacy_rules import RetentionRule
from domain.retention_schedule import (
    ActivateRetentionSchedule,
    ProposeRetentionSchedule,
    SignOffRetentionSchedule,
)
from domain.survey import AnswerSurvey, InviteToSurvey
from domain.touch_messages import DecideTouch, ObjectToTouch, ProposeTouch, RecordTouchResponse
from engine.carrying_out import Carried, CarryingOut
from engine.deciding import Context
from engine.following import Following
from engine.logs import start_sealing
from engine.wiring import Daybook
from store.identity import new_id
from tests.engine.lookers import LOOKER

C = TypeVar("C", bound=Command)

RECORD_MAX = 10_000
"""More events than any of these tests has in a partition."""

LONG_AGO = datetime(2015, 3, 1, 12, tzinfo=UTC)
DISP = RetentionRule(basis="uk.disp.1.9", duty=True, months=36, record_class="complaint", trigger="matter-ended")
TOUCHES = RetentionRule(basis="policy", duty=False, months=24, record_class="touch", trigger="last-recorded")


def made(kind: type[C], /, **fields: Any) -> C:
    return kind.model_validate(fields)


def personal_names(*record_classes: str) -> set[str]:
    """Every personal field by its event's type and its name; of these record classes, if any are given."""
    return {
        f"{name}.{field}"
        for name, cls in event_types().items()
        for field, mark in personal_fields(cls)
        if not record_classes or mark.record_class in record_classes
    }


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

    def number(self, customer: UUID) -> str:
        """A canary that can be the number of a document: as such numbers are kept, capitals and digits alone."""
        value = f"CANARY{customer.hex[:12]}{new_id().hex[10:]}".upper()
        self.canaries.setdefault(customer, []).append(value)
        return value

    def file(self, customer: UUID, name: str) -> dict[str, Any]:
        """An attachment whose name and content are canaries; what is sealed of the content is its base64."""
        content = b64encode(self.canary(customer, f"{name}-content").encode()).decode()
        self.canaries[customer][-1] = content
        known = {"attachment_id": new_id(), "kind": "proof", "media_type": "text/plain"}
        return {**known, "content": content, "file_name": self.canary(customer, f"{name}-file")}

    async def person(self) -> UUID:
        """A customer with a canary in every personal field that a customer can have, whose complaints are closed."""
        who = new_id()
        await self._relation(who)
        await self._interaction(who)
        await self._complaint(who)
        await self._represents(who)
        await self._touches(who)
        asked = {"survey": "service", "survey_version": 1, "channel": "sms", "metric": "csat"}
        to: dict[str, Any] = {"invitation_id": new_id(beside=who), "occurred_at": self.at}
        await self.give(made(InviteToSurvey, **to, customer_id=who, **asked, scale_min=1, scale_max=5))
        await self.give(made(AnswerSurvey, **to, score=4, verbatim=self.canary(who, "verbatim")))
        emergency = {"record_classes": ("contact",), "reason": "fraud", "minutes": 5, "opened_by": "staff:1"}
        why = {"explanation": self.canary(who, "explanation"), "occurred_at": self.at}
        await self.give(made(OpenBreakGlass, grant_id=new_id(), customer_id=who, **emergency, **why))
        return who

    async def _relation(self, who: UUID) -> None:
        """Who they are, how to reach them, and what they hold."""
        mine: dict[str, Any] = {"customer_id": who, "occurred_at": self.at}
        correction = {"reason": "typo", "requested_by": "staff:1"}
        alone = CorrectionsAlone(customer=("name",))
        asked = new_id()
        await self.give(made(RegisterCustomer, **mine, kind="person", name=self.canary(who, "name")))
        point = {"contact_point_id": new_id(), "kind": "email", "value": self.canary(who, "value")}
        await self.give(
            made(AddContactPoint, **mine, **point),
            made(CorrectDetails, **mine, **correction, correction_id=asked, name=self.canary(who, "asked-name")),
            made(ApproveCustomerCorrection, **mine, correction_id=asked, approved_by="staff:2"),
            made(
                CorrectDetails, **mine, **correction, correction_id=new_id(), name=self.canary(who, "corrected-name"),
                corrections_alone=alone,
            ),
        )  # fmt: skip
        document = {"document_id": new_id(), "kind": "other_document", "number": self.number(who)}
        await self.give(made(RecordIdentityDocument, **mine, **document))
        held = {"holding_id": new_id(beside=who), "product": "current-account", "account": self.canary(who, "account")}
        await self.give(made(OpenHolding, **mine, **held))

    async def _interaction(self, who: UUID) -> None:
        to: dict[str, Any] = {"interaction_id": new_id(beside=who), "occurred_at": self.at}
        contact = {"channel": "phone", "direction": "inbound", "purpose": "servicing"}
        correction = {"reason": "typo", "requested_by": "staff:1"}
        alone = CorrectionsAlone(interaction=("summary",))
        asked = new_id()
        await self.give(
            made(RecordInteraction, **to, customer_id=who, **contact, summary=self.canary(who, "summary")),
            made(AnnotateInteraction, **to, note_id=new_id(), note=self.canary(who, "note")),
            made(CorrectInteraction, **to, **correction, correction_id=asked, summary=self.canary(who, "asked")),
            made(ApproveInteractionCorrection, **to, correction_id=asked, approved_by="staff:2"),
            made(
                CorrectInteraction, **to, **correction, correction_id=new_id(),
                summary=self.canary(who, "corrected-summary"), corrections_alone=alone,
            ),
            made(AttachToInteraction, **to, **self.file(who, "interaction")),
        )  # fmt: skip

    async def _complaint(self, who: UUID) -> None:
        """A complaint that was settled, disputed, reviewed, reopened, answered and closed."""
        to: dict[str, Any] = {"complaint_id": new_id(beside=who), "occurred_at": self.at}

        def told(*names: str, at: str = "") -> dict[str, str]:
            return {name: self.canary(who, f"{at}{name}".replace("_", "-")) for name in names}

        said = ("complainant_name", "contact", "description", "desired_outcome", "basis")
        letter = {"template": "reply", "template_version": 1}
        review = new_id()
        await self.give(
            made(
                ReceiveComplaint, **to, complainant_id=who, customer_id=who, channel="web",
                **told("postal_code", *said, at="received-"),
            ),
            made(SupplementComplaint, **to, supplement_id=new_id(), **told(*said, at="supplement-")),
            made(AttachToComplaint, **to, **self.file(who, "complaint")),
            made(AssignComplaint, **to, handler="staff:1"),
            made(
                CheckComplaintQuality, **to, check_id=new_id(), result="passed", checked_by="staff:2", **told("remarks")
            ),
            made(RestartComplaint, **to, restart_id=new_id(), reason="new-facts", **told("facts")),
            made(SendHoldingResponse, **to, response_id=new_id(), **told("letter", at="holding-")),
            made(AcceptResolution, **to, channel="phone", **told("statement", at="accepted-")),
            made(SendSummaryResolution, **to, letter_id=new_id(), **letter, **told("letter", at="summary-")),
            made(DisputeComplaint, **to, **told("statement", at="disputed-")),
            made(RequestReview, **to, review_id=review, **told("statement", at="review-")),
            made(
                DecideReview, **to, review_id=review, outcome="changed", decided_by="staff:2", level="superior",
                **told("reasons"),
            ),
            made(CloseComplaint, **to),
            made(ReopenComplaint, **to, reason="review-changed"),
            made(
                SendLetter, **to, letter_id=new_id(), kind="acknowledgement", channel="letter", **letter,
                **told("letter", at="sent-"),
            ),
            made(IssueFinalResponse, **to, outcome="rejected", redress="none", **told("letter", at="final-")),
            made(CloseComplaint, **to),
        )  # fmt: skip

    async def _represents(self, who: UUID) -> None:
        """They speak for somebody who complains, in another partition, and takes it back."""
        complaint = next(one for one in iter(new_id, None) if self.elsewhere(one, who))
        to: dict[str, Any] = {"complaint_id": complaint, "occurred_at": self.at}
        whom = {"complainant_id": new_id(), "channel": "branch", "capacity": "agent"}
        told = {"name": self.canary(who, "representative-name"), "contact": self.canary(who, "representative-contact")}
        await self.give(
            made(ReceiveComplaint, **to, **whom),
            made(AddRepresentative, **to, representative_id=who, role="agent", **told),
            made(WithdrawComplaint, **to),
        )

    async def _touches(self, who: UUID) -> None:
        """One that somebody else decided is answered; one that the contact policy decided is objected to."""
        mine: dict[str, Any] = {"customer_id": who, "occurred_at": self.at}
        to: dict[str, Any] = {"touch_id": new_id(beside=who), "occurred_at": self.at}
        target = {"campaign_id": new_id(), "campaign_version": 1, "channel": "sms", "purpose": "marketing"}
        ruling = {"decision": "send", "rule": "caps", "rule_version": 1, "reason": "within-cap"}
        answer = {"response_id": new_id(), "response": "interested", "text": self.canary(who, "text")}
        await self.give(made(DecideTouch, **to, customer_id=who, **target, **ruling))
        await self.give(made(RecordTouchResponse, **to, **answer))
        campaign: dict[str, Any] = {"campaign_id": new_id(), "occurred_at": self.at}
        plan = {"title": "Spring", "channel": "email", "purpose": "marketing", "planned_by": "staff:1"}
        await self.give(
            made(PlanCampaign, **campaign, **plan),
            made(ApproveCampaign, **campaign, approved_by="staff:2"),
            made(LaunchCampaign, **campaign),
        )
        judged = new_id(beside=who)
        await self.give(made(ProposeTouch, **mine, touch_id=judged, campaign_id=campaign["campaign_id"]))
        objection = {"objection_id": new_id(), "channel": "phone", "text": self.canary(who, "objection")}
        await self.give(made(ObjectToTouch, touch_id=judged, occurred_at=self.at, **objection))

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
        """What is sealed for a customer in any event, by event type and field, as a looker is shown it."""
        record, found = self.daybook.record, dict[str, Any]()
        for partition in range(record.partitions):
            facts = [self.daybook.mapper.fact(one) for one in await record.read_partition(partition, 0, RECORD_MAX)]
            theirs = [one._replace(sealed=tuple(ref for ref in one.sealed if ref.subject_id == who)) for one in facts]
            mine = [one for one in theirs if one.sealed]
            for fact, fields in zip(mine, await self.daybook.opener.open_facts(looker, partition, mine), strict=True):
                found |= {f"{fact.recorded.type}.{name}": value for name, value in fields.items()}
        return found

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
