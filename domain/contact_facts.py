"""What the contact policy reads of one customer, folded from the customer's events in the order of the record.

It holds no personal data, and of every fact the event that told it. A confidential complaint or interaction counts for
nothing here: a touch that it held back would tell who may not know of it that there is one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from uuid import UUID

from domain.codes import Channel, Code, ContactPointKind, Direction, Purpose
from domain.complaint import ComplaintClosed, ComplaintMerged, ComplaintReopened, ComplaintWithdrawn
from domain.complaint_confidentiality import ComplaintDeclassified, ComplaintMarkedConfidential
from domain.complaint_intake import ComplaintReceived
from domain.customer_messages import (
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentWithdrawn,
    ContactPointAdded,
    ContactPointRemoved,
    CustomerCorrectionApproved,
    CustomerDetailsCorrected,
    CustomerRegistered,
    PreferenceSet,
    RelationshipEnded,
    VulnerabilityCleared,
    VulnerabilityNoted,
)
from domain.interaction_messages import (
    InteractionCorrected,
    InteractionCorrectionApproved,
    InteractionDeclassified,
    InteractionMarkedConfidential,
    InteractionRecorded,
)
from domain.kernel import Event
from domain.privacy_messages import (
    PrivacyRequestDecided,
    PrivacyRequestReceived,
    PrivacyRequestRefused,
    PrivacyRequestWithdrawn,
    ProcessingRestrictionLifted,
)
from domain.touch_messages import (
    TouchDecided,
    TouchDelivered,
    TouchExpired,
    TouchObjectedTo,
    TouchObjectionReviewed,
    TouchReleased,
    TouchSuppressed,
)

CONTACT_CLASSES: Final = frozenset({"contact", "touch"})
"""Record classes whose restriction means that the customer is not contacted."""

Answer = Literal["granted", "denied", "withdrawn", "expired"]


class Told(NamedTuple):
    """Where a fact stands: its stream, its event, and its place among the customer's facts."""

    stream_id: UUID
    event_id: UUID
    place: int


class ConsentWord(NamedTuple):
    """The last word on one scope. `valid_until`: a grant holds before this moment only; None: until further notice."""

    answer: Answer
    text_version: Code
    valid_until: datetime | None
    event_id: UUID
    place: int


class Point(NamedTuple):
    """A contact point that may be used."""

    kind: ContactPointKind
    event_id: UUID


@dataclass(slots=True)
class KnownTouch:
    """A touch as other touches see it. `sent_at`: when it was decided or released to be sent."""

    purpose: Purpose
    channel: Channel
    matter: UUID | None
    sent_at: datetime | None
    sent_event: UUID
    delivered_at: datetime | None = None
    delivered_event: UUID | None = None


@dataclass(slots=True)
class KnownContact:
    """A contact that was recorded as an interaction, as corrected. `touch_id`: the touch that it carried out."""

    purpose: Purpose
    channel: Channel
    direction: Direction
    touch_id: UUID | None
    at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class HeldTouch:
    """A touch that is held: what it is, since which event and how long at most."""

    event_id: UUID
    campaign_id: UUID
    campaign_version: int
    purpose: Purpose
    channel: Channel
    topic: Code
    matter: UUID | None
    contact_point_id: UUID | None
    decided_at: datetime
    expires_at: datetime


@dataclass(slots=True)
class Restriction:
    """Data that may be kept and not used; `until` None: until it is lifted."""

    classes: set[str]
    until: date | None
    event_id: UUID


ScopeKey = tuple[UUID, Channel, Purpose, Code]


@dataclass(slots=True)
class ContactFacts:
    """The facts of one customer. It is filled by `take`, by one owner, with committed events only."""

    # A bare `dict` as factory: `dict[UUID, Point]()` takes eight times as long, and each customer has twelve of them.

    taken: int = 0
    registered: UUID | None = None
    ended: UUID | None = None
    vulnerable: UUID | None = None
    place: dict[str, str | None] = field(default_factory=dict)
    points: dict[UUID, Point] = field(default_factory=dict)
    consents: dict[ScopeKey, ConsentWord] = field(default_factory=dict)
    preferences: dict[str, tuple[Code, UUID]] = field(default_factory=dict)
    complaints: dict[UUID, UUID] = field(default_factory=dict)
    confidential: set[UUID] = field(default_factory=set)
    restrictions: dict[UUID, list[Restriction]] = field(default_factory=dict)
    objections: dict[UUID, UUID] = field(default_factory=dict)
    touch_objections: dict[UUID, tuple[Purpose, UUID]] = field(default_factory=dict)
    touches: dict[UUID, KnownTouch] = field(default_factory=dict)
    held: dict[UUID, HeldTouch] = field(default_factory=dict)
    contacts: dict[UUID, KnownContact] = field(default_factory=dict)

    def take(self, event: Event, stream_id: UUID, event_id: UUID) -> None:
        """Fold the customer's next event; one that the policy does not read changes nothing."""
        fold = _FOLDS.get(type(event))
        if fold is not None:
            fold(self, event, Told(stream_id, event_id, self.taken))
            self.taken += 1

    @property
    def open_complaints(self) -> list[UUID]:
        """The events by which complaints are open that everybody may see."""
        return [event for stream, event in self.complaints.items() if stream not in self.confidential]


