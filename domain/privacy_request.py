"""Privacy request: a data subject's request, received by one person, approved by another, carried out class by class.

Its events and commands are declared in `domain.privacy_messages`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId
from domain.four_eyes import require_another
from domain.kernel import Aggregate, Command, Event, happened, refusal
from domain.privacy_messages import (
    BY_PROGRAM,
    ApprovePrivacyRequest,
    CheckPrivacyRequestIdentity,
    CompletePrivacyRequest,
    DecidePrivacyRequest,
    ExtendPrivacyRequest,
    FinishPrivacyRequest,
    LiftProcessingRestriction,
    PrivacyRequestApproved,
    PrivacyRequestCompleted,
    PrivacyRequestDecided,
    PrivacyRequestExtended,
    PrivacyRequestIdentityChecked,
    PrivacyRequestKind,
    PrivacyRequestReceived,
    PrivacyRequestRefused,
    PrivacyRequestWithdrawn,
    ProcessingRestrictionLifted,
    ReceivePrivacyRequest,
    RefusePrivacyRequest,
    WithdrawPrivacyRequest,
)
from domain.privacy_rules import ClassDecision, judge_all, months_after

MONTHS: Final = 1
MONTHS_MORE: Final = 2
"""Where no policy for requests is in force: one month from receipt, and two more where the person is told why (GDPR
art. 12(3)), without holidays. Otherwise `domain.privacy_clock` tells the days."""

ON_REQUEST: Final = "gdpr.art18"
"""The basis of a restriction that the person asked for; it has no date and is lifted by hand (PIPL art. 44)."""

# State

Status = Literal["absent", "received", "approved", "decided", "completed", "refused", "withdrawn"]


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """The request as decisions see it."""

    status: Status = "absent"
    customer_id: UUID | None = None
    kind: PrivacyRequestKind = "access"
    record_classes: frozenset[str] = frozenset()
    received_by: ActorId | None = None
    checked_by: ActorId | None = None
    approved_by: ActorId | None = None
    due_on: date = date.min
    extended_due_on: date | None = None
    extended: bool = False
    decisions: Mapping[str, ClassDecision] = field(default_factory=dict[str, ClassDecision])


# Evolve


def _becomes(status: Status) -> Callable[[PrivacyRequest, Event], PrivacyRequest]:
    return lambda state, _: replace(state, status=status)


def _received(state: PrivacyRequest, event: PrivacyRequestReceived) -> PrivacyRequest:
    return replace(
        state,
        status="received",
        customer_id=event.customer_id,
        kind=event.kind,
        record_classes=frozenset(event.record_classes),
        received_by=event.received_by,
        due_on=event.due_on,
        extended_due_on=None if event.clock is None else event.clock.extended_due_on,
    )


def _identity_checked(state: PrivacyRequest, event: PrivacyRequestIdentityChecked) -> PrivacyRequest:
    return replace(state, checked_by=event.checked_by)


def _extended(state: PrivacyRequest, event: PrivacyRequestExtended) -> PrivacyRequest:
    return replace(state, extended=True, due_on=event.due_on)


def _approved(state: PrivacyRequest, event: PrivacyRequestApproved) -> PrivacyRequest:
    return replace(state, status="approved", approved_by=event.approved_by)


def _decided(state: PrivacyRequest, event: PrivacyRequestDecided) -> PrivacyRequest:
    decisions = {one.record_class: one for one in event.decisions}
    return replace(state, status="decided", decisions={**state.decisions, **decisions})


def _restriction_lifted(state: PrivacyRequest, event: ProcessingRestrictionLifted) -> PrivacyRequest:
    lifted = set(event.record_classes)
    kept = {name: one for name, one in state.decisions.items() if name not in lifted}
    return replace(state, decisions=kept)


_EVOLVE: Final[dict[type[Event], Callable[..., PrivacyRequest]]] = {
    PrivacyRequestReceived: _received,
    PrivacyRequestIdentityChecked: _identity_checked,
    PrivacyRequestExtended: _extended,
    PrivacyRequestApproved: _approved,
    PrivacyRequestRefused: _becomes("refused"),
    PrivacyRequestWithdrawn: _becomes("withdrawn"),
    PrivacyRequestDecided: _decided,
    PrivacyRequestCompleted: _becomes("completed"),
    ProcessingRestrictionLifted: _restriction_lifted,
}


def evolve(state: PrivacyRequest, event: Event) -> PrivacyRequest:
    """Fold one event into the request."""
    return _EVOLVE[type(event)](state, event)


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "privacy-request.already-received": "This request is recorded already.",
        "privacy-request.not-received": "There is no such request; receive it first.",
        "privacy-request.identity-not-checked": "Check who asks before it is approved.",
        "privacy-request.second-person-required": "It needs another person than the one who received or approved it.",
        "privacy-request.already-approved": "The request is approved already.",
        "privacy-request.already-extended": "It was extended once already.",
        "privacy-request.not-approved": "A second person must approve the request before it is carried out.",
        "privacy-request.of-the-program": "The program itself carries out erasures and restrictions.",
        "privacy-request.nothing-to-decide": "Only erasures and restrictions are decided class by class.",
        "privacy-request.not-decided": "Nothing is decided yet that could have been carried out.",
        "privacy-request.already-ended": "The request was completed, refused or withdrawn.",
        "privacy-request.not-restricted": "Data of this class is not restricted because this request wished it.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)
_ENDED: Final = frozenset({"completed", "refused", "withdrawn"})


def _receive(command: ReceivePrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("privacy-request.already-received", "request_id")
    clock = command.clock
    due_on = months_after(command.occurred_at.date(), MONTHS) if clock is None else clock.due_on
    return [happened(PrivacyRequestReceived, command, due_on=due_on)]


def _check_identity(command: CheckPrivacyRequestIdentity, state: PrivacyRequest) -> Sequence[Event]:
    if state.checked_by is not None:
        return []
    _require_open(state)
    return [happened(PrivacyRequestIdentityChecked, command)]


def _extend(command: ExtendPrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    _require_open(state)
    if state.extended:
        raise _refuse("privacy-request.already-extended")
    _require_second(command.extended_by, state.received_by, "extended_by")
    due_on = state.extended_due_on or months_after(state.due_on, MONTHS_MORE)
    return [happened(PrivacyRequestExtended, command, due_on=due_on)]


def _approve(command: ApprovePrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.approved_by == command.approved_by:
        return []
    _require_open(state)
    if state.approved_by is not None:
        raise _refuse("privacy-request.already-approved")
    if state.checked_by is None:
        raise _refuse("privacy-request.identity-not-checked")
    _require_second(command.approved_by, state.received_by, "approved_by")
    return [happened(PrivacyRequestApproved, command)]


def _refuse_it(command: RefusePrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.status == "refused":
        return []
    _require_not_carried_out(state)
    return [happened(PrivacyRequestRefused, command)]


def _withdraw(command: WithdrawPrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_not_carried_out(state)
    return [happened(PrivacyRequestWithdrawn, command)]


def _decide_classes(command: DecidePrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.status not in {"approved", "decided", "completed"}:
        raise _refuse("privacy-request.not-approved")
    if state.kind not in BY_PROGRAM:
        raise _refuse("privacy-request.nothing-to-decide")
    decisions = _decisions(state, command)
    if state.status != "approved" and decisions.items() <= state.decisions.items():
        return []
    told = tuple(decisions.values())
    return [happened(PrivacyRequestDecided, command, customer_id=state.customer_id, decisions=told)]


def _decisions(state: PrivacyRequest, command: DecidePrivacyRequest) -> dict[str, ClassDecision]:
    held = [of for of in command.held if not state.record_classes or of.record_class in state.record_classes]
    if state.kind == "restriction":
        return {of.record_class: ClassDecision(ON_REQUEST, (), "restricted", of.record_class, None) for of in held}
    judged = judge_all(held, command.rules, command.occurred_at.date(), "request")
    return {one.record_class: one for one in judged}


def _complete(command: CompletePrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.kind in BY_PROGRAM:
        raise _refuse("privacy-request.of-the-program")
    if state.status == "completed":
        return []
    _require_open(state)
    if state.status != "approved":
        raise _refuse("privacy-request.not-approved")
    return [happened(PrivacyRequestCompleted, command)]


def _finish(command: FinishPrivacyRequest, state: PrivacyRequest) -> Sequence[Event]:
    if state.status == "completed":
        return []
    if state.status != "decided":
        raise _refuse("privacy-request.not-decided")
    return [happened(PrivacyRequestCompleted, command)]


def _lift(command: LiftProcessingRestriction, state: PrivacyRequest) -> Sequence[Event]:
    restricted = {name for name, one in state.decisions.items() if one.basis == ON_REQUEST}
    if not command.record_classes or not restricted.issuperset(command.record_classes):
        raise _refuse("privacy-request.not-restricted", "record_classes")
    _require_second(command.lifted_by, state.approved_by, "lifted_by")
    return [happened(ProcessingRestrictionLifted, command, customer_id=state.customer_id)]


def _require_open(state: PrivacyRequest) -> None:
    if state.status in _ENDED:
        raise _refuse("privacy-request.already-ended")


def _require_not_carried_out(state: PrivacyRequest) -> None:
    """What the program has decided it carries out: a part may be gone already."""
    _require_open(state)
    if state.status == "decided":
        raise _refuse("privacy-request.of-the-program")


def _require_second(person: ActorId, before: ActorId | None, name: str) -> None:
    require_another(person, [before], _refuse("privacy-request.second-person-required", name))


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ReceivePrivacyRequest: _receive,
    CheckPrivacyRequestIdentity: _check_identity,
    ExtendPrivacyRequest: _extend,
    ApprovePrivacyRequest: _approve,
    RefusePrivacyRequest: _refuse_it,
    WithdrawPrivacyRequest: _withdraw,
    DecidePrivacyRequest: _decide_classes,
    CompletePrivacyRequest: _complete,
    FinishPrivacyRequest: _finish,
    LiftProcessingRestriction: _lift,
}


def decide(command: Command, state: PrivacyRequest) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ReceivePrivacyRequest:
        raise _refuse("privacy-request.not-received", "request_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: PrivacyRequest) -> bool:
    return state.status in _ENDED


PRIVACY_REQUEST: Final = Aggregate(
    name="privacy-request",
    initial=PrivacyRequest(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
