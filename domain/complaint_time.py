"""What moves the clocks of a complaint apart from its own course: pauses, extensions, new facts, claimed times.

An extension needs another person than the one who asks for it, and a notice to the complainant; a second one of the
same clock the institution above (2020 No. 3, art. 18). Times that are recorded late are claims: they are recorded as
told, with the reason, and stand unconfirmed until another person has confirmed or rejected them. So each clock can be
computed both ways, with the claimed time and with the time at which it was told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from domain.codes import ActorId, Code, Label
from domain.complaint_case import (
    Backdating,
    ClockMoving,
    Complaint,
    ComplaintCommand,
    Extension,
    Level,
    Narrative,
    is_recorded,
    refuse,
    require_no_interest,
    require_not_ended,
    require_unanswered,
    with_one,
)
from domain.four_eyes import require_another
from domain.kernel import Command, Event, Facts, clear_facts, happened, refusal

LATE: Final = timedelta(hours=1)
"""What was told no later than so long after it happened is not backdated."""
BACKDATINGS_MAX: Final = 1_000

Unit = Literal["natural-day", "calendar-day", "working-day", "business-day", "week", "month"]
BackdatingNumber = Annotated[int, Field(ge=1, le=BACKDATINGS_MAX)]

# Facts that events and commands share


class Pausing(Facts):
    """What stops the clocks for a while: `external-appraisal`, `mediation`, or another reason that a policy knows."""

    pause_id: UUID
    reason: Code


class ExtensionTerms(Facts):
    """A longer time for one clock: so much more, or at the latest until then; and why."""

    extension_id: UUID
    clock: Code
    length: Annotated[int, Field(ge=1, le=1_000)] | None = None
    unit: Unit | None = None
    until: AwareDatetime | None = None
    reason: Code


class Restart(Facts):
    """New facts with which the clocks begin anew."""

    restart_id: UUID
    reason: Code
    facts: Narrative = None


# Events


class ComplaintPaused(Pausing, Event, name="complaint.paused"):
    """The clocks that this reason pauses stand still from `since` on."""

    since: AwareDatetime


class ComplaintResumed(Event, name="complaint.resumed"):
    """The pause is over."""

    pause_id: UUID


class ExtensionRequested(ExtensionTerms, Event, name="complaint.extension-requested"):
    """Somebody asks for more time."""

    requested_by: ActorId


class ComplaintExtended(ExtensionTerms, Event, name="complaint.extended"):
    """Another person has granted more time, at this level of the bank, and the complainant was told of it."""

    requested_by: ActorId
    approver: ActorId
    approver_level: Level
    approver_institution: Label | None = None
    notice_sent_at: AwareDatetime
    notice_how: Literal["sent", "dialled", "delivered"]


class ComplaintRestarted(Restart, Event, name="complaint.restarted"):
    """New facts came in: the clocks begin anew."""

    complainant_id: UUID


class BackdatingRecorded(Event, name="complaint.backdating-recorded"):
    """The event before this one was told at `given_at`, late, as having happened at `claimed_at`; so a clock moves.

    Its `number` counts the backdatings of the complaint from 1.
    """

    number: BackdatingNumber
    event: Label
    claimed_at: AwareDatetime
    given_at: AwareDatetime
    given_by: ActorId
    reason: Code


class BackdatingConfirmed(Event, name="complaint.backdating-confirmed"):
    """Another person has seen that it was at the claimed time."""

    number: BackdatingNumber
    evidence: Code
    confirmed_by: ActorId


class BackdatingRejected(Event, name="complaint.backdating-rejected"):
    """Another person has found nothing that shows the claimed time: what counts is when it was told."""

    number: BackdatingNumber
    reason: Code
    rejected_by: ActorId


# Evolve


def _with(state: Complaint, **facts: object) -> Complaint:
    return replace(state, timing=replace(state.timing, **facts))


def _paused(state: Complaint, event: ComplaintPaused) -> Complaint:
    return _with(state, pauses={**state.timing.pauses, event.pause_id: (clear_facts(Pausing, event), True)})


def _resumed(state: Complaint, event: ComplaintResumed) -> Complaint:
    known = state.timing.pauses.get(event.pause_id)
    if known is None:
        return state
    return _with(state, pauses={**state.timing.pauses, event.pause_id: (known[0], False)})


def _extension_requested(state: Complaint, event: ExtensionRequested) -> Complaint:
    asked = Extension(clear_facts(ExtensionTerms, event), event.clock, event.requested_by)
    return _with(state, extensions={**state.timing.extensions, event.extension_id: asked})


def _extended(state: Complaint, event: ComplaintExtended) -> Complaint:
    granted = Extension(clear_facts(ExtensionTerms, event), event.clock, event.requested_by, extended=True)
    return _with(state, extensions={**state.timing.extensions, event.extension_id: granted})


def _restarted(state: Complaint, event: ComplaintRestarted) -> Complaint:
    return _with(state, restarts=with_one(state.timing.restarts, event.restart_id, Restart, event))


def _backdating_recorded(state: Complaint, event: BackdatingRecorded) -> Complaint:
    return _with(state, backdatings=(*state.timing.backdatings, Backdating(event.given_by)))


def _backdating_judged(state: Complaint, event: BackdatingConfirmed | BackdatingRejected) -> Complaint:
    known = list(state.timing.backdatings)
    if event.number > len(known):
        return state
    known[event.number - 1] = replace(known[event.number - 1], confirmed=isinstance(event, BackdatingConfirmed))
    return _with(state, backdatings=tuple(known))


EVOLVE: Final[dict[type[Event], Callable[..., Complaint]]] = {
    ComplaintPaused: _paused,
    ComplaintResumed: _resumed,
    ExtensionRequested: _extension_requested,
    ComplaintExtended: _extended,
    ComplaintRestarted: _restarted,
    BackdatingRecorded: _backdating_recorded,
    BackdatingConfirmed: _backdating_judged,
    BackdatingRejected: _backdating_judged,
}

# Commands


class PauseComplaint(ClockMoving, Pausing, ComplaintCommand, name="complaint.pause"):
    """Let the clocks stand still while somebody else is at work."""


class ResumeComplaint(ClockMoving, ComplaintCommand, name="complaint.resume"):
    """End a pause."""

    pause_id: UUID


class RequestExtension(ExtensionTerms, ComplaintCommand, name="complaint.request-extension"):
    """Ask for more time on one clock."""

    actor_field = "requested_by"

    requested_by: ActorId


class ExtendComplaint(ComplaintCommand, name="complaint.extend"):
    """Grant the time that another person asked for, once the complainant was told of it."""

    actor_field = "approver"

    extension_id: UUID
    approver: ActorId
    approver_level: Level
    approver_institution: Label | None = None
    notice_sent_at: AwareDatetime
    notice_how: Literal["sent", "dialled", "delivered"]


class RestartComplaint(ClockMoving, Restart, ComplaintCommand, name="complaint.restart"):
    """Record new facts with which the clocks begin anew."""


class ConfirmBackdating(ComplaintCommand, name="complaint.confirm-backdating"):
    """Confirm a time that another person claimed late, by what shows it."""

    actor_field = "confirmed_by"

    number: BackdatingNumber
    evidence: Code
    confirmed_by: ActorId


class RejectBackdating(ComplaintCommand, name="complaint.reject-backdating"):
    """Reject a time that another person claimed late."""

    actor_field = "rejected_by"

    number: BackdatingNumber
    reason: Code
    rejected_by: ActorId


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "complaint.pause-unknown": "No pause of this id was begun.",
        "complaint.extension-unknown": "No extension of this id was asked for; request it first.",
        "complaint.extension-terms-invalid": "An extension is a length with its unit, or an end; never both.",
        "complaint.superior-required": "A second extension of this clock is granted by the institution above.",
        "complaint.backdating-unexplained": "It is told more than an hour late and moves a clock: give a reason.",
        "complaint.backdating-unknown": "The complaint has no claimed time of this number.",
        "complaint.backdating-settled": "Another person has decided about this claimed time already.",
        "complaint.too-many-backdatings": "The complaint has more claimed times than it can hold; let somebody look.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _pause(command: PauseComplaint, state: Complaint) -> Sequence[Event]:
    terms = {one: known for one, (known, _) in state.timing.pauses.items()}
    if is_recorded(terms, command.pause_id, clear_facts(Pausing, command), "pause_id"):
        return []
    require_unanswered(state)
    return [happened(ComplaintPaused, command, since=command.occurred_at)]


def _resume(command: ResumeComplaint, state: Complaint) -> Sequence[Event]:
    known = state.timing.pauses.get(command.pause_id)
    if known is None:
        raise _refuse("complaint.pause-unknown", "pause_id")
    return [happened(ComplaintResumed, command)] if known[1] else []


def _request_extension(command: RequestExtension, state: Complaint) -> Sequence[Event]:
    if (command.length is None) != (command.unit is None) or (command.length is None) == (command.until is None):
        raise _refuse("complaint.extension-terms-invalid", "length")
    terms = {one: known.terms for one, known in state.timing.extensions.items()}
    if is_recorded(terms, command.extension_id, clear_facts(ExtensionTerms, command), "extension_id"):
        return []
    require_not_ended(state)
    return [happened(ExtensionRequested, command)]


def _extend(command: ExtendComplaint, state: Complaint) -> Sequence[Event]:
    asked = state.timing.extensions.get(command.extension_id)
    if asked is None:
        raise _refuse("complaint.extension-unknown", "extension_id")
    if asked.extended:
        return []
    require_not_ended(state)
    require_no_interest(command.approver, state, "approver")
    second = refuse("complaint.second-person-required", "approver")
    require_another(command.approver, [asked.requested_by, state.handler], second)
    before = any(one.extended and one.clock == asked.clock for one in state.timing.extensions.values())
    if before and command.approver_level == "institution":
        raise _refuse("complaint.superior-required", "approver_level")
    terms = dict(zip(ExtensionTerms.model_fields, asked.terms, strict=True))
    return [happened(ComplaintExtended, command, **{**terms, "requested_by": asked.requested_by})]


def _restart(command: RestartComplaint, state: Complaint) -> Sequence[Event]:
    if is_recorded(state.timing.restarts, command.restart_id, clear_facts(Restart, command), "restart_id"):
        return []
    require_unanswered(state)
    return [happened(ComplaintRestarted, command, complainant_id=state.complainant_id)]


def _confirm_backdating(command: ConfirmBackdating, state: Complaint) -> Sequence[Event]:
    if _is_judged(command.number, command.confirmed_by, "confirmed_by", state, wanted=True):
        return []
    return [happened(BackdatingConfirmed, command)]


def _reject_backdating(command: RejectBackdating, state: Complaint) -> Sequence[Event]:
    if _is_judged(command.number, command.rejected_by, "rejected_by", state, wanted=False):
        return []
    return [happened(BackdatingRejected, command)]


def _is_judged(number: int, person: ActorId, at: str, state: Complaint, *, wanted: bool) -> bool:
    if number > len(state.timing.backdatings):
        raise _refuse("complaint.backdating-unknown", "number")
    known = state.timing.backdatings[number - 1]
    if known.confirmed is not None:
        if known.confirmed is not wanted:
            raise _refuse("complaint.backdating-settled")
        return True
    require_another(person, [known.given_by], refuse("complaint.second-person-required", at))
    return False


DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    PauseComplaint: _pause,
    ResumeComplaint: _resume,
    RequestExtension: _request_extension,
    ExtendComplaint: _extend,
    RestartComplaint: _restart,
    ConfirmBackdating: _confirm_backdating,
    RejectBackdating: _reject_backdating,
}


def with_backdating(command: Command, events: Sequence[Event], state: Complaint) -> Sequence[Event]:
    """Put beside what a late command leads to that its time is a claim.

    Raises:
        Refusal: no reason is given.
    """
    if not events or not isinstance(command, ClockMoving) or command.given is None:
        return events
    claimed, given = _claimed(command), command.given
    if given.at - claimed <= LATE:
        return events
    if command.backdating_reason is None:
        raise _refuse("complaint.backdating-unexplained", "backdating_reason")
    number = len(state.timing.backdatings) + 1
    if number > BACKDATINGS_MAX:
        raise _refuse("complaint.too-many-backdatings")
    told = {"claimed_at": claimed, "given_at": given.at, "given_by": given.by, "reason": command.backdating_reason}
    late = BackdatingRecorded.model_validate(
        {"occurred_at": given.at, "number": number, "event": events[0].type, **told}
    )
    return [*events, late]


def _claimed(command: Command) -> datetime:
    """The earliest of the times that a command tells."""
    notified_at: datetime | None = getattr(command, "notified_at", None)
    return command.occurred_at if notified_at is None else min(command.occurred_at, notified_at)