Fold = Callable[[ContactFacts, Any, Told], None]

_PLACE: Final = ("time_zone", "region", "residence_country")


def _registered(facts: ContactFacts, event: CustomerRegistered, told: Told) -> None:
    facts.registered = told.event_id
    facts.place = {name: getattr(event, name) for name in _PLACE}


def _details_corrected(
    facts: ContactFacts, event: CustomerDetailsCorrected | CustomerCorrectionApproved, _: Told
) -> None:
    facts.place.update({one.field: one.after for one in event.changes if one.field in _PLACE})


def _contact_point_added(facts: ContactFacts, event: ContactPointAdded, told: Told) -> None:
    facts.points[event.contact_point_id] = Point(event.kind, told.event_id)


def _contact_point_removed(facts: ContactFacts, event: ContactPointRemoved, _: Told) -> None:
    facts.points.pop(event.contact_point_id, None)


def _consent(answer: Answer) -> Fold:
    def fold(facts: ContactFacts, event: Any, told: Told) -> None:  # noqa: ANN401  # the four share their scope
        key = (event.contact_point_id, event.channel, event.purpose, event.topic)
        until = event.valid_until if answer == "granted" else None
        facts.consents[key] = ConsentWord(answer, event.text_version, until, told.event_id, told.place)

    return fold


def _preference_set(facts: ContactFacts, event: PreferenceSet, told: Told) -> None:
    if event.value is None:
        facts.preferences.pop(event.preference, None)
    else:
        facts.preferences[event.preference] = (event.value, told.event_id)


def _relationship_ended(facts: ContactFacts, _: RelationshipEnded, told: Told) -> None:
    facts.ended = told.event_id


def _vulnerability_noted(facts: ContactFacts, _: VulnerabilityNoted, told: Told) -> None:
    facts.vulnerable = told.event_id


def _vulnerability_cleared(facts: ContactFacts, _: VulnerabilityCleared, __: Told) -> None:
    facts.vulnerable = None


# Complaints


def _complaint_received(facts: ContactFacts, event: ComplaintReceived, told: Told) -> None:
    facts.complaints[told.stream_id] = told.event_id
    if event.confidential is not None:
        facts.confidential.add(told.stream_id)


def _complaint_reopened(facts: ContactFacts, _: ComplaintReopened, told: Told) -> None:
    facts.complaints[told.stream_id] = told.event_id


def _complaint_over(facts: ContactFacts, _: Event, told: Told) -> None:
    facts.complaints.pop(told.stream_id, None)


def _marked_confidential(facts: ContactFacts, _: Event, told: Told) -> None:
    facts.confidential.add(told.stream_id)


def _declassified(facts: ContactFacts, _: Event, told: Told) -> None:
    facts.confidential.discard(told.stream_id)


# Rights over personal data


def _privacy_received(facts: ContactFacts, event: PrivacyRequestReceived, told: Told) -> None:
    if event.kind == "objection":
        facts.objections[told.stream_id] = told.event_id


def _privacy_over(facts: ContactFacts, _: Event, told: Told) -> None:
    facts.objections.pop(told.stream_id, None)


def _privacy_decided(facts: ContactFacts, event: PrivacyRequestDecided, told: Told) -> None:
    """A later decision replaces an earlier one, class by class. What is erased cannot be used either."""
    found = facts.restrictions.setdefault(told.stream_id, [])
    decided = {one.record_class for one in event.decisions}
    for known in found:
        known.classes -= decided
    for one in event.decisions:
        if one.record_class in CONTACT_CLASSES and one.outcome != "refused":
            until = one.until if one.outcome == "restricted" else None
            found.append(Restriction({one.record_class}, until, told.event_id))


def _restriction_lifted(facts: ContactFacts, event: ProcessingRestrictionLifted, told: Told) -> None:
    for known in facts.restrictions.get(told.stream_id, ()):
        known.classes.difference_update(event.record_classes)


# Touches


