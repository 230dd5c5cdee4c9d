"""When the complainant does not accept the decision: disputes, reviews, the regulator and the ombudsman.

A review (核查) is decided by another person than the handler, within the bank (2020 No. 3, art. 20). What the
regulator has received, and when, is what the bank is told of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime

from domain.codes import ActorId, Code, Label, Money, Reference
from domain.complaint_case import (
    ClockMoving,
    Complaint,
    ComplaintCommand,
    Level,
    Narrative,
    is_recorded,
    refuse,
    require_answered,
    require_no_interest,
    with_one,
)
from domain.four_eyes import require_another
from domain.kernel import Command, Event, Facts, clear_facts, happened, refusal

# Facts that events and commands share


class ReviewRequest(Facts):
    """What the complainant wants to have reviewed, and the day on which they got the decision."""

    review_id: UUID
    decision_received_on: date | None = None
    statement: Narrative = None


class Referral(Facts):
    """The complaint before somebody outside the bank, under their own reference."""

    referral_id: UUID
    to: Literal["regulator", "ombudsman", "mediation", "court"]
    institution: Label | None = None
    reference: Reference | None = None


class Ruling(Facts):
    """What came of a referral, and what was awarded."""

    referral_id: UUID
    outcome: Code
    award: Money | None = None


class RegulatorReceipt(Facts):
    """When the regulator got the complaint, as it says, under its reference."""

    regulator: Label
    reference: Reference
    at: AwareDatetime


# Events


class ComplaintDisputed(Event, name="complaint.disputed"):
    """The complainant does not accept the final response."""

    complainant_id: UUID
    statement: Narrative = None


class ReviewRequested(ReviewRequest, Event, name="complaint.review-requested"):
    """The complainant asks for a review of the decision."""

    complainant_id: UUID


class ReviewDecided(Event, name="complaint.review-decided"):
    """The review was decided: the decision stands, is another one, or goes back to be made anew."""

    review_id: UUID
    outcome: Literal["confirmed", "changed", "returned"]
    decided_by: ActorId
    level: Level
    complainant_id: UUID
    reasons: Narrative = None


class ComplaintReferred(Referral, Event, name="complaint.referred"):
    """The complaint went to a regulator, an ombudsman, a mediator or a court, at this time."""

    at: AwareDatetime


class ReferralDecided(Ruling, Event, name="complaint.referral-decided"):
    """Somebody outside the bank has decided."""


class RegulatorReceived(RegulatorReceipt, Event, name="complaint.regulator-received"):
    """The regulator has received the complaint."""


# Evolve


def _with(state: Complaint, **facts: object) -> Complaint:
    return replace(state, review=replace(state.review, **facts))


def _disputed(state: Complaint, _: ComplaintDisputed) -> Complaint:
    return replace(state, disputed=True)


def _review_requested(state: Complaint, event: ReviewRequested) -> Complaint:
    return _with(state, reviews={**state.review.reviews, event.review_id: (clear_facts(ReviewRequest, event), False)})


def _review_decided(state: Complaint, event: ReviewDecided) -> Complaint:
    known = state.review.reviews.get(event.review_id)
    if known is None:
        return state
    return _with(state, reviews={**state.review.reviews, event.review_id: (known[0], True)})


def _referred(state: Complaint, event: ComplaintReferred) -> Complaint:
    return _with(state, referrals=with_one(state.review.referrals, event.referral_id, Referral, event))


def _referral_decided(state: Complaint, event: ReferralDecided) -> Complaint:
    return _with(state, rulings=with_one(state.review.rulings, event.referral_id, Ruling, event))


def _regulator_received(state: Complaint, event: RegulatorReceived) -> Complaint:
    receipts = {**state.review.regulator_receipts, event.reference: clear_facts(RegulatorReceipt, event)}
    return _with(state, regulator_receipts=receipts)


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintDisputed: _disputed,
    ReviewRequested: _review_requested,
    ReviewDecided: _review_decided,
    ComplaintReferred: _referred,
    ReferralDecided: _referral_decided,
    RegulatorReceived: _regulator_received,
}

# Commands


class DisputeComplaint(ComplaintCommand, name="complaint.dispute"):
    """Record that the complainant does not accept the final response."""

    statement: Narrative = None


class RequestReview(ClockMoving, ReviewRequest, ComplaintCommand, name="complaint.request-review"):
    """Record that the complainant asks for a review of the decision."""


class DecideReview(ClockMoving, ComplaintCommand, name="complaint.decide-review"):
    """Decide a review; not for who handles the complaint."""

    actor_field = "decided_by"

    review_id: UUID
    outcome: Literal["confirmed", "changed", "returned"]
    decided_by: ActorId
    level: Level
    reasons: Narrative = None


class ReferComplaint(ClockMoving, Referral, ComplaintCommand, name="complaint.refer"):
    """Record that the complaint went to somebody outside the bank."""


class RecordRuling(ClockMoving, Ruling, ComplaintCommand, name="complaint.record-ruling"):
    """Record what somebody outside the bank has decided."""


class RecordRegulatorReceipt(RegulatorReceipt, ComplaintCommand, name="complaint.record-regulator-receipt"):
    """Record when the regulator got the complaint."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.already-disputed": "The final response is disputed already.",
        "complaint.review-open": "A review is open already; decide it first.",
        "complaint.review-settled": "The review was decided; the complainant can ask for another one.",
        "complaint.review-unknown": "No review of this id was asked for.",
        "complaint.referral-unknown": "The complaint was not referred under this id.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _dispute(command: DisputeComplaint, state: Complaint) -> Sequence[Event]:
    require_answered(state)
    if state.disputed:
        raise _refuse("complaint.already-disputed")
    return [happened(ComplaintDisputed, command, complainant_id=state.complainant_id)]


