from datetime import datetime
from typing import get_args

import pytest

from domain.access_rules import RedressLimit
from domain.codes import Channel, Giving, Money
from domain.complaint import (
    COMPLAINT,
    CloseComplaint,
    ComplaintClosed,
    ComplaintMerged,
    ComplaintReopened,
    MergeComplaint,
    ReopenComplaint,
)
from domain.complaint_confidentiality import ComplaintMarkedConfidential, MarkComplaintConfidential
from domain.complaint_handling import (
    AcknowledgeComplaint,
    AssessComplaint,
    AssignComplaint,
    AssignRootCause,
    ComplaintAcknowledged,
    ComplaintAssigned,
    ComplaintCounted,
    ComplaintForwarded,
    ComplaintMarkedMajor,
    ComplaintRecused,
    CountComplaint,
    ForwardComplaint,
    OpenInvestigation,
    RecuseFromComplaint,
    RootCauseAssigned,
)
from domain.complaint_intake import (
    AddRepresentative,
    ComplaintDetailsRequested,
    ComplaintGroupCounted,
    ComplaintReceived,
    ComplaintSupplemented,
    CountComplaintGroup,
    ReceiveComplaint,
    RemoveRepresentative,
    RepresentativeAdded,
    RepresentativeRemoved,
    RequestComplaintDetails,
    SupplementComplaint,
)
from domain.complaint_letters import (
    AcceptResolution,
    ComplaintNotified,
    DeliveryRecorded,
    FinalResponseIssued,
    HoldingResponseSent,
    IssueFinalResponse,
    NotifyComplainant,
    RecordDelivery,
    ResolutionAccepted,
    SendHoldingResponse,
    SendSummaryResolution,
    SummaryResolutionSent,
)
from domain.complaint_redress import (
    AcceptRedress,
    ApproveRedress,
    OfferRedress,
    PayRedress,
    RedressAccepted,
    RedressOffered,
    RedressPaid,
)
from domain.complaint_review import (
    ComplaintDisputed,
    ComplaintReferred,
    DecideReview,
    DisputeComplaint,
    RecordRegulatorReceipt,
    ReferComplaint,
    RegulatorReceived,
    RequestReview,
    ReviewDecided,
)
from domain.complaint_time import (
    BackdatingConfirmed,
    BackdatingRecorded,
    ComplaintExtended,
    ComplaintPaused,
    ComplaintRestarted,
    ComplaintResumed,
    ConfirmBackdating,
    ExtendComplaint,
    PauseComplaint,
    RequestExtension,
    RestartComplaint,
    ResumeComplaint,
)
from domain.matters import Sight
from tests.domain.scenario import ANNA, BO, ONE, STREAM, TWO, WHEN, given, history, it, play, to

RECEIVE = to(ReceiveComplaint, complainant_id=ANNA, customer_id=ANNA, channel="web", description="Charged twice")
UPHELD = {"outcome": "upheld", "redress": "monetary", "redress_amount": Money(1_250, "GBP")}
ANSWER = to(IssueFinalResponse, **UPHELD, letter="Dear Anna")
CLOSE = to(CloseComplaint)
REOPEN = to(ReopenComplaint, reason="new_facts")


def test_a_complaint_goes_from_received_to_closed():
    events = history(
        COMPLAINT,
        [
            RECEIVE,
            to(AcknowledgeComplaint),
            to(AssessComplaint, severity="high", regime="uk.disp"),
            to(AssignComplaint, handler="staff:17"),
            to(OpenInvestigation),
            to(SendHoldingResponse, response_id=ONE, letter="We need more time"),
            ANSWER,
            to(OfferRedress, redress_id=TWO, redress="monetary", amount=Money(1_250, "GBP"), offered_by="staff:1"),
            to(ApproveRedress, redress_id=TWO, approved_by="staff:2"),
            to(AcceptRedress, redress_id=TWO),
            CLOSE,
            to(PayRedress, redress_id=TWO),
            to(AssignRootCause, cause="double_posting"),
        ],
    )
    assert [event.type.partition(".")[2] for event in events] == [
        "received",
        "acknowledged",
        "assessed",
        "assigned",
        "investigation-opened",
        "holding-response-sent",
        "final-response-issued",
        "redress-offered",
        "redress-approved",
        "redress-accepted",
        "closed",
        "redress-paid",
        "root-cause-assigned",
    ]
    assert COMPLAINT.ended(play(COMPLAINT, events))


