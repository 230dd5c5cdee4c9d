"""Screening queue: interactions that were drawn to be screened for missed complaints, and what was found in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from domain.interaction_messages import InteractionDrawn, InteractionScreened
from domain.kernel import Event
from domain.matters import Sight
from projections.fact import Fact
from projections.held import Rows
from projections.listing import checked_limit, read_place, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent
from projections.seeing import arguments_of
from projections.table import NEVER, NIL, Table

NAME: Final = "screening_queue"


@dataclass(slots=True)
class DrawnRow:
    """A drawn interaction; of several screenings of the drawing the last counts.

    Channel and purpose are those by which it was drawn, whatever was corrected since.
    """

    partition: int
    interaction_id: UUID
    draw_id: UUID = NIL
    drawn_at: datetime = NEVER
    plan_id: UUID = NIL
    plan_version: int = 0
    period: str = ""
    per_10_000: int = 0
    channel: str = ""
    purpose: str = ""
    finding: str | None = None
    complaint_id: UUID | None = None
    screened_by: str | None = None
    screened_at: datetime | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)


DRAWN_TABLE: Final = Table(
    name="drawn_interaction",
    kind="rows",
    row=DrawnRow,
    key=("interaction_id",),
    touched_by=frozenset((InteractionDrawn, InteractionScreened)),
    indexes={
        "waiting": "(partition, drawn_at, interaction_id) where screened_at is null",
        "sample": "(partition, period, plan_version)",
    },
)


class Queue(NamedTuple):
    """The held table."""

    drawn: Rows[DrawnRow]


def _drawn(rows: Queue, event: InteractionDrawn, fact: Fact) -> None:
    row = rows.drawn.begin(fact.recorded.stream_id, fact.recorded)
    row.draw_id, row.drawn_at, row.plan_id = event.draw_id, event.occurred_at, event.plan_id
    row.plan_version, row.period, row.per_10_000 = event.plan_version, event.period, event.per_10_000
    row.channel, row.purpose = event.channel, event.purpose


def _screened(rows: Queue, event: InteractionScreened, fact: Fact) -> None:
    if event.draw_id is None:  # looked at for another reason
        return
    row = rows.drawn.change(fact.recorded.stream_id, fact.recorded)
    row.finding, row.complaint_id = event.finding, event.complaint_id
    row.screened_by, row.screened_at = event.screened_by, event.occurred_at


_FOLDS: Final[dict[type[Event], Fold]] = {InteractionDrawn: _drawn, InteractionScreened: _screened}

SCREENING_QUEUE: Final = Projection(NAME, 1, (DRAWN_TABLE,), Queue, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class QueuePage:
    """First drawn first. `next` continues; None: there is no more."""

    waiting: tuple[DrawnRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Stratum:
    """Of a period's sample what was drawn at one rate: of one channel and purpose, by one version of the plan."""

    plan_version: int
    channel: str
    purpose: str
    per_10_000: int
    drawn: int
    screened: int
    recorded: int
    missed: int


async def waiting(
    models: ReadModels, sight: Sight, *, period: str | None = None, after: str | None = None, limit: int = 50
) -> QueuePage:
    """Drawn interactions in sight that nobody has screened, of one period or all.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    begun, begun_id = read_place(models.record.incarnation, after)
    asked = (begun, begun_id, wanted + 1, period, *arguments_of(sight))
    pages = await models.fetch_all(NAME, "screening_queue", *asked)
    rows = sorted((row for page in pages for row in page), key=lambda row: (row["drawn_at"], row["interaction_id"]))
    found = tuple(DRAWN_TABLE.row_of(tuple(row)) for row in rows[:wanted])
    last = found[-1] if len(rows) > wanted else None
    mark = write_mark(models.record.incarnation, last.drawn_at, last.interaction_id) if last else None
    return QueuePage(found, mark)


async def sample(models: ReadModels, period: str, sight: Sight) -> tuple[Stratum, ...]:
    """What was drawn for a period and what was found in it, as far as it is in sight, by rate."""
    sums: dict[tuple[int, str, str, int], list[int]] = {}
    for page in await models.fetch_all(NAME, "screening_sample", period, *arguments_of(sight)):
        for row in page:
            counts = sums.setdefault(tuple(row)[:4], [0, 0, 0, 0])
            sums[tuple(row)[:4]] = [have + more for have, more in zip(counts, tuple(row)[4:], strict=True)]
    return tuple(Stratum(*key, *counts) for key, counts in sorted(sums.items()))
