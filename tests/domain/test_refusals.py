"""Every refusal there is, by its stable code: what came before, what was wanted, which field is at fault."""

from typing import Any

import pytest

from domain import AGGREGATES
from domain.access_table import ACCESS_TABLE
from domain.actor import ACTOR
from domain.break_glass import BREAK_GLASS
from domain.campaign import (
    CAMPAIGN,
    ApproveCampaign,
    EndCampaign,
    LaunchCampaign,
    PauseCampaign,
    PlanCampaign,
    RecordCampaignCost,
    ResumeCampaign,
)
from domain.clock_policy import CLOCK_POLICY
from domain.code_map import CODE_MAP
from domain.codes import Money
from domain.complaint import COMPLAINT
from domain.contact_policy import CONTACT_POLICY
from domain.customer import (
    CUSTOMER,
    AddContactPoint,
    AssignRelationshipManager,
    EndRelationship,
    RegisterCustomer,
    RemoveContactPoint,
    VerifyContactPoint,
    WithdrawConsent,
)
from domain.disclosure import DISCLOSURE, RecordDisclosure, RetractDisclosure
from domain.disposal import DISPOSAL, ApproveDisposal, CompleteDisposal, ProposeDisposal, WithdrawDisposal
from domain.engagement import ENGAGEMENT
from domain.erasure import (
    ERASURE,
    CertifyErasure,
    CompleteErasure,
    RecordRecipientNotice,
    ReportErasureAttempt,
    RequestErasure,
)
from domain.holding import HOLDING
from domain.interaction import INTERACTION
from domain.interaction_messages import (
    AnnotateInteraction,
    AttachToInteraction,
    CompleteFollowUp,
    DeclassifyInteraction,
    DrawInteraction,
    MarkInteractionConfidential,
    MissFollowUp,
    RecordInteraction,
    RequestInteractionDeclassification,
    ScheduleFollowUp,
    ScreenInteraction,
    TouchSeen,
)
from domain.kernel import Aggregate
from domain.lead import LEAD
from domain.legal_hold import LEGAL_HOLD, PlaceLegalHold, ProposeLegalHoldRelease, ReleaseLegalHold
from domain.linking_rules import LINKING_RULES
from domain.need import NEED
from domain.organisation_unit import ORGANISATION_UNIT
from domain.portfolio_handover import PORTFOLIO_HANDOVER
from domain.privacy_messages import (
    ApprovePrivacyRequest,
    CheckPrivacyRequestIdentity,
    CompletePrivacyRequest,
    DecidePrivacyRequest,
    ExtendPrivacyRequest,
    FinishPrivacyRequest,
    LiftProcessingRestriction,
    ReceivePrivacyRequest,
    WithdrawPrivacyRequest,
)
from domain.privacy_request import PRIVACY_REQUEST
from domain.reservation import RESERVATION
from domain.retention_schedule import (
    RETENTION_SCHEDULE,
    ActivateRetentionSchedule,
    ProposeRetentionSchedule,
    SignOffRetentionSchedule,
    WithdrawRetentionSchedule,
)
from domain.sampling_plan import SAMPLING_PLAN
from domain.survey import SURVEY, AnswerSurvey, ConfirmSurveyDelivery, ExpireSurvey, InviteToSurvey
from domain.survey_plan import SURVEY_PLAN
from domain.task import TASK
from domain.touch import (
    TOUCH,
    ConfirmTouchDelivery,
    DecideTouch,
    ExpireTouch,
    RecordTouchBounce,
    RecordTouchConversion,
    RecordTouchOpening,
    RecordTouchResponse,
    ReleaseTouch,
)
from domain.watch_rules import WATCH_RULES
from domain.working_calendar import CALENDAR
from tests.domain.access_refusals import ACCESS_TABLE_CASES, ACTOR_CASES, BREAK_GLASS_CASES, Case, confidential_cases
from tests.domain.clock_refusals import CALENDAR_CASES, CLOCK_POLICY_CASES
from tests.domain.code_map_refusals import CODE_MAP_CASES
from tests.domain.complaint_refusals import COMPLAINT_CASES
from tests.domain.contact_refusals import CONSENT_CASES, CONTACT_POLICY_CASES, JUDGED_CASES
from tests.domain.correction_refusals import CUSTOMER_CORRECTION_CASES, INTERACTION_CORRECTION_CASES
from tests.domain.engagement_refusals import ENGAGEMENT_CASES, TASK_CASES
from tests.domain.identity_refusals import IDENTITY_CASES, LINKING_RULES_CASES
from tests.domain.relation_refusals import (
    HOLDING_CASES,
    LEAD_CASES,
    NEED_CASES,
    ORGANISATION_UNIT_CASES,
    PORTFOLIO_HANDOVER_CASES,
)
from tests.domain.reservation_refusals import RESERVATION_CASES
from tests.domain.sampling_plan_refusals import SAMPLING_PLAN_CASES
from tests.domain.scenario import ANNA, ONE, TWO, given, to
from tests.domain.survey_plan_refusals import SURVEY_PLAN_CASES
from tests.domain.watch_rules_refusals import WATCH_RULES_CASES