def test_letters_belong_to_the_complainant():
    given(COMPLAINT, RECEIVE).when(ANSWER).then(
        it(FinalResponseIssued, complainant_id=ANNA, **UPHELD, letter="Dear Anna")
    )
    given(COMPLAINT, RECEIVE).when(to(SendHoldingResponse, response_id=ONE)).then(
        it(HoldingResponseSent, complainant_id=ANNA, response_id=ONE)
    )


def test_who_is_no_customer_may_complain():
    received = it(ComplaintReceived, complainant_id=BO, channel="branch")
    assert COMPLAINT.customer_of(play(COMPLAINT, [received])) is None
    assert COMPLAINT.participants_of(received) == [(BO, "complainant")]


def test_who_complains_for_a_customer_is_a_participant():
    for_anna = it(ComplaintReceived, complainant_id=BO, customer_id=ANNA, channel="branch")
    assert COMPLAINT.customer_of(play(COMPLAINT, [for_anna])) == ANNA
    assert COMPLAINT.participants_of(for_anna) == [(BO, "complainant")]
    own = it(ComplaintReceived, complainant_id=ANNA, customer_id=ANNA, channel="branch")
    assert not COMPLAINT.participants_of(own)
    assert not COMPLAINT.participants_of(it(ComplaintClosed))


def test_dates_out_of_order_are_recorded_as_the_source_states_them():
    receive = to(ReceiveComplaint, complainant_id=BO, channel="web", received_on="2014-11-13")
    forward = to(ForwardComplaint, respondent="Made-Up Bank", sent_on="2014-11-10", occurred_at="2014-11-10T00:00:00Z")
    given(COMPLAINT, receive).when(forward).then(
        it(ComplaintForwarded, respondent="Made-Up Bank", sent_on="2014-11-10", occurred_at="2014-11-10T00:00:00Z")
    )


def test_what_an_import_asserts_about_the_clock_is_kept_as_an_assertion():
    asserted = {
        "outcome": "not_stated",
        "redress": "monetary",
        "company_response": "Closed with monetary relief",
        "timely_asserted": True,
        "disputed_asserted": False,
    }
    given(COMPLAINT, RECEIVE).when(to(IssueFinalResponse, **asserted)).then(
        it(FinalResponseIssued, complainant_id=ANNA, **asserted)
    )


def test_a_new_handler_is_told_apart_from_the_last_one():
    given(COMPLAINT, RECEIVE, to(AssignComplaint, handler="staff:17")).when(
        to(AssignComplaint, handler="staff:18")
    ).then(it(ComplaintAssigned, handler="staff:18", previous="staff:17"))


def test_a_closed_complaint_can_be_disputed_and_reopened_and_answered_anew():
    closed = [RECEIVE, ANSWER, CLOSE]
    given(COMPLAINT, *closed).when(to(DisputeComplaint, statement="Not enough")).then(
        it(ComplaintDisputed, complainant_id=ANNA, statement="Not enough")
    )
    given(COMPLAINT, *closed).when(REOPEN).then(it(ComplaintReopened, reason="new_facts"))
    given(COMPLAINT, *closed, REOPEN).when(REOPEN).then()
    given(COMPLAINT, *closed, REOPEN).when(CLOSE).refused("complaint.no-final-response")
    given(COMPLAINT, *closed, REOPEN, ANSWER).when(CLOSE).then(it(ComplaintClosed))
    given(COMPLAINT, *closed, REOPEN, ANSWER).when(to(DisputeComplaint)).then(
        it(ComplaintDisputed, complainant_id=ANNA)
    )


def test_accepted_redress_is_paid_once():
    offer = to(OfferRedress, redress_id=ONE, redress="non_monetary", offered_by="staff:1")
    offered = [RECEIVE, offer, to(AcceptRedress, redress_id=ONE)]
    pay = to(PayRedress, redress_id=ONE)
    given(COMPLAINT, *offered).when(pay).then(it(RedressPaid, redress_id=ONE))
    given(COMPLAINT, *offered, pay).when(pay).then()


def test_a_root_cause_may_change_and_tells_the_one_before():
    given(COMPLAINT, RECEIVE, to(AssignRootCause, cause="staff_error")).when(
        to(AssignRootCause, cause="system_error")
    ).then(it(RootCauseAssigned, cause="system_error", previous="staff_error"))


LIMITS = [RedressLimit(amount_minor=1_000, currency="GBP")]


