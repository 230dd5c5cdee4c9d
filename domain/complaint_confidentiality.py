"""A complaint that exists only for a few: marked, asked to be declassified, declassified by another person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from domain import confidential
from domain.complaint_case import Complaint, ComplaintCommand, Standing
from domain.confidential import Confidentiality, Declassification, DeclassificationRequest
from domain.kernel import Command, Event, happened

# Events


class ComplaintMarkedConfidential(Confidentiality, Event, name="complaint.marked-confidential"):
    """From now on the complaint exists only for a few; `standing` is how far it was."""

    standing: Standing


class ComplaintDeclassificationRequested(DeclassificationRequest, Event, name="complaint.declassification-requested"):
    """Somebody wants that everybody may see the complaint again."""


class ComplaintDeclassified(Declassification, Event, name="complaint.declassified"):
    """The complaint is visible to everybody again; `standing` is how far it was."""

    standing: Standing


# Evolve


def _marked_confidential(state: Complaint, event: ComplaintMarkedConfidential) -> Complaint:
    return replace(state, matter=confidential.as_marked(event))


def _declassification_requested(state: Complaint, event: ComplaintDeclassificationRequested) -> Complaint:
    return replace(state, matter=confidential.as_requested(event, state.matter))


def _declassified(state: Complaint, _: ComplaintDeclassified) -> Complaint:
    return replace(state, matter=None)


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintMarkedConfidential: _marked_confidential,
    ComplaintDeclassificationRequested: _declassification_requested,
    ComplaintDeclassified: _declassified,
}

# Commands


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


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(confidential.refusals("complaint"))


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


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    MarkComplaintConfidential: _mark_confidential,
    RequestComplaintDeclassification: _request_declassification,
    DeclassifyComplaint: _declassify,
}
