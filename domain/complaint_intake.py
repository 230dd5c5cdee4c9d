"""Taking a complaint in: what was said, by whom and for whom, and what is still missing of the registration.

Articles are those of the measures of 2020 No. 3 (银行业保险业消费投诉处理管理办法): what a registration holds and that
the bank demands nothing it already has (art. 13), agents and heirs (art. 14), at most five representatives of a group
(art. 12), and that twenty who bring one matter forward in person make a major complaint (art. 29).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain import attaching
from domain.access_rules import MatterGroup
from domain.attaching import Attachment, Content, FileName
from domain.codes import ActorId, Channel, Code, Label, PersonalLine, PostalPrefix, Reference, Region
from domain.complaint_case import (
    ClockMoving,
    Complaint,
    ComplaintCommand,
    Intake,
    Narrative,
    is_recorded,
    refuse,
    require_not_ended,
    with_one,
)
from domain.complaint_confidentiality import ComplaintMarkedConfidential
from domain.complaint_handling import ComplaintMarkedMajor
from domain.kernel import Command, Event, Facts, Personal, clear_facts, happened, refusal

REPRESENTATIVES_MAX: Final = 5
MAJOR_FROM: Final = 20
"""So many complainants who bring one matter forward in person make it a major complaint."""
IN_PERSON: Final[frozenset[Channel]] = frozenset(("branch", "visit"))
"""Where complainants and bank face each other: 面谈. By video or telephone they do not."""

NarrativeConsent = Literal["provided", "not_provided", "withdrawn", "other", "not_applicable"]
Capacity = Literal["own", "agent", "heir", "group"]
Particular = Literal["complainant", "contact", "respondent", "demand", "facts", "basis"]
Demandable = Literal[
    "complainant", "contact", "respondent", "demand", "facts", "basis", "letter-of-attorney", "proof-of-inheritance"
]
Line = Annotated[PersonalLine | None, Personal("complaint", subject="complainant_id")]
RepresentativeLine = Annotated[PersonalLine | None, Personal("complaint", subject="representative_id")]
Missing = Annotated[tuple[Particular, ...], Field(max_length=6)]
GroupSize = Annotated[int, Field(ge=1, le=1_000_000)]

# Facts that events and commands share


class Receipt(Facts):
    """A complaint as it came in. Labels keep the words of the source's own lists.

    `received_on` is the day the source states; `complained_about` the staff who may neither handle nor see it;
    `narrative_consent` whether the complainant agreed to publication; `confidential` the group who may know of it:
    that of complaints about a colleague, where it is about one and no other is given. `capacity`: in their own matter,
    or by an agent or heir, or as a group of so many `complainants`. Of art. 13: the facts are `description`, the
    demand is `desired_outcome`. `branch` is the bank's own code of the branch that it concerns; `channel` is how the
    complaint came in, `service_channel` in which channel the business was done that it is about.
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
    branch: Code | None = None
    service_channel: Channel | None = None
    postal_prefix: PostalPrefix | None = None
    tags: Annotated[tuple[Label, ...], Field(max_length=20)] = ()
    narrative_consent: NarrativeConsent | None = None
    complained_about: Annotated[tuple[ActorId, ...], Field(max_length=20)] = ()
    interaction_id: UUID | None = None
    confidential: MatterGroup | None = None
    capacity: Capacity = "own"
    complainants: GroupSize = 1
    postal_code: Line = None
    complainant_name: Line = None
    contact: Line = None
    description: Narrative = None
    desired_outcome: Narrative = None
    basis: Narrative = None


class Supplement(Facts):
    """More of what a registration holds, known by its id."""

    supplement_id: UUID
    respondent: Label | None = None
    complainant_name: Line = None
    contact: Line = None
    description: Narrative = None
    desired_outcome: Narrative = None
    basis: Narrative = None


class Representation(Facts):
    """Who speaks for the complainants: an agent or heir, or one of at most five representatives of a group.

    `evidence` is the kind of document that shows it, such as `letter-of-attorney` or `proof-of-inheritance`.
    """

    representative_id: UUID
    role: Literal["agent", "heir", "representative"]
    evidence: Code | None = None
    name: RepresentativeLine = None
    contact: RepresentativeLine = None


# Events


class ComplaintReceived(Receipt, Event, name="complaint.received"):
    """Somebody is dissatisfied, whatever they call it.

    `missing` is what the registration lacks and the bank does not hold.
    """

    missing: Missing = ()


class ComplaintSupplemented(Supplement, Event, name="complaint.supplemented"):
    """The registration got more of what it holds; `missing` is what it still lacks."""

    complainant_id: UUID
    missing: Missing = ()


