"""Complaint: the events of a complaint's stream and the commands that ask for them.

States follow ISO 10002. The personal subject is always the complainant, who may be no customer.
What is decided from these messages stands in `domain.complaint`.
"""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.access_rules import MatterGroup, RedressLimit
from domain.attaching import Attachment, Content, FileName
from domain.codes import (
    ActorId,
    Channel,
    Code,
    Label,
    Money,
    PersonalLine,
    PostalPrefix,
    Reference,
    Region,
    Severity,
    Text,
)
from domain.confidential import Confidentiality, Declassification, DeclassificationRequest
from domain.kernel import Command, Event, Facts, Personal

Narrative = Annotated[Text | None, Personal("complaint", subject="complainant_id")]
Letter = Annotated[Text | None, Personal("complaint_letter", subject="complainant_id")]
Outcome = Literal["upheld", "partly_upheld", "rejected", "not_stated"]
RedressKind = Literal["none", "monetary", "non_monetary", "not_stated"]
Standing = Literal["open", "responded", "closed", "withdrawn"]
NarrativeConsent = Literal["provided", "not_provided", "withdrawn", "other", "not_applicable"]

# Facts that events and commands share


class Receipt(Facts):
    """A complaint as it came in. Labels keep the words of the source's own lists.

    `received_on` is the day the source states; `complained_about` the staff who may neither handle nor see it;
    `narrative_consent` whether the complainant agreed to publication; `confidential` the group who may know of it:
    that of complaints about a colleague, where it is about one and no other is given.
    """

    complainant_id: UUID
    customer_id: UUID | None = None
    channel: Channel
    product: Label | None = None
    sub_product: Label | None = None
    issue: Label | None = None
    sub_issue: Label | None = None
    received_on: date | None = None
    regime: Code | None = None
    respondent: Label | None = None
    source: Code | None = None
    external_ref: Reference | None = None
    region: Region | None = None
    postal_prefix: PostalPrefix | None = None
    tags: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    narrative_consent: NarrativeConsent | None = None
    complained_about: Annotated[tuple[ActorId, ...], Field(max_length=20)] = ()
    interaction_id: UUID | None = None
    confidential: MatterGroup | None = None
    postal_code: Annotated[PersonalLine | None, Personal("complaint", subject="complainant_id")] = None
    description: Narrative = None
    desired_outcome: Narrative = None


class Assessment(Facts):
    """How grave it is, what it is about, and under which regime it counts."""

    severity: Severity
    product: Label | None = None
    issue: Label | None = None
    cause: Code | None = None
    regime: Code | None = None


class Forwarding(Facts):
    """To whom the complaint was sent, and the day the source states."""

    respondent: Label
    sent_on: date | None = None


class HoldingReply(Facts):
    """A reply that is not final, and when the next one is to be expected."""

    response_id: UUID
    next_response_on: date | None = None
    company_response: Label | None = None
    letter: Letter = None


class FinalReply(Facts):
    """The decision. What an import merely asserts is marked so: no clock computed it."""

    outcome: Outcome
    redress: RedressKind
    redress_amount: Money | None = None
    company_response: Label | None = None
    notified_at: AwareDatetime | None = None
    timely_asserted: bool | None = None
    disputed_asserted: bool | None = None
    letter: Letter = None


class RedressOffer(Facts):
    """What is offered to make it good, known by its id."""

    redress_id: UUID
    redress: Literal["monetary", "non_monetary"]
    amount: Money | None = None


# Events


class ComplaintReceived(Receipt, Event, name="complaint.received"):
    """Somebody is dissatisfied, whatever they call it."""


class ComplaintAcknowledged(Event, name="complaint.acknowledged"):
    """The complainant knows that the complaint arrived."""


class ComplaintAssessed(Assessment, Event, name="complaint.assessed"):
    """The complaint was judged for handling."""


class ComplaintAssigned(Event, name="complaint.assigned"):
    """A handler took the complaint over."""

    handler: ActorId
    previous: ActorId | None = None


class ComplaintForwarded(Forwarding, Event, name="complaint.forwarded"):
    """The complaint was sent to the respondent who must answer it."""


class InvestigationOpened(Event, name="complaint.investigation-opened"):
    """The facts are being looked into."""


class HoldingResponseSent(HoldingReply, Event, name="complaint.holding-response-sent"):
    """The complainant was told that it takes longer."""

    complainant_id: UUID


class FinalResponseIssued(FinalReply, Event, name="complaint.final-response-issued"):
    """The complainant was told the decision."""

    complainant_id: UUID


class ResponsePublished(Event, name="complaint.response-published"):
    """The respondent made a statement in public."""

    public_response: Label


class ComplaintDisputed(Event, name="complaint.disputed"):
    """The complainant does not accept the final response."""

    complainant_id: UUID
    statement: Narrative = None


class RedressOffered(RedressOffer, Event, name="complaint.redress-offered"):
    """The bank offers to make it good, once another person approved it where `needs_approval` says so."""

    offered_by: ActorId | None = None
    needs_approval: bool = False


class RedressApproved(Event, name="complaint.redress-approved"):
    """Another person agreed to an offer above what one may decide alone."""

    redress_id: UUID
    approved_by: ActorId


class RedressAccepted(Event, name="complaint.redress-accepted"):
    """The complainant accepted the offer."""

    redress_id: UUID


class RedressPaid(Event, name="complaint.redress-paid"):
    """What was accepted was paid or done."""

    redress_id: UUID


