"""What a complaint's own events say to its clocks, as its commands lead to them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import COMPLAINT
from domain.clock_facts import MOVING, Late, facts_of
from domain.clocks import Clock, clocks_of
from domain.complaint import CloseComplaint, MergeComplaint, ReopenComplaint, WithdrawComplaint
from domain.complaint_agreement import AgreeComplaintTime
from domain.complaint_clock import EscalateComplaintClock, RecordClockBreach
from domain.complaint_handling import AssessComplaint, ForwardComplaint
from domain.complaint_intake import ReceiveComplaint
from domain.complaint_letters import AcceptResolution, IssueFinalResponse, NotifyComplainant, SendHoldingResponse
from domain.complaint_review import DecideReview, RecordRegulatorReceipt, ReferComplaint, RequestReview
from domain.complaint_time import (
    ConfirmBackdating,
    ExtendComplaint,
    PauseComplaint,
    RejectBackdating,
    RequestExtension,
    RestartComplaint,
    ResumeComplaint,
)
from domain.kernel import Command
from tests.domain.clock_scenes import FAR, SEED, at
from tests.domain.scenario import ANNA, ONE, STREAM, TWO, history

ANSWERED = {"outcome": "rejected", "redress": "none"}
NOTICE = {"notification_id": ONE, "what": "decision"}
GRANTED = {"extension_id": ONE, "approver": "staff:3", "notice_how": "sent"}


def to(kind: type[Command], when: str, place: str = "cn", /, **facts: Any) -> Command:
    return kind.model_validate({"complaint_id": STREAM, "occurred_at": at(when, place), **facts})


def received(when: str, regime: str = "cn", **facts: Any) -> Command:
    return to(ReceiveComplaint, when, regime, complainant_id=ANNA, channel="phone", regime=regime, **facts)


def clocks(*commands: Command, late: Late = "claimed") -> dict[str, Clock]:
    events = history(COMPLAINT, commands)
    told = facts_of([(UUID(int=n), event) for n, event in enumerate(events)], late)
    return {one.clock: one for one in clocks_of(told, SEED, FAR)}


def test_an_answer_with_its_notice():
    told = clocks(
        received("2026-03-02"), to(IssueFinalResponse, "2026-03-09", **ANSWERED, notified_at=at("2026-03-10"))
    )
    assert (told["cn.decide"].state, told["cn.decide"].stopped_at) == ("met", at("2026-03-10"))


@pytest.mark.parametrize(
    ("how", "outcome", "starts"),
    [("dialled", "unreachable", False), ("dialled", "reached", True), ("sent", "reached", True)],
)
def test_dialling_is_notice_and_reaching_starts_the_time_for_review(how, outcome, starts):
    told = clocks(
        received("2026-03-02"),
        to(IssueFinalResponse, "2026-03-09", **ANSWERED),
        to(NotifyComplainant, "2026-03-17", **NOTICE, how=how, outcome=outcome),
    )
    assert told["cn.decide"].state == "met"
    assert ("cn.review.request" in told) is starts


def test_extensions_add_to_the_length_and_name_their_step_by_reason_or_length():
    first = [
        received("2026-03-02"),
        to(RequestExtension, "2026-03-10", extension_id=ONE, clock="cn.decide", length=15, unit="natural-day",
           reason="complex", requested_by="staff:2"),
        to(ExtendComplaint, "2026-03-11", **GRANTED, approver_level="institution", notice_sent_at=at("2026-03-11")),
    ]  # fmt: skip
    one = clocks(*first)["cn.decide"]
    assert (one.extension, str(one.due_on)) == ("complex", "2026-04-01")
    second = [
        to(RequestExtension, "2026-03-28", extension_id=TWO, clock="cn.decide", length=30, unit="natural-day",
           reason="foreign-bank", requested_by="staff:2"),
        to(ExtendComplaint, "2026-03-30", **{**GRANTED, "extension_id": TWO}, approver_level="superior",
           notice_sent_at=at("2026-03-30")),
    ]  # fmt: skip
    two = clocks(*first, *second)["cn.decide"]
    assert (two.extension, str(two.due_on), two.passed_over) == ("special", "2026-05-06", ())


def test_pauses_and_new_facts():
    told = clocks(
        received("2026-03-02"),
        to(PauseComplaint, "2026-03-05", pause_id=ONE, reason="external-appraisal"),
        to(ResumeComplaint, "2026-03-10", pause_id=ONE),
    )
    assert str(told["cn.decide"].due_on) == "2026-03-23"
    again = clocks(received("2026-03-02"), to(RestartComplaint, "2026-03-10", restart_id=ONE, reason="new-evidence"))
    assert (again["cn.decide"].run, str(again["cn.decide"].due_on)) == (2, "2026-03-25")


AGREED = {"agreement_id": ONE, "clock": "cn.decide", "due_on": "2026-04-10", "agreed_by": "staff:2",
          "evidence": "recorded-call", "confirmed_by": "staff:3"}  # fmt: skip


def test_an_agreement_takes_the_place_of_the_counted_day_and_late_told_counts_both_ways():
    one = clocks(received("2026-03-02"), to(AgreeComplaintTime, "2026-03-16", **AGREED))["cn.decide"]
    assert (str(one.agreed_on), str(one.due_on), one.passed_over) == ("2026-04-10", "2026-04-10", ())
    given = {"given": {"at": at("2026-03-20"), "by": "staff:3"}, "backdating_reason": "forgotten"}
    late = to(AgreeComplaintTime, "2026-03-16", **AGREED, **given)
    assert str(clocks(received("2026-03-02"), late)["cn.decide"].due_on) == "2026-04-10"
    told = clocks(received("2026-03-02"), late, late="told")["cn.decide"]
    assert (str(told.due_on), [why for _, why in told.passed_over]) == ("2026-03-17", ["already-over"])


def test_a_late_claim_counts_until_it_is_rejected_and_can_be_had_both_ways():
    given = {"given": {"at": at("2026-03-20"), "by": "staff:2"}, "backdating_reason": "forgotten"}
    late = to(IssueFinalResponse, "2026-03-16", **ANSWERED, notified_at=at("2026-03-16"), **given)
    claimed = [received("2026-03-02"), late]
    assert clocks(*claimed)["cn.decide"].state == "met"
    assert clocks(*claimed, late="told")["cn.decide"].state == "breached"
    confirmed = to(ConfirmBackdating, "2026-03-21", number=1, evidence="postmark", confirmed_by="staff:3")
    assert clocks(*claimed, confirmed)["cn.decide"].state == "met"
    rejected = to(RejectBackdating, "2026-03-21", number=1, reason="no-evidence", rejected_by="staff:3")
    found = clocks(*claimed, rejected)["cn.decide"]
    assert (found.state, found.stopped_at) == ("breached", at("2026-03-20"))


def test_ends_of_a_case():
    assert clocks(received("2026-03-02"), to(WithdrawComplaint, "2026-03-05"))["cn.decide"].void_by == "withdrawn"
    merged = to(MergeComplaint, "2026-03-05", into_complaint_id=TWO, reason="repeat")
    assert clocks(received("2026-03-02"), merged)["cn.decide"].void_by == "merged"
    closed = [
        to(IssueFinalResponse, "2026-03-09", **ANSWERED, notified_at=at("2026-03-10")),
        to(CloseComplaint, "2026-03-11"),
    ]
    again = to(ReopenComplaint, "2026-06-01", reason="new-facts")
    assert clocks(received("2026-03-02"), *closed, again)["cn.decide"].state == "met"


def test_reviews_the_regulator_and_the_ombudsman():
    answered = to(IssueFinalResponse, "2026-03-09", **ANSWERED)
    told = clocks(
        received("2026-03-02"), answered,
        to(RequestReview, "2026-04-01", review_id=ONE, decision_received_on="2026-03-10"),
        to(RecordRegulatorReceipt, "2026-03-16", regulator="NFRA", reference="2026-1", at=at("2026-03-09")),
        to(DecideReview, "2026-04-18", review_id=ONE, outcome="confirmed", decided_by="staff:9", level="superior"),
        to(NotifyComplainant, "2026-04-20", **{**NOTICE, "what": "review-decision"}, how="sent", outcome="reached"),
    )  # fmt: skip
    assert {name: one.state for name, one in told.items()} == {
        "cn.decide": "breached", "cn.review.request": "met", "cn.review.decide": "met", "cn.regulator.forward": "met",
    }  # fmt: skip
    referred = [
        received("2026-03-02", "uk"), to(IssueFinalResponse, "2026-03-09", "uk", **ANSWERED),
        to(ReferComplaint, "2026-09-01", "uk", referral_id=ONE, to="ombudsman"),
    ]  # fmt: skip
    assert clocks(*referred)["uk.fos.referral"].state == "met"
    elsewhere = to(ReferComplaint, "2026-09-01", "uk", referral_id=ONE, to="court")
    assert clocks(*referred[:2], elsewhere)["uk.fos.referral"].state == "lapsed"


def test_other_regimes():
    early = clocks(received("2026-03-02", "uk"), to(AcceptResolution, "2026-03-05", "uk", channel="phone"))
    assert {early["uk.src"].state, early["uk.final"].state} == {"met"}
    psd = clocks(
        received("2026-03-02", "uk"), to(AssessComplaint, "2026-03-03", "uk", severity="low", regime="uk.psd"),
        to(SendHoldingResponse, "2026-03-23", "uk", response_id=ONE),
    )  # fmt: skip
    assert (psd["uk.psd.final"].state, psd["uk.psd.exceptional"].state) == ("met", "breached")
    sent = to(ForwardComplaint, "2026-03-05", "us.cfpb", respondent="Bank", sent_on="2026-03-02")
    imported = to(IssueFinalResponse, "2026-03-05", "us.cfpb", **ANSWERED, timely_asserted=True)
    us = clocks(received("2026-03-01", "us.cfpb"), sent, imported, to(CloseComplaint, "2026-03-05", "us.cfpb"))
    assert {one.state for one in us.values()} == {"void"}


def test_what_was_recorded_of_a_clock_is_recorded_once():
    counted: dict[str, Any] = {
        "clock": "cn.decide", "run": 1, "regime": "cn", "policy_version": 1, "calendar": "cn",
        "calendar_versions": (1,), "due_at": at("2026-03-18 00:00"), "moved_by": (ONE,),
    }  # fmt: skip
    first = [
        to(EscalateComplaintClock, "2026-03-14", **counted, threshold=90),
        to(RecordClockBreach, "2026-03-18", **counted),
    ]
    again = [to(EscalateComplaintClock, "2026-03-15", **counted, threshold=75), *first]
    events = history(COMPLAINT, [received("2026-03-02"), *first, *again])
    assert [one.type for one in events[1:]] == ["complaint.clock-escalated", "complaint.clock-breached"]
    told = clocks(
        received("2026-03-02"), *first, to(IssueFinalResponse, "2026-03-17", **ANSWERED, notified_at=at("2026-03-17"))
    )
    assert (told["cn.decide"].state, told["cn.decide"].stopped_at) == ("breached", at("2026-03-17"))
    assert told["cn.decide"].due_at == at("2026-03-18 00:00") == at("2026-03-17 23:59") + timedelta(minutes=1)


def test_every_name_that_moves_clocks_is_an_event():
    assert {one.type for one in COMPLAINT.events} >= MOVING
