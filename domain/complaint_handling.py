"""Handling a complaint: acknowledged, judged, queued, assigned to who has no interest in it, looked into, checked.

Who has an interest is recused (2020 No. 3, art. 17) and can neither handle nor check the complaint. Whether a complaint
counts under a regime is a decision of its own: any expression of dissatisfaction is recorded, whatever it counts as.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.codes import ActorId, Code, Count, Label, Severity
from domain.complaint_case import (
    ClockMoving,
    Complaint,
    ComplaintCommand,
    Narrative,
    is_recorded,
    refuse,
    require_no_interest,
    require_not_ended,
    require_unanswered,
    with_one,
)
from domain.kernel import Command, Event, Facts, clear_facts, happened, refusal

# Facts that events and commands share


class Assessment(Facts):
    """How grave it is, what it is about, and under which regime it is handled."""

    severity: Severity
    product: Label | None = None
    issue: Label | None = None
    cause: Code | None = None
    regime: Code | None = None


class Forwarding(Facts):
    """To whom the complaint was sent, and the day the source states."""

    respondent: Label
    sent_on: date | None = None


class QualityCheck(Facts):
    """How the handling was, as somebody judges who did not handle it; `findings` are codes of what was amiss."""

    check_id: UUID
    result: Literal["passed", "failed"]
    findings: Annotated[tuple[Code, ...], Field(max_length=20)] = ()
    remarks: Narrative = None


class Eligibility(Facts):
    """Whether it counts as a complaint under a regime, by which version of its rule, and why."""

    regime: Code
    counts: bool
    reason: Code
    rule_version: Count | None = None


# Events


class ComplaintAcknowledged(Event, name="complaint.acknowledged"):
    """The complainant knows that the complaint arrived."""


class ComplaintAssessed(Assessment, Event, name="complaint.assessed"):
    """The complaint was judged for handling."""


class ComplaintQueued(Event, name="complaint.queued"):
    """The complaint lies in a queue, for somebody of it to take it."""

    queue: Code
    previous: Code | None = None


class ComplaintAssigned(Event, name="complaint.assigned"):
    """A handler took the complaint over."""

    handler: ActorId
    previous: ActorId | None = None


class ComplaintRecused(Event, name="complaint.recused"):
    """Somebody has an interest in the matter and has no hand in it any more; `unassigned`: they handled it so far."""

    person: ActorId
    reason: Code
    unassigned: bool = False


class ComplaintForwarded(Forwarding, Event, name="complaint.forwarded"):
    """The complaint was sent to the respondent who must answer it."""


class InvestigationOpened(Event, name="complaint.investigation-opened"):
    """The facts are being looked into."""


class ComplaintQualityChecked(QualityCheck, Event, name="complaint.quality-checked"):
    """Another person than the handler has judged the handling."""

    complainant_id: UUID
    checked_by: ActorId


class ComplaintCounted(Eligibility, Event, name="complaint.counted"):
    """It was decided whether the complaint counts under a regime; a later decision replaces it."""


class RootCauseAssigned(Event, name="complaint.root-cause-assigned"):
    """Why it happened, in the bank's own cause codes."""

    cause: Code
    previous: Code | None = None


class ComplaintMarkedMajor(Event, name="complaint.marked-major"):
    """The complaint concerns many people or much harm."""

    reason: Code


# Evolve


def _acknowledged(state: Complaint, _: ComplaintAcknowledged) -> Complaint:
    return replace(state, acknowledged=True)


def _assessed(state: Complaint, event: ComplaintAssessed) -> Complaint:
    return replace(state, assessment=clear_facts(Assessment, event))


def _queued(state: Complaint, event: ComplaintQueued) -> Complaint:
    return replace(state, handling=replace(state.handling, queue=event.queue))


def _assigned(state: Complaint, event: ComplaintAssigned) -> Complaint:
    return replace(state, handler=event.handler)


def _recused(state: Complaint, event: ComplaintRecused) -> Complaint:
    handler = None if event.unassigned else state.handler
    handling = replace(state.handling, recused=state.handling.recused | {event.person})
    return replace(state, handler=handler, handling=handling)


def _forwarded(state: Complaint, event: ComplaintForwarded) -> Complaint:
    return replace(state, forwarded=clear_facts(Forwarding, event))


def _investigation_opened(state: Complaint, _: InvestigationOpened) -> Complaint:
    return replace(state, investigating=True)


def _quality_checked(state: Complaint, event: ComplaintQualityChecked) -> Complaint:
    checks = with_one(state.handling.checks, event.check_id, QualityCheck, event)
    return replace(state, handling=replace(state.handling, checks=checks))


def _counted(state: Complaint, event: ComplaintCounted) -> Complaint:
    counted = {**state.handling.counted, event.regime: clear_facts(Eligibility, event)}
    return replace(state, handling=replace(state.handling, counted=counted))


def _root_cause_assigned(state: Complaint, event: RootCauseAssigned) -> Complaint:
    return replace(state, root_cause=event.cause)


def _marked_major(state: Complaint, _: ComplaintMarkedMajor) -> Complaint:
    return replace(state, major=True)


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintAcknowledged: _acknowledged,
    ComplaintAssessed: _assessed,
    ComplaintQueued: _queued,
    ComplaintAssigned: _assigned,
    ComplaintRecused: _recused,
    ComplaintForwarded: _forwarded,
    InvestigationOpened: _investigation_opened,
    ComplaintQualityChecked: _quality_checked,
    ComplaintCounted: _counted,
    RootCauseAssigned: _root_cause_assigned,
    ComplaintMarkedMajor: _marked_major,
}

