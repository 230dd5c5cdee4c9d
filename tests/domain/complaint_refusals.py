"""What the commands to a complaint refuse."""

from datetime import datetime

from domain.access_rules import RedressLimit
from domain.codes import Giving, Money
from domain.complaint import CloseComplaint, MergeComplaint, ReopenComplaint, WithdrawComplaint
from domain.complaint_agreement import AgreeComplaintTime
from domain.complaint_confidentiality import (
    DeclassifyComplaint,
    MarkComplaintConfidential,
    RequestComplaintDeclassification,
)
from domain.complaint_handling import (
    AcknowledgeComplaint,
    AssignComplaint,
    CheckComplaintQuality,
    RecuseFromComplaint,
)
from domain.complaint_intake import (
    AddRepresentative,
    AttachToComplaint,
    ReceiveComplaint,
    RemoveRepresentative,
    RequestComplaintDetails,
    SupplementComplaint,
)
from domain.complaint_letters import (
    AcceptResolution,
    IssueFinalResponse,
    NotifyComplainant,
    RecordDelivery,
    SendLetter,
    SendSummaryResolution,
)
from domain.complaint_redress import AcceptRedress, ApproveRedress, OfferRedress, PayRedress
from domain.complaint_review import DecideReview, DisputeComplaint, RecordRuling, ReferComplaint, RequestReview
from domain.complaint_time import (
    BACKDATINGS_MAX,
    ConfirmBackdating,
    ExtendComplaint,
    PauseComplaint,
    RejectBackdating,
    RequestExtension,
    RestartComplaint,
    ResumeComplaint,
)
from tests.domain.access_refusals import Case, confidential_cases
from tests.domain.scenario import ANNA, BO, ONE, STREAM, TWO, WHEN, to

RECEIVE = to(ReceiveComplaint, complainant_id=ANNA, channel="letter", complained_about=("staff:17",))
ANSWER = to(IssueFinalResponse, outcome="rejected", redress="none")
ANSWER_WRONG = to(IssueFinalResponse, outcome="upheld", redress="none", redress_amount=Money(500, "GBP"))
CLOSE = to(CloseComplaint)
ASSIGN = to(AssignComplaint, handler="staff:18")
RECUSE = to(RecuseFromComplaint, person="staff:19", reason="relative")
OFFER = to(
    OfferRedress, redress_id=ONE, redress="monetary", amount=Money(500, "GBP"), offered_by="staff:1",
    redress_limits=[RedressLimit(amount_minor=500, currency="GBP")],
)  # fmt: skip
OFFER_MORE = to(OfferRedress, redress_id=ONE, redress="monetary", amount=Money(501, "GBP"), offered_by="staff:1")
OFFER_OTHER = to(OfferRedress, redress_id=ONE, redress="non_monetary", offered_by="staff:1")
OFFER_WRONG = to(OfferRedress, redress_id=ONE, redress="monetary", offered_by="staff:1")
FILE = to(AttachToComplaint, attachment_id=ONE, kind="letter", media_type="application/pdf", content="JVBERg==")
MERGE = to(MergeComplaint, into_complaint_id=ONE, reason="same-matter")

AGENT = to(AddRepresentative, representative_id=ONE, role="agent")
GROUP = [to(AddRepresentative, representative_id=ANNA.__class__(int=n), role="representative") for n in range(5)]
SIXTH = to(AddRepresentative, representative_id=BO, role="representative")

MADE = {"template": "letter", "template_version": 1}
LETTER = to(SendLetter, letter_id=ONE, kind="other", channel="letter", **MADE)
LETTER_OTHER = to(SendLetter, letter_id=ONE, kind="redress", channel="letter", **MADE)
LETTER_TO_BO = to(SendLetter, letter_id=ONE, kind="other", channel="letter", representative_id=BO, **MADE)
ANSWER_SAME = to(IssueFinalResponse, outcome="rejected", redress="none", letter_id=ONE)
ARRIVED = to(RecordDelivery, attempt_id=TWO, letter_id=ONE, channel="letter", outcome="delivered")
TELL = to(NotifyComplainant, notification_id=ONE, what="decision", how="dialled", outcome="reached")
SUMMARY = to(SendSummaryResolution, letter_id=ONE, **MADE)

PAUSE = to(PauseComplaint, pause_id=ONE, reason="mediation")
PAUSE_OTHER = to(PauseComplaint, pause_id=ONE, reason="external-appraisal")
MORE = {"clock": "cn.decide", "length": 15, "unit": "natural-day", "reason": "complex", "requested_by": "staff:1"}
ASK_MORE = to(RequestExtension, extension_id=ONE, **MORE)
ASK_AGAIN = to(RequestExtension, extension_id=TWO, **MORE)
ASK_WRONG = to(RequestExtension, extension_id=ONE, **{**MORE, "unit": None})
TOLD = {"notice_sent_at": WHEN, "notice_how": "sent"}