REGISTER = to(RegisterCustomer, kind="person")
ADD = to(AddContactPoint, contact_point_id=ONE, kind="email", value="anna@bank.example")
REMOVE = to(RemoveContactPoint, contact_point_id=ONE, reason="unused")
VERIFY = to(VerifyContactPoint, contact_point_id=ONE, method="code")
LEAVE = to(EndRelationship, reason="moved")
SCOPE = {"contact_point_id": ONE, "channel": "email", "purpose": "marketing", "text_version": "v1"}
WITHDRAW = to(WithdrawConsent, **SCOPE, evidence_channel="web")
CUSTOMER_CASES: list[Case] = [
    ("customer.not-registered", "customer_id", [], LEAVE),
    ("customer.already-registered", "customer_id", [REGISTER], REGISTER),
    (
        "customer.relationship-ended",
        None,
        [REGISTER, LEAVE],
        to(AssignRelationshipManager, relationship_manager="staff:17"),
    ),
    ("customer.contact-point-unknown", "contact_point_id", [REGISTER], REMOVE),
    ("customer.contact-point-removed", "contact_point_id", [REGISTER, ADD, REMOVE], VERIFY),
    ("customer.contact-point-id-reused", "contact_point_id", [REGISTER, ADD, REMOVE], ADD),
    ("customer.consent-not-granted", None, [REGISTER, ADD], WITHDRAW),
    *CUSTOMER_CORRECTION_CASES,
]

RECORD = to(RecordInteraction, customer_id=ANNA, channel="phone", direction="inbound", purpose="servicing")
CALL_BACK = to(ScheduleFollowUp, follow_up_id=ONE, kind="call_back", due_at="2026-11-03T09:00:00Z")
CALL_LATER = to(ScheduleFollowUp, follow_up_id=ONE, kind="call_back", due_at="2026-11-04T09:00:00Z")
DONE = to(CompleteFollowUp, follow_up_id=ONE)
FILE = {"attachment_id": ONE, "kind": "letter", "media_type": "application/pdf", "content": "JVBERg=="}
SCAN = to(AttachToInteraction, **FILE)
SCREEN = {"screening_id": ONE, "sample": "2026-w45", "finding": "missed-complaint", "screened_by": "staff:1"}
DRAW = {
    "plan_id": ONE, "plan_version": 1, "period": "2026-11", "per_10_000": 200, "channel": "phone",
    "purpose": "servicing",
}  # fmt: skip
OUT = {"customer_id": ANNA, "channel": "phone", "direction": "outbound", "purpose": "collection", "touch_id": ONE}