@pytest.mark.parametrize(
    ("amount", "needs_approval"), [(Money(1_000, "GBP"), False), (Money(1_001, "GBP"), True), (Money(1, "EUR"), True)]
)
def test_redress_above_the_limit_needs_another_person(amount, needs_approval):
    terms = {"redress_id": ONE, "redress": "monetary", "amount": amount, "offered_by": "staff:1"}
    offer, accept = to(OfferRedress, **terms, redress_limits=LIMITS), to(AcceptRedress, redress_id=ONE)
    given(COMPLAINT, RECEIVE).when(offer).then(it(RedressOffered, **terms, needs_approval=needs_approval))
    if not needs_approval:
        given(COMPLAINT, RECEIVE, offer).when(accept).then(it(RedressAccepted, redress_id=ONE))
        return
    own, other = (to(ApproveRedress, redress_id=ONE, approved_by=f"staff:{n}") for n in (1, 2))
    given(COMPLAINT, RECEIVE, offer).when(accept).refused("complaint.redress-not-approved", "redress_id")
    given(COMPLAINT, RECEIVE, offer).when(own).refused("complaint.redress-approver-not-another", "approved_by")
    given(COMPLAINT, RECEIVE, offer, other).when(accept).then(it(RedressAccepted, redress_id=ONE))


def test_a_complaint_about_a_colleague_is_confidential_and_withheld_from_them():
    about = to(ReceiveComplaint, complainant_id=ANNA, channel="letter", complained_about=("staff:17",))
    received, marked = history(COMPLAINT, [about])
    assert isinstance(received, ComplaintReceived)
    assert received.confidential == "about-colleague"
    assert isinstance(marked, ComplaintMarkedConfidential)
    assert (marked.group, marked.withheld_from) == ("about-colleague", ("staff:17",))
    matter = play(COMPLAINT, [received, marked]).matter
    assert not Sight("staff:17", frozenset({"about-colleague"}), frozenset({STREAM})).sees(matter, STREAM)
    assert Sight("staff:18", frozenset({"about-colleague"})).sees(matter, STREAM)
    assert not Sight("staff:18", frozenset({"whistleblower"})).sees(matter, STREAM)
    more = to(MarkComplaintConfidential, group="about-colleague", withheld_from=("staff:18",))
    given(COMPLAINT, about).when(more).then(
        it(
            ComplaintMarkedConfidential,
            group="about-colleague",
            withheld_from=("staff:17", "staff:18"),
            standing="open",
        )
    )


def test_what_is_told_late_is_recorded_as_a_claim_until_another_person_has_looked():
    late = Giving(by="staff:1", at=datetime.fromisoformat("2026-11-02T11:00:00Z"))
    acknowledge = to(AcknowledgeComplaint, given=late, backdating_reason="in-the-post")
    claim = it(
        BackdatingRecorded, occurred_at=late.at, number=1, event="complaint.acknowledged", claimed_at=WHEN,
        given_at=late.at, given_by="staff:1", reason="in-the-post",
    )  # fmt: skip
    given(COMPLAINT, RECEIVE).when(acknowledge).then(it(ComplaintAcknowledged), claim)
    confirm = to(ConfirmBackdating, number=1, evidence="postmark", confirmed_by="staff:2")
    given(COMPLAINT, RECEIVE, acknowledge).when(confirm).then(
        it(BackdatingConfirmed, number=1, evidence="postmark", confirmed_by="staff:2")
    )
    given(COMPLAINT, RECEIVE, acknowledge, confirm).when(confirm).then()
    in_time = Giving(by="staff:1", at=datetime.fromisoformat("2026-11-02T10:00:00Z"))
    given(COMPLAINT, RECEIVE).when(to(AcknowledgeComplaint, given=in_time)).then(it(ComplaintAcknowledged))
    told_early = to(IssueFinalResponse, **UPHELD, notified_at="2026-11-01T09:00:00Z", given=in_time)
    given(COMPLAINT, RECEIVE).when(told_early).refused("complaint.backdating-unexplained", "backdating_reason")


def test_more_time_needs_another_person_and_a_notice():
    terms = {"extension_id": ONE, "clock": "cn.decide", "length": 15, "unit": "natural-day", "reason": "complex"}
    ask = to(RequestExtension, **terms, requested_by="staff:1")
    told = {"approver_level": "superior", "notice_sent_at": WHEN, "notice_how": "sent"}
    grant = to(ExtendComplaint, extension_id=ONE, approver="staff:2", **told)
    given(COMPLAINT, RECEIVE, ask).when(grant).then(
        it(ComplaintExtended, **terms, requested_by="staff:1", approver="staff:2", **told)
    )
    given(COMPLAINT, RECEIVE, ask, grant).when(grant).then()


