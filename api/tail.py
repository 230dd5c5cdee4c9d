"""One look at the record's end for all who follow the feed in this process."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import asyncpg

from api.failures import UNREACHABLE
from api.problems import Problem
from store.record import Record

READERS_MAX: Final = 200
READERS_OF_ONE_MAX: Final = 20
"""So many connections of one actor follow at a time; the rest is left for others."""
POLL_S: Final = 0.05
AWAY_S: Final = 1.0


class Tail:
    """Looks at the record's end while anybody follows, and wakes the followers when it has moved."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._readers = 0
        self._of_actor: Counter[str] = Counter()
        self._changed = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.positions: Sequence[int] = ()

    def check_room(self, actor: str) -> None:
        """Refuse one reader too many, of all or of this actor.

        Raises:
            Problem: feed-full.
        """
        if self._readers >= READERS_MAX or self._of_actor[actor] >= READERS_OF_ONE_MAX:
            raise Problem("feed-full")

    def enter(self, actor: str) -> None:
        """Count one more reader."""
        self._readers += 1
        self._of_actor[actor] += 1
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch(), name="tail of the record")

    def leave(self, actor: str) -> None:
        """A reader has gone; with the last one the looking ends."""
        self._readers -= 1
        self._of_actor -= Counter((actor,))
        if self._readers == 0:
            self.close()

    def close(self) -> None:
        """Look no more, and wake all who wait."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        self._changed.set()

    async def moved(self, seen: Sequence[int], timeout_s: float) -> bool:
        """Wait until the end is not as it was `seen`; False after the time."""
        if self.positions != seen:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def _watch(self) -> None:
        while True:
            try:
                positions = (await self._record.end()).next_positions
            except (*UNREACHABLE, asyncpg.PostgresError):
                await asyncio.sleep(AWAY_S)
                continue
            if positions != self.positions:
                self.positions = positions
                self._changed.set()
                self._changed = asyncio.Event()
            await asyncio.sleep(POLL_S)
