"""Swapping filled versions in: one pointer row per read model, under the leases of both."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AsyncExitStack, suppress

import asyncpg

from projections import versions as made
from projections.errors import CodeMismatch, LeaseLost, NotLive
from projections.follower import Follower
from projections.leases import Claim, Lease, new_holder, take
from projections.models import ReadModels
from projections.statements import statement
from replay.filling import RETRY_S

CLOSER = 3
"""Times to run after the live versions while they are followed: each time less is left for when they stand still.
Until nothing is left would be for ever where events come as fast as they are read."""


async def swap_in(models: ReadModels, versions: Mapping[str, int]) -> None:
    """Point to these versions once they have seen all that the live ones have.

    Followers of the live versions lose their leases for as long as the last events take, and then go on
    with the new ones. Readers see the old version or the new one, each whole.

    Raises:
        NotLive: another rebuild has come first.
        LeaseLost: another process took the leases meanwhile; swap again.
    """
    async with AsyncExitStack() as stack:
        fillers = [await filler_of(models, partition, versions, stack) for partition in range(models.record.partitions)]
        for _ in range(CLOSER):
            live = await live_positions(models, versions)
            for filler in fillers:
                await reach(filler, live[filler.partition])
        following = await stop_following(models, stack)
        live = await live_positions(models, versions)
        for filler in fillers:
            await reach(filler, live[filler.partition])
            for lease in following:
                await lease.renew(models.writers)
        await _point(models, versions)
        models.look_again()
    async with models.writers.acquire() as connection:
        for name in versions:
            with suppress(asyncpg.LockNotAvailableError):  # somebody still reads it: the next rebuild drops it
                await made.drop_superseded(connection, models.projections[name])


async def rollback(models: ReadModels, names: Collection[str]) -> dict[str, int]:
    """Point back to the versions before the live ones, after they have caught up; their numbers.

    Raises:
        NotLive: there is no version to go back to.
        CodeMismatch: other code filled it; run the program of that code.
    """
    async with models.writers.acquire() as connection:
        live = await made.read_live(connection)
        versions: dict[str, int] = {}
        for name in names:
            previous = live[name].previous if name in live else None
            if previous is None:
                raise NotLive(f"{name}: there is no earlier version to go back to")
            code = await made.code_of(connection, name, previous)
            if code != models.projections[name].code:
                raise CodeMismatch(name, code, models.projections[name].code)
            versions[name] = previous
    await swap_in(models, versions)
    return versions


async def live_positions(models: ReadModels, names: Mapping[str, int]) -> list[int]:
    """The farthest bookmark of the live versions of these read models, of each partition."""
    found = await models.all_progress()
    return [max(positions) for positions in zip(*(found[name].next_positions for name in names), strict=True)]


async def reach(filler: Follower, position: int) -> None:
    """Read up to a position; it may stand in events that a restore of the record has removed."""
    while min(holding.position for holding in filler.holdings) < position:
        if not await filler.step(stop=position):
            return


async def filler_of(models: ReadModels, partition: int, versions: Mapping[str, int], stack: AsyncExitStack) -> Follower:
    """A filler of these versions, once the lease can be had, which it gives back with the stack."""
    claim = Claim(partition, new_holder(), "rebuild")
    follower = await Follower.open(models, claim, versions)
    while follower is None:
        await asyncio.sleep(RETRY_S)
        follower = await Follower.open(models, claim, versions)
    stack.push_async_callback(follower.close)
    return follower


async def stop_following(models: ReadModels, stack: AsyncExitStack) -> list[Lease]:
    """Take the leases of all who feed live versions, and fence them off."""
    holder = new_holder()
    leases: list[Lease] = []
    for partition in range(models.record.partitions):
        async with models.writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            lease = await take(connection, Claim(partition, holder, "follow", steal=True))
            if lease is None:
                raise LeaseLost(f"the lease of partition {partition} could not be taken")
            live = await made.read_live(connection)
            names, versions = list(live), [one.version for one in live.values()]
            await connection.execute(statement("claim_bookmarks"), partition, names, versions, lease.epoch)
        stack.push_async_callback(lease.release, models.writers)
        leases.append(lease)
    return leases


async def _point(models: ReadModels, versions: Mapping[str, int]) -> None:
    async with models.writers.acquire() as connection, connection.transaction(isolation="read_committed"):
        live = await made.read_live(connection)
        for name, version in versions.items():
            await made.swap(connection, name, version, live[name].version)
