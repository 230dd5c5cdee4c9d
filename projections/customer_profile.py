"""Customer profile: one customer as the bank knows them now, without any personal data."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast
from uuid import UUID

from domain.complaint_messages import ComplaintClosed, ComplaintReceived, ComplaintReopened, ComplaintWithdrawn
from domain.customer_messages import (
    ConsentDenied,
    ConsentGranted,
    ConsentWithdrawn,
    ContactPointAdded,
    ContactPointRemoved,
    ContactPointVerified,
    CustomerDetailsCorrected,
    CustomerRegistered,
    PreferenceSet,
    RelationshipEnded,
    RelationshipManagerAssigned,
    SegmentEntered,
    SegmentLeft,
)
from domain.interaction import InteractionCorrected, InteractionRecorded
from domain.kernel import Event
from domain.survey import SurveyAnswered
from domain.touch import TouchDecided, TouchReleased, TouchResponded
from projections.fact import Fact
from projections.held import Rows
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent, SealedAt, from_json, read_sealed_at, sealed_at
from projections.table import NIL, Table

Json: TypeAlias = dict[str, Any]
ConsentStatus: TypeAlias = Literal["granted", "denied", "withdrawn"]


@dataclass(slots=True)
class ProfileRow:
    """A customer's row. JSON columns: see the folds."""

    partition: int
    customer_id: UUID
    status: str = "unregistered"
    kind: str | None = None
    registered_at: datetime | None = None
    residence_country: str | None = None
    language: str | None = None
    age_band: str | None = None
    region: str | None = None
    branch: str | None = None
    relationship_manager: str | None = None
    name: list[str] | None = None
    segments: list[str] = field(default_factory=list[str])
    contact_points: Json = field(default_factory=dict[str, Any])
    consents: Json = field(default_factory=dict[str, Any])
    preferences: Json = field(default_factory=dict[str, Any])
    interactions: Json = field(default_factory=dict[str, Any])
    scores: Json = field(default_factory=dict[str, Any])
    last_interaction_at: datetime | None = None
    complaints: int = 0
    open_complaints: int = 0
    touches: int = 0
    responses: int = 0
    position: int = 0
    event_id: UUID = NIL


PROFILE: Final = Table(
    name="customer_profile",
    kind="rows",
    row=ProfileRow,
    key=("customer_id",),
    keyed_by="customer",
)


class Profiles(NamedTuple):
    """The held table."""

    profile: Rows[ProfileRow]


# Folds


def _row(rows: Profiles, fact: Fact) -> ProfileRow:
    """The row of the event's customer; an event may come before the registration."""
    recorded = fact.recorded
    return rows.profile.begin(cast("UUID", recorded.customer_id), recorded)


def _registered(rows: Profiles, event: CustomerRegistered, fact: Fact) -> None:
    row = _row(rows, fact)
    row.status, row.kind, row.registered_at = "active", event.kind, event.occurred_at
    row.residence_country, row.language, row.age_band = event.residence_country, event.language, event.age_band
    row.region, row.branch = event.region, event.branch
    row.name = sealed_at(fact, "identity")
    if event.segment is not None:
        row.segments = [event.segment]


def _details_corrected(rows: Profiles, event: CustomerDetailsCorrected, fact: Fact) -> None:
    row = _row(rows, fact)
    for change in event.changes:
        setattr(row, change.field, change.after)
    if "name" in event.corrected_personal:
        row.name = sealed_at(fact, "identity")


def _contact_point_added(rows: Profiles, event: ContactPointAdded, fact: Fact) -> None:
    row = _row(rows, fact)
    row.contact_points[str(event.contact_point_id)] = [event.kind, False, sealed_at(fact, "contact")]


def _contact_point_verified(rows: Profiles, event: ContactPointVerified, fact: Fact) -> None:
    row = _row(rows, fact)
    row.contact_points[str(event.contact_point_id)][1] = True


def _contact_point_removed(rows: Profiles, event: ContactPointRemoved, fact: Fact) -> None:
    row = _row(rows, fact)
    del row.contact_points[str(event.contact_point_id)]


def _relationship_manager_assigned(rows: Profiles, event: RelationshipManagerAssigned, fact: Fact) -> None:
    row = _row(rows, fact)
    row.relationship_manager = event.relationship_manager


def _segment_entered(rows: Profiles, event: SegmentEntered, fact: Fact) -> None:
    row = _row(rows, fact)
    row.segments = sorted({*row.segments, event.segment})


def _segment_left(rows: Profiles, event: SegmentLeft, fact: Fact) -> None:
    row = _row(rows, fact)
    row.segments = [segment for segment in row.segments if segment != event.segment]


def _consent(status: ConsentStatus) -> Fold:
    def fold(rows: Profiles, event: ConsentGranted | ConsentDenied | ConsentWithdrawn, fact: Fact) -> None:
        row = _row(rows, fact)
        # Codes hold no space.
        scope = f"{event.contact_point_id} {event.channel} {event.purpose} {event.topic}"
        row.consents[scope] = [status, event.text_version, event.occurred_at.isoformat(), str(fact.recorded.event_id)]

    return fold


def _preference_set(rows: Profiles, event: PreferenceSet, fact: Fact) -> None:
    row = _row(rows, fact)
    if event.value is None:
        row.preferences.pop(event.preference, None)
    else:
        row.preferences[event.preference] = event.value


def _relationship_ended(rows: Profiles, _: Event, fact: Fact) -> None:
    _row(rows, fact).status = "ended"


def _interaction_recorded(rows: Profiles, event: InteractionRecorded, fact: Fact) -> None:
    row = _row(rows, fact)
    counts = row.interactions
    counts[event.channel] = counts.get(event.channel, 0) + 1
    if row.last_interaction_at is None or row.last_interaction_at < event.occurred_at:
        row.last_interaction_at = event.occurred_at


