"""Actor directory: whom each pseudonym stands for and since when; of names, which are sealed, where they are."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.actor import ActorLeft, ActorMoved, ActorRegistered, ActorRenamed
from domain.kernel import Event
from projections.fact import Fact
from projections.held import Rows
from projections.listing import checked_limit, read_mark, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent, SealedAt, read_sealed_at, sealed_at
from projections.table import NEVER, NIL, Table

NAME: Final = "actor_directory"


@dataclass(slots=True)
class ActorRow:
    """An entry as it stands. `units` and `names` are lists of [since, organisation unit] and [since, where sealed]."""

    partition: int
    entry_id: UUID
    actor: str = ""
    kind: str = "person"
    code_version: str | None = None
    customer_id: UUID | None = None
    valid_from: datetime = NEVER
    valid_until: datetime | None = None
    organisation_unit: str | None = None
    units: list[Any] = field(default_factory=list[Any])
    names: list[Any] = field(default_factory=list[Any])
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)

    @property
    def names_at(self) -> list[tuple[datetime, SealedAt]]:
        """Since when there was which name, and where it can be opened."""
        found = ((datetime.fromisoformat(since), read_sealed_at(kept)) for since, kept in self.names)
        return [(since, at) for since, at in found if at is not None]


ACTOR_TABLE: Final = Table(
    name="actor",
    kind="rows",
    row=ActorRow,
    key=("entry_id",),
    indexes={
        "actor": "(partition, actor, entry_id)",
        "unit": "(partition, organisation_unit, actor) where valid_until is null",
        "customer": "(partition, customer_id, actor) where customer_id is not null",
    },
)


class Entries(NamedTuple):
    """The held table."""

    entries: Rows[ActorRow]


def _registered(rows: Entries, event: ActorRegistered, fact: Fact) -> None:
    row = rows.entries.begin(fact.recorded.stream_id, fact.recorded)
    row.actor, row.kind, row.code_version = event.actor, event.kind, event.code_version
    row.customer_id, row.valid_from = event.customer_id, event.occurred_at
    if event.organisation_unit is not None:
        row.organisation_unit = event.organisation_unit
        row.units = [[event.occurred_at.isoformat(), event.organisation_unit]]
    _name(row, fact)


def _name(row: ActorRow, fact: Fact) -> None:
    at = sealed_at(fact, "actor")
    if at is not None:
        row.names = [*row.names, [fact.event.occurred_at.isoformat(), at]]


def _moved(rows: Entries, event: ActorMoved, fact: Fact) -> None:
    row = rows.entries.change(fact.recorded.stream_id, fact.recorded)
    row.organisation_unit = event.organisation_unit
    row.units = [*row.units, [event.occurred_at.isoformat(), event.organisation_unit]]


def _renamed(rows: Entries, _: ActorRenamed, fact: Fact) -> None:
    _name(rows.entries.change(fact.recorded.stream_id, fact.recorded), fact)


def _left(rows: Entries, event: ActorLeft, fact: Fact) -> None:
    rows.entries.change(fact.recorded.stream_id, fact.recorded).valid_until = event.occurred_at


_FOLDS: Final[dict[type[Event], Fold]] = {
    ActorRegistered: _registered,
    ActorMoved: _moved,
    ActorRenamed: _renamed,
    ActorLeft: _left,
}

ACTOR_DIRECTORY: Final = Projection(NAME, 2, (ACTOR_TABLE,), Entries, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class ActorPage:
    """By pseudonym. `next` continues; None: there is no more."""

    entries: tuple[ActorRow, ...]
    next: str | None


async def entries(models: ReadModels, entry_ids: list[UUID]) -> list[ActorRow]:
    """The entries with these ids, of those that are there."""
    if not entry_ids:
        return []
    pages = await models.fetch_all(NAME, "actors_by_id", entry_ids)
    return [ACTOR_TABLE.row_of(tuple(row)) for row in chain.from_iterable(pages)]


async def directory(models: ReadModels, *, after: str | None = None, limit: int = 50) -> ActorPage:
    """All entries.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    last = "" if after is None else read_mark(models.record.incarnation, after, 1)[0]
    pages = await models.fetch_all(NAME, "actors", last, wanted + 1)
    rows = sorted(chain.from_iterable(pages), key=lambda row: row["actor"])
    found = tuple(ACTOR_TABLE.row_of(tuple(row)) for row in rows[:wanted])
    more = len(rows) > wanted
    return ActorPage(found, write_mark(models.record.incarnation, found[-1].actor) if more else None)


async def colleagues(models: ReadModels, customer_ids: list[UUID]) -> dict[UUID, str]:
    """Which of these customers are members of staff, by the pseudonym of each."""
    pages = await models.fetch_all(NAME, "actors_of_customers", customer_ids) if customer_ids else []
    return {row["customer_id"]: row["actor"] for row in chain.from_iterable(pages)}