def seen(**other: Any) -> TouchSeen:
    told: dict[str, Any] = {"carried_out_by": None, "channel": "phone", "customer_id": ANNA, "sent": True, **other}
    return TouchSeen(**told)


INTERACTION_CASES: list[Case] = [
    (
        "interaction.already-drawn",
        "draw_id",
        [RECORD, to(DrawInteraction, **DRAW, draw_id=ONE)],
        to(DrawInteraction, **DRAW, draw_id=TWO),
    ),
    (
        "interaction.draw-unknown",
        "draw_id",
        [RECORD, to(DrawInteraction, **DRAW, draw_id=ONE)],
        to(ScreenInteraction, **SCREEN, complaint_id=ONE, draw_id=TWO),
    ),
    ("interaction.attachment-id-reused", "attachment_id", [RECORD, SCAN], SCAN),
    ("interaction.not-recorded", "interaction_id", [], to(AnnotateInteraction, note_id=ONE, note="n")),
    ("interaction.already-recorded", "interaction_id", [RECORD], RECORD),
    ("interaction.complaint-not-named", "complaint_id", [RECORD], to(ScreenInteraction, **SCREEN, complaint_id=None)),
    (
        "interaction.screening-id-reused",
        "screening_id",
        [RECORD, to(ScreenInteraction, **SCREEN, complaint_id=ONE)],
        to(ScreenInteraction, **SCREEN, complaint_id=TWO),
    ),
    ("interaction.follow-up-unknown", "follow_up_id", [RECORD], DONE),
    ("interaction.follow-up-id-reused", "follow_up_id", [RECORD, CALL_BACK], CALL_LATER),
    ("interaction.follow-up-settled", "follow_up_id", [RECORD, CALL_BACK, DONE], to(MissFollowUp, follow_up_id=ONE)),
    ("interaction.touch-unknown", "touch_id", [], to(RecordInteraction, **OUT)),
    ("interaction.touch-unknown", "touch_id", [], to(RecordInteraction, **OUT, touch_seen=seen(customer_id=TWO))),
    ("interaction.touch-not-sent", "touch_id", [], to(RecordInteraction, **OUT, touch_seen=seen(sent=False))),
    ("interaction.touch-unfit", "touch_id", [], to(RecordInteraction, **OUT, touch_seen=seen(channel="visit"))),
    (
        "interaction.touch-carried-out",
        "touch_id",
        [],
        to(RecordInteraction, **OUT, touch_seen=seen(carried_out_by=TWO)),
    ),
    *INTERACTION_CORRECTION_CASES,
    *confidential_cases(
        "interaction",
        to(RecordInteraction, **{**dict(RECORD), "confidential": "about-colleague"}),
        MarkInteractionConfidential,
        RequestInteractionDeclassification,
        DeclassifyInteraction,
    ),
]

PLANNED = {"title": "Savings 2026", "purpose": "marketing", "channel": "phone", "planned_by": "staff:17"}
PLAN = to(PlanCampaign, **PLANNED)
PLAN_BACKWARDS = to(PlanCampaign, **PLANNED, starts_on="2026-12-01", ends_on="2026-11-30")
APPROVE = to(ApproveCampaign, approved_by="staff:18")
LAUNCH = to(LaunchCampaign)
PAUSE = to(PauseCampaign, reason="stock")
END = to(EndCampaign, reason="done")
COST = to(RecordCampaignCost, cost_id=ONE, kind="media", amount=Money(100, "EUR"))
COST_OTHER = to(RecordCampaignCost, cost_id=ONE, kind="print", amount=Money(100, "EUR"))
CAMPAIGN_CASES: list[Case] = [
    ("campaign.not-planned", "campaign_id", [], LAUNCH),
    ("campaign.already-planned", "campaign_id", [PLAN], PLAN),
    ("campaign.period-invalid", "ends_on", [], PLAN_BACKWARDS),
    ("campaign.second-person-required", "approved_by", [PLAN], to(ApproveCampaign, approved_by="staff:17")),
    ("campaign.already-approved", None, [PLAN, APPROVE], to(ApproveCampaign, approved_by="staff:19")),
    ("campaign.not-approved", None, [PLAN], LAUNCH),
    ("campaign.not-running", None, [PLAN, APPROVE], PAUSE),
    ("campaign.not-paused", None, [PLAN, APPROVE], to(ResumeCampaign)),
    ("campaign.paused", None, [PLAN, APPROVE, LAUNCH, PAUSE], LAUNCH),
    ("campaign.already-ended", None, [PLAN, END], LAUNCH),
    ("campaign.cost-id-reused", "cost_id", [PLAN, COST], COST_OTHER),
]