class ComplaintDetailsRequested(Event, name="complaint.details-requested"):
    """The complainant was asked for what is missing."""

    items: Annotated[tuple[Demandable, ...], Field(max_length=8)]


class RepresentativeAdded(Representation, Event, name="complaint.representative-added"):
    """Somebody speaks for the complainants from now on."""


class RepresentativeRemoved(Event, name="complaint.representative-removed"):
    """Somebody speaks for the complainants no more."""

    representative_id: UUID
    reason: Code


class ComplaintGroupCounted(Event, name="complaint.group-counted"):
    """So many people complain together now; `channel` is how they came forward, where it is another than before."""

    complainants: GroupSize
    channel: Channel | None = None


class ComplaintAttachmentAdded(Attachment, Event, name="complaint.attachment-added"):
    """A file was attached: a document, a picture, a recording."""

    complainant_id: UUID
    content: Annotated[Content | None, Personal("attachment", subject="complainant_id", alone=True)] = None
    file_name: Annotated[FileName | None, Personal("complaint", subject="complainant_id")] = None


# Evolve


def _received(state: Complaint, event: ComplaintReceived) -> Complaint:
    return replace(
        state,
        status="open",
        complainant_id=event.complainant_id,
        customer_id=event.customer_id,
        complained_about=frozenset(event.complained_about),
        intake=Intake(event.capacity, event.channel, event.complainants, frozenset(event.missing)),
    )


def _supplemented(state: Complaint, event: ComplaintSupplemented) -> Complaint:
    supplements = with_one(state.intake.supplements, event.supplement_id, Supplement, event)
    return _with(state, missing=frozenset(event.missing), supplements=supplements)


def _details_requested(state: Complaint, event: ComplaintDetailsRequested) -> Complaint:
    return _with(state, demanded=state.intake.demanded.union(event.items))


def _representative_added(state: Complaint, event: RepresentativeAdded) -> Complaint:
    return _with(state, representatives={**state.intake.representatives, event.representative_id: event.role})


def _representative_removed(state: Complaint, event: RepresentativeRemoved) -> Complaint:
    left = {one: role for one, role in state.intake.representatives.items() if one != event.representative_id}
    return _with(state, representatives=left)


def _group_counted(state: Complaint, event: ComplaintGroupCounted) -> Complaint:
    return _with(state, complainants=event.complainants, channel=event.channel or state.intake.channel)


def _attachment_added(state: Complaint, event: ComplaintAttachmentAdded) -> Complaint:
    return replace(state, attachments=state.attachments | {event.attachment_id})


def _with(state: Complaint, **facts: object) -> Complaint:
    return replace(state, intake=replace(state.intake, **facts))


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintReceived: _received,
    ComplaintSupplemented: _supplemented,
    ComplaintDetailsRequested: _details_requested,
    RepresentativeAdded: _representative_added,
    RepresentativeRemoved: _representative_removed,
    ComplaintGroupCounted: _group_counted,
    ComplaintAttachmentAdded: _attachment_added,
}

# Commands


class ReceiveComplaint(ClockMoving, Receipt, ComplaintCommand, name="complaint.receive"):
    """Record an expression of dissatisfaction."""


class SupplementComplaint(Supplement, ComplaintCommand, name="complaint.supplement"):
    """Record what the complainant told later of facts, demand, basis or themselves."""


class RequestComplaintDetails(ComplaintCommand, name="complaint.request-details"):
    """Ask the complainant for what is missing; never for what the bank already holds."""

    items: Annotated[tuple[Demandable, ...], Field(min_length=1, max_length=8)]


class AddRepresentative(Representation, ComplaintCommand, name="complaint.add-representative"):
    """Record who speaks for the complainants; of a group at most five."""


class RemoveRepresentative(ComplaintCommand, name="complaint.remove-representative"):
    """Record that somebody speaks for the complainants no more."""

    representative_id: UUID
    reason: Code


class CountComplaintGroup(ComplaintCommand, name="complaint.count-group"):
    """Record how many people complain together, and how they came forward; twenty in person make it major."""

    complainants: GroupSize
    channel: Channel | None = None


class AttachToComplaint(Attachment, ComplaintCommand, name="complaint.attach"):
    """Attach a file, in base64."""

    content: Annotated[Content, Personal("attachment", subject="complainant_id", alone=True)]
    file_name: Annotated[FileName | None, Personal("complaint", subject="complainant_id")] = None


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.not-demandable": "The bank holds this already, or nobody acts in a capacity that it would prove.",
        "complaint.nothing-told": "A supplement must tell something.",
        "complaint.too-many-representatives": "A group has at most five representatives; remove one first.",
        "complaint.representative-is-complainant": "Who complains needs nobody else to be themselves.",
        **attaching.refusals("complaint"),
    }
)
_refuse: Final = partial(refusal, REFUSALS)
_TOLD_BY: Final[Mapping[str, Particular]] = {
    "complainant_name": "complainant",
    "contact": "contact",
    "respondent": "respondent",
    "desired_outcome": "demand",
    "description": "facts",
    "basis": "basis",
}
_PROOFS: Final[Mapping[str, str]] = {"letter-of-attorney": "agent", "proof-of-inheritance": "heir"}