def _touch_decided(facts: ContactFacts, event: TouchDecided, told: Told) -> None:
    if event.decision == "hold":
        if event.judged_at is not None and event.expires_at is not None:
            facts.held[told.stream_id] = HeldTouch(
                told.event_id, event.campaign_id, event.campaign_version, event.purpose, event.channel,
                event.topic or "any", event.matter, event.contact_point_id, event.judged_at, event.expires_at,
            )  # fmt: skip
        facts.touches[told.stream_id] = KnownTouch(event.purpose, event.channel, event.matter, None, told.event_id)
    elif event.decision == "send":
        facts.touches[told.stream_id] = KnownTouch(
            event.purpose, event.channel, event.matter, event.occurred_at, told.event_id
        )


def _touch_released(facts: ContactFacts, event: TouchReleased, told: Told) -> None:
    facts.held.pop(told.stream_id, None)
    known = facts.touches.get(told.stream_id)
    if known is not None:
        known.sent_at, known.sent_event = event.occurred_at, told.event_id


def _touch_given_up(facts: ContactFacts, _: Event, told: Told) -> None:
    facts.held.pop(told.stream_id, None)
    facts.touches.pop(told.stream_id, None)


def _touch_delivered(facts: ContactFacts, event: TouchDelivered, told: Told) -> None:
    known = facts.touches.get(told.stream_id)
    if known is not None:
        known.delivered_at, known.delivered_event = event.occurred_at, told.event_id


def _touch_objected_to(facts: ContactFacts, event: TouchObjectedTo, told: Told) -> None:
    facts.touch_objections[told.stream_id] = (event.purpose, told.event_id)


def _touch_objection_reviewed(facts: ContactFacts, event: TouchObjectionReviewed, told: Told) -> None:
    known = facts.touch_objections.get(told.stream_id)
    if event.outcome == "dismissed":
        facts.touch_objections.pop(told.stream_id, None)
    elif known is not None:
        facts.touch_objections[told.stream_id] = (known[0], told.event_id)


# Interactions

Correction: TypeAlias = InteractionCorrected | InteractionCorrectionApproved
_OF_CONTACT: Final = ("purpose", "channel", "direction")


def _interaction_recorded(facts: ContactFacts, event: InteractionRecorded, told: Told) -> None:
    facts.contacts[told.stream_id] = KnownContact(
        event.purpose, event.channel, event.direction, event.touch_id, event.occurred_at, told.event_id
    )
    if event.confidential is not None:
        facts.confidential.add(told.stream_id)


def _interaction_corrected(facts: ContactFacts, event: Correction, told: Told) -> None:
    known = facts.contacts.get(told.stream_id)
    for one in event.changes:
        if known is not None and one.field in _OF_CONTACT:
            setattr(known, one.field, one.after)
            known.event_id = told.event_id


_FOLDS: Final[Mapping[type[Event], Fold]] = {
    CustomerRegistered: _registered,
    CustomerDetailsCorrected: _details_corrected,
    CustomerCorrectionApproved: _details_corrected,
    ContactPointAdded: _contact_point_added,
    ContactPointRemoved: _contact_point_removed,
    ConsentGranted: _consent("granted"),
    ConsentDenied: _consent("denied"),
    ConsentWithdrawn: _consent("withdrawn"),
    ConsentExpired: _consent("expired"),
    PreferenceSet: _preference_set,
    RelationshipEnded: _relationship_ended,
    VulnerabilityNoted: _vulnerability_noted,
    VulnerabilityCleared: _vulnerability_cleared,
    ComplaintReceived: _complaint_received,
    ComplaintReopened: _complaint_reopened,
    ComplaintClosed: _complaint_over,
    ComplaintWithdrawn: _complaint_over,
    ComplaintMerged: _complaint_over,
    ComplaintMarkedConfidential: _marked_confidential,
    ComplaintDeclassified: _declassified,
    PrivacyRequestReceived: _privacy_received,
    PrivacyRequestWithdrawn: _privacy_over,
    PrivacyRequestRefused: _privacy_over,
    PrivacyRequestDecided: _privacy_decided,
    ProcessingRestrictionLifted: _restriction_lifted,
    TouchDecided: _touch_decided,
    TouchReleased: _touch_released,
    TouchSuppressed: _touch_given_up,
    TouchExpired: _touch_given_up,
    TouchDelivered: _touch_delivered,
    TouchObjectedTo: _touch_objected_to,
    TouchObjectionReviewed: _touch_objection_reviewed,
    InteractionRecorded: _interaction_recorded,
    InteractionCorrected: _interaction_corrected,
    InteractionCorrectionApproved: _interaction_corrected,
    InteractionMarkedConfidential: _marked_confidential,
    InteractionDeclassified: _declassified,
}

READ: Final = frozenset(one.type for one in _FOLDS)
"""Types of the events that the policy reads: a decision holds while the customer has no later one of them."""

LATELY: Final = frozenset({InteractionRecorded.type})
"""Of these only what windows still count is read: a customer may have thousands. None of them ends a hold."""

ALWAYS: Final = READ - LATELY
"""The types that are read however long ago it was."""
