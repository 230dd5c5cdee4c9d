"""What a viewer may not see of the record does not exist for them: confidential matters in queries.

Statements take a sight as three arguments and leave out what it does not see, so that pages are full, counts add up
and cursors go on from what was shown. What reads in another way asks here which streams or events are hidden.
"""

import asyncio
from collections.abc import Collection
from typing import Final
from uuid import UUID

from domain.access_rules import MATTER_GROUPS
from domain.matters import Sight
from projections.statements import statement
from store.record import Record

EVERYTHING: Final = Sight("", frozenset(MATTER_GROUPS))
"""The sight of the program itself, whose answers nobody is shown as they are."""


def arguments_of(sight: Sight) -> tuple[list[str], str, list[UUID]]:
    """Groups, actor and single matters, as statements take them."""
    return list(sight.groups), sight.actor, list(sight.matters)


async def hidden_streams(record: Record, sight: Sight, stream_ids: Collection[UUID]) -> set[UUID]:
    """Those of these streams that do not exist for the viewer."""
    sql, seen = statement("hidden_streams"), arguments_of(sight)
    pages = await asyncio.gather(
        *(record.pool.fetch(sql, one, ids, *seen) for one, ids in record.by_partition(stream_ids).items())
    )
    return {row["stream_id"] for page in pages for row in page}


async def hidden_events(record: Record, sight: Sight, event_ids: Collection[UUID]) -> set[UUID]:
    """Those of these events that do not exist for the viewer; ids mostly name their partition, but need not."""
    if not event_ids:
        return set()
    sql, ids, seen = statement("hidden_events"), list(set(event_ids)), arguments_of(sight)
    partitions = range(record.partitions)
    pages = await asyncio.gather(*(record.pool.fetch(sql, one, ids, *seen) for one in partitions))
    return {row["event_id"] for page in pages for row in page}