RULING = {"rule": "contact_policy", "rule_version": 3, "reason": "cap"}
TARGET = {"customer_id": ANNA, "campaign_id": ONE, "campaign_version": 2, "channel": "phone", "purpose": "marketing"}
SEND = to(DecideTouch, **TARGET, **RULING, decision="send")
HOLD = to(DecideTouch, **TARGET, **RULING, decision="hold")
RESPOND = to(RecordTouchResponse, response_id=ONE, response="yes")
CONVERT = to(RecordTouchConversion, conversion_id=ONE, product="deposit")
TOUCH_CASES: list[Case] = [
    ("touch.not-decided", "touch_id", [], to(RecordTouchOpening)),
    ("touch.already-decided", "touch_id", [SEND], HOLD),
    ("touch.not-held", None, [SEND], to(ExpireTouch, reason="late")),
    ("touch.not-held", None, [HOLD, to(ExpireTouch, reason="late")], to(ReleaseTouch, **RULING)),
    ("touch.not-sent", None, [HOLD], RESPOND),
    (
        "touch.already-delivered",
        None,
        [SEND, to(ConfirmTouchDelivery)],
        to(RecordTouchBounce, reason="no_such_number"),
    ),
    ("touch.already-bounced", None, [SEND, to(RecordTouchBounce, reason="busy")], to(ConfirmTouchDelivery)),
    (
        "touch.response-id-reused",
        "response_id",
        [SEND, RESPOND],
        to(RecordTouchResponse, response_id=ONE, response="no"),
    ),
    (
        "touch.conversion-id-reused",
        "conversion_id",
        [SEND, CONVERT],
        to(RecordTouchConversion, conversion_id=ONE, product="loan"),
    ),
]

ASKED = {"customer_id": ANNA, "survey": "after_complaint", "survey_version": 2, "channel": "email"}
INVITE = to(InviteToSurvey, **ASKED, metric="csat", scale_min=1, scale_max=5)

JUDGED = {"plan_version": 1, "asked_already": False, "contradicts": None, "expires_at": None, "suppressed": None}
TWICE, OTHERWISE = {"asked_already": True}, {"contradicts": "metric"}
INVITE_FLAT = to(InviteToSurvey, **ASKED, metric="csat", scale_min=5, scale_max=5)
INVITE_NPS = to(InviteToSurvey, **ASKED, metric="nps", scale_min=1, scale_max=5)
FIVE = to(AnswerSurvey, score=5)
SURVEY_CASES: list[Case] = [
    (
        "survey.suppressed",
        None,
        [to(InviteToSurvey, **dict(INVITE) | {"planned": {**JUDGED, "suppressed": "asked-often-over-all"}})],
        to(AnswerSurvey, score=1),
    ),
    ("survey.asked-already", None, [], to(InviteToSurvey, **dict(INVITE) | {"planned": JUDGED | TWICE})),
    ("survey.not-as-planned", "metric", [], to(InviteToSurvey, **dict(INVITE) | {"planned": JUDGED | OTHERWISE})),
    ("survey.expiry-past", "expires_at", [], to(InviteToSurvey, **dict(INVITE) | {"expires_at": INVITE.occurred_at})),
    ("survey.not-invited", "invitation_id", [], to(ConfirmSurveyDelivery)),
    ("survey.already-invited", "invitation_id", [INVITE], INVITE),
    ("survey.scale-invalid", "scale_max", [], INVITE_FLAT),
    ("survey.scale-invalid", "scale_max", [], INVITE_NPS),
    ("survey.score-out-of-scale", "score", [INVITE], to(AnswerSurvey, score=6)),
    ("survey.already-answered", None, [INVITE, FIVE], FIVE),
    ("survey.already-answered", None, [INVITE, FIVE], to(ExpireSurvey)),
    ("survey.expired", None, [INVITE, to(ExpireSurvey)], FIVE),
]


