"""Customer: the events of a customer's stream and the commands that ask for them.

The shared facts are declared once. What is decided from them stands in `domain.customer`.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, ValidationInfo, field_validator

from domain.access_rules import CorrectionsAlone
from domain.clock_rules import Zone
from domain.codes import (
    ActorId,
    AgeBand,
    Changes,
    Channel,
    Code,
    ContactPointKind,
    Count,
    Country,
    CustomerKind,
    Language,
    PersonalLine,
    Purpose,
    Region,
)
from domain.correcting import Approving, Correcting, Rejecting, Requesting, Withdrawing
from domain.kernel import Command, Event, Facts, Personal
from domain.postal_addresses import fault_of
from domain.search_terms import SEARCHED_CONTACT_POINTS

Name = Annotated[PersonalLine | None, Personal("identity", search="name")]
Preference = Literal["channel", "language", "contact_hours", "statement_format", "contact_frequency"]
Detail = Literal["residence_country", "language", "age_band", "region", "branch", "time_zone"]
CorrectedPersonal = Annotated[tuple[Literal["name"], ...], Field(max_length=10)]


# Facts that events and commands share


class Details(Facts):
    """What rules and read models may know of a customer in clear."""

    residence_country: Country | None = None
    language: Language | None = None
    age_band: AgeBand | None = None
    region: Region | None = None
    branch: Code | None = None
    time_zone: Zone | None = None


class Registration(Details):
    """A customer as first known."""

    customer_id: UUID
    kind: CustomerKind
    name: Name = None
    segment: Code | None = None
    source: Code | None = None


class ConsentTopic(Facts):
    """Consent is given per contact point, channel, purpose and topic, to a text."""

    customer_id: UUID
    contact_point_id: UUID
    channel: Channel
    purpose: Purpose
    topic: Code = "any"
    text_version: Code


class ConsentScope(ConsentTopic):
    """What a person said of a consent, with its evidence: who recorded it stands beside the event."""

    evidence_channel: Channel


class ConsentGrant(ConsentScope):
    """A consent that is given; before `valid_until` only, where that is set."""

    valid_until: AwareDatetime | None = None


class SegmentMembership(Facts):
    """A segment, and the versioned rule that put the customer in or out."""

    customer_id: UUID
    segment: Code
    rule: Code | None = None
    rule_version: Count | None = None


class PreferenceValue(Facts):
    """How the customer wants to be served; None takes the preference back."""

    customer_id: UUID
    preference: Preference
    value: Code | None


# Events


class CustomerRegistered(Registration, Event, name="customer.registered"):
    """The bank knows this customer from now on."""


class ContactPointAdded(Event, name="customer.contact-point-added"):
    """A way to reach the customer."""

    customer_id: UUID
    contact_point_id: UUID
    kind: ContactPointKind
    value: Annotated[PersonalLine | None, Personal("contact", search=SEARCHED_CONTACT_POINTS)] = None


class ContactPointVerified(Event, name="customer.contact-point-verified"):
    """The contact point was proved to be the customer's."""

    customer_id: UUID
    contact_point_id: UUID
    method: Code


class ContactPointRemoved(Event, name="customer.contact-point-removed"):
    """The contact point may be used no more."""

    customer_id: UUID
    contact_point_id: UUID
    reason: Code


class CustomerDetailsCorrected(Correcting, Event, name="customer.details-corrected"):
    """Details were wrong or are outdated; `corrected_personal` names sealed fields given anew."""

    customer_id: UUID
    corrected_personal: CorrectedPersonal = ()
    name: Name = None


class CustomerCorrectionRequested(Requesting, Event, name="customer.correction-requested"):
    """Details are to be corrected once another person approves it; until then nothing is changed."""

    customer_id: UUID
    corrected_personal: CorrectedPersonal = ()
    name: Annotated[PersonalLine | None, Personal("identity", search="name", waits=True)] = None


class CustomerCorrectionApproved(Approving, Event, name="customer.correction-approved"):
    """The correction is in force: `changes`, and what its request has sealed of `corrected_personal`."""

    puts_in_force = (CustomerCorrectionRequested, "correction_id")

    customer_id: UUID
    changes: Changes = ()
    corrected_personal: CorrectedPersonal = ()


class CustomerCorrectionRejected(Rejecting, Event, name="customer.correction-rejected"):
    """Another person did not agree to the correction."""

    customer_id: UUID


class CustomerCorrectionWithdrawn(Withdrawing, Event, name="customer.correction-withdrawn"):
    """Who asked for the correction has given it up."""

    customer_id: UUID


class RelationshipManagerAssigned(Event, name="customer.relationship-manager-assigned"):
    """One person looks after the customer from now on."""

    customer_id: UUID
    relationship_manager: ActorId
    previous: ActorId | None = None


class SegmentEntered(SegmentMembership, Event, name="customer.segment-entered"):
    """The customer belongs to a segment."""


class SegmentLeft(SegmentMembership, Event, name="customer.segment-left"):
    """The customer belongs to a segment no more."""


