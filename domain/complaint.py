"""Complaint: from any expression of dissatisfaction to its final response, redress and end (ISO 10002).

Its events and commands are declared in `domain.complaint_messages`. Business times may be odd in
real input (sent before received), so no decision compares them: only the order of states counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain import attaching, complaint_redress, confidential
from domain.codes import ActorId, Code, Label
from domain.complaint_messages import (
    AcknowledgeComplaint,
    AssessComplaint,
    Assessment,
    AssignComplaint,
    AssignRootCause,
    AttachToComplaint,
    CloseComplaint,
    ComplaintAcknowledged,
    ComplaintAssessed,
    ComplaintAssigned,
    ComplaintAttachmentAdded,
    ComplaintClosed,
    ComplaintDeclassificationRequested,
    ComplaintDeclassified,
    ComplaintDisputed,
    ComplaintForwarded,
    ComplaintMarkedConfidential,
    ComplaintMarkedMajor,
    ComplaintReceived,
    ComplaintReopened,
    ComplaintWithdrawn,
    DeclassifyComplaint,
    DisputeComplaint,
    FinalResponseIssued,
    ForwardComplaint,
    Forwarding,
    HoldingResponseSent,
    InvestigationOpened,
    IssueFinalResponse,
    MarkComplaintConfidential,
    MarkComplaintMajor,
    OpenInvestigation,
    PublishResponse,
    ReceiveComplaint,
    ReopenComplaint,
    RequestComplaintDeclassification,
    ResponsePublished,
    RootCauseAssigned,
    SendHoldingResponse,
    WithdrawComplaint,
)
from domain.complaint_redress import Redress, RedressCommand, RedressEvent
from domain.kernel import Aggregate, Command, Event, clear_facts, happened, refusal
from domain.matters import Matter

# State

Status = Literal["absent", "open", "responded", "closed", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Complaint:
    """The complaint as decisions see it: no personal field."""

    status: Status = "absent"
    complainant_id: UUID | None = None
    customer_id: UUID | None = None
    complained_about: frozenset[ActorId] = frozenset()
    acknowledged: bool = False
    assessment: tuple[object, ...] | None = None
    handler: ActorId | None = None
    forwarded: tuple[object, ...] | None = None
    investigating: bool = False
    holding_responses: frozenset[UUID] = frozenset()
    answered: bool = False
    public_response: Label | None = None
    disputed: bool = False
    redress: Mapping[UUID, Redress] = field(default_factory=dict[UUID, Redress])
    root_cause: Code | None = None
    major: bool = False
    reopened: bool = False
    attachments: frozenset[UUID] = frozenset()
    matter: Matter | None = None


# Evolve


def _becomes(**facts: object) -> Callable[[Complaint, Event], Complaint]:
    return lambda state, _: replace(state, **facts)


def _received(state: Complaint, event: ComplaintReceived) -> Complaint:
    return replace(
        state,
        status="open",
        complainant_id=event.complainant_id,
        customer_id=event.customer_id,
        complained_about=frozenset(event.complained_about),
    )


def _assessed(state: Complaint, event: ComplaintAssessed) -> Complaint:
    return replace(state, assessment=clear_facts(Assessment, event))


def _assigned(state: Complaint, event: ComplaintAssigned) -> Complaint:
    return replace(state, handler=event.handler)


def _forwarded(state: Complaint, event: ComplaintForwarded) -> Complaint:
    return replace(state, forwarded=clear_facts(Forwarding, event))


def _holding_response_sent(state: Complaint, event: HoldingResponseSent) -> Complaint:
    return replace(state, holding_responses=state.holding_responses | {event.response_id})


def _response_published(state: Complaint, event: ResponsePublished) -> Complaint:
    return replace(state, public_response=event.public_response)


def _redress(state: Complaint, event: RedressEvent) -> Complaint:
    return replace(state, redress=complaint_redress.evolve(state.redress, event))


def _root_cause_assigned(state: Complaint, event: RootCauseAssigned) -> Complaint:
    return replace(state, root_cause=event.cause)


def _attachment_added(state: Complaint, event: ComplaintAttachmentAdded) -> Complaint:
    return replace(state, attachments=state.attachments | {event.attachment_id})


def _marked_confidential(state: Complaint, event: ComplaintMarkedConfidential) -> Complaint:
    return replace(state, matter=confidential.as_marked(event))


def _declassification_requested(state: Complaint, event: ComplaintDeclassificationRequested) -> Complaint:
    return replace(state, matter=confidential.as_requested(event, state.matter))


_EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintReceived: _received,
    ComplaintAcknowledged: _becomes(acknowledged=True),
    ComplaintAssessed: _assessed,
    ComplaintAssigned: _assigned,
    ComplaintForwarded: _forwarded,
    InvestigationOpened: _becomes(investigating=True),
    HoldingResponseSent: _holding_response_sent,
    FinalResponseIssued: _becomes(status="responded", answered=True),
    ResponsePublished: _response_published,
    ComplaintDisputed: _becomes(disputed=True),
    **dict.fromkeys(complaint_redress.EVENTS, _redress),
    RootCauseAssigned: _root_cause_assigned,
    ComplaintMarkedMajor: _becomes(major=True),
    ComplaintClosed: _becomes(status="closed"),
    ComplaintWithdrawn: _becomes(status="withdrawn"),
    ComplaintReopened: _becomes(status="open", answered=False, investigating=False, disputed=False, reopened=True),
    ComplaintAttachmentAdded: _attachment_added,
    ComplaintMarkedConfidential: _marked_confidential,
    ComplaintDeclassificationRequested: _declassification_requested,
    ComplaintDeclassified: _becomes(matter=None),
}


def evolve(state: Complaint, event: Event) -> Complaint:
    """Fold one event into the complaint."""
    return _EVOLVE[type(event)](state, event)


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.already-received": "This complaint is recorded already.",
        "complaint.not-received": "There is no such complaint; receive it first.",
        "complaint.already-answered": "The final response was issued; reopen the complaint to answer anew.",
        "complaint.already-closed": "The complaint is closed; reopen it first.",
        "complaint.already-withdrawn": "The complaint was withdrawn; reopen it first.",
        "complaint.not-ended": "Only a closed or withdrawn complaint can be reopened.",
        "complaint.no-final-response": "The final response must be issued first.",
        "complaint.already-disputed": "The final response is disputed already.",
        "complaint.handler-has-interest": "Who is complained about cannot handle the complaint.",
        **complaint_redress.REFUSALS,
        **attaching.refusals("complaint"),
        **confidential.refusals("complaint"),
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _require_not_ended(state: Complaint) -> None:
    if state.status in {"closed", "withdrawn"}:
        raise _refuse(f"complaint.already-{state.status}")


def _require_unanswered(state: Complaint) -> None:
    _require_not_ended(state)
    if state.answered:
        raise _refuse("complaint.already-answered")


def _receive(command: ReceiveComplaint, state: Complaint) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("complaint.already-received", "complaint_id")
    group = command.confidential or ("about-colleague" if command.complained_about else None)
    received = happened(ComplaintReceived, command, confidential=group)
    if group is None:
        return [received]
    # A second event, for the record finds what is confidential by the types of events alone.
    facts = {"group": group, "withheld_from": command.complained_about, "standing": "open"}
    return [received, ComplaintMarkedConfidential.model_validate({"occurred_at": command.occurred_at, **facts})]


def _acknowledge(command: AcknowledgeComplaint, state: Complaint) -> Sequence[Event]:
    if state.acknowledged:
        return []
    _require_not_ended(state)
    return [happened(ComplaintAcknowledged, command)]


def _assess(command: AssessComplaint, state: Complaint) -> Sequence[Event]:
    if state.assessment == clear_facts(Assessment, command):
        return []
    _require_not_ended(state)
    return [happened(ComplaintAssessed, command)]


def _assign(command: AssignComplaint, state: Complaint) -> Sequence[Event]:
    if command.handler in state.complained_about:
        raise _refuse("complaint.handler-has-interest", "handler")
    if state.handler == command.handler:
        return []
    _require_not_ended(state)
    return [happened(ComplaintAssigned, command, previous=state.handler)]


def _forward(command: ForwardComplaint, state: Complaint) -> Sequence[Event]:
    if state.forwarded == clear_facts(Forwarding, command):
        return []
    _require_not_ended(state)
    return [happened(ComplaintForwarded, command)]


def _open_investigation(command: OpenInvestigation, state: Complaint) -> Sequence[Event]:
    if state.investigating:
        return []
    _require_unanswered(state)
    return [happened(InvestigationOpened, command)]


def _send_holding_response(command: SendHoldingResponse, state: Complaint) -> Sequence[Event]:
    if command.response_id in state.holding_responses:
        return []
    _require_unanswered(state)
    return [happened(HoldingResponseSent, command, complainant_id=state.complainant_id)]


def _issue_final_response(command: IssueFinalResponse, state: Complaint) -> Sequence[Event]:
    # A repeat is refused, not passed over: its letter might be another one, and no decision may look.
    _require_unanswered(state)
    if command.redress_amount and command.redress != "monetary":
        raise _refuse("complaint.redress-amount-mismatch", "redress_amount")
    return [happened(FinalResponseIssued, command, complainant_id=state.complainant_id)]


def _publish_response(command: PublishResponse, state: Complaint) -> Sequence[Event]:
    same = state.public_response == command.public_response
    return [] if same else [happened(ResponsePublished, command)]


def _dispute(command: DisputeComplaint, state: Complaint) -> Sequence[Event]:
    if not state.answered:
        raise _refuse("complaint.no-final-response")
    if state.disputed:
        raise _refuse("complaint.already-disputed")
    return [happened(ComplaintDisputed, command, complainant_id=state.complainant_id)]


def _decide_redress(command: RedressCommand, state: Complaint) -> Sequence[Event]:
    return complaint_redress.decide(command, state.redress)


def _assign_root_cause(command: AssignRootCause, state: Complaint) -> Sequence[Event]:
    same = state.root_cause == command.cause
    return [] if same else [happened(RootCauseAssigned, command, previous=state.root_cause)]


def _mark_major(command: MarkComplaintMajor, state: Complaint) -> Sequence[Event]:
    return [] if state.major else [happened(ComplaintMarkedMajor, command)]


def _close(command: CloseComplaint, state: Complaint) -> Sequence[Event]:
    if state.status == "closed":
        return []
    _require_not_ended(state)
    if not state.answered:
        raise _refuse("complaint.no-final-response")
    return [happened(ComplaintClosed, command)]


def _withdraw(command: WithdrawComplaint, state: Complaint) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_not_ended(state)
    return [happened(ComplaintWithdrawn, command)]


def _reopen(command: ReopenComplaint, state: Complaint) -> Sequence[Event]:
    if state.status in {"closed", "withdrawn"}:
        return [happened(ComplaintReopened, command)]
    if state.reopened and state.status == "open":
        return []
    raise _refuse("complaint.not-ended")


def _attach(command: AttachToComplaint, state: Complaint) -> Sequence[Event]:
    attaching.require_new(command, state.attachments, "complaint")
    return [happened(ComplaintAttachmentAdded, command, complainant_id=state.complainant_id)]


def _mark_confidential(command: MarkComplaintConfidential, state: Complaint) -> Sequence[Event]:
    withheld = confidential.marks(command, state.matter, "complaint")
    return (
        [] if withheld is None else [happened(ComplaintMarkedConfidential, command, standing=state.status, **withheld)]
    )


def _request_declassification(command: RequestComplaintDeclassification, state: Complaint) -> Sequence[Event]:
    wanted = confidential.requests(state.matter, "complaint")
    return [happened(ComplaintDeclassificationRequested, command)] if wanted else []


def _declassify(command: DeclassifyComplaint, state: Complaint) -> Sequence[Event]:
    confidential.require_declassifiable(command, state.matter, "complaint")
    return [happened(ComplaintDeclassified, command, standing=state.status)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ReceiveComplaint: _receive,
    AcknowledgeComplaint: _acknowledge,
    AssessComplaint: _assess,
    AssignComplaint: _assign,
    ForwardComplaint: _forward,
    OpenInvestigation: _open_investigation,
    SendHoldingResponse: _send_holding_response,
    IssueFinalResponse: _issue_final_response,
    PublishResponse: _publish_response,
    DisputeComplaint: _dispute,
    **dict.fromkeys(complaint_redress.COMMANDS, _decide_redress),
    AssignRootCause: _assign_root_cause,
    MarkComplaintMajor: _mark_major,
    CloseComplaint: _close,
    WithdrawComplaint: _withdraw,
    ReopenComplaint: _reopen,
    AttachToComplaint: _attach,
    MarkComplaintConfidential: _mark_confidential,
    RequestComplaintDeclassification: _request_declassification,
    DeclassifyComplaint: _declassify,
}


def decide(command: Command, state: Complaint) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ReceiveComplaint:
        raise _refuse("complaint.not-received", "complaint_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Complaint) -> bool:
    return state.status in {"closed", "withdrawn"}


def _participants_of(event: Event) -> Sequence[tuple[UUID, str]]:
    if not isinstance(event, ComplaintReceived) or event.complainant_id == event.customer_id:
        return ()
    return [(event.complainant_id, "complainant")]


COMPLAINT: Final = Aggregate(
    name="complaint",
    initial=Complaint(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    participants_of=_participants_of,
    matter_of=attrgetter("matter"),
    refusals=REFUSALS,
)