ASKED_FOR = {"customer_id": ANNA, "channel": "letter", "received_by": "staff:1"}
WISH = to(ReceivePrivacyRequest, **ASKED_FOR, kind="erasure")
WISH_COPY = to(ReceivePrivacyRequest, **ASKED_FOR, kind="access")
CHECK = to(CheckPrivacyRequestIdentity, method="document", checked_by="staff:1")
AGREE = to(ApprovePrivacyRequest, approved_by="staff:2")
GRANTED = [WISH, CHECK, AGREE]
COPY_GRANTED = [WISH_COPY, CHECK, AGREE]
JUDGE = to(DecidePrivacyRequest, schedule_version=1, held=(), rules=())
EXTEND = to(ExtendPrivacyRequest, reason="complex", notified_on="2026-11-20", extended_by="staff:2")
EXTEND_OWN = to(ExtendPrivacyRequest, reason="complex", notified_on="2026-11-20", extended_by="staff:1")
HAND_OVER = to(CompletePrivacyRequest, done="handed-over", completed_by="staff:2")
FINISH = to(FinishPrivacyRequest, done="erased", completed_by="daybook:eraser")
LIFT = to(
    LiftProcessingRestriction,
    record_classes=("contact",), reason="verified", informed_on="2026-12-01", lifted_by="staff:3",
)  # fmt: skip
PRIVACY_REQUEST_CASES: list[Case] = [
    ("privacy-request.not-received", "request_id", [], CHECK),
    ("privacy-request.already-received", "request_id", [WISH], WISH),
    ("privacy-request.identity-not-checked", None, [WISH], AGREE),
    (
        "privacy-request.second-person-required",
        "approved_by",
        [WISH, CHECK],
        to(ApprovePrivacyRequest, approved_by="staff:1"),
    ),
    ("privacy-request.second-person-required", "extended_by", [WISH], EXTEND_OWN),
    ("privacy-request.already-approved", None, GRANTED, to(ApprovePrivacyRequest, approved_by="staff:3")),
    ("privacy-request.already-extended", None, [WISH, EXTEND], EXTEND),
    ("privacy-request.not-approved", None, [WISH, CHECK], JUDGE),
    ("privacy-request.not-approved", None, [WISH_COPY, CHECK], HAND_OVER),
    ("privacy-request.of-the-program", None, GRANTED, HAND_OVER),
    ("privacy-request.of-the-program", None, [*GRANTED, JUDGE], to(WithdrawPrivacyRequest, reason="mistake")),
    ("privacy-request.nothing-to-decide", None, COPY_GRANTED, JUDGE),
    ("privacy-request.not-decided", None, GRANTED, FINISH),
    ("privacy-request.already-ended", None, [*GRANTED, JUDGE, FINISH], EXTEND),
    ("privacy-request.not-restricted", "record_classes", [*GRANTED, JUDGE], LIFT),
]

