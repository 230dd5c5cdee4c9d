"""Complaint: from any expression of dissatisfaction to its final response, redress and end (ISO 10002).

The aggregate is one, with one stream; its topics stand in files of their own: `complaint_intake`, `_handling`,
`_letters`, `_redress`, `_time`, `_agreement`, `_review` and `_confidentiality`. Here is how it ends, and what they make
together.
Business times may be odd in real input (sent before received), so no decision compares them: only the order of states
counts, and whether a time was told late.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain import (
    complaint_agreement,
    complaint_case,
    complaint_clock,
    complaint_confidentiality,
    complaint_handling,
    complaint_intake,
    complaint_letters,
    complaint_redress,
    complaint_review,
    complaint_time,
)
from domain.codes import Code
from domain.complaint_case import ClockMoving, Complaint, ComplaintCommand, refuse, require_answered, require_not_ended
from domain.complaint_intake import ComplaintReceived, ReceiveComplaint, RepresentativeAdded
from domain.kernel import Aggregate, Command, Event, happened, refusal

_TOPICS: Final = (
    complaint_intake,
    complaint_handling,
    complaint_letters,
    complaint_redress,
    complaint_time,
    complaint_agreement,
    complaint_review,
    complaint_confidentiality,
    complaint_clock,
)

# Events


class ComplaintClosed(Event, name="complaint.closed"):
    """Handling is over after a final response."""


class ComplaintWithdrawn(Event, name="complaint.withdrawn"):
    """The complainant took the complaint back."""

    reason: Code | None = None


class ComplaintMerged(Event, name="complaint.merged"):
    """The complaint repeats another one and is handled there."""

    into_complaint_id: UUID
    reason: Code


class ComplaintReopened(Event, name="complaint.reopened"):
    """Handling starts again."""

    reason: Code


# Evolve


def _closed(state: Complaint, _: ComplaintClosed) -> Complaint:
    return replace(state, status="closed")


def _withdrawn(state: Complaint, _: ComplaintWithdrawn) -> Complaint:
    return replace(state, status="withdrawn")


def _merged(state: Complaint, event: ComplaintMerged) -> Complaint:
    return replace(state, status="merged", merged_into=event.into_complaint_id)


def _reopened(state: Complaint, _: ComplaintReopened) -> Complaint:
    return replace(
        state,
        status="open",
        answered=False,
        investigating=False,
        disputed=False,
        reopened=True,
        merged_into=None,
        letters=replace(state.letters, resolution_accepted=False),
    )


_EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    **{event: fold for topic in _TOPICS for event, fold in topic.EVOLVE.items()},
    ComplaintClosed: _closed,
    ComplaintWithdrawn: _withdrawn,
    ComplaintMerged: _merged,
    ComplaintReopened: _reopened,
}


def evolve(state: Complaint, event: Event) -> Complaint:
    """Fold one event into the complaint."""
    return _EVOLVE[type(event)](state, event)


# Commands


class CloseComplaint(ComplaintCommand, name="complaint.close"):
    """End the handling after a final response."""


class WithdrawComplaint(ClockMoving, ComplaintCommand, name="complaint.withdraw"):
    """Record that the complainant takes the complaint back."""

    reason: Code | None = None


class MergeComplaint(ComplaintCommand, name="complaint.merge"):
    """Handle the complaint with the one that it repeats."""

    into_complaint_id: UUID
    reason: Code


class ReopenComplaint(ComplaintCommand, name="complaint.reopen"):
    """Start handling a closed, withdrawn or merged complaint again."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.not-ended": "Only a closed, withdrawn or merged complaint can be reopened.",
        "complaint.merged-into-itself": "A complaint repeats another one, not itself.",
        **complaint_case.REFUSALS,
        **{code: message for topic in _TOPICS for code, message in topic.REFUSALS.items()},
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _close(command: CloseComplaint, state: Complaint) -> Sequence[Event]:
    if state.status == "closed":
        return []
    require_not_ended(state)
    require_answered(state)
    return [happened(ComplaintClosed, command)]


def _withdraw(command: WithdrawComplaint, state: Complaint) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    require_not_ended(state)
    return [happened(ComplaintWithdrawn, command)]


def _merge(command: MergeComplaint, state: Complaint) -> Sequence[Event]:
    if command.into_complaint_id == command.complaint_id:
        raise _refuse("complaint.merged-into-itself", "into_complaint_id")
    if state.status == "merged" and state.merged_into == command.into_complaint_id:
        return []
    require_not_ended(state)
    return [happened(ComplaintMerged, command)]


def _reopen(command: ReopenComplaint, state: Complaint) -> Sequence[Event]:
    if state.ended:
        return [happened(ComplaintReopened, command)]
    if state.reopened and state.status == "open":
        return []
    raise _refuse("complaint.not-ended")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    **{command: rule for topic in _TOPICS for command, rule in topic.DECIDE.items()},
    CloseComplaint: _close,
    WithdrawComplaint: _withdraw,
    MergeComplaint: _merge,
    ReopenComplaint: _reopen,
}


def decide(command: Command, state: Complaint) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ReceiveComplaint:
        raise refuse("complaint.not-received", "complaint_id")
    return complaint_time.with_backdating(command, _DECIDE[type(command)](command, state), state)


def _participants_of(event: Event) -> Sequence[tuple[UUID, str]]:
    if isinstance(event, RepresentativeAdded):
        return [(event.representative_id, event.role)]
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
    ended=attrgetter("ended"),
    participants_of=_participants_of,
    matter_of=attrgetter("matter"),
    refusals=REFUSALS,
)
