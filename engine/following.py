"""The loops that keep read models up to date: one per partition, in as many processes as run them."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, Self

from projections.errors import BookmarkAhead, LeaseLost
from projections.follower import Follower
from projections.leases import TTL_S, Claim, new_holder
from projections.models import ReadModels
from store.errors import NewerSchema, UnknownType
from store.record import PAGE, POLL_S

STOPPERS: Final = (NewerSchema, UnknownType)
"""What no waiting mends: a newer program is needed."""
STANDBY_S = 0.25
"""How often a process without the lease asks for it."""
PAUSE_S_MAX = 5.0
GATHER_S = 0.1
"""Between pages that were not full, while nobody waits for them: a page costs the same few round trips for one event
as for a thousand, and under load the commands that are answered would wait for them."""
GATHER_S_MIN = 0.015
"""The same while somebody waits."""

_log = logging.getLogger(__name__)


class Following:
    """Follows every partition whose lease it gets. Made by `start`, ended by `close` or as a context manager."""

    def __init__(self, models: ReadModels, *, limit: int = PAGE, poll_s: float = POLL_S, ttl_s: float = TTL_S) -> None:
        self._models = models
        self._limit = limit
        self._poll_s = poll_s
        self._ttl_s = ttl_s
        self._holder = new_holder()
        self._news = [asyncio.Event() for _ in range(models.record.partitions)]
        self._tasks: list[asyncio.Task[None]] = []
        self._troubles: dict[int, str] = {}

    @classmethod
    async def start(
        cls, models: ReadModels, *, limit: int = PAGE, poll_s: float = POLL_S, ttl_s: float = TTL_S
    ) -> Self:
        """Begin to follow."""
        following = cls(models, limit=limit, poll_s=poll_s, ttl_s=ttl_s)
        following._tasks = [
            asyncio.create_task(following._follow(partition), name=f"following {partition}")
            for partition in range(models.record.partitions)
        ]
        return following

    async def close(self) -> None:
        """Stop, and let others take the leases at once."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def __aenter__(self) -> Self:
        """Nothing to do: `start` has done it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    def wake(self, partition: int) -> None:
        """Something was appended: look at once instead of at the next poll."""
        self._news[partition].set()

    @property
    def troubles(self) -> Mapping[int, str]:
        """Partitions that this process cannot follow now, and why."""
        return MappingProxyType(self._troubles)

    async def _follow(self, partition: int) -> None:
        pause_s = self._poll_s
        while True:
            try:
                await self._hold(partition)
                pause_s = STANDBY_S
            except LeaseLost as lost:
                _log.info("partition %d: %s", partition, lost)
                pause_s = STANDBY_S
            except STOPPERS as error:
                self._troubles[partition] = str(error)
                _log.error("partition %d is followed no more: %s", partition, error)
                return
            except BookmarkAhead as error:
                self._troubles[partition] = str(error)
                _log.warning("partition %d waits for a rebuild: %s", partition, error)
                pause_s = PAUSE_S_MAX
            except Exception as error:  # noqa: BLE001  # a lost connection, a full disk: go on when it is over
                pause_s = min(pause_s * 2, PAUSE_S_MAX)
                _log.warning("partition %d: trying again in %.2f s: %r", partition, pause_s, error)
            await asyncio.sleep(pause_s)

    async def _hold(self, partition: int) -> None:
        """Follow while the lease lasts; return at once if another process has it."""
        follower = await Follower.open(self._models, Claim(partition, self._holder, ttl_s=self._ttl_s))
        if follower is None:
            return
        self._troubles.pop(partition, None)
        for mismatch in self._models.mismatched():
            _log.warning("%s", mismatch)
        trouble: str | None = None
        try:
            await self._feed(follower)
        except STOPPERS as error:
            trouble = str(error)
            raise
        finally:
            await asyncio.shield(_release(follower, trouble))

    async def _feed(self, follower: Follower) -> None:
        news = self._news[follower.partition]
        while True:
            news.clear()
            read = await follower.step(self._limit)
            if not read:
                await _within(self._poll_s, news)
            elif read < self._limit:
                await asyncio.sleep(GATHER_S_MIN)
                await _within(GATHER_S - GATHER_S_MIN, news)


async def _within(seconds: float, news: asyncio.Event) -> None:
    """Wait for news, but no longer than so."""
    # Not `asyncio.wait_for`: under Python 3.11 it loses a cancellation that comes with the news.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await news.wait()


async def _release(follower: Follower, trouble: str | None) -> None:
    try:
        await follower.close(trouble)
    except Exception as error:  # noqa: BLE001  # then it expires by itself
        _log.info("the lease of partition %d could not be released: %r", follower.partition, error)