ORDER = {"customer_id": ANNA, "cause": "privacy-request", "cause_id": ONE, "record_classes": ("contact",)}
ERASE = to(RequestErasure, **ORDER)
GONE = to(CompleteErasure, keys=(), blobs=1)
FAILED = to(ReportErasureAttempt, stores=("vault",), reason="unreachable")
TELL = to(RecordRecipientNotice, disclosure_id=TWO, notice="sent", channel="letter", notified_by="staff:1")
ERASURE_CASES: list[Case] = [
    ("erasure.not-requested", "erasure_id", [], GONE),
    ("erasure.already-requested", "erasure_id", [ERASE], ERASE),
    ("erasure.already-ended", None, [ERASE, GONE], FAILED),
    ("erasure.not-completed", None, [ERASE], to(CertifyErasure, sha256="ab" * 32)),
    ("erasure.recipient-unknown", "disclosure_id", [ERASE], TELL),
]

PLACE = to(PlaceLegalHold, customer_id=ANNA, matter="CASE-1", basis="litigation", placed_by="staff:1")
PROPOSE_RELEASE = to(ProposeLegalHoldRelease, reason="settled", proposed_by="staff:1")
RELEASED = to(ReleaseLegalHold, released_by="staff:2")
LEGAL_HOLD_CASES: list[Case] = [
    ("legal-hold.not-placed", "hold_id", [], RELEASED),
    ("legal-hold.already-placed", "hold_id", [PLACE], PLACE),
    ("legal-hold.release-not-proposed", None, [PLACE], RELEASED),
    (
        "legal-hold.second-person-required",
        "released_by",
        [PLACE, PROPOSE_RELEASE],
        to(ReleaseLegalHold, released_by="staff:1"),
    ),
    ("legal-hold.already-released", None, [PLACE, PROPOSE_RELEASE, RELEASED], PROPOSE_RELEASE),
]

PROPOSE_SCHEDULE = to(ProposeRetentionSchedule, schedule_version=1, rules=(), proposed_by="staff:1")
SIGNED_SCHEDULE = [to(SignOffRetentionSchedule, signed_by="staff:2"), to(SignOffRetentionSchedule, signed_by="staff:3")]
ACTIVATE_SCHEDULE = to(ActivateRetentionSchedule, activated_by="staff:2")
WITHDRAW_SCHEDULE = to(WithdrawRetentionSchedule, reason="mistake")
SIGN_OWN = to(SignOffRetentionSchedule, signed_by="staff:1")
RETENTION_SCHEDULE_CASES: list[Case] = [
    ("retention-schedule.not-proposed", "schedule_id", [], ACTIVATE_SCHEDULE),
    ("retention-schedule.already-proposed", "schedule_id", [PROPOSE_SCHEDULE], PROPOSE_SCHEDULE),
    ("retention-schedule.second-person-required", "signed_by", [PROPOSE_SCHEDULE], SIGN_OWN),
    ("retention-schedule.signatures-missing", None, [PROPOSE_SCHEDULE, SIGNED_SCHEDULE[0]], ACTIVATE_SCHEDULE),
    (
        "retention-schedule.already-active",
        None,
        [PROPOSE_SCHEDULE, *SIGNED_SCHEDULE, ACTIVATE_SCHEDULE],
        WITHDRAW_SCHEDULE,
    ),
    ("retention-schedule.withdrawn", None, [PROPOSE_SCHEDULE, WITHDRAW_SCHEDULE], SIGNED_SCHEDULE[0]),
]

LOT = to(ProposeDisposal, record_class="contact", customer_ids=(ANNA,), proposed_by="staff:1")
AGREE_DISPOSAL = to(ApproveDisposal, approved_by="staff:2")
DISPOSED = to(CompleteDisposal, erasures=(), kept=())
GIVE_UP = to(WithdrawDisposal, reason="mistake")
DISPOSAL_CASES: list[Case] = [
    ("disposal.not-proposed", "disposal_id", [], AGREE_DISPOSAL),
    ("disposal.already-proposed", "disposal_id", [LOT], LOT),
    ("disposal.second-person-required", "approved_by", [LOT], to(ApproveDisposal, approved_by="staff:1")),
    ("disposal.not-approved", None, [LOT], DISPOSED),
    ("disposal.already-approved", None, [LOT, AGREE_DISPOSAL], GIVE_UP),
    ("disposal.already-ended", None, [LOT, GIVE_UP], AGREE_DISPOSAL),
]

