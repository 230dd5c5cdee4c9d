"""The query of the customer profile: what its row tells, and what of it is in sight of who asks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID

from domain.matters import Sight
from projections.customer_profile import CUSTOMER_PROFILE, PROFILE, ConsentStatus, Json
from projections.models import ReadModels
from projections.references import LastEvent, SealedAt, from_json, read_sealed_at
from projections.seeing import arguments_of, hidden_streams
from projections.statements import statement
from store.record import Record


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """A way to reach the customer; its value is sealed."""

    customer_id: UUID
    contact_point_id: UUID
    kind: str
    verified: bool
    value: SealedAt | None


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the customer has shown; its number is sealed. `contested`: another customer holds the number."""

    customer_id: UUID
    document_id: UUID
    kind: str
    country: str
    expires_on: date | None
    contested: bool
    number: SealedAt | None


@dataclass(frozen=True, slots=True)
class Consent:
    """The last word on one scope; a scope never asked about is absent, which is no denial."""

    customer_id: UUID
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

    customer_id: UUID
    metric: str
    score: int
    scale_min: int
    scale_max: int
    answered_at: datetime


@dataclass(frozen=True, slots=True)
class DetailChange:
    """One detail in clear, as it stands and as it would stand."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class PendingCorrection:
    """A correction that waits for another person; the `name`, where it has one, is sealed."""

    customer_id: UUID
    correction_id: UUID
    reason: str
    requested_by: str
    requested_at: datetime
    changes: tuple[DetailChange, ...]
    name: SealedAt | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer. `status` is unregistered (events came before any registration), active or ended.

    Of a person with several customer ids it is what all of them say together, see `projections.person_profile`; whose
    something is stands beside it.
    """

    customer_id: UUID
    canonical_id: UUID
    merged_ids: tuple[UUID, ...]
    status: str
    kind: str | None
    registered_at: datetime | None
    residence_country: str | None
    language: str | None
    age_band: str | None
    region: str | None
    branch: str | None
    time_zone: str | None
    vulnerable: bool
    relationship_manager: str | None
    name: SealedAt | None
    pending_corrections: tuple[PendingCorrection, ...]
    segments: tuple[str, ...]
    contact_points: tuple[ContactPoint, ...]
    documents: tuple[Document, ...]
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


async def profile(models: ReadModels, customer_id: UUID, sight: Sight) -> Profile | None:
    """A customer's profile; None: no event in sight names this customer."""
    partition = models.record.partition_of(customer_id)
    rows = await models.fetch("customer_profile", "customer_profile", partition, customer_id)
    return await seen(models.record, rows[0], sight) if rows else None


async def profiles(models: ReadModels, partition: int, customer_ids: Sequence[UUID], sight: Sight) -> list[Profile]:
    """The profiles of customers of one partition, of those that an event in sight names."""
    rows = await models.fetch("customer_profile", "customer_profiles", partition, customer_ids)
    found = [await seen(models.record, row, sight) for row in rows]
    return [one for one in found if one is not None]


async def seen(record: Record, row: Any, sight: Sight) -> Profile | None:  # noqa: ANN401  # a database row
    """The profile that a row of the table tells this viewer; None: nothing in sight names the customer."""
    found = profile_of(row)
    confidential: Json = from_json(row["confidential"])
    if not confidential:
        return found
    hidden = await hidden_streams(record, sight, [UUID(key) for key in confidential])
    asked = (row["partition"], found.customer_id, *arguments_of(sight), row["position"], _FOLDED)
    last = await record.pool.fetchrow(statement("profile_seen"), *asked)
    if last is None:
        return None
    for key, kept in confidential.items():
        if UUID(key) not in hidden:
            found = _with_matter(found, kept)
    last_event = LastEvent(row["partition"], last["position"], last["event_id"])
    return replace(found, last_event=last_event, last_interaction_at=last["last_interaction_at"])


def _with_matter(of: Profile, kept: list[Any]) -> Profile:
    """The profile with a confidential complaint, or interaction, counted."""
    if isinstance(kept[0], bool):
        return replace(of, complaints=of.complaints + 1, open_complaints=of.open_complaints + kept[0])
    channels = {**of.interactions, kept[0]: of.interactions.get(kept[0], 0) + 1}
    return replace(of, interactions=channels)


def profile_of(row: Any) -> Profile:  # noqa: ANN401  # a database row
    """The profile that a row of the table tells."""
    given = {name: row[name] for name in _PLAIN}
    customer_id: UUID = row["customer_id"]
    return Profile(
        **given,
        canonical_id=customer_id,
        merged_ids=(),
        name=read_sealed_at(from_json(row["name"])),
        pending_corrections=tuple(
            PendingCorrection(
                customer_id,
                UUID(key),
                reason,
                requested_by,
                datetime.fromisoformat(at),
                tuple(DetailChange(*change) for change in changed),
                read_sealed_at(name),
            )
            for key, (reason, requested_by, at, changed, name) in from_json(row["pending_corrections"]).items()
        ),
        segments=tuple(from_json(row["segments"])),
        contact_points=tuple(
            ContactPoint(customer_id, UUID(key), kind, verified, read_sealed_at(value))
            for key, (kind, verified, value) in from_json(row["contact_points"]).items()
        ),
        documents=tuple(_document_of(customer_id, key, kept) for key, kept in from_json(row["documents"]).items()),
        consents=tuple(_consent_of(customer_id, scope, kept) for scope, kept in from_json(row["consents"]).items()),
        preferences=from_json(row["preferences"]),
        interactions={channel: n for channel, n in from_json(row["interactions"]).items() if n},
        scores=tuple(
            LastScore(customer_id, metric, score, least, most, datetime.fromisoformat(at))
            for metric, (score, least, most, at) in from_json(row["scores"]).items()
        ),
        last_event=LastEvent(row["partition"], row["position"], row["event_id"]),
    )


_FOLDED: Final = sorted(event.type for event in CUSTOMER_PROFILE.folds)
_PLAIN: Final = tuple(name for name in Profile.__slots__ if PROFILE.types.get(name, "jsonb")[:5] != "jsonb")


def _document_of(customer_id: UUID, key: str, kept: list[Any]) -> Document:
    kind, country, until, contested, number = kept
    expires_on = None if until is None else date.fromisoformat(until)
    return Document(customer_id, UUID(key), kind, country, expires_on, contested, read_sealed_at(number))


def _consent_of(customer_id: UUID, scope: str, kept: list[str]) -> Consent:
    contact_point_id, channel, purpose, topic = scope.split(" ")
    status, text_version, since, event_id = kept
    return Consent(
        customer_id, UUID(contact_point_id), channel, purpose, topic, cast("ConsentStatus", status), text_version,
        datetime.fromisoformat(since), UUID(event_id),
    )  # fmt: skip


async def branch_of(models: ReadModels, customer_id: UUID) -> str | None:
    """The customer's branch, as far as the profile knows it by now."""
    partition = models.record.partition_of(customer_id)
    rows = await models.fetch(CUSTOMER_PROFILE.name, "branch_of_customer", partition, customer_id)
    return rows[0]["branch"] if rows else None
