"""A follower that fights with another for the leases of all partitions, and loses or drops them at random."""

import asyncio
from random import Random

from eventsourcing.persistence import OperationalError

from projections.errors import LeaseLost
from projections.follower import Follower
from projections.leases import Claim
from projections.models import ReadModels
from store.connecting import CONNECTION_LOST
from store.record import Record
from tests.acceptance.chaos.world import SEEN, Journal, Part, decode

UNREACHABLE = (OperationalError, *CONNECTION_LOST)


async def feed(models: ReadModels, part: Part, partition: int, rng: Random, journal: Journal) -> None:
    """Take the lease, by force one time in four, and read on until it is lost or given up."""
    while True:
        await asyncio.sleep(rng.random() * 0.1)
        try:
            claim = Claim(partition, part.name, ttl_s=1, steal=rng.random() < 0.25)
            follower = await Follower.open(models, claim)
            if follower is None:
                continue
            journal.write("took", partition)
            while rng.random() > 0.02:
                if await follower.step(rng.choice((1, 20, 300))) == 0:
                    await asyncio.sleep(0.01)
            await follower.close()
        except LeaseLost:
            journal.write("lost", partition)
        except UNREACHABLE:
            journal.write("cut off", partition)


async def main() -> None:
    part = Part.of_arguments()
    rng = Random(part.seed)
    journal = Journal(part.journal)
    while True:
        try:
            record = await Record.open(part.dsn)
            models = await ReadModels.open(record, decode, [SEEN], writers=6)
            break
        except UNREACHABLE:
            await asyncio.sleep(0.05)
    await asyncio.gather(*(feed(models, part, partition, rng, journal) for partition in range(record.partitions)))


if __name__ == "__main__":
    asyncio.run(main())
