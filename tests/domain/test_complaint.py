import pytest

from domain.access_rules import RedressLimit
from domain.codes import Money
from domain.complaint import COMPLAINT
from domain.complaint_messages import (
    AcceptRedress,
    AcknowledgeComplaint,
    ApproveRedress,
    AssessComplaint,
    AssignComplaint,
    AssignRootCause,
    CloseComplaint,
    ComplaintAssigned,
    ComplaintClosed,
    ComplaintDisputed,
    ComplaintForwarded,
    ComplaintMarkedConfidential,
    ComplaintReceived,
    ComplaintReopened,
    DisputeComplaint,
    FinalResponseIssued,
    ForwardComplaint,
    HoldingResponseSent,
    IssueFinalResponse,
    MarkComplaintConfidential,
    OfferRedress,
    OpenInvestigation,
    PayRedress,
    ReceiveComplaint,
    RedressAccepted,
    RedressOffered,
    RedressPaid,
    ReopenComplaint,
    RootCauseAssigned,
    SendHoldingResponse,
)
from domain.matters import Sight
from tests.domain.scenario import ANNA, BO, ONE, STREAM, TWO, given, history, it, play, to

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
    offer, accept = to(OfferRedress, **terms, limits=LIMITS), to(AcceptRedress, redress_id=ONE)
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
