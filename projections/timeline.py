"""Timeline: all that happened with one customer. A query over the record, not a copy of it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from domain.matters import Sight
from projections.fact import Fact
from projections.listing import Downwards, checked_limit, first_of, found_at
from projections.models import ReadModels
from projections.projection import Decode
from projections.seeing import arguments_of
from projections.statements import statement
from store.envelope import RecordedEvent, recorded
from store.errors import NewerSchema, UnknownType

if TYPE_CHECKING:
    import asyncpg


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
    return await timeline_of_person(models, (customer_id,), sight, types=types, after=after, limit=limit)


async def timeline_of_person(  # noqa: PLR0913  # what may be asked for
    models: ReadModels,
    customer_ids: Sequence[UUID],
    sight: Sight,
    *,
    types: Collection[str] = (),
    after: str | None = None,
    limit: int = 50,
) -> Timeline:
    """The events of all customers that a person is, newest recorded first; an event of two of them once.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of this record as it is now.
    """
    record, wanted = models.record, checked_limit(limit) + 1
    sql, seen = statement("timeline"), arguments_of(sight)
    place = Downwards.parse(record.incarnation, after)
    pages = await asyncio.gather(
        *(
            record.pool.fetch(sql, partition, one, place.before(partition), wanted, list(types), *seen)
            for one in customer_ids
            for partition in (record.partition_of(one),)
        )
    )
    found = {(row["partition"], row["position"]): row for page in pages for row in page}
    rows, more = first_of([list(found.values())], limit, _newest)
    entries = tuple(entry(models.decode, recorded(row)) for row in rows)
    return Timeline(entries, place.after(found_at(rows)) if more else None)


def _newest(row: "asyncpg.Record") -> tuple[datetime, int, int]:
    return row["recorded_at"], row["partition"], row["position"]


def entry(decode: Decode, event: RecordedEvent) -> Entry:
    """An event, decoded if this program can."""
    if event.state is None:  # pyright: ignore[reportUnnecessaryComparison]  # disposed of at the end of retention
        return Entry(event, None)
    try:
        return Entry(event, decode(event))
    except (NewerSchema, UnknownType):
        return Entry(event, None)
