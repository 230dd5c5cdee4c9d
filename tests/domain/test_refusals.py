"""Every refusal there is, by its stable code: what came before, what was wanted, which field is at fault."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain import AGGREGATES
from domain.access_rules import AccessRules, RoleRights
from domain.access_table import (
    ACCESS_TABLE,
    ActivateAccessTable,
    ProposeAccessTable,
    SignOffAccessTable,
    WithdrawAccessTable,
)
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
from domain.codes import Money
from domain.complaint import (
    COMPLAINT,
    AcceptRedress,
    AcknowledgeComplaint,
    AssignComplaint,
    CloseComplaint,
    DisputeComplaint,
    IssueFinalResponse,
    OfferRedress,
    PayRedress,
    ReceiveComplaint,
    ReopenComplaint,
    WithdrawComplaint,
)
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
from domain.interaction import (
    INTERACTION,
    AnnotateInteraction,
    CompleteFollowUp,
    MissFollowUp,
    RecordInteraction,
    ScheduleFollowUp,
)
from domain.kernel import Aggregate, Command
from domain.survey import SURVEY, AnswerSurvey, ConfirmSurveyDelivery, ExpireSurvey, InviteToSurvey
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
from tests.domain.scenario import ANNA, ONE, given, to

Case = tuple[str, str | None, Sequence[Command], Command]

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
]

RECORD = to(RecordInteraction, customer_id=ANNA, channel="phone", direction="inbound", purpose="servicing")
CALL_BACK = to(ScheduleFollowUp, follow_up_id=ONE, kind="call_back", due_at="2026-11-03T09:00:00Z")
CALL_LATER = to(ScheduleFollowUp, follow_up_id=ONE, kind="call_back", due_at="2026-11-04T09:00:00Z")
DONE = to(CompleteFollowUp, follow_up_id=ONE)
INTERACTION_CASES: list[Case] = [
    ("interaction.not-recorded", "interaction_id", [], to(AnnotateInteraction, note_id=ONE, note="n")),
    ("interaction.already-recorded", "interaction_id", [RECORD], RECORD),
    ("interaction.follow-up-unknown", "follow_up_id", [RECORD], DONE),
    ("interaction.follow-up-id-reused", "follow_up_id", [RECORD, CALL_BACK], CALL_LATER),
    ("interaction.follow-up-settled", "follow_up_id", [RECORD, CALL_BACK, DONE], to(MissFollowUp, follow_up_id=ONE)),
]

RECEIVE = to(ReceiveComplaint, complainant_id=ANNA, channel="letter", complained_about=("staff:17",))
ANSWER = to(IssueFinalResponse, outcome="rejected", redress="none")
ANSWER_WRONG = to(IssueFinalResponse, outcome="upheld", redress="none", redress_amount=Money(500, "GBP"))
CLOSE = to(CloseComplaint)
OFFER = to(OfferRedress, redress_id=ONE, redress="monetary", amount=Money(500, "GBP"))
OFFER_OTHER = to(OfferRedress, redress_id=ONE, redress="non_monetary")
OFFER_WRONG = to(OfferRedress, redress_id=ONE, redress="monetary")
COMPLAINT_CASES: list[Case] = [
    ("complaint.not-received", "complaint_id", [], CLOSE),
    ("complaint.already-received", "complaint_id", [RECEIVE], RECEIVE),
    ("complaint.already-answered", None, [RECEIVE, ANSWER], ANSWER),
    ("complaint.already-closed", None, [RECEIVE, ANSWER, CLOSE], to(WithdrawComplaint)),
    ("complaint.already-withdrawn", None, [RECEIVE, to(WithdrawComplaint)], to(AcknowledgeComplaint)),
    ("complaint.not-ended", None, [RECEIVE], to(ReopenComplaint, reason="new_facts")),
    ("complaint.no-final-response", None, [RECEIVE], CLOSE),
    ("complaint.no-final-response", None, [RECEIVE], to(DisputeComplaint)),
    ("complaint.already-disputed", None, [RECEIVE, ANSWER, to(DisputeComplaint)], to(DisputeComplaint)),
    ("complaint.handler-has-interest", "handler", [RECEIVE], to(AssignComplaint, handler="staff:17")),
    ("complaint.redress-amount-mismatch", "redress_amount", [RECEIVE], ANSWER_WRONG),
    ("complaint.redress-amount-mismatch", "amount", [RECEIVE], OFFER_WRONG),
    ("complaint.redress-id-reused", "redress_id", [RECEIVE, OFFER], OFFER_OTHER),
    ("complaint.redress-unknown", "redress_id", [RECEIVE], to(AcceptRedress, redress_id=ONE)),
    ("complaint.redress-not-accepted", "redress_id", [RECEIVE, OFFER], to(PayRedress, redress_id=ONE)),
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
INVITE_FLAT = to(InviteToSurvey, **ASKED, metric="csat", scale_min=5, scale_max=5)
INVITE_NPS = to(InviteToSurvey, **ASKED, metric="nps", scale_min=1, scale_max=5)
FIVE = to(AnswerSurvey, score=5)
SURVEY_CASES: list[Case] = [
    ("survey.not-invited", "invitation_id", [], to(ConfirmSurveyDelivery)),
    ("survey.already-invited", "invitation_id", [INVITE], INVITE),
    ("survey.scale-invalid", "scale_max", [], INVITE_FLAT),
    ("survey.scale-invalid", "scale_max", [], INVITE_NPS),
    ("survey.score-out-of-scale", "score", [INVITE], to(AnswerSurvey, score=6)),
    ("survey.already-answered", None, [INVITE, FIVE], FIVE),
    ("survey.already-answered", None, [INVITE, FIVE], to(ExpireSurvey)),
    ("survey.expired", None, [INVITE, to(ExpireSurvey)], FIVE),
]

RIGHTS = RoleRights(commands=("access-table.*",), confidential=(), purposes=(), queries=(), role="operator")
RULES = AccessRules(roles=(RIGHTS,), showings=())
PROPOSE = to(ProposeAccessTable, table_version=1, rules=RULES, proposed_by="staff:1")
SIGNED = [to(SignOffAccessTable, signed_by="staff:2"), to(SignOffAccessTable, signed_by="staff:3")]
ACTIVATE = to(ActivateAccessTable, activated_by="staff:2")
WITHDRAW_TABLE = to(WithdrawAccessTable, reason="mistake")
LOCKED = to(ProposeAccessTable, table_version=1, rules=AccessRules(roles=(), showings=()), proposed_by="staff:1")
OWN = to(SignOffAccessTable, signed_by="staff:1")
ACCESS_TABLE_CASES: list[Case] = [
    ("access-table.not-proposed", "table_id", [], ACTIVATE),
    ("access-table.already-proposed", "table_id", [PROPOSE], PROPOSE),
    ("access-table.locks-itself", "rules", [], LOCKED),
    ("access-table.second-person-required", "signed_by", [PROPOSE], OWN),
    ("access-table.signatures-missing", None, [PROPOSE, SIGNED[0]], ACTIVATE),
    ("access-table.already-active", None, [PROPOSE, *SIGNED, ACTIVATE], WITHDRAW_TABLE),
    ("access-table.withdrawn", None, [PROPOSE, WITHDRAW_TABLE], SIGNED[0]),
]

CASES: list[tuple[Aggregate[Any], Case]] = [
    *((CUSTOMER, case) for case in CUSTOMER_CASES),
    *((INTERACTION, case) for case in INTERACTION_CASES),
    *((COMPLAINT, case) for case in COMPLAINT_CASES),
    *((CAMPAIGN, case) for case in CAMPAIGN_CASES),
    *((TOUCH, case) for case in TOUCH_CASES),
    *((SURVEY, case) for case in SURVEY_CASES),
    *((ACCESS_TABLE, case) for case in ACCESS_TABLE_CASES),
]


@pytest.mark.parametrize(("aggregate", "case"), CASES, ids=lambda one: one[0] if isinstance(one, tuple) else "")
def test_refused(aggregate, case):
    code, field, before, command = case
    given(aggregate, *before).when(command).refused(code, field)
    assert field is None or field in type(command).model_fields


def test_there_are_no_other_refusals():
    assert {case[0] for _, case in CASES} == {code for one in AGGREGATES for code in one.refusals}
