"""All that concerns a person: as customer, as participant, or by what is or was sealed. From the record."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from projections.projection import Decode
from projections.statements import statement
from projections.timeline import Entry, entry
from store.envelope import recorded
from store.record import Record

PAGE: Final = 1000


async def concerning(record: Record, decode: Decode, customer_id: UUID) -> AsyncIterator[Entry]:
    """Every event that concerns the customer, in each partition in the order of positions."""
    for partition in range(record.partitions):
        after = -1
        while True:
            rows = await record.pool.fetch(statement("concerning"), partition, customer_id, after, PAGE)
            for row in rows:
                yield entry(decode, recorded(row))
            if len(rows) < PAGE:
                break
            after = rows[-1]["position"]
