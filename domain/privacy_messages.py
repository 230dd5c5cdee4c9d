"""Privacy request: the events of its stream and the commands that ask for them.

The rights: GDPR arts. 15 (access), 16 (rectification), 17 (erasure), 18 (restriction), 20 (portability) and 21
(objection); PIPL arts. 44 to 47. What is decided from them stands in `domain.privacy_request`.
"""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.codes import ActorId, Channel, Code, Reference, Sha256
from domain.kernel import Command, Event, Facts
from domain.privacy_clock import RequestClock
from domain.privacy_rules import ClassDecisions, ClassHeld, RecordClasses, RetentionRules, ScheduleVersion

PrivacyRequestKind = Literal["access", "portability", "erasure", "restriction", "rectification", "objection"]

BY_PROGRAM: Final = frozenset[PrivacyRequestKind](("erasure", "restriction"))
"""Kinds that the program carries out itself once they are approved."""


# Facts that events and commands share


class Wish(Facts):
    """Whose request it is, what for and how it came; no record class named means all of them.

    `clock`: by which rules its day was counted; none, where no policy for requests was in force.

    What the person wrote stays where letters are kept, under `document_ref`: a request must not become personal
    data that its own erasure would erase.
    """

    customer_id: UUID
    kind: PrivacyRequestKind
    channel: Channel
    regime: Code | None = None
    record_classes: RecordClasses = ()
    document_ref: Reference | None = None
    received_by: ActorId
    clock: RequestClock | None = None


# Events


class PrivacyRequestReceived(Wish, Event, name="privacy-request.received"):
    """Somebody made use of a right over their personal data; it must be answered until the end of `due_on`."""

    due_on: date


class PrivacyRequestIdentityChecked(Event, name="privacy-request.identity-checked"):
    """Whoever asked was proved to be the customer, or to act for them."""

    method: Code
    checked_by: ActorId


class PrivacyRequestExtended(Event, name="privacy-request.extended"):
    """It takes longer, and the person was told so and why (GDPR art. 12(3))."""

    due_on: date
    reason: Code
    notified_on: date
    extended_by: ActorId


class PrivacyRequestApproved(Event, name="privacy-request.approved"):
    """Another person agrees that it is to be carried out."""

    approved_by: ActorId


class PrivacyRequestRefused(Event, name="privacy-request.refused"):
    """It is not carried out, on this legal basis."""

    basis: Code
    refused_by: ActorId


class PrivacyRequestWithdrawn(Event, name="privacy-request.withdrawn"):
    """The person wants it no more, or it was received by mistake."""

    reason: Code


class PrivacyRequestDecided(Event, name="privacy-request.decided"):
    """The retention schedule and the legal holds have decided each record class; a later decision replaces it."""

    customer_id: UUID
    schedule_version: ScheduleVersion | None = None
    decisions: ClassDecisions


class PrivacyRequestCompleted(Event, name="privacy-request.completed"):
    """It was carried out and answered; `evidence_sha256` is of what was handed over or certified, if anything was."""

    done: Code
    evidence_sha256: Sha256 | None = None
    completed_by: ActorId


class ProcessingRestrictionLifted(Event, name="privacy-request.restriction-lifted"):
    """Data of these classes may be used again; the person was told so before (GDPR art. 18(3))."""

    customer_id: UUID
    record_classes: RecordClasses
    reason: Code
    informed_on: date
    lifted_by: ActorId


# Commands


class PrivacyRequestCommand(Command):
    """A command to one privacy request's stream."""

    stream_field = "request_id"

    request_id: UUID


class ReceivePrivacyRequest(Wish, PrivacyRequestCommand, name="privacy-request.receive"):
    """Record that a person makes use of a right over their personal data."""

    actor_field = "received_by"
    clock_field = "clock"


class CheckPrivacyRequestIdentity(PrivacyRequestCommand, name="privacy-request.check-identity"):
    """Record how whoever asked was proved to be the customer."""

    actor_field = "checked_by"

    method: Code
    checked_by: ActorId


class ExtendPrivacyRequest(PrivacyRequestCommand, name="privacy-request.extend"):
    """Take two months more, of which the person was told; not for the one who received it."""

    actor_field = "extended_by"

    reason: Code
    notified_on: date
    extended_by: ActorId


class ApprovePrivacyRequest(PrivacyRequestCommand, name="privacy-request.approve"):
    """Agree that it is carried out; not for the one who received it."""

    actor_field = "approved_by"

    approved_by: ActorId


class RefusePrivacyRequest(PrivacyRequestCommand, name="privacy-request.refuse"):
    """Do not carry it out, on a legal basis."""

    actor_field = "refused_by"

    basis: Code
    refused_by: ActorId


class WithdrawPrivacyRequest(PrivacyRequestCommand, name="privacy-request.withdraw"):
    """Give the request up."""

    reason: Code


class DecidePrivacyRequest(PrivacyRequestCommand, name="privacy-request.decide"):
    """Decide each record class from what is known of it and the rules in force."""

    internal = True

    schedule_version: ScheduleVersion | None = None
    held: Annotated[tuple[ClassHeld, ...], Field(max_length=50)]
    rules: RetentionRules


class CompletePrivacyRequest(PrivacyRequestCommand, name="privacy-request.complete"):
    """Record what was done and handed over; an erasure or restriction is carried out by the program instead."""

    actor_field = "completed_by"

    done: Code
    evidence_sha256: Sha256 | None = None
    completed_by: ActorId


class FinishPrivacyRequest(PrivacyRequestCommand, name="privacy-request.finish"):
    """Record that the program has carried out what was decided."""

    internal = True

    done: Code
    evidence_sha256: Sha256 | None = None
    completed_by: ActorId


class LiftProcessingRestriction(PrivacyRequestCommand, name="privacy-request.lift-restriction"):
    """Let restricted data be used again; not for the one who approved the request."""

    actor_field = "lifted_by"

    record_classes: RecordClasses
    reason: Code
    informed_on: date
    lifted_by: ActorId
