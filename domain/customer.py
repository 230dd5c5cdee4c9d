"""Customer: who the bank serves, how they may be reached, and what they agreed to.

Its events and commands are declared in `domain.customer_messages`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain import consent, correcting, customer_identity
from domain.codes import ActorId, Code, ContactPointKind, CustomerKind
from domain.consent import Consent, ConsentKey, heard
from domain.contact_hours import zone_known
from domain.correcting import Correctable
from domain.customer_identity import NOBODY_ELSE, Identity, others_of
from domain.customer_messages import (
    AddContactPoint,
    ApproveCustomerCorrection,
    AssignRelationshipManager,
    ClearVulnerability,
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
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
    ExpireConsent,
    GrantConsent,
    LeaveSegment,
    NoteVulnerability,
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
    VulnerabilityCleared,
    VulnerabilityNoted,
    WithdrawConsent,
    WithdrawCustomerCorrection,
)
from domain.identity_messages import RecordIdentityDocument
from domain.kernel import Aggregate, Command, Event, happened, refusal

# State


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """What decisions need of one contact point."""

    kind: ContactPointKind
    verified: bool = False
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Customer(Correctable):
    """The customer as decisions see them: no personal field."""

    customer_id: UUID | None = None
    kind: CustomerKind | None = None
    ended: bool = False
    segments: frozenset[Code] = frozenset()
    relationship_manager: ActorId | None = None
    contact_points: Mapping[UUID, ContactPoint] = field(default_factory=dict[UUID, ContactPoint])
    consents: Mapping[ConsentKey, Consent] = field(default_factory=dict[ConsentKey, Consent])
    preferences: Mapping[Preference, Code | None] = field(default_factory=dict[Preference, Code | None])
    vulnerable: bool = False
    identity: Identity = NOBODY_ELSE


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
        kind=event.kind,
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


def _consent(state: Customer, event: ConsentGranted | ConsentDenied | ConsentWithdrawn | ConsentExpired) -> Customer:
    return replace(state, consents=heard(state.consents, event))


def _vulnerable(*, value: bool) -> Callable[[Customer, Event], Customer]:
    return lambda state, _: replace(state, vulnerable=value)


def _preference_set(state: Customer, event: PreferenceSet) -> Customer:
    return replace(state, preferences={**state.preferences, event.preference: event.value})


def _relationship_ended(state: Customer, _: RelationshipEnded) -> Customer:
    return replace(state, ended=True)


def _identity(state: Customer, event: Event) -> Customer:
    return replace(state, identity=customer_identity.EVOLVE[type(event)](state.identity, event))


_EVOLVE: Final[dict[type[Event], Callable[..., Customer]]] = {
    CustomerRegistered: _registered,
    ContactPointAdded: _contact_point_added,
    ContactPointVerified: _contact_point_verified,
    ContactPointRemoved: _contact_point_removed,
    **_CORRECTING.evolve,
    RelationshipManagerAssigned: _relationship_manager_assigned,
    SegmentEntered: _segment_entered,
    SegmentLeft: _segment_left,
    ConsentGranted: _consent,
    ConsentDenied: _consent,
    ConsentWithdrawn: _consent,
    ConsentExpired: _consent,
    VulnerabilityNoted: _vulnerable(value=True),
    VulnerabilityCleared: _vulnerable(value=False),
    PreferenceSet: _preference_set,
    RelationshipEnded: _relationship_ended,
    **dict.fromkeys(customer_identity.EVOLVE, _identity),
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
        "customer.zone-unknown": "The time zone database has no such zone.",
        **consent.REFUSALS,
        **correcting.refusals("customer"),
        **customer_identity.REFUSALS,
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


def _require_zone(details: Details) -> None:
    if details.time_zone is not None and not zone_known(details.time_zone):
        raise _refuse("customer.zone-unknown", "time_zone")


def _register(command: RegisterCustomer, state: Customer) -> Sequence[Event]:
    if state.customer_id is not None:
        raise _refuse("customer.already-registered", "customer_id")
    _require_zone(command)
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
    return consent.grant(command, state.consents)


def _deny_consent(command: DenyConsent, state: Customer) -> Sequence[Event]:
    _contact_point(state, command.contact_point_id)
    return consent.deny(command, state.consents)


def _withdraw_consent(command: WithdrawConsent, state: Customer) -> Sequence[Event]:
    return consent.withdraw(command, state.consents)


def _expire_consent(command: ExpireConsent, state: Customer) -> Sequence[Event]:
    return consent.expire(command, state.consents)


def _note_vulnerability(command: NoteVulnerability, state: Customer) -> Sequence[Event]:
    return [] if state.vulnerable else [happened(VulnerabilityNoted, command)]


def _clear_vulnerability(command: ClearVulnerability, state: Customer) -> Sequence[Event]:
    return [happened(VulnerabilityCleared, command)] if state.vulnerable else []


def _set_preference(command: SetPreference, state: Customer) -> Sequence[Event]:
    if state.preferences.get(command.preference) == command.value:
        return []
    _require_active(state)
    return [happened(PreferenceSet, command)]


def _end_relationship(command: EndRelationship, state: Customer) -> Sequence[Event]:
    return [] if state.ended else [happened(RelationshipEnded, command)]


def _decide_identity(command: Command, state: Customer) -> Sequence[Event]:
    if type(command) is RecordIdentityDocument:
        _require_active(state)
    return customer_identity.DECIDE[type(command)](command, state.identity, state.kind)


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
    ExpireConsent: _expire_consent,
    NoteVulnerability: _note_vulnerability,
    ClearVulnerability: _clear_vulnerability,
    SetPreference: _set_preference,
    EndRelationship: _end_relationship,
    **dict.fromkeys(customer_identity.DECIDE, _decide_identity),
}


def decide(command: Command, state: Customer) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.customer_id is None and type(command) is not RegisterCustomer:
        raise _refuse("customer.not-registered", "customer_id")
    if isinstance(command, CorrectDetails):
        _require_zone(command)
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
    participants_of=others_of,
    refusals=REFUSALS,
)
