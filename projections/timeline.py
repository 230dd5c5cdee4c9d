"""Timeline: all that happened with one customer. A query over the record, not a copy of it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.matters import Sight
from projections.fact import Fact
from projections.listing import checked_limit
from projections.models import ReadModels
from projections.projection import Decode
from projections.seeing import arguments_of
from projections.statements import statement
from store.cursor import Cursor
from store.envelope import RecordedEvent, recorded
from store.errors import NewerSchema, UnknownType
from store.record import MAX_POSITION


class Entry(NamedTuple):
    """An event as recorded, and decoded (None: a newer program wrote it, or its data is disposed of)."""

    recorded: RecordedEvent
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Newest first. `next` continues; None: there is no more."""

    entries: tuple[Entry, ...]
    next: str | None


async def timeline(  # noqa: PLR0913  # what may be asked for
    models: ReadModels,
    customer_id: UUID,
    sight: Sight,
    *,
    types: Collection[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> Timeline:
    """A customer's events in sight, as first subject or participant, newest first; of `types` if any are given.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of this record as it is now.
    """
    record = models.record
    partition = record.partition_of(customer_id)
    before = MAX_POSITION
    if after is not None:
        cursor = Cursor.parse(after)
        record.incarnation.check(cursor)
        before = cursor.next_positions[partition]
    asked = (partition, customer_id, before, checked_limit(limit) + 1, list(types), *arguments_of(sight))
    rows = await record.pool.fetch(statement("timeline"), *asked)
    entries = tuple(entry(models.decode, recorded(row)) for row in rows[:limit])
    more = len(rows) > limit
    last = record.incarnation.start().advanced(partition, entries[-1].recorded.position) if more else None
    return Timeline(entries, None if last is None else str(last))


def entry(decode: Decode, event: RecordedEvent) -> Entry:
    """An event, decoded if this program can."""
    if event.state is None:  # pyright: ignore[reportUnnecessaryComparison]  # disposed of at the end of retention
        return Entry(event, None)
    try:
        return Entry(event, decode(event))
    except (NewerSchema, UnknownType):
        return Entry(event, None)
