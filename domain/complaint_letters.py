"""What the complainant was told: holding, final and summary responses, letters as sent with the proof of delivery.

A letter is recorded as it was sent: the version of its template in clear, its text sealed. Letters leave the bank
through an outbox at least once: a recipient may get the same letter twice, with the same `letter_id`. So each attempt
to deliver it is an event of its own, with its proof.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime

from domain.codes import Channel, Code, Label, Language, Money, Reference, Sha256
from domain.complaint_case import (
    ClockMoving,
    Complaint,
    ComplaintCommand,
    Letter,
    Narrative,
    TemplateVersion,
    is_recorded,
    refuse,
    require_unanswered,
    with_one,
)
from domain.kernel import Command, Event, Facts, clear_facts, happened, refusal

Outcome = Literal["upheld", "partly_upheld", "rejected", "not_stated"]
RedressKind = Literal["none", "monetary", "non_monetary", "not_stated"]
Told = Literal["decision", "extension", "acknowledgement", "review-decision"]

# Facts that events and commands share


class HoldingReply(Facts):
    """A reply that is not final, and when the next one is to be expected. Its id is that of its letter."""

    response_id: UUID
    next_response_on: date | None = None
    company_response: Label | None = None
    template: Code | None = None
    template_version: TemplateVersion | None = None
    letter: Letter = None


class FinalReply(Facts):
    """The decision. What an import merely asserts is marked so: no clock computed it."""

    outcome: Outcome
    redress: RedressKind
    redress_amount: Money | None = None
    letter_id: UUID | None = None
    template: Code | None = None
    template_version: TemplateVersion | None = None
    company_response: Label | None = None
    notified_at: AwareDatetime | None = None
    timely_asserted: bool | None = None
    disputed_asserted: bool | None = None
    letter: Letter = None


class SummaryResolution(Facts):
    """The letter that a complaint was resolved within the first days (DISP 1.5.4R), with its template's version."""

    letter_id: UUID
    template: Code
    template_version: TemplateVersion
    letter: Letter = None


class Dispatch(Facts):
    """A letter as it was sent: to the complainant, or to who represents them."""

    letter_id: UUID
    kind: Literal[
        "acknowledgement",
        "details-request",
        "extension",
        "holding-response",
        "final-response",
        "redress",
        "review-decision",
        "other",
    ]
    channel: Channel
    template: Code
    template_version: TemplateVersion
    language: Language | None = None
    representative_id: UUID | None = None
    letter: Letter = None


class Delivery(Facts):
    """An attempt to deliver a letter, and what proves how it ended: a kind of proof, its number, hash or file."""

    attempt_id: UUID
    letter_id: UUID
    channel: Channel
    outcome: Literal["delivered", "refused", "returned", "unreachable", "failed"]
    proof: Code | None = None
    proof_ref: Reference | None = None
    proof_sha256: Sha256 | None = None
    proof_attachment_id: UUID | None = None


class Notice(Facts):
    """An attempt to tell the complainant something, and whether they were reached."""

    notification_id: UUID
    what: Told
    how: Literal["sent", "dialled", "delivered"]
    outcome: Literal["reached", "unreachable"]
    letter_id: UUID | None = None


# Events


class HoldingResponseSent(HoldingReply, Event, name="complaint.holding-response-sent"):
    """The complainant was told that it takes longer."""

    complainant_id: UUID


class FinalResponseIssued(FinalReply, Event, name="complaint.final-response-issued"):
    """The complainant was told the decision."""

    complainant_id: UUID


class ResponsePublished(Event, name="complaint.response-published"):
    """The respondent made a statement in public."""

    public_response: Label


class ResolutionAccepted(Event, name="complaint.resolution-accepted"):
    """The complainant has indicated that they accept how the bank put it right, before any final response."""

    complainant_id: UUID
    channel: Channel
    statement: Narrative = None


class SummaryResolutionSent(SummaryResolution, Event, name="complaint.summary-resolution-sent"):
    """In place of a final response the complainant got the summary of what they accepted."""

    complainant_id: UUID


