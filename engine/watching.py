"""Counting looks for unusual access, again and again, beside whatever else a process does."""

from contextlib import AbstractAsyncContextManager
from typing import Final

import asyncpg
from eventsourcing.persistence import PersistenceError

from engine.keeping import at_intervals
from engine.wiring import Daybook

INTERVAL_S: Final = 1.0
PAUSE_S: Final = 10.0
TROUBLES: Final = (PersistenceError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def watching(daybook: Daybook, *, interval_s: float = INTERVAL_S) -> AbstractAsyncContextManager[object]:
    """Count while the block runs."""
    return at_intervals("watching", daybook.access_days.catch_up, TROUBLES, interval_s, PAUSE_S)
