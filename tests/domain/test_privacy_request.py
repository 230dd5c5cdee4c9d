"""A person's request: received by one, approved by another, decided class by class from rules and holds as data."""

from datetime import date

import pytest

from domain.privacy_messages import (
    ApprovePrivacyRequest,
    CheckPrivacyRequestIdentity,
    CompletePrivacyRequest,
    DecidePrivacyRequest,
    ExtendPrivacyRequest,
    FinishPrivacyRequest,
    LiftProcessingRestriction,
    PrivacyRequestApproved,
    PrivacyRequestCompleted,
    PrivacyRequestDecided,
    PrivacyRequestExtended,
    PrivacyRequestReceived,
    PrivacyRequestRefused,
    ProcessingRestrictionLifted,
    ReceivePrivacyRequest,
    RefusePrivacyRequest,
)
from domain.privacy_request import PRIVACY_REQUEST
from domain.privacy_rules import ClassDecision, ClassHeld, RetentionRule, judge, months_after
from tests.domain.scenario import ANNA, ONE, given, it, to

WISH = {"customer_id": ANNA, "channel": "letter", "received_by": "staff:1"}
RECEIVE = to(ReceivePrivacyRequest, **WISH, kind="erasure")
CHECK = to(CheckPrivacyRequestIdentity, method="document", checked_by="staff:1")
APPROVE = to(ApprovePrivacyRequest, approved_by="staff:2")
GRANTED = (RECEIVE, CHECK, APPROVE)
DISP = RetentionRule(basis="uk.disp.1.9", duty=True, months=36, record_class="complaint", trigger="matter-ended")
HABIT = RetentionRule(basis="policy", duty=False, months=12, record_class="touch", trigger="last-recorded")


def held(record_class, **known):
    days = {"last_recorded_on": None, "matter_ended_on": None, "relationship_ended_on": None}
    return ClassHeld(holds=(), record_class=record_class, **{**days, **known})


def decision(record_class, outcome, basis=None, until=None, holds=()):
    return ClassDecision(basis, holds, outcome, record_class, until)


def test_it_is_due_in_a_month_and_once_extended_two_months_later():
    given(PRIVACY_REQUEST).when(RECEIVE).then(
        it(PrivacyRequestReceived, **WISH, kind="erasure", due_on=date(2026, 12, 2))
    )
    told = {"reason": "complex", "notified_on": "2026-11-20", "extended_by": "staff:2"}
    given(PRIVACY_REQUEST, RECEIVE).when(to(ExtendPrivacyRequest, **told)).then(
        it(PrivacyRequestExtended, **told, due_on=date(2027, 2, 2))
    )


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 12, 2), 1, date(2027, 1, 2)),
        (date(2026, 12, 31), 0, date(2026, 12, 31)),
        (date(9998, 12, 31), 1200, date.max),
    ],
)
def test_months_end_where_the_calendar_lets_them(day, months, then):
    assert months_after(day, months) == then


def test_another_person_approves_it():
    given(PRIVACY_REQUEST, RECEIVE, CHECK).when(APPROVE).then(it(PrivacyRequestApproved, approved_by="staff:2"))
    given(PRIVACY_REQUEST, *GRANTED).when(APPROVE).then()


def test_what_no_duty_keeps_is_erased_and_the_rest_says_why_not():
    facts = (
        held("contact"),
        held("complaint", matter_ended_on=date(2025, 1, 31)),
        held("touch", last_recorded_on=date(2026, 11, 1)),
    )
    judged = (
        decision("complaint", "restricted", "uk.disp.1.9", date(2028, 1, 31)),
        decision("contact", "erased"),
        decision("touch", "erased"),
    )
    command = to(DecidePrivacyRequest, schedule_version=3, held=facts, rules=(DISP, HABIT))
    decided = it(PrivacyRequestDecided, customer_id=ANNA, schedule_version=3, decisions=judged)
    given(PRIVACY_REQUEST, *GRANTED).when(command).then(decided)
    given(PRIVACY_REQUEST, *GRANTED, command).when(command).then()


def test_only_the_wanted_classes_are_decided():
    receive = to(ReceivePrivacyRequest, **WISH, kind="erasure", record_classes=("contact",))
    command = to(DecidePrivacyRequest, schedule_version=1, held=(held("contact"), held("identity")), rules=())
    decided = it(
        PrivacyRequestDecided, customer_id=ANNA, schedule_version=1, decisions=(decision("contact", "erased"),)
    )
    given(PRIVACY_REQUEST, receive, CHECK, APPROVE).when(command).then(decided)