# Commands


class AcknowledgeComplaint(ClockMoving, ComplaintCommand, name="complaint.acknowledge"):
    """Tell the complainant that it arrived."""


class AssessComplaint(Assessment, ComplaintCommand, name="complaint.assess"):
    """Judge the complaint for handling."""


class QueueComplaint(ComplaintCommand, name="complaint.queue"):
    """Put the complaint into a queue."""

    queue: Code


class AssignComplaint(ComplaintCommand, name="complaint.assign"):
    """Give the complaint to a handler, never to one complained about or recused."""

    handler: ActorId


class RecuseFromComplaint(ComplaintCommand, name="complaint.recuse"):
    """Record that somebody has an interest in the matter; if they handle it, nobody does until it is assigned anew."""

    person: ActorId
    reason: Code


class ForwardComplaint(ClockMoving, Forwarding, ComplaintCommand, name="complaint.forward"):
    """Send the complaint to the respondent who must answer it."""


class OpenInvestigation(ComplaintCommand, name="complaint.open-investigation"):
    """Start looking into the facts."""


class CheckComplaintQuality(QualityCheck, ComplaintCommand, name="complaint.check-quality"):
    """Judge how the complaint was handled; not for who handles it."""

    actor_field = "checked_by"

    checked_by: ActorId


class CountComplaint(Eligibility, ComplaintCommand, name="complaint.count"):
    """Decide whether the complaint counts under a regime."""


class AssignRootCause(ComplaintCommand, name="complaint.assign-root-cause"):
    """Say why it happened."""

    cause: Code


class MarkComplaintMajor(ComplaintCommand, name="complaint.mark-major"):
    """Mark the complaint as major."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {"complaint.nothing-handled": "Nobody has handled the complaint yet, so there is nothing to judge."}
)
_refuse: Final = partial(refusal, REFUSALS)


def _acknowledge(command: AcknowledgeComplaint, state: Complaint) -> Sequence[Event]:
    if state.acknowledged:
        return []
    require_not_ended(state)
    return [happened(ComplaintAcknowledged, command)]


def _assess(command: AssessComplaint, state: Complaint) -> Sequence[Event]:
    if state.assessment == clear_facts(Assessment, command):
        return []
    require_not_ended(state)
    return [happened(ComplaintAssessed, command)]


def _queue(command: QueueComplaint, state: Complaint) -> Sequence[Event]:
    if state.handling.queue == command.queue:
        return []
    require_not_ended(state)
    return [happened(ComplaintQueued, command, previous=state.handling.queue)]


def _assign(command: AssignComplaint, state: Complaint) -> Sequence[Event]:
    require_no_interest(command.handler, state, "handler")
    if state.handler == command.handler:
        return []
    require_not_ended(state)
    return [happened(ComplaintAssigned, command, previous=state.handler)]


def _recuse(command: RecuseFromComplaint, state: Complaint) -> Sequence[Event]:
    if command.person in state.handling.recused:
        return []
    return [happened(ComplaintRecused, command, unassigned=command.person == state.handler)]


def _forward(command: ForwardComplaint, state: Complaint) -> Sequence[Event]:
    if state.forwarded == clear_facts(Forwarding, command):
        return []
    require_not_ended(state)
    return [happened(ComplaintForwarded, command)]


def _open_investigation(command: OpenInvestigation, state: Complaint) -> Sequence[Event]:
    if state.investigating:
        return []
    require_unanswered(state)
    return [happened(InvestigationOpened, command)]


def _check_quality(command: CheckComplaintQuality, state: Complaint) -> Sequence[Event]:
    if is_recorded(state.handling.checks, command.check_id, clear_facts(QualityCheck, command), "check_id"):
        return []
    if state.handler is None:
        raise _refuse("complaint.nothing-handled")
    require_no_interest(command.checked_by, state, "checked_by")
    if command.checked_by == state.handler:
        raise refuse("complaint.second-person-required", "checked_by")
    return [happened(ComplaintQualityChecked, command, complainant_id=state.complainant_id)]


def _count(command: CountComplaint, state: Complaint) -> Sequence[Event]:
    same = state.handling.counted.get(command.regime) == clear_facts(Eligibility, command)
    return [] if same else [happened(ComplaintCounted, command)]


def _assign_root_cause(command: AssignRootCause, state: Complaint) -> Sequence[Event]:
    same = state.root_cause == command.cause
    return [] if same else [happened(RootCauseAssigned, command, previous=state.root_cause)]


def _mark_major(command: MarkComplaintMajor, state: Complaint) -> Sequence[Event]:
    return [] if state.major else [happened(ComplaintMarkedMajor, command)]


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    AcknowledgeComplaint: _acknowledge,
    AssessComplaint: _assess,
    QueueComplaint: _queue,
    AssignComplaint: _assign,
    RecuseFromComplaint: _recuse,
    ForwardComplaint: _forward,
    OpenInvestigation: _open_investigation,
    CheckComplaintQuality: _check_quality,
    CountComplaint: _count,
    AssignRootCause: _assign_root_cause,
    MarkComplaintMajor: _mark_major,
}
