"""Folding what was parked, once the reason is gone."""

from collections.abc import Sequence
from uuid import UUID

from projections.errors import LeaseLost, NotLive
from projections.folding import Item, decode_page, fold_or_park
from projections.follower import HELD_MAX, Follower
from projections.leases import Claim, new_holder
from projections.models import ReadModels
from projections.projection import Holding, Parked
from projections.statements import statement
from projections.writing import PageEnds, RowsRefused, write_page, written
from store.record import PAGE


async def unpark(models: ReadModels, projection: str, partition: int, key: UUID, limit: int = PAGE) -> int:
    """Fold the parked events of a customer or stream in order; how many are still parked.

    It takes the partition's lease from whoever follows it, who gets it back afterwards.

    Raises:
        NotLive: this program follows no such read model.
        LeaseLost: another process took the lease meanwhile; try again.
    """
    follower = await Follower.open(models, Claim(partition, new_holder(), steal=True))
    if follower is None:
        raise LeaseLost(f"the lease of partition {partition} could not be taken")
    try:
        holding = next((one for one in follower.holdings if one.name == projection), None)
        if holding is None:
            raise NotLive(f"there is no read model {projection!r} here")
        return await _Unparking(models, follower, holding, key).run(limit)
    finally:
        await follower.close()


class _Unparking:
    def __init__(self, models: ReadModels, follower: Follower, holding: Holding, key: UUID) -> None:
        self._models = models
        self._follower = follower
        self._holding = holding
        self._place = (follower.partition, holding.name, holding.version, key)
        self._key = key

    async def run(self, limit: int) -> int:
        """Fold page after page until nothing is left, or one event cannot be folded."""
        while positions := await self._queued(limit):
            events = await self._models.record.read_events(self._follower.partition, positions)
            items, stopper = decode_page(self._models.decode, events)
            if stopper is not None and not items:
                raise stopper
            try:
                stuck = await self._fold(items)
            except RowsRefused as refused:
                self._holding.forget(self._follower.partition)
                if limit > 1:  # the same again in smaller steps, until it is clear which event it is
                    limit = max(limit // 8, 1)
                    continue
                stuck = await self._blame(Parked(self._key, positions[0], f"RowsRefused: {refused.reason}"))
            if stuck:
                return len(await self._queued(None))
        return 0

    async def _queued(self, limit: int | None) -> list[int]:
        rows = await self._models.writers.fetch(statement("queued"), *self._place, limit)
        return [row["position"] for row in rows]

    async def _fold(self, items: Sequence[Item]) -> bool:
        """Fold a page of queued events and take them from the queue; whether one of them is stuck."""
        holding = self._holding
        holding.parked.discard(self._key)
        await self._follower.load([holding], items)
        done = -1
        for item in items:
            fold_or_park(holding, item, {})
            if holding.parking:
                break
            done = item.recorded.position
        blamed, holding.parking = holding.parking, []
        await self._write(done)
        for one in blamed:
            await self._blame(one)
        return bool(blamed)

    async def _write(self, done: int) -> None:
        holding, models = self._holding, self._models
        page = PageEnds(holding.position, holding.position, None, models.record.incarnation.id)
        async with models.writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            await write_page(connection, self._follower.lease, [holding], page)
            await connection.execute(statement("unqueue"), *self._place, done)
            # Whatever is left is led by its first event.
            await connection.execute(statement("blame_first"), *self._place)
        written([holding], holding.position, HELD_MAX)

    async def _blame(self, one: Parked) -> bool:
        await self._models.writers.execute(statement("blame"), *self._place, one.position, one.error)
        return True
