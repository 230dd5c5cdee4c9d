"""What waits in a lane: a request, or an import's call of many."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from eventsourcing.persistence import PersistenceError

from store.batch import Batch
from store.envelope import Appended, AppendRequest
from store.judging import Outcome


@dataclass(slots=True)
class Waiting:
    """A request, and who waits for its outcome."""

    request: AppendRequest
    size_bytes: int
    future: asyncio.Future[Appended]


class WaitingCopy:
    """An import's call: what is left of it, and the outcomes so far."""

    __slots__ = ("_known", "_left", "_requests", "_sizes", "future")

    def __init__(
        self, requests: Sequence[AppendRequest], sizes: Sequence[int], future: asyncio.Future[list[Outcome]]
    ) -> None:
        """`sizes`: of each request, in bytes."""
        self._requests = requests
        self._sizes = sizes
        self._left: Sequence[int] = range(len(requests))
        self._known: dict[int, Outcome] = {}
        self.future = future

    def gather(self, events_max: int, bytes_max: int) -> tuple[Batch, Sequence[int]]:
        """The next batch, full with its last request, and where its requests stood in the call."""
        chosen = self._left[: self._fitting(events_max, bytes_max)]
        size_bytes = sum([self._sizes[index] for index in chosen])
        batch = Batch.of_all([self._requests[index] for index in chosen], size_bytes)
        if batch is None:
            return self._gather_one_by_one(events_max, bytes_max)
        self._left = self._left[len(chosen) :]
        return batch, chosen

    def _fitting(self, events_max: int, bytes_max: int) -> int:
        """How many of the next requests fill a batch."""
        if len(self._left) == len(self._requests) and self._fits(events_max, bytes_max):
            return len(self._left)
        events = size_bytes = 0
        for count, index in enumerate(self._left):
            if events >= events_max or size_bytes >= bytes_max:
                return count
            events += len(self._requests[index].events)
            size_bytes += self._sizes[index]
        return len(self._left)

    def _fits(self, events_max: int, bytes_max: int) -> bool:
        """Whether all requests fit into one batch."""
        return sum(self._sizes) <= bytes_max and sum([len(request.events) for request in self._requests]) <= events_max

    def _gather_one_by_one(self, events_max: int, bytes_max: int) -> tuple[Batch, Sequence[int]]:
        """Requests that touch each other: those that have to wait for others of the batch come in a later one."""
        batch = Batch()
        chosen: list[int] = []
        later: list[int] = []
        for index in self._left:
            if len(batch.events) >= events_max or batch.size_bytes >= bytes_max:
                break
            (chosen if batch.admit(self._requests[index], self._sizes[index]) else later).append(index)
        self._left = [*later, *self._left[len(chosen) + len(later) :]]
        return batch, chosen

    def learn(self, chosen: Sequence[int], outcomes: Sequence[Outcome]) -> bool:
        """Keep the outcomes of a batch; true when there is nothing left to do."""
        self._known.update(zip(chosen, outcomes, strict=True))
        if self._left:
            return False
        self._answer([self._known[index] for index in range(len(self._requests))])
        return True

    def fail(self, failure: PersistenceError) -> None:
        """The same outcome for all that have none yet."""
        self._answer([self._known.get(index, failure) for index in range(len(self._requests))])

    def _answer(self, outcomes: list[Outcome]) -> None:
        if not self.future.done():
            self.future.set_result(outcomes)