def _lacking(command: ReceiveComplaint | SupplementComplaint, before: frozenset[str]) -> tuple[str, ...]:
    told = {one for field, one in _TOLD_BY.items() if getattr(command, field) is not None}
    return tuple(one for one in _TOLD_BY.values() if one in before and one not in told)


def _receive(command: ReceiveComplaint, state: Complaint) -> Sequence[Event]:
    if state.status != "absent":
        raise refuse("complaint.already-received", "complaint_id")
    # Who a customer is and how to reach them the bank knows (art. 13).
    wanted = frozenset(_TOLD_BY.values()) - ({"complainant", "contact"} if command.customer_id else set())
    group = command.confidential or ("about-colleague" if command.complained_about else None)
    events: list[Event] = [
        happened(ComplaintReceived, command, confidential=group, missing=_lacking(command, wanted)),
    ]
    if group is not None:
        # A second event, for the record finds what is confidential by the types of events alone.
        facts = {"group": group, "withheld_from": command.complained_about, "standing": "open"}
        events.append(ComplaintMarkedConfidential.model_validate({"occurred_at": command.occurred_at, **facts}))
    if _is_major(command.complainants, command.channel):
        events.append(_major(command))
    return events


def _is_major(complainants: int, channel: Channel | None) -> bool:
    return complainants >= MAJOR_FROM and channel in IN_PERSON


def _major(command: Command) -> Event:
    return ComplaintMarkedMajor(occurred_at=command.occurred_at, reason="group-of-twenty")


def _supplement(command: SupplementComplaint, state: Complaint) -> Sequence[Event]:
    terms = clear_facts(Supplement, command)
    if is_recorded(state.intake.supplements, command.supplement_id, terms, "supplement_id"):
        return []
    require_not_ended(state)
    if all(getattr(command, field) is None for field in _TOLD_BY):
        raise _refuse("complaint.nothing-told")
    missing = _lacking(command, state.intake.missing)
    return [happened(ComplaintSupplemented, command, complainant_id=state.complainant_id, missing=missing)]


def _request_details(command: RequestComplaintDetails, state: Complaint) -> Sequence[Event]:
    intake = state.intake
    acting = {intake.capacity, *intake.representatives.values()}
    for one in command.items:
        if one not in intake.missing and _PROOFS.get(one) not in acting:
            raise _refuse("complaint.not-demandable", "items")
    if intake.demanded.issuperset(command.items):
        return []
    require_not_ended(state)
    return [happened(ComplaintDetailsRequested, command)]


def _add_representative(command: AddRepresentative, state: Complaint) -> Sequence[Event]:
    known = state.intake.representatives
    if command.representative_id in known:
        if known[command.representative_id] != command.role:
            raise refuse("complaint.id-reused", "representative_id")
        return []
    if command.representative_id in {state.complainant_id, state.customer_id}:
        raise _refuse("complaint.representative-is-complainant", "representative_id")
    require_not_ended(state)
    if command.role == "representative" and list(known.values()).count("representative") >= REPRESENTATIVES_MAX:
        raise _refuse("complaint.too-many-representatives")
    return [happened(RepresentativeAdded, command)]


def _remove_representative(command: RemoveRepresentative, state: Complaint) -> Sequence[Event]:
    if command.representative_id not in state.intake.representatives:
        raise refuse("complaint.representative-unknown", "representative_id")
    return [happened(RepresentativeRemoved, command)]


def _count_group(command: CountComplaintGroup, state: Complaint) -> Sequence[Event]:
    channel = command.channel or state.intake.channel
    if (command.complainants, channel) == (state.intake.complainants, state.intake.channel):
        return []
    require_not_ended(state)
    counted = happened(ComplaintGroupCounted, command)
    return [counted, _major(command)] if _is_major(command.complainants, channel) and not state.major else [counted]


def _attach(command: AttachToComplaint, state: Complaint) -> Sequence[Event]:
    attaching.require_new(command, state.attachments, "complaint")
    return [happened(ComplaintAttachmentAdded, command, complainant_id=state.complainant_id)]


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ReceiveComplaint: _receive,
    SupplementComplaint: _supplement,
    RequestComplaintDetails: _request_details,
    AddRepresentative: _add_representative,
    RemoveRepresentative: _remove_representative,
    CountComplaintGroup: _count_group,
    AttachToComplaint: _attach,
}
