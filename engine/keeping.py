"""Work that goes on beside everything else: the loops that do it, at intervals or by a lease of each partition."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol, Self
from uuid import UUID

from eventsourcing.persistence import PersistenceError

from projections.errors import LeaseLost, ReadModelError
from projections.leases import new_holder
from store.record import Record
from vault.lane import Lane

IDLE_S: Final = 0.5
"""How often it is looked whether anything was recorded."""
LOOKS_MAX: Final = 4
"""So many looks in vain, and a keeper takes its turn anyway: time makes work, and so does what other partitions say."""
PAUSE_S_MAX: Final = 10.0
_log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Who has the lease of one partition."""

    async def turn(self) -> bool:
        """Do what is to be done now, at most a page of it; whether more waits.

        Raises:
            LeaseLost: another process does it.
        """
        ...

    async def close(self) -> None:
        """Let another take the lease."""
        ...


class Ends:
    """The next position of each partition. All who ask at once share a look."""

    def __init__(self, record: Record) -> None:
        self.partitions = record.partitions
        self._next_position = record.next_position
        self._lane = Lane(self._look, record.partitions)

    async def of(self, partition: int) -> int:
        """As committed after this was asked."""
        return (await self._lane.get((partition,)))[partition]

    async def _look(self, partitions: Collection[int]) -> dict[int, int]:
        return {partition: await self._next_position(partition) for partition in partitions}


class Keeping:
    """Keeps every partition whose lease it gets. A context manager.

    While there is nothing to do, all keepings of one `ends` look together whether anything was recorded.

    `open_keeper(partition, holder)` takes the lease and goes on where the last holder stopped; None: another has it.
    """

    def __init__(
        self,
        what: str,
        ends: Ends,
        open_keeper: Callable[[int, str], Awaitable[Keeper | None]],
        *,
        idle_s: float = IDLE_S,
    ) -> None:
        self._what = what
        self._ends = ends
        self._open = open_keeper
        self._idle_s = idle_s
        self._holder = new_holder()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Begin."""
        self._tasks = [
            asyncio.create_task(self._keep(partition), name=f"{self._what} {partition}")
            for partition in range(self._ends.partitions)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop, and let others take the leases."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, partition: int) -> None:
        pause_s = self._idle_s
        while True:
            try:
                await self._hold(partition)
                pause_s = self._idle_s
            except LeaseLost as lost:
                _log.info("%s of partition %d: %s", self._what, partition, lost)
            except Exception as error:  # noqa: BLE001  # a lost connection, a full disk: go on when it is over
                pause_s = min(pause_s * 2, PAUSE_S_MAX)
                _log.warning("%s of partition %d, trying again in %.1f s: %r", self._what, partition, pause_s, error)
            await asyncio.sleep(pause_s)

    async def _hold(self, partition: int) -> None:
        """Keep while the lease lasts; return at once if another process has it."""
        keeper = await self._open(partition, self._holder)
        if keeper is None:
            return
        try:
            end = await self._ends.of(partition)
            while True:
                if not await keeper.turn():
                    end = await self._rest(partition, end)
        finally:
            with suppress(PersistenceError, ReadModelError, OSError):
                await asyncio.shield(keeper.close())

    async def _rest(self, partition: int, end: int) -> int:
        """Until something was recorded since the partition ended so, or for a few looks; where it ends now."""
        found = end
        for _ in range(LOOKS_MAX):
            await asyncio.sleep(_until_next(self._idle_s))
            found = await self._ends.of(partition)
            if found != end:
                break
        return found


def _until_next(interval_s: float) -> float:
    """Seconds to the next multiple of the interval, which is the same one for all; a timer may have been early."""
    early_s = interval_s / 10
    return interval_s + early_s - (time.monotonic() + early_s) % interval_s


@asynccontextmanager
async def at_intervals(
    what: str,
    work: Callable[[], Awaitable[Mapping[UUID, str] | None]],
    troubles: tuple[type[Exception], ...],
    interval_s: float,
    pause_s: float | None = None,
) -> AsyncGenerator[None]:
    """Do a piece of work again and again while the block runs.

    `work` answers what it could not do yet and why, if there is such. `troubles`: what it may raise and is tried again
    after; any other error ends it. `pause_s`: after either, instead of `interval_s`.
    """

    async def again_and_again() -> None:
        told: object = None
        while True:
            trouble: object
            try:
                trouble = await work()
            except troubles as error:
                trouble = repr(error)
            wait_s = pause_s if trouble and pause_s is not None else interval_s
            if trouble and trouble != told:  # once, and not every few seconds
                _log.warning("%s, trying again every %g s: %s", what, wait_s, trouble)
            told = trouble
            await asyncio.sleep(wait_s)

    task = asyncio.create_task(again_and_again(), name=what)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