@pytest.mark.parametrize("channel", ["branch", "visit"])
def test_a_group_of_twenty_in_person_is_a_major_complaint(channel):
    group = {"complainant_id": ANNA, "customer_id": ANNA, "channel": channel, "capacity": "group"}
    received = it(ComplaintReceived, **group, complainants=20, missing=("respondent", "demand", "facts", "basis"))
    major = it(ComplaintMarkedMajor, reason="group-of-twenty")
    given(COMPLAINT).when(to(ReceiveComplaint, **group, complainants=20)).then(received, major)
    small = to(ReceiveComplaint, **group, complainants=19)
    grown = to(CountComplaintGroup, complainants=20)
    given(COMPLAINT, small).when(grown).then(it(ComplaintGroupCounted, complainants=20), major)
    given(COMPLAINT, small, grown).when(to(CountComplaintGroup, complainants=21)).then(
        it(ComplaintGroupCounted, complainants=21)
    )


@pytest.mark.parametrize("channel", sorted({*get_args(Channel)} - {"branch", "visit"}))
def test_a_group_that_nobody_has_met_is_major_once_twenty_come_in_person(channel):
    group = {"complainant_id": ANNA, "customer_id": ANNA, "channel": channel, "capacity": "group", "complainants": 30}
    receive = to(ReceiveComplaint, **group)
    given(COMPLAINT).when(receive).then(
        it(ComplaintReceived, **group, missing=("respondent", "demand", "facts", "basis"))
    )
    more = to(CountComplaintGroup, complainants=40)
    given(COMPLAINT, receive).when(more).then(it(ComplaintGroupCounted, complainants=40))
    major = it(ComplaintMarkedMajor, reason="group-of-twenty")
    few, many = (to(CountComplaintGroup, complainants=n, channel="branch") for n in (19, 20))
    given(COMPLAINT, receive).when(few).then(it(ComplaintGroupCounted, complainants=19, channel="branch"))
    given(COMPLAINT, receive, few).when(many).then(it(ComplaintGroupCounted, complainants=20, channel="branch"), major)
    given(COMPLAINT, receive, few, many).when(many).then()
    same = to(CountComplaintGroup, complainants=30, channel="visit")
    given(COMPLAINT, receive).when(same).then(it(ComplaintGroupCounted, complainants=30, channel="visit"), major)


def test_only_what_is_missing_is_demanded():
    receive = to(ReceiveComplaint, complainant_id=BO, channel="web", description="Charged twice")
    ask = to(RequestComplaintDetails, items=["contact", "demand"])
    given(COMPLAINT, receive).when(ask).then(it(ComplaintDetailsRequested, items=("contact", "demand")))
    given(COMPLAINT, receive, ask).when(ask).then()
    tell = to(SupplementComplaint, supplement_id=ONE, contact="bo@bank.example", desired_outcome="The fee back")
    given(COMPLAINT, receive, ask).when(tell).then(
        it(
            ComplaintSupplemented, supplement_id=ONE, complainant_id=BO, contact="bo@bank.example",
            desired_outcome="The fee back", missing=("complainant", "respondent", "basis"),
        )
    )  # fmt: skip
    given(COMPLAINT, receive, tell).when(ask).refused("complaint.not-demandable", "items")


def test_proof_is_demanded_of_who_acts_for_another():
    agent = to(AddRepresentative, representative_id=ONE, role="agent", name="Li Na")
    assert COMPLAINT.participants_of(it(RepresentativeAdded, representative_id=ONE, role="agent")) == [(ONE, "agent")]
    ask = to(RequestComplaintDetails, items=["letter-of-attorney"])
    given(COMPLAINT, RECEIVE, agent).when(ask).then(it(ComplaintDetailsRequested, items=("letter-of-attorney",)))
    gone = to(RemoveRepresentative, representative_id=ONE, reason="revoked")
    given(COMPLAINT, RECEIVE, agent).when(gone).then(it(RepresentativeRemoved, representative_id=ONE, reason="revoked"))
    given(COMPLAINT, RECEIVE, agent, gone).when(ask).refused("complaint.not-demandable", "items")


def test_who_is_recused_hands_the_complaint_back():
    assigned = [RECEIVE, to(AssignComplaint, handler="staff:17")]
    recuse = to(RecuseFromComplaint, person="staff:17", reason="relative")
    given(COMPLAINT, *assigned).when(recuse).then(
        it(ComplaintRecused, person="staff:17", reason="relative", unassigned=True)
    )
    assert play(COMPLAINT, history(COMPLAINT, [*assigned, recuse])).handler is None
    given(COMPLAINT, *assigned, recuse).when(recuse).then()


