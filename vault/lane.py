"""Group commit for lookups: while one batch is under way, all who ask wait in the next."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True, eq=False)
class _Batch(Generic[K, V]):
    keys: set[K] = field(default_factory=set[K])
    # An error is a result here, not the future's exception: nobody may be left to retrieve it.
    done: "asyncio.Future[Mapping[K, V] | Exception]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Lane(Generic[K, V]):
    """Answers concurrent callers with few calls of `flush`, one at a time, without delay.

    `flush` gets each key of a batch once and answers those it can. What a caller is given was
    looked up after it asked, never before. An error of `flush` reaches every caller of its batch.
    A batch that has `keys_max` keys takes no more callers; one caller's keys are never split.
    """

    def __init__(self, flush: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], keys_max: int) -> None:
        self._flush = flush
        self._keys_max = keys_max
        self._waiting: deque[_Batch[K, V]] = deque()
        self._runner: asyncio.Task[None] | None = None

    async def get(self, keys: Collection[K]) -> dict[K, V]:
        """Wait for the next batch; a cancelled caller leaves the others undisturbed."""
        batch = self._join(keys)
        await asyncio.wait([batch.done])
        outcome = batch.done.result()
        if isinstance(outcome, Exception):
            raise outcome
        return {key: outcome[key] for key in keys if key in outcome}

    def _join(self, keys: Collection[K]) -> _Batch[K, V]:
        if not self._waiting or len(self._waiting[-1].keys) >= self._keys_max:
            self._waiting.append(_Batch())
        self._waiting[-1].keys.update(keys)
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return self._waiting[-1]

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._answer(self._waiting.popleft())
        finally:  # cancelled: the loop ends, so nobody may wait for ever
            while self._waiting:
                self._waiting.popleft().done.cancel()

    async def _answer(self, batch: _Batch[K, V]) -> None:
        outcome: Mapping[K, V] | Exception
        try:
            outcome = await self._flush(batch.keys)
        except Exception as error:  # noqa: BLE001 - handed to every caller of the batch
            outcome = error
        except BaseException:
            batch.done.cancel()
            raise
        batch.done.set_result(outcome)


class Lanes(Generic[K, V]):
    """A lane per partition, made on first use. `flush` gets the partition and the keys of a batch."""

    def __init__(self, flush: Callable[[int, Collection[K]], Awaitable[Mapping[K, V]]], keys_max: int) -> None:
        self._flush = flush
        self._keys_max = keys_max
        self._lanes: dict[int, Lane[K, V]] = {}

    async def get(self, partition: int, keys: Collection[K]) -> dict[K, V]:
        """Wait for the next batch of this partition, as `Lane.get`."""
        lane = self._lanes.get(partition)
        if lane is None:
            lane = self._lanes[partition] = Lane(partial(self._flush, partition), self._keys_max)
        return await lane.get(keys)