def test_a_restriction_needs_no_rule_and_is_lifted_by_another_person():
    receive = to(ReceivePrivacyRequest, **WISH, kind="restriction")
    command = to(DecidePrivacyRequest, schedule_version=1, held=(held("contact"),), rules=())
    restricted = decision("contact", "restricted", "gdpr.art18")
    decided = it(PrivacyRequestDecided, customer_id=ANNA, schedule_version=1, decisions=(restricted,))
    given(PRIVACY_REQUEST, receive, CHECK, APPROVE).when(command).then(decided)
    told = {"record_classes": ("contact",), "reason": "verified", "informed_on": "2026-12-01"}
    lift = to(LiftProcessingRestriction, **told, lifted_by="staff:3")
    begun = (receive, CHECK, APPROVE, command)
    given(PRIVACY_REQUEST, *begun).when(lift).then(
        it(ProcessingRestrictionLifted, **told, customer_id=ANNA, lifted_by="staff:3")
    )
    own = to(LiftProcessingRestriction, **told, lifted_by="staff:2")
    given(PRIVACY_REQUEST, *begun).when(own).refused("privacy-request.second-person-required", "lifted_by")


def test_what_a_duty_keeps_cannot_be_used_again_by_lifting():
    facts = (held("complaint", matter_ended_on=date(2026, 1, 1)),)
    command = to(DecidePrivacyRequest, schedule_version=1, held=facts, rules=(DISP,))
    told = {"record_classes": ("complaint",), "reason": "verified", "informed_on": "2026-12-01"}
    lift = to(LiftProcessingRestriction, **told, lifted_by="staff:3")
    given(PRIVACY_REQUEST, *GRANTED, command).when(lift).refused("privacy-request.not-restricted", "record_classes")


def test_people_hand_over_and_the_program_erases():
    receive = to(ReceivePrivacyRequest, **WISH, kind="access")
    told = {"done": "handed-over", "evidence_sha256": "ab" * 32, "completed_by": "staff:2"}
    given(PRIVACY_REQUEST, receive, CHECK, APPROVE).when(to(CompletePrivacyRequest, **told)).then(
        it(PrivacyRequestCompleted, **told)
    )
    command = to(DecidePrivacyRequest, schedule_version=1, held=(), rules=())
    finish = to(FinishPrivacyRequest, done="erased", completed_by="daybook:eraser")
    given(PRIVACY_REQUEST, *GRANTED, command).when(finish).then(
        it(PrivacyRequestCompleted, done="erased", completed_by="daybook:eraser")
    )


def test_a_refusal_names_its_basis():
    told = {"basis": "gdpr.art12-5", "refused_by": "staff:1"}
    given(PRIVACY_REQUEST, RECEIVE).when(to(RefusePrivacyRequest, **told)).then(it(PrivacyRequestRefused, **told))


# How one class is judged

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("of", "rules", "occasion", "outcome"),
    [
        (held("contact"), (), "request", ("erased", None)),
        (held("contact"), (), "retention-end", ("refused", "no-retention-rule")),
        (held("touch", last_recorded_on=TODAY), (HABIT,), "request", ("erased", None)),
        (held("touch", last_recorded_on=TODAY), (HABIT,), "retention-end", ("restricted", "policy")),
        (held("touch", last_recorded_on=date(2025, 11, 2)), (HABIT,), "retention-end", ("erased", None)),
        (held("complaint"), (DISP,), "request", ("refused", "uk.disp.1.9")),
        (held("complaint", matter_ended_on=date(2023, 11, 2)), (DISP,), "request", ("erased", None)),
        (held("complaint", matter_ended_on=date(2023, 11, 3)), (DISP,), "request", ("restricted", "uk.disp.1.9")),
    ],
)
def test_one_class_is_judged_by_the_rules_of_its_occasion(of, rules, occasion, outcome):
    judged = judge(of, rules, TODAY, occasion)
    assert (judged.outcome, judged.basis) == outcome


def test_a_hold_goes_before_every_rule_and_the_longest_rule_before_the_others():
    of = ClassHeld((ONE,), TODAY, TODAY, "complaint", TODAY)
    assert judge(of, (), TODAY, "request") == decision("complaint", "refused", "legal-hold", holds=(ONE,))
    longer = RetentionRule(basis="tax", duty=True, months=120, record_class="complaint", trigger="last-recorded")
    of = held("complaint", matter_ended_on=TODAY, last_recorded_on=TODAY)
    judged = judge(of, (DISP, longer), TODAY, "request")
    assert (judged.basis, judged.until) == ("tax", date(2036, 11, 2))
