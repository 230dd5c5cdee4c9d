"""The loops that keep read models up to date: one follower per partition, in this process."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg

from projections.errors import BookmarkAhead, LeaseLost
from projections.follower import Follower
from projections.leases import Claim, new_holder
from projections.models import ReadModels
from store.errors import NewerSchema, UnknownType

POLL_S = 0.02
STANDBY_S = 1.0
TROUBLE_S = 10.0

_log = logging.getLogger("daybook.following")


@asynccontextmanager
async def following(models: ReadModels) -> AsyncGenerator[None]:
    """Follow every partition while the block runs; where another process has the lease, stand by."""
    holder = new_holder()
    tasks = [
        asyncio.create_task(_follow(models, Claim(partition, holder)), name=f"follower {partition}")
        for partition in range(models.record.partitions)
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(models: ReadModels, claim: Claim) -> None:
    while True:
        try:
            follower = await Follower.open(models, claim)
            if follower is None:
                await asyncio.sleep(STANDBY_S)
            else:
                await _feed(follower)
        except LeaseLost as error:
            _log.info("partition %s: %s", claim.partition, error)
        except BookmarkAhead as error:
            _log.error("partition %s stands still: %s", claim.partition, error)  # noqa: TRY400  # not a fault of the code
            await asyncio.sleep(TROUBLE_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("partition %s: %s; trying again", claim.partition, error)
            await asyncio.sleep(STANDBY_S)


async def _feed(follower: Follower) -> None:
    """Step until the lease is lost; what a newer program wrote ends it, and the lease says why."""
    trouble: str | None = None
    try:
        while True:
            if not await follower.step():
                await asyncio.sleep(POLL_S)
    except (NewerSchema, UnknownType) as error:
        trouble = str(error)
        _log.error("partition %s stands still: %s", follower.partition, error)  # noqa: TRY400
        await asyncio.sleep(TROUBLE_S)
    finally:
        await asyncio.shield(follower.close(trouble))
