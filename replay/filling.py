"""Filling new versions of read models from the record: partition by partition, in any number of processes.

Who fills which partition is settled by the leases, so that processes need not know of each other, on
whichever host they run; and a process that is killed leaves a lease that expires, and bookmarks to go on from.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import TYPE_CHECKING, TypeAlias

import uvloop

from projections.errors import LeaseLost
from projections.follower import Follower
from projections.leases import Claim, new_holder
from projections.models import ReadModels
from projections.projection import Decode, Projection
from store.collecting import collect_seldom
from store.record import Record

if TYPE_CHECKING:
    from collections.abc import MutableSequence

PAGE = 4000
PAGES = 25
"""Pages folded before one write: a row that changes often is written once for 100,000 events."""
HELD_MAX = 50_000
"""Rows kept in memory per table."""
RETRY_S = 0.2

Setup: TypeAlias = Callable[[], tuple[Decode, Sequence[Projection]]]
"""Makes the decoder and the read models in another process; a function of a module, so that it can be sent."""
Positions: TypeAlias = "MutableSequence[int]"
"""How far each partition is read."""


@dataclass(frozen=True, slots=True)
class Filling:
    """Which versions to fill, up to where in each partition, and how far each partition is read."""

    versions: Mapping[str, int]
    ends: Sequence[int]
    positions: Positions


async def fill(models: ReadModels, filling: Filling, first: int = 0) -> None:
    """Fill, beginning with the partition `first`, together with others who do the same."""
    holder = new_holder()
    partitions = [*range(first, len(filling.ends)), *range(first)]
    while partitions:
        left = [one for one in partitions if not await _fill_partition(models, Claim(one, holder, "rebuild"), filling)]
        if left:
            await asyncio.sleep(RETRY_S)
        partitions = left


async def _fill_partition(models: ReadModels, claim: Claim, filling: Filling) -> bool:
    """Fill one partition; False: another has its lease, or took it."""
    follower = await Follower.open(models, claim, filling.versions, HELD_MAX)
    if follower is None:
        return False

    def read(position: int) -> None:
        filling.positions[claim.partition] = position

    follower.on_read = read
    end = filling.ends[claim.partition]
    try:
        while min(holding.position for holding in follower.holdings) < end:
            await follower.step(PAGE, PAGES, stop=end)
        read(end)
    except LeaseLost:
        return False
    finally:
        await follower.close()
    return True


def work(setup: Setup, dsn: str, filling: Filling, first: int) -> None:
    """Fill as a process of its own, which ends with the one that started it."""
    collect_seldom()
    uvloop.run(_work(setup, dsn, filling, first))


async def _work(setup: Setup, dsn: str, filling: Filling, first: int) -> None:
    parent = parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, os._exit, 1)
    async with (
        await Record.open(dsn, readers=2) as record,
        await ReadModels.open(record, *setup(), writers=2, statement_timeout_s=0) as models,
    ):
        await fill(models, filling, first)