def _request_review(command: RequestReview, state: Complaint) -> Sequence[Event]:
    known = {one: terms for one, (terms, _) in state.review.reviews.items()}
    if is_recorded(known, command.review_id, clear_facts(ReviewRequest, command), "review_id"):
        return []
    require_answered(state)
    if not all(decided for _, decided in state.review.reviews.values()):
        raise _refuse("complaint.review-open")
    return [happened(ReviewRequested, command, complainant_id=state.complainant_id)]


def _decide_review(command: DecideReview, state: Complaint) -> Sequence[Event]:
    known = state.review.reviews.get(command.review_id)
    if known is None:
        raise _refuse("complaint.review-unknown", "review_id")
    if known[1]:
        raise _refuse("complaint.review-settled")
    require_no_interest(command.decided_by, state, "decided_by")
    second = refuse("complaint.second-person-required", "decided_by")
    require_another(command.decided_by, [state.handler], second)
    return [happened(ReviewDecided, command, complainant_id=state.complainant_id)]


def _refer(command: ReferComplaint, state: Complaint) -> Sequence[Event]:
    if is_recorded(state.review.referrals, command.referral_id, clear_facts(Referral, command), "referral_id"):
        return []
    return [happened(ComplaintReferred, command, at=command.occurred_at)]


def _record_ruling(command: RecordRuling, state: Complaint) -> Sequence[Event]:
    if command.referral_id not in state.review.referrals:
        raise _refuse("complaint.referral-unknown", "referral_id")
    if is_recorded(state.review.rulings, command.referral_id, clear_facts(Ruling, command), "referral_id"):
        return []
    return [happened(ReferralDecided, command)]


def _record_regulator_receipt(command: RecordRegulatorReceipt, state: Complaint) -> Sequence[Event]:
    same = state.review.regulator_receipts.get(command.reference) == clear_facts(RegulatorReceipt, command)
    return [] if same else [happened(RegulatorReceived, command)]


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    DisputeComplaint: _dispute,
    RequestReview: _request_review,
    DecideReview: _decide_review,
    ReferComplaint: _refer,
    RecordRuling: _record_ruling,
    RecordRegulatorReceipt: _record_regulator_receipt,
}
