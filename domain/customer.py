"""Customer: who the bank serves, how they may be reached, and what they agreed to.

Its events and commands are declared in `domain.customer_messages`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain import correcting
from domain.codes import ActorId, Channel, Code, ContactPointKind, Purpose
from domain.correcting import Correctable
from domain.customer_messages import (
    AddContactPoint,
    ApproveCustomerCorrection,
    AssignRelationshipManager,
    ConsentDenied,
    ConsentGranted,
    ConsentScope,
    ConsentWithdrawn,
    ContactPointAdded,
    ContactPointRemoved,
    ContactPointVerified,
    CorrectDetails,
    CustomerCorrectionApproved,
    CustomerCorrectionRejected,
    CustomerCorrectionRequested,
    CustomerCorrectionWithdrawn,
    CustomerDetailsCorrected,
    CustomerRegistered,
    DenyConsent,
    Details,
    EndRelationship,
    EnterSegment,
    GrantConsent,
    LeaveSegment,
    Preference,
    PreferenceSet,
    RegisterCustomer,
    RejectCustomerCorrection,
    RelationshipEnded,
    RelationshipManagerAssigned,
    RemoveContactPoint,
    SegmentEntered,
    SegmentLeft,
    SetPreference,
    VerifyContactPoint,
    WithdrawConsent,
    WithdrawCustomerCorrection,
)
from domain.kernel import Aggregate, Command, Event, happened, refusal

ConsentKey = tuple[UUID, Channel, Purpose, Code]


# State


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """What decisions need of one contact point."""

    kind: ContactPointKind
    verified: bool = False
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """The last word on one scope; a scope never asked about is absent, which is not a denial."""

    status: Literal["granted", "denied", "withdrawn"]
    text_version: Code


@dataclass(frozen=True, slots=True)
class Customer(Correctable):
    """The customer as decisions see them: no personal field."""

    customer_id: UUID | None = None
    ended: bool = False
    segments: frozenset[Code] = frozenset()
    relationship_manager: ActorId | None = None
    contact_points: Mapping[UUID, ContactPoint] = field(default_factory=dict[UUID, ContactPoint])
    consents: Mapping[ConsentKey, Consent] = field(default_factory=dict[ConsentKey, Consent])
    preferences: Mapping[Preference, Code | None] = field(default_factory=dict[Preference, Code | None])


# Evolve

_DETAILS: Final = tuple(Details.model_fields)
_CORRECTING: Final = correcting.course_of(
    "customer",
    correcting.Steps(
        CorrectDetails,
        CustomerDetailsCorrected,
        CustomerCorrectionRequested,
        ApproveCustomerCorrection,
        CustomerCorrectionApproved,
        RejectCustomerCorrection,
        CustomerCorrectionRejected,
        WithdrawCustomerCorrection,
        CustomerCorrectionWithdrawn,
    ),
    _DETAILS,
    "name",
)


def _registered(state: Customer, event: CustomerRegistered) -> Customer:
    return replace(
        state,
        customer_id=event.customer_id,
        details={name: getattr(event, name) for name in _DETAILS},
        segments=frozenset((event.segment,)) if event.segment else frozenset(),
    )


def _contact_point_added(state: Customer, event: ContactPointAdded) -> Customer:
    point = ContactPoint(event.kind)
    return replace(state, contact_points={**state.contact_points, event.contact_point_id: point})


def _contact_point_verified(state: Customer, event: ContactPointVerified) -> Customer:
    point = state.contact_points.get(event.contact_point_id)
    if point is None:
        return state
    points = {**state.contact_points, event.contact_point_id: replace(point, verified=True)}
    return replace(state, contact_points=points)


def _contact_point_removed(state: Customer, event: ContactPointRemoved) -> Customer:
    point = state.contact_points.get(event.contact_point_id)
    if point is None:
        return state
    points = {**state.contact_points, event.contact_point_id: replace(point, removed=True)}
    return replace(state, contact_points=points)


def _relationship_manager_assigned(state: Customer, event: RelationshipManagerAssigned) -> Customer:
    return replace(state, relationship_manager=event.relationship_manager)


def _segment_entered(state: Customer, event: SegmentEntered) -> Customer:
    return replace(state, segments=state.segments | {event.segment})


def _segment_left(state: Customer, event: SegmentLeft) -> Customer:
    return replace(state, segments=state.segments - {event.segment})


def _consent(
    status: Literal["granted", "denied", "withdrawn"],
) -> Callable[[Customer, ConsentScope], Customer]:
    def evolve_consent(state: Customer, event: ConsentScope) -> Customer:
        consent = Consent(status, event.text_version)
        return replace(state, consents={**state.consents, _key(event): consent})

    return evolve_consent


def _key(scope: ConsentScope) -> ConsentKey:
    return scope.contact_point_id, scope.channel, scope.purpose, scope.topic


def _preference_set(state: Customer, event: PreferenceSet) -> Customer:
    return replace(state, preferences={**state.preferences, event.preference: event.value})


def _relationship_ended(state: Customer, _: RelationshipEnded) -> Customer:
    return replace(state, ended=True)


_EVOLVE: Final[dict[type[Event], Callable[..., Customer]]] = {
    CustomerRegistered: _registered,
    ContactPointAdded: _contact_point_added,
    ContactPointVerified: _contact_point_verified,
    ContactPointRemoved: _contact_point_removed,
    **_CORRECTING.evolve,
    RelationshipManagerAssigned: _relationship_manager_assigned,
    SegmentEntered: _segment_entered,
    SegmentLeft: _segment_left,
    ConsentGranted: _consent("granted"),
    ConsentDenied: _consent("denied"),
    ConsentWithdrawn: _consent("withdrawn"),
    PreferenceSet: _preference_set,
    RelationshipEnded: _relationship_ended,
}


def evolve(state: Customer, event: Event) -> Customer:
    """Fold one event into the customer."""
    return _EVOLVE[type(event)](state, event)


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer.already-registered": "This customer is registered already.",
        "customer.not-registered": "This customer is not registered; register the customer first.",
        "customer.relationship-ended": "The relationship with this customer has ended.",
        "customer.contact-point-unknown": "The customer has no such contact point; add it first.",
        "customer.contact-point-removed": "The contact point was removed; add a new one.",
        "customer.contact-point-id-reused": "This contact point id names another contact point.",
        "customer.consent-not-granted": "No consent of this scope is granted; record an objection by denying it.",
        **correcting.refusals("customer"),
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _require_active(state: Customer) -> None:
    if state.ended:
        raise _refuse("customer.relationship-ended")


def _contact_point(state: Customer, contact_point_id: UUID) -> ContactPoint:
    point = state.contact_points.get(contact_point_id)
    if point is None:
        raise _refuse("customer.contact-point-unknown", "contact_point_id")
    return point


def _usable_contact_point(state: Customer, contact_point_id: UUID) -> ContactPoint:
    _require_active(state)
    point = _contact_point(state, contact_point_id)
    if point.removed:
        raise _refuse("customer.contact-point-removed", "contact_point_id")
    return point


def _register(command: RegisterCustomer, state: Customer) -> Sequence[Event]:
    if state.customer_id is not None:
        raise _refuse("customer.already-registered", "customer_id")
    return [happened(CustomerRegistered, command)]


def _add_contact_point(command: AddContactPoint, state: Customer) -> Sequence[Event]:
    point = state.contact_points.get(command.contact_point_id)
    if point is None:
        _require_active(state)
        return [happened(ContactPointAdded, command)]
    if point.removed or point.kind != command.kind:
        raise _refuse("customer.contact-point-id-reused", "contact_point_id")
    return []


def _verify_contact_point(command: VerifyContactPoint, state: Customer) -> Sequence[Event]:
    if _usable_contact_point(state, command.contact_point_id).verified:
        return []
    return [happened(ContactPointVerified, command)]


def _remove_contact_point(command: RemoveContactPoint, state: Customer) -> Sequence[Event]:
    if _contact_point(state, command.contact_point_id).removed:
        return []
    return [happened(ContactPointRemoved, command)]


def _assign_relationship_manager(command: AssignRelationshipManager, state: Customer) -> Sequence[Event]:
    if command.relationship_manager == state.relationship_manager:
        return []
    _require_active(state)
    return [happened(RelationshipManagerAssigned, command, previous=state.relationship_manager)]


def _enter_segment(command: EnterSegment, state: Customer) -> Sequence[Event]:
    if command.segment in state.segments:
        return []
    _require_active(state)
    return [happened(SegmentEntered, command)]


def _leave_segment(command: LeaveSegment, state: Customer) -> Sequence[Event]:
    if command.segment not in state.segments:
        return []
    return [happened(SegmentLeft, command)]


def _grant_consent(command: GrantConsent, state: Customer) -> Sequence[Event]:
    _usable_contact_point(state, command.contact_point_id)
    if state.consents.get(_key(command)) == Consent("granted", command.text_version):
        return []
    return [happened(ConsentGranted, command)]


def _deny_consent(command: DenyConsent, state: Customer) -> Sequence[Event]:
    _contact_point(state, command.contact_point_id)
    if state.consents.get(_key(command)) == Consent("denied", command.text_version):
        return []
    return [happened(ConsentDenied, command)]


def _withdraw_consent(command: WithdrawConsent, state: Customer) -> Sequence[Event]:
    consent = state.consents.get(_key(command))
    if consent is None or consent.status == "denied":
        raise _refuse("customer.consent-not-granted")
    if consent.status == "withdrawn":
        return []
    return [happened(ConsentWithdrawn, command)]


def _set_preference(command: SetPreference, state: Customer) -> Sequence[Event]:
    if state.preferences.get(command.preference) == command.value:
        return []
    _require_active(state)
    return [happened(PreferenceSet, command)]


def _end_relationship(command: EndRelationship, state: Customer) -> Sequence[Event]:
    return [] if state.ended else [happened(RelationshipEnded, command)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    RegisterCustomer: _register,
    AddContactPoint: _add_contact_point,
    VerifyContactPoint: _verify_contact_point,
    RemoveContactPoint: _remove_contact_point,
    **_CORRECTING.decide,
    AssignRelationshipManager: _assign_relationship_manager,
    EnterSegment: _enter_segment,
    LeaveSegment: _leave_segment,
    GrantConsent: _grant_consent,
    DenyConsent: _deny_consent,
    WithdrawConsent: _withdraw_consent,
    SetPreference: _set_preference,
    EndRelationship: _end_relationship,
}


def decide(command: Command, state: Customer) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.customer_id is None and type(command) is not RegisterCustomer:
        raise _refuse("customer.not-registered", "customer_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Customer) -> bool:
    return state.ended


CUSTOMER: Final = Aggregate(
    name="customer",
    initial=Customer(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