def test_a_resolution_that_was_accepted_ends_with_its_summary():
    accept, letter = to(AcceptResolution, channel="phone"), {"letter_id": ONE, "template": "src", "template_version": 1}
    send = to(SendSummaryResolution, **letter, letter="You told us that you are content")
    given(COMPLAINT, RECEIVE).when(accept).then(it(ResolutionAccepted, complainant_id=ANNA, channel="phone"))
    given(COMPLAINT, RECEIVE, accept).when(send).then(
        it(SummaryResolutionSent, **letter, complainant_id=ANNA, letter="You told us that you are content")
    )
    given(COMPLAINT, RECEIVE, accept, send).when(send).then()
    given(COMPLAINT, RECEIVE, accept, send).when(CLOSE).then(it(ComplaintClosed))


def test_a_decision_is_notified_when_the_complainant_was_reached():
    letter = to(IssueFinalResponse, **UPHELD, letter_id=TWO)
    notice = {"notification_id": ONE, "what": "decision", "how": "dialled", "outcome": "unreachable", "letter_id": TWO}
    given(COMPLAINT, RECEIVE, letter).when(to(NotifyComplainant, **notice)).then(
        it(ComplaintNotified, **notice, at=WHEN)
    )
    proof = {"attempt_id": ONE, "letter_id": TWO, "channel": "letter", "outcome": "delivered", "proof": "registered"}
    deliver = to(RecordDelivery, **proof)
    given(COMPLAINT, RECEIVE, letter).when(deliver).then(it(DeliveryRecorded, **proof))
    given(COMPLAINT, RECEIVE, letter, deliver).when(deliver).then()


def test_a_review_is_decided_by_another_person_than_the_handler():
    answered = [RECEIVE, to(AssignComplaint, handler="staff:17"), ANSWER, to(RequestReview, review_id=ONE)]
    decided = {"review_id": ONE, "outcome": "changed", "decided_by": "staff:18", "level": "superior"}
    given(COMPLAINT, *answered).when(to(DecideReview, **decided)).then(
        it(ReviewDecided, **decided, complainant_id=ANNA)
    )


def test_a_repeat_is_merged_and_can_be_taken_apart_again():
    merge = to(MergeComplaint, into_complaint_id=ONE, reason="same-matter")
    given(COMPLAINT, RECEIVE).when(merge).then(it(ComplaintMerged, into_complaint_id=ONE, reason="same-matter"))
    given(COMPLAINT, RECEIVE, merge).when(merge).then()
    assert COMPLAINT.ended(play(COMPLAINT, history(COMPLAINT, [RECEIVE, merge])))
    given(COMPLAINT, RECEIVE, merge).when(REOPEN).then(it(ComplaintReopened, reason="new_facts"))


def test_whether_it_counts_is_decided_for_each_regime():
    counts = to(CountComplaint, regime="cn.cbirc-2020-3", counts=True, reason="service-of-the-bank")
    not_here = {"regime": "uk.disp", "counts": False, "reason": "not-eligible"}
    given(COMPLAINT, RECEIVE, counts).when(to(CountComplaint, **not_here)).then(it(ComplaintCounted, **not_here))
    given(COMPLAINT, RECEIVE, counts).when(counts).then()


def test_clocks_are_paused_and_resumed_and_restarted():
    pause, resume = to(PauseComplaint, pause_id=ONE, reason="mediation"), to(ResumeComplaint, pause_id=ONE)
    given(COMPLAINT, RECEIVE).when(pause).then(it(ComplaintPaused, pause_id=ONE, reason="mediation", since=WHEN))
    given(COMPLAINT, RECEIVE, pause).when(resume).then(it(ComplaintResumed, pause_id=ONE))
    given(COMPLAINT, RECEIVE, pause, resume).when(resume).then()
    restart = to(RestartComplaint, restart_id=ONE, reason="new-facts", facts="A third fee")
    given(COMPLAINT, RECEIVE).when(restart).then(
        it(ComplaintRestarted, restart_id=ONE, reason="new-facts", facts="A third fee", complainant_id=ANNA)
    )
    given(COMPLAINT, RECEIVE, restart).when(restart).then()


def test_the_regulator_says_when_it_got_the_complaint():
    receipt = {"regulator": "NFRA", "reference": "2025-1", "at": "2026-11-01T08:00:00+08:00"}
    given(COMPLAINT, RECEIVE).when(to(RecordRegulatorReceipt, **receipt)).then(it(RegulatorReceived, **receipt))
    refer = to(ReferComplaint, referral_id=ONE, to="ombudsman", reference="FOS-1")
    given(COMPLAINT, RECEIVE).when(refer).then(
        it(ComplaintReferred, referral_id=ONE, to="ombudsman", reference="FOS-1", at=WHEN)
    )
