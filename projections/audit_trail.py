"""Audit trail: who did what to whom, when and why, and what it changed.

Searches by customer and by stream use the record's own indexes; by actor, correlation or type, or by period
alone, a narrow table of one line per event. What an event changed is not kept: it is found by folding the
event's stream up to it, as the decisions did.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from domain.kernel import Event
from domain.matters import Sight
from projections.audit_detail import AuditDetail, changes_of, find_event, sealed_before
from projections.fact import Fact
from projections.held import Lines
from projections.listing import checked_limit, first_of
from projections.models import ReadModels
from projections.projection import Projection
from projections.put_in_force import put_in_force
from projections.seeing import arguments_of, hidden_streams
from projections.statements import statement
from projections.table import Table
from projections.timeline import Entry
from store.cursor import Cursor
from store.record import MAX_POSITION

NAME: Final = "audit_trail"


class Line(NamedTuple):
    """What an event is searched by; the rest is in the record."""

    partition: int
    position: int
    actor: str
    correlation_id: UUID
    type: str
    occurred_at: datetime


LINE: Final = Table(
    name="audit_trail",
    kind="lines",
    row=Line,
    key=("position",),
    indexes={
        "actor": "(partition, actor, position)",
        "correlation": "(partition, correlation_id, position)",
        "type": "(partition, type, position)",
        # Business time mostly rises with position, so that a few block ranges hold a period.
        "occurred": "using brin (occurred_at) with (pages_per_range = 16)",
    },
)


class Trail(NamedTuple):
    """The held table."""

    line: Lines


def _line(rows: Trail, _: Event, fact: Fact) -> None:
    r = fact.recorded
    rows.line.added.append((r.partition, r.position, r.actor, r.correlation_id, r.topic, r.occurred_at))


AUDIT_TRAIL: Final = Projection(NAME, 1, (LINE,), Trail, {Event: _line})

# Queries


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What to search for; all that is given must hold. Periods run from, inclusive, until, exclusive."""

    customer_id: UUID | None = None
    stream_id: UUID | None = None
    actor: str | None = None
    correlation_id: UUID | None = None
    type: str | None = None
    recorded_from: datetime | None = None
    recorded_until: datetime | None = None
    occurred_from: datetime | None = None
    occurred_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One event: who (actor) did what (type) to whom (customer, stream), when and why (reason)."""

    partition: int
    position: int
    event_id: UUID
    stream_id: UUID
    version: int
    customer_id: UUID | None
    type: str
    schema: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Last recorded first. `next` continues; None: there is no more. `parked`: customers left out."""

    entries: tuple[AuditEntry, ...]
    next: str | None
    parked: int


async def search(
    models: ReadModels, of: AuditFilter, sight: Sight, *, after: str | None = None, limit: int = 50
) -> AuditPage:
    """Find events that are in sight.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of this record as it is now.
    """
    record = models.record
    before = [MAX_POSITION] * record.partitions
    if after is not None:
        cursor = Cursor.parse(after)
        record.incarnation.check(cursor)
        before = list(cursor.next_positions)
    wanted = checked_limit(limit)
    pages = await asyncio.gather(
        *(_page(models, of, sight, partition, before[partition], wanted + 1) for partition in _partitions(models, of))
    )
    found, more = first_of(pages, wanted, _newest)
    for row in found:
        before[row["partition"]] = row["position"]
    parked = 0 if of.customer_id or of.stream_id else (await models.progress(NAME)).parked
    following = str(Cursor(record.incarnation.id, tuple(before))) if more else None
    return AuditPage(tuple(map(_entry, found)), following, parked)


async def positions_of(models: ReadModels, event_type: str) -> list[list[int]]:
    """By partition, where all events of a type stand: for types of which there are few."""
    pages = await models.fetch_all(NAME, "positions_of_type", event_type)
    return [[row["position"] for row in page] for page in pages]


def _newest(row: asyncpg.Record) -> tuple[datetime, int, int]:
    return row["recorded_at"], row["partition"], row["position"]


def _partitions(models: ReadModels, of: AuditFilter) -> Sequence[int]:
    owner = of.customer_id or of.stream_id
    return range(models.record.partitions) if owner is None else [models.record.partition_of(owner)]


async def _page(  # noqa: PLR0913, PLR0917  # as the statements take them
    models: ReadModels, of: AuditFilter, sight: Sight, partition: int, before: int, limit: int
) -> Sequence[asyncpg.Record]:
    low, high = await _positions(models, of, partition)
    residual = (of.actor, of.correlation_id, of.type, of.occurred_from, of.occurred_until)
    asked = (partition, low, min(high, before), limit, *residual)
    pool, seen = models.record.pool, arguments_of(sight)
    if of.customer_id is not None:
        return await pool.fetch(statement("audit_of_customer"), *asked, of.customer_id, of.stream_id, *seen)
    if of.stream_id is not None:
        return await pool.fetch(statement("audit_of_stream"), *asked, of.stream_id, *seen)
    return await models.fetch(NAME, "audit_lines", *asked, *seen, by=_by(of))


def _by(of: AuditFilter) -> str:
    """The condition whose index to use."""
    if of.correlation_id is not None:
        return "and a.correlation_id = $6::uuid"
    if of.actor is not None:
        return "and a.actor = $5::text"
    if of.type is not None:
        return "and a.type = $7::text"
    return ""


async def _positions(models: ReadModels, of: AuditFilter, partition: int) -> tuple[int, int]:
    """The period of recording as positions: recorded_at never falls with position."""
    low, high = 0, MAX_POSITION
    just_before = timedelta(microseconds=1)
    if of.recorded_from is not None:
        low = await _position_at(models, partition, of.recorded_from - just_before)
    if of.recorded_until is not None:
        high = await _position_at(models, partition, of.recorded_until - just_before)
    return low, high


async def _position_at(models: ReadModels, partition: int, moment: datetime) -> int:
    """The position after the last event that was recorded at or before a moment."""
    return await models.record.pool.fetchval(statement("audit_position_at"), partition, moment)


def _entry(row: asyncpg.Record) -> AuditEntry:
    given = {name: row[name] for name in AuditEntry.__slots__ if name != "reason"}
    return AuditEntry(**given, reason=reason_of(row["meta"]))


def reason_of(meta: bytes) -> str | None:
    """Why the actor says it was done, if a reason was given."""
    found: dict[str, Any] = orjson.loads(meta)
    return found.get("reason")


async def detail(models: ReadModels, event_id: UUID, sight: Sight) -> AuditDetail | None:
    """One event with what it changed; None: there is no such event in sight."""
    found = await find_event(models, event_id)
    if found is None or await hidden_streams(models.record, sight, [found.recorded.stream_id]):
        return None
    reason = reason_of(found.recorded.meta)
    if found.fact is None:
        return AuditDetail(found, None, reason)
    requested = await put_in_force(models.record, models.decode, found.recorded.stream_id, found.fact.event)
    return AuditDetail(
        found,
        await changes_of(models, found.fact),
        reason,
        None if requested is None else Entry(requested.recorded, requested),
        await sealed_before(models, found.fact),
    )
