"""Carrying out what was approved, again and again, beside whatever else a process does."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from engine.carrying_out import TROUBLES, CarryingOut
from engine.keeping import at_intervals
from engine.shredding import eraser_dsn
from engine.wiring import Daybook
from projections.errors import ReadModelError
from store.role_powers import RoleUnfit

INTERVAL_S: Final = 5.0


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

    async def work() -> dict[UUID, str]:
        async with CarryingOut.open(daybook) as carrying:
            return (await carrying.run()).troubles

    async with at_intervals("carrying out", work, (*TROUBLES, ReadModelError, RoleUnfit), interval_s):
        yield True