class LetterSent(Dispatch, Event, name="complaint.letter-sent"):
    """A letter left the bank, as it is sealed here."""

    complainant_id: UUID


class DeliveryRecorded(Delivery, Event, name="complaint.delivery-recorded"):
    """A letter was tried to be delivered."""


class ComplaintNotified(Notice, Event, name="complaint.notified"):
    """The complainant was told something, or could not be reached, at this time."""

    at: AwareDatetime


# Evolve


def _holding_response_sent(state: Complaint, event: HoldingResponseSent) -> Complaint:
    return _sent(state, event.response_id, HoldingReply, event)


def _final_response_issued(state: Complaint, event: FinalResponseIssued) -> Complaint:
    answered = replace(state, status="responded", answered=True)
    return answered if event.letter_id is None else _sent(answered, event.letter_id, FinalReply, event)


def _response_published(state: Complaint, event: ResponsePublished) -> Complaint:
    return replace(state, public_response=event.public_response)


def _resolution_accepted(state: Complaint, _: ResolutionAccepted) -> Complaint:
    return replace(state, letters=replace(state.letters, resolution_accepted=True))


def _summary_resolution_sent(state: Complaint, event: SummaryResolutionSent) -> Complaint:
    return _sent(replace(state, status="responded", answered=True), event.letter_id, SummaryResolution, event)


def _letter_sent(state: Complaint, event: LetterSent) -> Complaint:
    return _sent(state, event.letter_id, Dispatch, event)


def _delivery_recorded(state: Complaint, event: DeliveryRecorded) -> Complaint:
    deliveries = with_one(state.letters.deliveries, event.attempt_id, Delivery, event)
    return replace(state, letters=replace(state.letters, deliveries=deliveries))


def _notified(state: Complaint, event: ComplaintNotified) -> Complaint:
    notices = with_one(state.letters.notices, event.notification_id, Notice, event)
    return replace(state, letters=replace(state.letters, notices=notices))


def _sent(state: Complaint, letter_id: UUID, facts: type[Facts], event: Event) -> Complaint:
    return replace(state, letters=replace(state.letters, sent=with_one(state.letters.sent, letter_id, facts, event)))


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    HoldingResponseSent: _holding_response_sent,
    FinalResponseIssued: _final_response_issued,
    ResponsePublished: _response_published,
    ResolutionAccepted: _resolution_accepted,
    SummaryResolutionSent: _summary_resolution_sent,
    LetterSent: _letter_sent,
    DeliveryRecorded: _delivery_recorded,
    ComplaintNotified: _notified,
}

# Commands


class SendHoldingResponse(ClockMoving, HoldingReply, ComplaintCommand, name="complaint.send-holding-response"):
    """Tell the complainant that it takes longer."""


class IssueFinalResponse(ClockMoving, FinalReply, ComplaintCommand, name="complaint.issue-final-response"):
    """Tell the complainant the decision."""


class PublishResponse(ComplaintCommand, name="complaint.publish-response"):
    """Record the respondent's public statement."""

    public_response: Label


class AcceptResolution(ClockMoving, ComplaintCommand, name="complaint.accept-resolution"):
    """Record that the complainant accepts how it was put right, before any final response."""

    channel: Channel
    statement: Narrative = None


class SendSummaryResolution(ClockMoving, SummaryResolution, ComplaintCommand, name="complaint.send-summary-resolution"):
    """Send the summary of what the complainant accepted, in place of a final response."""


class SendLetter(ClockMoving, Dispatch, ComplaintCommand, name="complaint.send-letter"):
    """Record a letter as it was sent."""


class RecordDelivery(ClockMoving, Delivery, ComplaintCommand, name="complaint.record-delivery"):
    """Record an attempt to deliver a letter, and its proof."""