TRANSFER = to(
    RecordDisclosure,
    customer_id=ANNA, recipient="Credit bureau", record_classes=("identity",), purpose="credit-check",
    basis="gdpr.art6-1b", channel="other", disclosed_by="staff:1",
)  # fmt: skip
DISCLOSURE_CASES: list[Case] = [
    ("disclosure.not-recorded", "disclosure_id", [], to(RetractDisclosure, reason="mistake", retracted_by="staff:1")),
    ("disclosure.already-recorded", "disclosure_id", [TRANSFER], TRANSFER),
]

CASES: list[tuple[Aggregate[Any], Case]] = [
    *((CUSTOMER, case) for case in (*CUSTOMER_CASES, *IDENTITY_CASES)),
    *((INTERACTION, case) for case in INTERACTION_CASES),
    *((COMPLAINT, case) for case in COMPLAINT_CASES),
    *((CAMPAIGN, case) for case in CAMPAIGN_CASES),
    *((TOUCH, case) for case in TOUCH_CASES),
    *((SURVEY, case) for case in SURVEY_CASES),
    *((SURVEY_PLAN, case) for case in SURVEY_PLAN_CASES),
    *((ENGAGEMENT, case) for case in ENGAGEMENT_CASES),
    *((TASK, case) for case in TASK_CASES),
    *((ACCESS_TABLE, case) for case in ACCESS_TABLE_CASES),
    *((PRIVACY_REQUEST, case) for case in PRIVACY_REQUEST_CASES),
    *((ERASURE, case) for case in ERASURE_CASES),
    *((LEGAL_HOLD, case) for case in LEGAL_HOLD_CASES),
    *((RETENTION_SCHEDULE, case) for case in RETENTION_SCHEDULE_CASES),
    *((DISPOSAL, case) for case in DISPOSAL_CASES),
    *((DISCLOSURE, case) for case in DISCLOSURE_CASES),
    *((BREAK_GLASS, case) for case in BREAK_GLASS_CASES),
    *((ACTOR, case) for case in ACTOR_CASES),
    *((CALENDAR, case) for case in CALENDAR_CASES),
    *((CLOCK_POLICY, case) for case in CLOCK_POLICY_CASES),
    *((CODE_MAP, case) for case in CODE_MAP_CASES),
    *((RESERVATION, case) for case in RESERVATION_CASES),
    *((SAMPLING_PLAN, case) for case in SAMPLING_PLAN_CASES),
    *((WATCH_RULES, case) for case in WATCH_RULES_CASES),
    *((ORGANISATION_UNIT, case) for case in ORGANISATION_UNIT_CASES),
    *((HOLDING, case) for case in HOLDING_CASES),
    *((NEED, case) for case in NEED_CASES),
    *((LEAD, case) for case in LEAD_CASES),
    *((PORTFOLIO_HANDOVER, case) for case in PORTFOLIO_HANDOVER_CASES),
    *((CUSTOMER, case) for case in CONSENT_CASES),
    *((TOUCH, case) for case in JUDGED_CASES),
    *((CONTACT_POLICY, case) for case in CONTACT_POLICY_CASES),
    *((LINKING_RULES, case) for case in LINKING_RULES_CASES),
]


@pytest.mark.parametrize(("aggregate", "case"), CASES, ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_refused(aggregate, case):
    code, field, before, command = case
    given(aggregate, *before).when(command).refused(code, field)
    assert field is None or field in type(command).model_fields


def test_there_are_no_other_refusals():
    assert {case[0] for _, case in CASES} == {code for one in AGGREGATES for code in one.refusals}