class ConsentGranted(ConsentGrant, Event, name="customer.consent-granted"):
    """The customer agreed to the text."""


class ConsentDenied(ConsentScope, Event, name="customer.consent-denied"):
    """The customer was asked and said no, or objected."""


class ConsentWithdrawn(ConsentScope, Event, name="customer.consent-withdrawn"):
    """The customer took a consent back."""


class ConsentExpired(ConsentTopic, Event, name="customer.consent-expired"):
    """The time for which a consent was given is over."""


class VulnerabilityNoted(Event, name="customer.vulnerability-noted"):
    """The customer needs special care; `basis` is how the bank knows, and says nothing of why."""

    customer_id: UUID
    basis: Code


class VulnerabilityCleared(Event, name="customer.vulnerability-cleared"):
    """The customer needs no special care any more."""

    customer_id: UUID
    basis: Code


class PreferenceSet(PreferenceValue, Event, name="customer.preference-set"):
    """The customer said how they want to be served."""


class RelationshipEnded(Event, name="customer.relationship-ended"):
    """The customer is a customer no more; the record stays."""

    customer_id: UUID
    reason: Code


# Commands


class CustomerCommand(Command):
    """A command to one customer's stream."""

    stream_field = "customer_id"


class RegisterCustomer(Registration, CustomerCommand, name="customer.register"):
    """Record a customer as first known."""


class AddContactPoint(CustomerCommand, name="customer.add-contact-point"):
    """Add a way to reach the customer."""

    customer_id: UUID
    contact_point_id: UUID
    kind: ContactPointKind
    value: Annotated[PersonalLine, Personal("contact")]

    @field_validator("value")
    @classmethod
    def _is_an_address(cls, value: str, info: ValidationInfo) -> str:
        fault = fault_of(value) if info.data.get("kind") == "postal_address" else None
        if fault is not None:
            raise ValueError(fault)  # the edge tells it in words
        return value


class VerifyContactPoint(CustomerCommand, name="customer.verify-contact-point"):
    """Record that the contact point was proved to be the customer's."""

    customer_id: UUID
    contact_point_id: UUID
    method: Code


class RemoveContactPoint(CustomerCommand, name="customer.remove-contact-point"):
    """Stop using a contact point."""

    customer_id: UUID
    contact_point_id: UUID
    reason: Code


class CorrectDetails(Details, CustomerCommand, name="customer.correct-details"):
    """Correct what is given, or ask another person to agree; `cleared` names details that are not known after all."""

    actor_field = "requested_by"
    limits_field = "corrections_alone"

    customer_id: UUID
    correction_id: UUID
    reason: Code
    cleared: Annotated[tuple[Detail, ...], Field(max_length=10)] = ()
    name: Name = None
    requested_by: ActorId
    corrections_alone: CorrectionsAlone = CorrectionsAlone()


class ApproveCustomerCorrection(Approving, CustomerCommand, name="customer.approve-correction"):
    """Agree to a correction that somebody else has asked for; it is in force from then on."""

    actor_field = "approved_by"

    customer_id: UUID


class RejectCustomerCorrection(Rejecting, CustomerCommand, name="customer.reject-correction"):
    """Refuse a correction that somebody else has asked for."""

    actor_field = "rejected_by"

    customer_id: UUID


class WithdrawCustomerCorrection(Withdrawing, CustomerCommand, name="customer.withdraw-correction"):
    """Give up a correction that one has asked for oneself."""

    actor_field = "withdrawn_by"

    customer_id: UUID


class AssignRelationshipManager(CustomerCommand, name="customer.assign-relationship-manager"):
    """Give the customer to a relationship manager."""

    customer_id: UUID
    relationship_manager: ActorId


class EnterSegment(SegmentMembership, CustomerCommand, name="customer.enter-segment"):
    """Put the customer into a segment."""


class LeaveSegment(SegmentMembership, CustomerCommand, name="customer.leave-segment"):
    """Take the customer out of a segment."""


class GrantConsent(ConsentGrant, CustomerCommand, name="customer.grant-consent"):
    """Record that the customer agreed to a text."""


class DenyConsent(ConsentScope, CustomerCommand, name="customer.deny-consent"):
    """Record that the customer said no, or objects."""


class WithdrawConsent(ConsentScope, CustomerCommand, name="customer.withdraw-consent"):
    """Record that the customer takes a granted consent back."""


class ExpireConsent(ConsentTopic, CustomerCommand, name="customer.expire-consent"):
    """Record that a consent's time is over."""


class NoteVulnerability(CustomerCommand, name="customer.note-vulnerability"):
    """Record that the customer needs special care."""

    customer_id: UUID
    basis: Code


class ClearVulnerability(CustomerCommand, name="customer.clear-vulnerability"):
    """Record that the customer needs no special care any more."""

    customer_id: UUID
    basis: Code


class SetPreference(PreferenceValue, CustomerCommand, name="customer.set-preference"):
    """Record how the customer wants to be served."""


class EndRelationship(CustomerCommand, name="customer.end-relationship"):
    """End the relationship; rights of the former customer stay."""

    customer_id: UUID
    reason: Code