def _extend(one=ONE, by="staff:2", level="institution"):
    return to(ExtendComplaint, extension_id=one, approver=by, approver_level=level, **TOLD)


def _agree(by="staff:2", **facts):
    terms = {"clock": "cn.decide", "due_on": "2026-12-18", "agreed_by": "staff:1", "evidence": "recorded-call"}
    return to(AgreeComplaintTime, agreement_id=ONE, confirmed_by=by, **{**terms, **facts})


LATER = Giving(by="staff:1", at=datetime.fromisoformat("2026-11-02T10:00:01Z"))
LATE = to(AcknowledgeComplaint, given=LATER)
LATE_WITH_REASON = to(AcknowledgeComplaint, given=LATER, backdating_reason="in-the-post")
PAUSES = [
    to(PauseComplaint, pause_id=ANNA.__class__(int=n), reason="mediation", given=LATER, backdating_reason="post")
    for n in range(BACKDATINGS_MAX + 1)
]
CONFIRM = to(ConfirmBackdating, number=1, evidence="postmark", confirmed_by="staff:2")
CLAIMED = [RECEIVE, LATE_WITH_REASON]

REVIEW = to(RequestReview, review_id=ONE)
SECOND_REVIEW = to(RequestReview, review_id=TWO)


def _decide_review(by="staff:2"):
    return to(DecideReview, review_id=ONE, outcome="confirmed", decided_by=by, level="superior")


REFER = to(ReferComplaint, referral_id=ONE, to="ombudsman")
RULED = to(RecordRuling, referral_id=ONE, outcome="upheld")
RULED_OTHERWISE = to(RecordRuling, referral_id=ONE, outcome="rejected")


def _check(by="staff:2"):
    return to(CheckComplaintQuality, check_id=ONE, result="passed", checked_by=by)