def _interaction_corrected(rows: Profiles, event: InteractionCorrected, fact: Fact) -> None:
    row = _row(rows, fact)
    counts = row.interactions
    for change in event.changes:
        if change.field == "channel":
            counts[str(change.before)] = counts.get(str(change.before), 0) - 1
            counts[str(change.after)] = counts.get(str(change.after), 0) + 1


def _complaints(opened: int, received: int = 0) -> Fold:
    def fold(rows: Profiles, _: Event, fact: Fact) -> None:
        if fact.recorded.customer_id is not None:
            row = _row(rows, fact)
            row.open_complaints += opened
            row.complaints += received

    return fold


def _touch_decided(rows: Profiles, event: TouchDecided, fact: Fact) -> None:
    if event.decision == "send":
        _row(rows, fact).touches += 1


def _touch_released(rows: Profiles, _: Event, fact: Fact) -> None:
    _row(rows, fact).touches += 1


def _touch_responded(rows: Profiles, _: Event, fact: Fact) -> None:
    _row(rows, fact).responses += 1


def _survey_answered(rows: Profiles, event: SurveyAnswered, fact: Fact) -> None:
    row = _row(rows, fact)
    row.scores[event.metric] = [event.score, event.scale_min, event.scale_max, event.occurred_at.isoformat()]


_FOLDS: Final[dict[type[Event], Fold]] = {
    CustomerRegistered: _registered,
    CustomerDetailsCorrected: _details_corrected,
    ContactPointAdded: _contact_point_added,
    ContactPointVerified: _contact_point_verified,
    ContactPointRemoved: _contact_point_removed,
    RelationshipManagerAssigned: _relationship_manager_assigned,
    SegmentEntered: _segment_entered,
    SegmentLeft: _segment_left,
    ConsentGranted: _consent("granted"),
    ConsentDenied: _consent("denied"),
    ConsentWithdrawn: _consent("withdrawn"),
    PreferenceSet: _preference_set,
    RelationshipEnded: _relationship_ended,
    InteractionRecorded: _interaction_recorded,
    InteractionCorrected: _interaction_corrected,
    ComplaintReceived: _complaints(1, received=1),
    ComplaintClosed: _complaints(-1),
    ComplaintWithdrawn: _complaints(-1),
    ComplaintReopened: _complaints(1),
    TouchDecided: _touch_decided,
    TouchReleased: _touch_released,
    TouchResponded: _touch_responded,
    SurveyAnswered: _survey_answered,
}

CUSTOMER_PROFILE: Final = Projection("customer_profile", 1, (PROFILE,), Profiles, _FOLDS)

# Query


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A way to reach the customer; its value is sealed."""

    contact_point_id: UUID
    kind: str
    verified: bool
    value: SealedAt | None


@dataclass(frozen=True, slots=True)
class Consent:
    """The last word on one scope; a scope never asked about is absent, which is no denial."""

    contact_point_id: UUID
    channel: str
    purpose: str
    topic: str
    status: ConsentStatus
    text_version: str
    since: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class LastScore:
    """The last answer to a survey of one metric."""

    metric: str
    score: int
    scale_min: int
    scale_max: int
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer. `status` is unregistered (events came before any registration), active or ended."""

    customer_id: UUID
    status: str
    kind: str | None
    registered_at: datetime | None
    residence_country: str | None
    language: str | None
    age_band: str | None
    region: str | None
    branch: str | None
    relationship_manager: str | None
    name: SealedAt | None
    segments: tuple[str, ...]
    contact_points: tuple[ContactPoint, ...]
    consents: tuple[Consent, ...]
    preferences: dict[str, str]
    interactions: dict[str, int]
    scores: tuple[LastScore, ...]
    last_interaction_at: datetime | None
    complaints: int
    open_complaints: int
    touches: int
    responses: int
    last_event: LastEvent


async def profile(models: ReadModels, customer_id: UUID) -> Profile | None:
    """A customer's profile; None: no event names this customer."""
    partition = models.record.partition_of(customer_id)
    rows = await models.fetch("customer_profile", "customer_profile", partition, customer_id)
    return profile_of(rows[0]) if rows else None


def profile_of(row: Any) -> Profile:  # noqa: ANN401  # a database row
    """The profile that a row of the table tells."""
    given = {name: row[name] for name in _PLAIN}
    return Profile(
        **given,
        name=read_sealed_at(from_json(row["name"])),
        segments=tuple(from_json(row["segments"])),
        contact_points=tuple(
            ContactPoint(UUID(key), kind, verified, read_sealed_at(value))
            for key, (kind, verified, value) in from_json(row["contact_points"]).items()
        ),
        consents=tuple(_consent_of(scope, kept) for scope, kept in from_json(row["consents"]).items()),
        preferences=from_json(row["preferences"]),
        interactions={channel: n for channel, n in from_json(row["interactions"]).items() if n},
        scores=tuple(
            LastScore(metric, score, least, most, datetime.fromisoformat(at))
            for metric, (score, least, most, at) in from_json(row["scores"]).items()
        ),
        last_event=LastEvent(row["partition"], row["position"], row["event_id"]),
    )


_PLAIN: Final = tuple(name for name in Profile.__slots__ if PROFILE.types.get(name, "jsonb")[:5] != "jsonb")


def _consent_of(scope: str, kept: list[str]) -> Consent:
    contact_point_id, channel, purpose, topic = scope.split(" ")
    status, text_version, since, event_id = kept
    return Consent(
        UUID(contact_point_id), channel, purpose, topic, cast("ConsentStatus", status), text_version,
        datetime.fromisoformat(since), UUID(event_id),
    )  # fmt: skip
