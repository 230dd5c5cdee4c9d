"""Customer profile: one customer as the bank knows them now, without any personal data.

Its query is in `profile_query`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast
from uuid import UUID

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
    ContactPointVerified,
    CustomerCorrectionApproved,
    CustomerCorrectionRejected,
    CustomerCorrectionRequested,
    CustomerCorrectionWithdrawn,
    CustomerDetailsCorrected,
    CustomerRegistered,
    PreferenceSet,
    RelationshipEnded,
    RelationshipManagerAssigned,
    SegmentEntered,
    SegmentLeft,
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
from domain.survey import SurveyAnswered
from domain.touch import TouchDecided, TouchReleased, TouchResponded
from projections.fact import Fact
from projections.held import Rows
from projections.profile_identity import IDENTITY, Kept
from projections.projection import Fold, Projection
from projections.references import sealed_at
from projections.table import NIL, Table

Json: TypeAlias = dict[str, Any]
ConsentStatus: TypeAlias = Literal["granted", "denied", "withdrawn", "expired"]


@dataclass(slots=True)
class ProfileRow:
    """A customer's row. JSON columns: see the folds.

    Counts and times are of what everybody may see; `confidential` has, by stream, what of the rest would count.
    """

    partition: int
    customer_id: UUID
    status: str = "unregistered"
    kind: str | None = None
    registered_at: datetime | None = None
    ended_at: datetime | None = None
    residence_country: str | None = None
    language: str | None = None
    age_band: str | None = None
    region: str | None = None
    branch: str | None = None
    time_zone: str | None = None
    vulnerable: bool = False
    relationship_manager: str | None = None
    name: list[str] | None = None
    pending_corrections: Json = field(default_factory=dict[str, Any])
    segments: list[str] = field(default_factory=list[str])
    contact_points: Json = field(default_factory=dict[str, Any])
    documents: Json = field(default_factory=dict[str, Any])
    links: Json = field(default_factory=dict[str, Any])
    linked_since: datetime | None = None
    merges: Json = field(default_factory=dict[str, Any])
    consents: Json = field(default_factory=dict[str, Any])
    preferences: Json = field(default_factory=dict[str, Any])
    interactions: Json = field(default_factory=dict[str, Any])
    scores: Json = field(default_factory=dict[str, Any])
    last_interaction_at: datetime | None = None
    complaints: int = 0
    open_complaints: int = 0
    touches: int = 0
    responses: int = 0
    confidential: Json = field(default_factory=dict[str, Any])
    position: int = 0
    event_id: UUID = NIL


PROFILE: Final = Table(
    name="customer_profile",
    kind="rows",
    row=ProfileRow,
    key=("customer_id",),
    keyed_by="customer",
    indexes={
        "registered": "(partition, registered_at, customer_id) where registered_at is not null",
        "ended": "(partition, ended_at, customer_id) where ended_at is not null",
        "linked": "(partition, linked_since, customer_id) where linked_since is not null",
        "merging": "(partition, position, customer_id) where merges <> '{}'",
    },
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
    row.region, row.branch, row.time_zone = event.region, event.branch, event.time_zone
    row.name = sealed_at(fact, "identity")
    if event.segment is not None:
        row.segments = [event.segment]


def _details_corrected(rows: Profiles, event: CustomerDetailsCorrected, fact: Fact) -> None:
    _correct(_row(rows, fact), event, sealed_at(fact, "identity"))


def _correct(
    row: ProfileRow, event: CustomerDetailsCorrected | CustomerCorrectionApproved, name: list[str] | None
) -> None:
    for change in event.changes:
        setattr(row, change.field, change.after)
    if "name" in event.corrected_personal:
        row.name = name


def _correction_requested(rows: Profiles, event: CustomerCorrectionRequested, fact: Fact) -> None:
    changed = [[change.field, change.before, change.after] for change in event.changes]
    _row(rows, fact).pending_corrections[str(event.correction_id)] = [
        event.reason, event.requested_by, event.occurred_at.isoformat(), changed, sealed_at(fact, "identity"),
    ]  # fmt: skip


def _correction_approved(rows: Profiles, event: CustomerCorrectionApproved, fact: Fact) -> None:
    row = _row(rows, fact)
    _correct(row, event, row.pending_corrections.pop(str(event.correction_id))[-1])


def _correction_given_up(
    rows: Profiles, event: CustomerCorrectionRejected | CustomerCorrectionWithdrawn, fact: Fact
) -> None:
    del _row(rows, fact).pending_corrections[str(event.correction_id)]


def _contact_point_added(rows: Profiles, event: ContactPointAdded, fact: Fact) -> None:
    row = _row(rows, fact)
    row.contact_points[str(event.contact_point_id)] = [event.kind, False, sealed_at(fact, "contact")]


def _contact_point_verified(rows: Profiles, event: ContactPointVerified, fact: Fact) -> None:
    row = _row(rows, fact)
    row.contact_points[str(event.contact_point_id)][1] = True


def _contact_point_removed(rows: Profiles, event: ContactPointRemoved, fact: Fact) -> None:
    row = _row(rows, fact)
    del row.contact_points[str(event.contact_point_id)]


def _identity(rows: Profiles, event: Event, fact: Fact) -> None:
    row = _row(rows, fact)
    kept = Kept(row.documents, row.links, row.merges)
    IDENTITY[type(event)](kept, event, fact)
    row.linked_since = kept.linked_since


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
    def fold(
        rows: Profiles, event: ConsentGranted | ConsentDenied | ConsentWithdrawn | ConsentExpired, fact: Fact
    ) -> None:
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


def _vulnerable(*, value: bool) -> Fold:
    def fold(rows: Profiles, _: Event, fact: Fact) -> None:
        _row(rows, fact).vulnerable = value

    return fold


def _relationship_ended(rows: Profiles, event: RelationshipEnded, fact: Fact) -> None:
    row = _row(rows, fact)
    row.status, row.ended_at = "ended", event.occurred_at


def _interaction_recorded(rows: Profiles, event: InteractionRecorded, fact: Fact) -> None:
    row = _row(rows, fact)
    if event.confidential is None:
        _count_interaction(row, event.channel, event.occurred_at)
    else:
        row.confidential[str(fact.recorded.stream_id)] = [event.channel, event.occurred_at.isoformat()]


def _count_interaction(row: ProfileRow, channel: str, at: datetime | None) -> None:
    row.interactions[channel] = row.interactions.get(channel, 0) + 1
    if at is not None and (row.last_interaction_at is None or row.last_interaction_at < at):
        row.last_interaction_at = at


def _interaction_corrected(
    rows: Profiles, event: InteractionCorrected | InteractionCorrectionApproved, fact: Fact
) -> None:
    row = _row(rows, fact)
    counts, hidden = row.interactions, row.confidential.get(str(fact.recorded.stream_id))
    for change in event.changes:
        if change.field == "channel" and hidden is not None:
            hidden[0] = change.after
        elif change.field == "channel":
            counts[str(change.before)] = counts.get(str(change.before), 0) - 1
            counts[str(change.after)] = counts.get(str(change.after), 0) + 1


def _interaction_marked(rows: Profiles, event: InteractionMarkedConfidential, fact: Fact) -> None:
    row, key = _row(rows, fact), str(fact.recorded.stream_id)
    if key not in row.confidential:
        row.interactions[event.channel] = row.interactions.get(event.channel, 0) - 1
        row.confidential[key] = [event.channel, None]  # the last time counts it still, which queries set right


def _interaction_declassified(rows: Profiles, _: InteractionDeclassified, fact: Fact) -> None:
    row, key = _row(rows, fact), str(fact.recorded.stream_id)
    if key in row.confidential:
        channel, at = row.confidential.pop(key)
        _count_interaction(row, channel, None if at is None else datetime.fromisoformat(at))


def _complaint_received(rows: Profiles, event: ComplaintReceived, fact: Fact) -> None:
    if fact.recorded.customer_id is None:
        return
    row = _row(rows, fact)
    if event.confidential is None:
        row.complaints += 1
        row.open_complaints += 1
    else:
        row.confidential[str(fact.recorded.stream_id)] = [True]


def _complaint_open(*, is_open: bool) -> Fold:
    def fold(rows: Profiles, _: Event, fact: Fact) -> None:
        if fact.recorded.customer_id is None:
            return
        row = _row(rows, fact)
        hidden = row.confidential.get(str(fact.recorded.stream_id))
        if hidden is None:
            row.open_complaints += 1 if is_open else -1
        else:
            hidden[0] = is_open

    return fold


def _complaint_marked(rows: Profiles, event: ComplaintMarkedConfidential, fact: Fact) -> None:
    if fact.recorded.customer_id is None:
        return
    row, key = _row(rows, fact), str(fact.recorded.stream_id)
    if key not in row.confidential:
        is_open = event.standing in {"open", "responded"}
        row.complaints -= 1
        row.open_complaints -= is_open
        row.confidential[key] = [is_open]


def _complaint_declassified(rows: Profiles, _: ComplaintDeclassified, fact: Fact) -> None:
    if fact.recorded.customer_id is None:
        return
    row, key = _row(rows, fact), str(fact.recorded.stream_id)
    if key in row.confidential:
        (is_open,) = row.confidential.pop(key)
        row.complaints += 1
        row.open_complaints += is_open


def _touch_decided(rows: Profiles, event: TouchDecided, fact: Fact) -> None:
    row = _row(rows, fact)  # also where nothing is sent: the profile's last event is told from the record, too
    if event.decision == "send":
        row.touches += 1


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
    CustomerCorrectionRequested: _correction_requested,
    CustomerCorrectionApproved: _correction_approved,
    CustomerCorrectionRejected: _correction_given_up,
    CustomerCorrectionWithdrawn: _correction_given_up,
    ContactPointAdded: _contact_point_added,
    ContactPointVerified: _contact_point_verified,
    ContactPointRemoved: _contact_point_removed,
    **dict.fromkeys(IDENTITY, _identity),
    RelationshipManagerAssigned: _relationship_manager_assigned,
    SegmentEntered: _segment_entered,
    SegmentLeft: _segment_left,
    ConsentGranted: _consent("granted"),
    ConsentDenied: _consent("denied"),
    ConsentWithdrawn: _consent("withdrawn"),
    ConsentExpired: _consent("expired"),
    VulnerabilityNoted: _vulnerable(value=True),
    VulnerabilityCleared: _vulnerable(value=False),
    PreferenceSet: _preference_set,
    RelationshipEnded: _relationship_ended,
    InteractionRecorded: _interaction_recorded,
    InteractionCorrected: _interaction_corrected,
    InteractionCorrectionApproved: _interaction_corrected,
    InteractionMarkedConfidential: _interaction_marked,
    InteractionDeclassified: _interaction_declassified,
    ComplaintReceived: _complaint_received,
    ComplaintClosed: _complaint_open(is_open=False),
    ComplaintWithdrawn: _complaint_open(is_open=False),
    ComplaintMerged: _complaint_open(is_open=False),
    ComplaintReopened: _complaint_open(is_open=True),
    ComplaintMarkedConfidential: _complaint_marked,
    ComplaintDeclassified: _complaint_declassified,
    TouchDecided: _touch_decided,
    TouchReleased: _touch_released,
    TouchResponded: _touch_responded,
    SurveyAnswered: _survey_answered,
}

CUSTOMER_PROFILE: Final = Projection("customer_profile", 10, (PROFILE,), Profiles, _FOLDS)