COMPLAINT_CASES: list[Case] = [
    ("complaint.attachment-id-reused", "attachment_id", [RECEIVE, FILE], FILE),
    ("complaint.not-received", "complaint_id", [], CLOSE),
    ("complaint.already-received", "complaint_id", [RECEIVE], RECEIVE),
    ("complaint.already-answered", None, [RECEIVE, ANSWER], ANSWER),
    ("complaint.already-closed", None, [RECEIVE, ANSWER, CLOSE], to(WithdrawComplaint)),
    ("complaint.already-withdrawn", None, [RECEIVE, to(WithdrawComplaint)], to(AcknowledgeComplaint)),
    ("complaint.already-merged", None, [RECEIVE, MERGE], to(AcknowledgeComplaint)),
    (
        "complaint.merged-into-itself", "into_complaint_id", [RECEIVE],
        to(MergeComplaint, into_complaint_id=STREAM, reason="same-matter"),
    ),
    ("complaint.not-ended", None, [RECEIVE], to(ReopenComplaint, reason="new_facts")),
    ("complaint.no-final-response", None, [RECEIVE], CLOSE),
    ("complaint.no-final-response", None, [RECEIVE], to(DisputeComplaint)),
    ("complaint.no-final-response", None, [RECEIVE], REVIEW),
    ("complaint.already-disputed", None, [RECEIVE, ANSWER, to(DisputeComplaint)], to(DisputeComplaint)),
    # Intake
    ("complaint.nothing-told", None, [RECEIVE], to(SupplementComplaint, supplement_id=ONE)),
    ("complaint.not-demandable", "items", [RECEIVE], to(RequestComplaintDetails, items=["letter-of-attorney"])),
    (
        "complaint.not-demandable", "items",
        [to(ReceiveComplaint, complainant_id=ANNA, customer_id=ANNA, channel="web")],
        to(RequestComplaintDetails, items=["contact"]),
    ),
    ("complaint.too-many-representatives", None, [RECEIVE, *GROUP], SIXTH),
    (
        "complaint.representative-is-complainant", "representative_id", [RECEIVE],
        to(AddRepresentative, representative_id=ANNA, role="agent"),
    ),
    (
        "complaint.representative-unknown", "representative_id", [RECEIVE],
        to(RemoveRepresentative, representative_id=ONE, reason="revoked"),
    ),
    ("complaint.representative-unknown", "representative_id", [RECEIVE], LETTER_TO_BO),
    (
        "complaint.id-reused", "representative_id", [RECEIVE, AGENT],
        to(AddRepresentative, representative_id=ONE, role="heir"),
    ),
    # Handling
    ("complaint.handler-has-interest", "handler", [RECEIVE], to(AssignComplaint, handler="staff:17")),
    ("complaint.handler-has-interest", "handler", [RECEIVE, RECUSE], to(AssignComplaint, handler="staff:19")),
    ("complaint.nothing-handled", None, [RECEIVE], _check()),
    ("complaint.handler-has-interest", "checked_by", [RECEIVE, ASSIGN, RECUSE], _check("staff:19")),
    ("complaint.second-person-required", "checked_by", [RECEIVE, ASSIGN], _check("staff:18")),
    # Letters
    ("complaint.id-reused", "letter_id", [RECEIVE, LETTER], LETTER_OTHER),
    ("complaint.id-reused", "letter_id", [RECEIVE, LETTER], ANSWER_SAME),
    ("complaint.letter-unknown", "letter_id", [RECEIVE], ARRIVED),
    ("complaint.resolution-not-accepted", None, [RECEIVE], SUMMARY),
    ("complaint.already-answered", None, [RECEIVE, to(AcceptResolution, channel="phone"), SUMMARY], ANSWER),
    ("complaint.nothing-to-tell", "what", [RECEIVE], TELL),
    # Redress
    ("complaint.redress-amount-mismatch", "redress_amount", [RECEIVE], ANSWER_WRONG),
    ("complaint.redress-amount-mismatch", "amount", [RECEIVE], OFFER_WRONG),
    ("complaint.redress-id-reused", "redress_id", [RECEIVE, OFFER], OFFER_OTHER),
    ("complaint.redress-unknown", "redress_id", [RECEIVE], to(AcceptRedress, redress_id=ONE)),
    ("complaint.redress-not-accepted", "redress_id", [RECEIVE, OFFER], to(PayRedress, redress_id=ONE)),
    ("complaint.redress-not-approved", "redress_id", [RECEIVE, OFFER_MORE], to(AcceptRedress, redress_id=ONE)),
    (
        "complaint.redress-approver-not-another", "approved_by", [RECEIVE, OFFER_MORE],
        to(ApproveRedress, redress_id=ONE, approved_by="staff:1"),
    ),
    # Time
    ("complaint.id-reused", "pause_id", [RECEIVE, PAUSE], PAUSE_OTHER),
    ("complaint.pause-unknown", "pause_id", [RECEIVE], to(ResumeComplaint, pause_id=ONE)),
    ("complaint.already-answered", None, [RECEIVE, ANSWER], to(RestartComplaint, restart_id=ONE, reason="new-facts")),
    ("complaint.extension-terms-invalid", "length", [RECEIVE], ASK_WRONG),
    ("complaint.extension-unknown", "extension_id", [RECEIVE], _extend()),
    ("complaint.second-person-required", "approver", [RECEIVE, ASK_MORE], _extend(by="staff:1")),
    ("complaint.second-person-required", "approver", [RECEIVE, ASSIGN, ASK_MORE], _extend(by="staff:18")),
    ("complaint.handler-has-interest", "approver", [RECEIVE, ASK_MORE], _extend(by="staff:17")),
    ("complaint.superior-required", "approver_level", [RECEIVE, ASK_MORE, _extend(), ASK_AGAIN], _extend(TWO)),
    ("complaint.id-reused", "agreement_id", [RECEIVE, _agree()], _agree(due_on="2026-12-19")),
    ("complaint.second-person-required", "confirmed_by", [RECEIVE], _agree("staff:1")),
    ("complaint.second-person-required", "confirmed_by", [RECEIVE, ASSIGN], _agree("staff:18")),
    ("complaint.handler-has-interest", "confirmed_by", [RECEIVE], _agree("staff:17")),
    ("complaint.already-closed", None, [RECEIVE, ANSWER, CLOSE], _agree()),
    ("complaint.backdating-unexplained", "backdating_reason", [RECEIVE], LATE),
    ("complaint.too-many-backdatings", None, [RECEIVE, *PAUSES[:-1]], PAUSES[-1]),
    ("complaint.backdating-unknown", "number", [RECEIVE], CONFIRM),
    (
        "complaint.second-person-required", "confirmed_by", CLAIMED,
        to(ConfirmBackdating, number=1, evidence="postmark", confirmed_by="staff:1"),
    ),
    (
        "complaint.backdating-settled", None, [*CLAIMED, CONFIRM],
        to(RejectBackdating, number=1, reason="no-evidence", rejected_by="staff:3"),
    ),
    # Review
    ("complaint.review-open", None, [RECEIVE, ANSWER, REVIEW], SECOND_REVIEW),
    ("complaint.review-unknown", "review_id", [RECEIVE, ANSWER], _decide_review()),
    ("complaint.review-settled", None, [RECEIVE, ANSWER, REVIEW, _decide_review()], _decide_review()),
    ("complaint.second-person-required", "decided_by", [RECEIVE, ASSIGN, ANSWER, REVIEW], _decide_review("staff:18")),
    ("complaint.handler-has-interest", "decided_by", [RECEIVE, ANSWER, REVIEW], _decide_review("staff:17")),
    ("complaint.referral-unknown", "referral_id", [RECEIVE], RULED),
    ("complaint.id-reused", "referral_id", [RECEIVE, REFER, RULED], RULED_OTHERWISE),
    *confidential_cases(
        "complaint", RECEIVE, MarkComplaintConfidential, RequestComplaintDeclassification, DeclassifyComplaint
    ),
]  # fmt: skip
