"""What keeps data and what lets it go: holds, retention schedules, disposals, erasures and whom they must be told."""

from domain.disclosure import DISCLOSURE, DisclosureRecorded, DisclosureRetracted, RecordDisclosure, RetractDisclosure
from domain.disposal import (
    DISPOSAL,
    ApproveDisposal,
    CompleteDisposal,
    DisposalApproved,
    DisposalCompleted,
    DisposalProposed,
    Kept,
    ProposeDisposal,
)
from domain.erasure import (
    ERASURE,
    AbandonErasure,
    CertifyErasure,
    CompleteErasure,
    DestroyedKey,
    ErasureAbandoned,
    ErasureAttemptFailed,
    ErasureCompleted,
    ErasureRequested,
    Recipient,
    RecipientNotified,
    RecordRecipientNotice,
    ReportErasureAttempt,
    RequestErasure,
)
from domain.legal_hold import (
    LEGAL_HOLD,
    LegalHoldPlaced,
    LegalHoldReleased,
    LegalHoldReleaseProposed,
    PlaceLegalHold,
    ProposeLegalHoldRelease,
    ReleaseLegalHold,
)
from domain.privacy_rules import RetentionRule
from domain.retention_schedule import (
    RETENTION_SCHEDULE,
    ActivateRetentionSchedule,
    ProposeRetentionSchedule,
    RetentionScheduleActivated,
    RetentionScheduleProposed,
    SignOffRetentionSchedule,
)
from tests.domain.scenario import ANNA, BO, ONE, TWO, given, it, to

HELD = {"customer_id": ANNA, "matter": "CASE-1", "basis": "litigation", "placed_by": "staff:1"}


def test_a_hold_is_released_by_two_people():
    place = to(PlaceLegalHold, **HELD)
    propose = to(ProposeLegalHoldRelease, reason="settled", proposed_by="staff:1")
    release = to(ReleaseLegalHold, released_by="staff:2")
    given(LEGAL_HOLD).when(place).then(it(LegalHoldPlaced, **HELD))
    given(LEGAL_HOLD, place).when(propose).then(it(LegalHoldReleaseProposed, reason="settled", proposed_by="staff:1"))
    given(LEGAL_HOLD, place, propose).when(release).then(it(LegalHoldReleased, released_by="staff:2"))
    given(LEGAL_HOLD, place, propose, release).when(release).then()


def test_two_others_sign_a_schedule_off():
    rule = RetentionRule(basis="tax", duty=True, months=120, record_class="identity", trigger="relationship-ended")
    told = {"schedule_version": 4, "rules": (rule,), "proposed_by": "staff:1"}
    propose = to(ProposeRetentionSchedule, **told)
    signed = [to(SignOffRetentionSchedule, signed_by=f"staff:{n}") for n in (2, 3)]
    given(RETENTION_SCHEDULE).when(propose).then(it(RetentionScheduleProposed, **told))
    activate = to(ActivateRetentionSchedule, activated_by="staff:1")
    activated = it(RetentionScheduleActivated, schedule_version=4, activated_by="staff:1")
    given(RETENTION_SCHEDULE, propose, *signed).when(activate).then(activated)


def test_a_disposal_says_what_became_of_each_customer():
    told = {"record_class": "touch", "customer_ids": (ANNA, BO), "proposed_by": "staff:1"}
    propose = to(ProposeDisposal, **told)
    approve = to(ApproveDisposal, approved_by="staff:2")
    given(DISPOSAL).when(propose).then(it(DisposalProposed, **told))
    given(DISPOSAL, propose).when(approve).then(it(DisposalApproved, approved_by="staff:2"))
    came = {"erasures": (ONE,), "kept": (Kept("legal-hold", BO),)}
    done = it(DisposalCompleted, **came, record_class="touch")
    given(DISPOSAL, propose, approve).when(to(CompleteDisposal, **came)).then(done)


ORDER = {"customer_id": ANNA, "cause": "privacy-request", "cause_id": ONE, "record_classes": ("contact",)}
REQUEST = to(RequestErasure, **ORDER, recipients=(Recipient(TWO, "Credit bureau"),))


def test_an_erasure_is_complete_when_every_store_was_seen_to():
    given(ERASURE).when(REQUEST).then(it(ErasureRequested, **ORDER, recipients=(Recipient(TWO, "Credit bureau"),)))
    failed = to(ReportErasureAttempt, stores=("vault",), reason="unreachable")
    given(ERASURE, REQUEST).when(failed).then(it(ErasureAttemptFailed, stores=("vault",), reason="unreachable"))
    given(ERASURE, REQUEST, failed).when(failed).then()
    key = DestroyedKey("ab" * 32, ONE, 0, "contact")
    complete = to(CompleteErasure, keys=(key,), blobs=2)
    completed = it(ErasureCompleted, keys=(key,), blobs=2, customer_id=ANNA, record_classes=("contact",))
    given(ERASURE, REQUEST, failed).when(complete).then(completed)
    given(ERASURE, REQUEST, complete).when(complete).then()


def test_a_hold_that_comes_first_ends_it():
    abandon = to(AbandonErasure, holds=(TWO,))
    given(ERASURE, REQUEST).when(abandon).then(it(ErasureAbandoned, holds=(TWO,)))
    given(ERASURE, REQUEST, abandon).when(to(CompleteErasure, keys=(), blobs=0)).refused("erasure.already-ended")


def test_every_recipient_is_told_once_and_the_erasure_ends_with_the_last():
    tell = to(RecordRecipientNotice, disclosure_id=TWO, notice="sent", channel="letter", notified_by="staff:1")
    told = it(RecipientNotified, disclosure_id=TWO, notice="sent", channel="letter", notified_by="staff:1")
    done = (REQUEST, to(CompleteErasure, keys=(), blobs=0), to(CertifyErasure, sha256="ab" * 32))
    assert not ERASURE.ended(given(ERASURE, *done).state)
    given(ERASURE, *done).when(tell).then(told)
    given(ERASURE, *done, tell).when(tell).then()
    assert ERASURE.ended(given(ERASURE, *done, tell).state)


def test_a_disclosure_names_who_got_what_and_why():
    told = {
        "customer_id": ANNA, "recipient": "Credit bureau", "record_classes": ("identity",), "purpose": "credit-check",
        "basis": "gdpr.art6-1b", "channel": "other", "disclosed_by": "staff:1",
    }  # fmt: skip
    record = to(RecordDisclosure, **told)
    given(DISCLOSURE).when(record).then(it(DisclosureRecorded, **told))
    retract = {"reason": "mistake", "retracted_by": "staff:1"}
    given(DISCLOSURE, record).when(to(RetractDisclosure, **retract)).then(it(DisclosureRetracted, **retract))