class NotifyComplainant(ClockMoving, Notice, ComplaintCommand, name="complaint.notify"):
    """Record that the complainant was told something, or could not be reached."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.resolution-not-accepted": "The complainant must have accepted the resolution first.",
        "complaint.letter-unknown": "No letter of this id was sent; record it first.",
        "complaint.nothing-to-tell": "What the complainant was told of has not happened yet; record it first.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _send_holding_response(command: SendHoldingResponse, state: Complaint) -> Sequence[Event]:
    if _is_sent(state, command.response_id, clear_facts(HoldingReply, command), "response_id"):
        return []
    require_unanswered(state)
    return [happened(HoldingResponseSent, command, complainant_id=state.complainant_id)]


def _is_sent(state: Complaint, letter_id: UUID, terms: tuple[object, ...], at: str = "letter_id") -> bool:
    return is_recorded(state.letters.sent, letter_id, terms, at)


def _issue_final_response(command: IssueFinalResponse, state: Complaint) -> Sequence[Event]:
    # A repeat is refused, not passed over: its letter might be another one, and no decision may look.
    require_unanswered(state)
    if command.redress_amount and command.redress != "monetary":
        raise refuse("complaint.redress-amount-mismatch", "redress_amount")
    if command.letter_id in state.letters.sent:
        raise refuse("complaint.id-reused", "letter_id")
    return [happened(FinalResponseIssued, command, complainant_id=state.complainant_id)]


def _publish_response(command: PublishResponse, state: Complaint) -> Sequence[Event]:
    same = state.public_response == command.public_response
    return [] if same else [happened(ResponsePublished, command)]


def _accept_resolution(command: AcceptResolution, state: Complaint) -> Sequence[Event]:
    if state.letters.resolution_accepted:
        return []
    require_unanswered(state)
    return [happened(ResolutionAccepted, command, complainant_id=state.complainant_id)]


def _send_summary_resolution(command: SendSummaryResolution, state: Complaint) -> Sequence[Event]:
    if _is_sent(state, command.letter_id, clear_facts(SummaryResolution, command)):
        return []
    require_unanswered(state)
    if not state.letters.resolution_accepted:
        raise _refuse("complaint.resolution-not-accepted")
    return [happened(SummaryResolutionSent, command, complainant_id=state.complainant_id)]


def _send_letter(command: SendLetter, state: Complaint) -> Sequence[Event]:
    if _is_sent(state, command.letter_id, clear_facts(Dispatch, command)):
        return []
    to = command.representative_id
    if to is not None and to not in state.intake.representatives:
        raise refuse("complaint.representative-unknown", "representative_id")
    return [happened(LetterSent, command, complainant_id=state.complainant_id)]


def _record_delivery(command: RecordDelivery, state: Complaint) -> Sequence[Event]:
    if is_recorded(state.letters.deliveries, command.attempt_id, clear_facts(Delivery, command), "attempt_id"):
        return []
    _require_sent(command.letter_id, state)
    return [happened(DeliveryRecorded, command)]


def _require_sent(letter_id: UUID, state: Complaint) -> None:
    if letter_id not in state.letters.sent:
        raise _refuse("complaint.letter-unknown", "letter_id")


def _notify(command: NotifyComplainant, state: Complaint) -> Sequence[Event]:
    if is_recorded(state.letters.notices, command.notification_id, clear_facts(Notice, command), "notification_id"):
        return []
    if not _has_happened(command.what, state):
        raise _refuse("complaint.nothing-to-tell", "what")
    if command.letter_id is not None:
        _require_sent(command.letter_id, state)
    return [happened(ComplaintNotified, command, at=command.occurred_at)]


def _has_happened(what: Told, state: Complaint) -> bool:
    match what:
        case "decision":
            return state.answered
        case "extension":
            return any(one.extended for one in state.timing.extensions.values())
        case "acknowledgement":
            return state.acknowledged
        case "review-decision":
            return any(decided for _, decided in state.review.reviews.values())


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    SendHoldingResponse: _send_holding_response,
    IssueFinalResponse: _issue_final_response,
    PublishResponse: _publish_response,
    AcceptResolution: _accept_resolution,
    SendSummaryResolution: _send_summary_resolution,
    SendLetter: _send_letter,
    RecordDelivery: _record_delivery,
    NotifyComplainant: _notify,
}
