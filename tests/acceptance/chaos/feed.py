"""A consumer of the feed: notes each page with the cursor after it, and goes on from the last one it noted."""

import asyncio

from eventsourcing.persistence import OperationalError

from store.connecting import CONNECTION_LOST
from store.cursor import Cursor
from store.record import Record
from tests.acceptance.chaos.world import Journal, Part

UNREACHABLE = (OperationalError, *CONNECTION_LOST)


async def consume(part: Part, journal: Journal) -> None:
    noted = [line[0] for line in Journal.read(part.journal)]
    async with await Record.open(part.dsn) as record:
        cursor = Cursor.parse(noted[-1]) if noted else None
        async for page in record.follow(cursor, limit=200, poll_s=0.01):
            events = [[e.partition, e.position, e.event_id.hex, e.stream_id.hex, e.version] for e in page.events]
            journal.write(str(page.cursor), events)


async def main() -> None:
    part = Part.of_arguments()
    journal = Journal(part.journal)
    while True:
        try:
            await consume(part, journal)
        except UNREACHABLE:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    asyncio.run(main())
