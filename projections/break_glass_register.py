"""Break-glass register: who took the right to see what they normally may not, for what, and what was thought of it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.break_glass import BreakGlassClosed, BreakGlassOpened, BreakGlassReviewed
from domain.kernel import Event
from projections.fact import Fact
from projections.held import Rows
from projections.listing import checked_limit, first_of, read_place, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent, SealedAt, read_sealed_at, sealed_at
from projections.table import NEVER, NIL, Table

NAME: Final = "break_glass"


@dataclass(slots=True)
class GrantRow:
    """A grant as it stands; it is in force until it expires, or is closed or reviewed before."""

    partition: int
    grant_id: UUID
    customer_id: UUID = NIL
    matter_id: UUID | None = None
    record_classes: list[str] = field(default_factory=list[str])
    reason: str = ""
    opened_by: str = ""
    opened_at: datetime = NEVER
    expires_at: datetime = NEVER
    closed_at: datetime | None = None
    reviewed_by: str | None = None
    reviewed_at: datetime | None = None
    finding: str | None = None
    follow_up: str | None = None
    explanation: list[str] | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)

    @property
    def explanation_at(self) -> SealedAt | None:
        """Where what was said of it can be opened."""
        return read_sealed_at(self.explanation)


_NEWEST: Final = "opened_at, grant_id"
GRANT_TABLE: Final = Table(
    name="break_glass",
    kind="rows",
    row=GrantRow,
    key=("grant_id",),
    indexes={
        "opened": f"(partition, {_NEWEST})",
        "open": f"(partition, {_NEWEST}) where reviewed_at is null",
    },
)


class Grants(NamedTuple):
    """The held table."""

    grants: Rows[GrantRow]


def _opened(rows: Grants, event: BreakGlassOpened, fact: Fact) -> None:
    row = rows.grants.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.matter_id, row.reason = event.customer_id, event.matter_id, event.reason
    row.record_classes, row.opened_by = list(event.record_classes), event.opened_by
    row.opened_at = fact.recorded.recorded_at
    row.expires_at = fact.recorded.recorded_at + timedelta(minutes=event.minutes)
    row.explanation = sealed_at(fact, "break_glass")


def _closed(rows: Grants, _: BreakGlassClosed, fact: Fact) -> None:
    rows.grants.change(fact.recorded.stream_id, fact.recorded).closed_at = fact.recorded.recorded_at


def _reviewed(rows: Grants, event: BreakGlassReviewed, fact: Fact) -> None:
    row = rows.grants.change(fact.recorded.stream_id, fact.recorded)
    row.reviewed_by, row.reviewed_at = event.reviewed_by, fact.recorded.recorded_at
    row.finding, row.follow_up = event.finding, event.follow_up


_FOLDS: Final[dict[type[Event], Fold]] = {
    BreakGlassOpened: _opened,
    BreakGlassClosed: _closed,
    BreakGlassReviewed: _reviewed,
}

BREAK_GLASS_REGISTER: Final = Projection(NAME, 1, (GRANT_TABLE,), Grants, _FOLDS)

# Query

UNREVIEWED: Final = "and g.reviewed_at is null"


@dataclass(frozen=True, slots=True)
class GrantPage:
    """Last opened first. `next` continues; None: there is no more."""

    grants: tuple[GrantRow, ...]
    next: str | None


async def grants(
    models: ReadModels, *, unreviewed: bool, actor: str | None = None, after: str | None = None, limit: int = 50
) -> GrantPage:
    """Grants, of an actor where one is given, and of those the ones that nobody has reviewed where that is wanted.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    before, before_id = read_place(models.record.incarnation, after)
    asked: tuple[Any, ...] = (before, before_id, wanted + 1, actor)
    pages = await models.fetch_all(NAME, "break_glass", *asked, by=UNREVIEWED if unreviewed else "")
    rows, more = first_of(pages, wanted, lambda row: (row["opened_at"], row["grant_id"]))
    found = tuple(GRANT_TABLE.row_of(tuple(row)) for row in rows)
    last = found[-1] if more else None
    mark = write_mark(models.record.incarnation, last.opened_at, last.grant_id) if last else None
    return GrantPage(found, mark)
