"""Counting looks for unusual access, again and again, beside whatever else a process does."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from eventsourcing.persistence import PersistenceError

from engine.wiring import Daybook

INTERVAL_S: Final = 1.0
PAUSE_S: Final = 10.0

_log = logging.getLogger(__name__)


@asynccontextmanager
async def watching(daybook: Daybook, *, interval_s: float = INTERVAL_S) -> AsyncGenerator[None]:
    """Count while the block runs."""
    task = asyncio.create_task(_work(daybook, interval_s), name="watching")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _work(daybook: Daybook, interval_s: float) -> None:
    told: object = None
    while True:
        trouble: object = None
        try:
            await daybook.access_days.catch_up()
        except (PersistenceError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            trouble = repr(error)
        if trouble is not None and trouble != told:  # once, and not every few seconds
            _log.warning("looks are not counted: %s", trouble)
        told = trouble
        await asyncio.sleep(interval_s if trouble is None else PAUSE_S)
