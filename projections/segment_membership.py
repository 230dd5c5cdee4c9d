"""Segment membership: which customers belonged to which segment, at a moment and as it was known at a moment.

Every entering and leaving is a line. Of what had happened by a moment of business time the line recorded last decides,
as it does for the customer's own stream; what was known at a moment leaves out the lines recorded after it.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.customer_messages import CustomerRegistered, SegmentEntered, SegmentLeft
from domain.kernel import Event
from projections.fact import Fact
from projections.held import Lines
from projections.listing import checked_limit, read_mark, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.table import NIL, Table

NAME: Final = "segment_membership"


class MembershipLine(NamedTuple):
    """A customer enters or leaves a segment."""

    partition: int
    position: int
    customer_id: UUID
    segment: str
    entered: bool
    rule: str | None
    rule_version: int | None
    occurred_at: datetime
    recorded_at: datetime
    event_id: UUID


LINE: Final = Table(
    name="segment_membership",
    kind="lines",
    row=MembershipLine,
    key=("position",),
    indexes={
        "customer": "(partition, customer_id, segment, position)",
        "segment": "(partition, segment, customer_id, position desc) include (entered, occurred_at, recorded_at)",
    },
)


class Memberships(NamedTuple):
    """The held table."""

    line: Lines


# Folds


def _line(rows: Memberships, event: SegmentEntered | SegmentLeft, fact: Fact) -> None:
    entered = isinstance(event, SegmentEntered)
    _add(rows, event, fact, event.segment, entered=entered, rule=(event.rule, event.rule_version))


def _registered(rows: Memberships, event: CustomerRegistered, fact: Fact) -> None:
    if event.segment is not None:
        _add(rows, event, fact, event.segment, entered=True, rule=(None, None))


def _add(  # noqa: PLR0913  # the columns
    rows: Memberships,
    event: CustomerRegistered | SegmentEntered | SegmentLeft,
    fact: Fact,
    segment: str,
    *,
    entered: bool,
    rule: tuple[str | None, int | None],
) -> None:
    r = fact.recorded
    rows.line.added.append(
        (r.partition, r.position, event.customer_id, segment, entered, *rule, r.occurred_at, r.recorded_at, r.event_id)
    )


_FOLDS: Final[dict[type[Event], Fold]] = {
    CustomerRegistered: _registered,
    SegmentEntered: _line,
    SegmentLeft: _line,
}

SEGMENT_MEMBERSHIP: Final = Projection(NAME, 1, (LINE,), Memberships, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class At:
    """A moment of business time, and one of recording: what held then, as known then. None: all that is known.

    Both moments count themselves. What was recorded up to a moment is settled once that moment has passed.
    """

    occurred: datetime | None = None
    recorded: datetime | None = None


NOW: Final = At()


@dataclass(frozen=True, slots=True)
class Membership:
    """A segment that a customer belongs to, since when, by which rule, and the event that says so."""

    segment: str
    since: datetime
    rule: str | None
    rule_version: int | None
    recorded_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class Member:
    """A customer who belongs to a segment, since when, by which rule, and the event that says so."""

    customer_id: UUID
    since: datetime
    rule: str | None
    rule_version: int | None
    recorded_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class MemberPage:
    """By customer id. `next` continues; None: there is no more."""

    members: tuple[Member, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many customers each segment has. Incomplete unless `parked` is 0: so many customers are left out."""

    sizes: dict[str, int]
    parked: int


async def of_customer(models: ReadModels, customer_id: UUID, at: At = NOW) -> tuple[Membership, ...]:
    """The segments of a customer at a moment, by code."""
    partition = models.record.partition_of(customer_id)
    rows = await models.fetch(NAME, "segments_of_customer", partition, customer_id, at.occurred, at.recorded)
    found = [Membership(row["segment"], *_facts(row)) for row in rows]
    return tuple(sorted(found, key=lambda one: one.segment))


async def members(
    models: ReadModels, segment: str, at: At = NOW, *, after: str | None = None, limit: int = 50
) -> MemberPage:
    """The customers of a segment at a moment.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    last = NIL
    if after is not None:
        last = UUID(read_mark(models.record.incarnation, after, 1)[0])
    pages = await models.fetch_all(NAME, "segment_members", segment, last, at.occurred, at.recorded, wanted + 1)
    rows = sorted(chain.from_iterable(pages), key=lambda row: row["customer_id"])
    found = tuple(_member(row) for row in rows[:wanted])
    more = len(rows) > wanted
    return MemberPage(found, write_mark(models.record.incarnation, found[-1].customer_id) if more else None)


async def members_in(  # noqa: PLR0913  # where to go on, and how far
    models: ReadModels, partition: int, segment: str, at: At = NOW, *, after: UUID = NIL, limit: int = 1000
) -> list[UUID]:
    """The customers of one partition in a segment at a moment, by id from `after` on: for who walks a whole segment."""
    asked = (partition, segment, after, at.occurred, at.recorded, checked_limit(limit))
    return [row["customer_id"] for row in await models.fetch(NAME, "segment_members", *asked)]


async def sizes(models: ReadModels, at: At = NOW) -> Sizes:
    """How many customers each segment has at a moment; reads every membership that there ever was."""
    counted: Counter[str] = Counter()
    for row in chain.from_iterable(await models.fetch_all(NAME, "segment_sizes", at.occurred, at.recorded, "")):
        counted[row["segment"]] += row["customers"]
    return Sizes(dict(sorted(counted.items())), (await models.progress(NAME)).parked)


def _facts(row: Any) -> tuple[datetime, str | None, int | None, datetime, UUID]:  # noqa: ANN401  # a database row
    return row["occurred_at"], row["rule"], row["rule_version"], row["recorded_at"], row["event_id"]


def _member(row: Any) -> Member:  # noqa: ANN401  # a database row
    return Member(row["customer_id"], *_facts(row))
