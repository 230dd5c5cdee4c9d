"""Carrying out what was approved, again and again, beside whatever else a process does."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from engine.carrying_out import TROUBLES, CarryingOut
from engine.shredding import eraser_dsn
from engine.wiring import Daybook
from projections.errors import ReadModelError
from store.role_powers import RoleUnfit

INTERVAL_S: Final = 5.0

_log = logging.getLogger(__name__)


@asynccontextmanager
async def carrying_out(daybook: Daybook, *, interval_s: float = INTERVAL_S) -> AsyncGenerator[bool]:
    """Work while the block runs, where this installation lets this process; whether it does.

    Raises:
        RoleUnfit: the eraser's role may do too much or too little.
    """
    if not daybook.settings.erase or eraser_dsn(daybook.settings, daybook.databases) is None:
        yield False
        return
    async with CarryingOut.open(daybook):
        pass  # only to refuse at once what the loop would be refused again and again
    task = asyncio.create_task(_work(daybook, interval_s), name="carrying out")
    try:
        yield True
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _work(daybook: Daybook, interval_s: float) -> None:
    told: object = None
    while True:
        trouble: object
        try:
            async with CarryingOut.open(daybook) as carrying:
                done = await carrying.run()
            trouble = done.troubles
        except (*TROUBLES, ReadModelError, RoleUnfit) as error:
            trouble = repr(error)
        if trouble and trouble != told:  # once, and not every few seconds
            _log.warning("not carried out yet: %s", trouble)
        told = trouble
        await asyncio.sleep(interval_s)