class RootCauseAssigned(Event, name="complaint.root-cause-assigned"):
    """Why it happened, in the bank's own cause codes."""

    cause: Code
    previous: Code | None = None


class ComplaintMarkedMajor(Event, name="complaint.marked-major"):
    """The complaint concerns many people or much harm."""

    reason: Code


class ComplaintClosed(Event, name="complaint.closed"):
    """Handling is over after a final response."""


class ComplaintWithdrawn(Event, name="complaint.withdrawn"):
    """The complainant took the complaint back."""

    reason: Code | None = None


class ComplaintReopened(Event, name="complaint.reopened"):
    """Handling starts again."""

    reason: Code


class ComplaintAttachmentAdded(Attachment, Event, name="complaint.attachment-added"):
    """A file was attached: a document, a picture, a recording."""

    complainant_id: UUID
    content: Annotated[Content | None, Personal("attachment", subject="complainant_id", alone=True)] = None
    file_name: Annotated[FileName | None, Personal("complaint", subject="complainant_id")] = None


class ComplaintMarkedConfidential(Confidentiality, Event, name="complaint.marked-confidential"):
    """From now on the complaint exists only for a few; `standing` is how far it was."""

    standing: Standing


class ComplaintDeclassificationRequested(DeclassificationRequest, Event, name="complaint.declassification-requested"):
    """Somebody wants that everybody may see the complaint again."""


class ComplaintDeclassified(Declassification, Event, name="complaint.declassified"):
    """The complaint is visible to everybody again; `standing` is how far it was."""

    standing: Standing


# Commands


class ComplaintCommand(Command):
    """A command to one complaint's stream."""

    stream_field = "complaint_id"

    complaint_id: UUID


class ReceiveComplaint(Receipt, ComplaintCommand, name="complaint.receive"):
    """Record an expression of dissatisfaction."""


class AcknowledgeComplaint(ComplaintCommand, name="complaint.acknowledge"):
    """Tell the complainant that it arrived."""


class AssessComplaint(Assessment, ComplaintCommand, name="complaint.assess"):
    """Judge the complaint for handling."""


class AssignComplaint(ComplaintCommand, name="complaint.assign"):
    """Give the complaint to a handler, never to one complained about."""

    handler: ActorId


class ForwardComplaint(Forwarding, ComplaintCommand, name="complaint.forward"):
    """Send the complaint to the respondent who must answer it."""


class OpenInvestigation(ComplaintCommand, name="complaint.open-investigation"):
    """Start looking into the facts."""


class SendHoldingResponse(HoldingReply, ComplaintCommand, name="complaint.send-holding-response"):
    """Tell the complainant that it takes longer."""


class IssueFinalResponse(FinalReply, ComplaintCommand, name="complaint.issue-final-response"):
    """Tell the complainant the decision."""


class PublishResponse(ComplaintCommand, name="complaint.publish-response"):
    """Record the respondent's public statement."""

    public_response: Label


class DisputeComplaint(ComplaintCommand, name="complaint.dispute"):
    """Record that the complainant does not accept the final response."""

    statement: Narrative = None


class OfferRedress(RedressOffer, ComplaintCommand, name="complaint.offer-redress"):
    """Offer to make it good; above what `limits` let one person decide, another must approve."""

    actor_field = "offered_by"
    limits_field = "limits"

    offered_by: ActorId
    limits: Annotated[tuple[RedressLimit, ...], Field(max_length=200)] = ()


class ApproveRedress(ComplaintCommand, name="complaint.approve-redress"):
    """Agree to an offer that one person may not make alone."""

    actor_field = "approved_by"

    redress_id: UUID
    approved_by: ActorId


class AcceptRedress(ComplaintCommand, name="complaint.accept-redress"):
    """Record that the complainant accepts the offer."""

    redress_id: UUID


class PayRedress(ComplaintCommand, name="complaint.pay-redress"):
    """Record that the accepted redress was paid or done."""

    redress_id: UUID


class AssignRootCause(ComplaintCommand, name="complaint.assign-root-cause"):
    """Say why it happened."""

    cause: Code


class MarkComplaintMajor(ComplaintCommand, name="complaint.mark-major"):
    """Mark the complaint as major."""

    reason: Code


class CloseComplaint(ComplaintCommand, name="complaint.close"):
    """End the handling after a final response."""


class WithdrawComplaint(ComplaintCommand, name="complaint.withdraw"):
    """Record that the complainant takes the complaint back."""

    reason: Code | None = None


class ReopenComplaint(ComplaintCommand, name="complaint.reopen"):
    """Start handling a closed or withdrawn complaint again."""

    reason: Code


class AttachToComplaint(Attachment, ComplaintCommand, name="complaint.attach"):
    """Attach a file, in base64."""

    content: Annotated[Content, Personal("attachment", subject="complainant_id", alone=True)]
    file_name: Annotated[FileName | None, Personal("complaint", subject="complainant_id")] = None


class MarkComplaintConfidential(Confidentiality, ComplaintCommand, name="complaint.mark-confidential"):
    """Let the complaint exist only for those who may see the group."""


class RequestComplaintDeclassification(
    DeclassificationRequest, ComplaintCommand, name="complaint.request-declassification"
):
    """Ask that everybody may see the complaint again."""

    actor_field = "requested_by"


class DeclassifyComplaint(Declassification, ComplaintCommand, name="complaint.declassify"):
    """Let everybody see the complaint again, as somebody else has asked."""

    actor_field = "declassified_by"
