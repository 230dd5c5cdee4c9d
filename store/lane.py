"""Group commit: one lane per partition and process.

Waiting appends are written together by one autocommit call. The cost of a transaction is fixed, so
events per transaction is what matters; nothing is ever delayed to gather more: a lane flushes as
soon as its last flush is done.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eventsourcing.persistence import OperationalError, PersistenceError

from store.batch import Batch, size_of
from store.envelope import Appended, AppendRequest
from store.errors import LaneFull, OutcomeUnknown, RecordUnreachable, RequestTooLarge
from store.judging import Outcome
from store.waiting import Waiting, WaitingCopy
from store.writing import Connect, Writer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LaneLimits:
    """How much may wait, and how much is written at once."""

    waiting: int = 8192
    """Requests (an import's call counts as one) that may wait; the next one is refused with `LaneFull`."""
    requests: int = 512
    """Requests in one batch."""
    events: int = 5000
    """Events in one request, and in one batch before its last request."""
    copy_events: int = 10_000
    """The same for a batch of an import."""
    size_bytes: int = 16 << 20
    """Data, meta and blobs in one request, and in one batch before its last request."""
    reach_s: float = 20.0
    """How long to go on trying to reach the database, and to settle a lost commit, in seconds."""


class Lane:
    """The one way by which this process appends to one partition."""

    def __init__(self, partition: int, connect: Connect, *, schema: str, limits: LaneLimits) -> None:
        self.partition = partition
        self._writer = Writer(partition, connect, schema=schema, reach_s=limits.reach_s)
        self._limits = limits
        self._waiting: deque[Waiting | WaitingCopy] = deque()
        self._in_flight: Sequence[Waiting | WaitingCopy] = ()
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()  # once: asking costs a call of the system each time
        self._closed = False

    @property
    def depth(self) -> int:
        """Requests that wait for their batch."""
        return len(self._waiting)

    def submit(self, request: AppendRequest) -> asyncio.Future[Appended]:
        """Queue a request; the future has its own outcome, whatever becomes of its batch's others.

        Raises:
            LaneFull: too many are waiting.
            RequestTooLarge: it would not fit a batch alone.
            RecordUnreachable: the record is closed.
        """
        self._check_room()
        size_bytes = self._check_size(request)
        future: asyncio.Future[Appended] = self._loop.create_future()
        self._waiting.append(Waiting(request, size_bytes, future))
        self._wake()
        return future

    def submit_copy(self, requests: Sequence[AppendRequest]) -> asyncio.Future[list[Outcome]]:
        """Queue an import's requests, written by COPY in transactions of their own, judged one by one.

        Raises:
            As `submit`.
        """
        self._check_room()
        sizes = list(map(size_of, requests))
        if max(sizes, default=0) > self._limits.size_bytes or _most_events(requests) > self._limits.events:
            sizes = [self._check_size(request) for request in requests]
        future: asyncio.Future[list[Outcome]] = self._loop.create_future()
        self._waiting.append(WaitingCopy(requests, sizes, future))
        self._wake()
        return future

    async def close(self) -> None:
        """Write what waits, then disconnect."""
        self._closed = True
        if self._task is not None:
            await self._task
        await self._writer.close()

    def _check_room(self) -> None:
        if self._closed:
            raise RecordUnreachable("the record is closed")
        if len(self._waiting) >= self._limits.waiting:
            raise LaneFull(len(self._waiting))

    def _check_size(self, request: AppendRequest) -> int:
        if len(request.events) > self._limits.events:
            raise RequestTooLarge(
                f"{len(request.events)} events in one request; at most {self._limits.events}: decide in smaller steps"
            )
        size_bytes = size_of(request)
        if size_bytes > self._limits.size_bytes:
            raise RequestTooLarge(
                f"{size_bytes} bytes in one request; at most {self._limits.size_bytes}: keep large content elsewhere"
            )
        return size_bytes

    def _wake(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"lane {self.partition}")

    async def _run(self) -> None:
        try:
            while self._waiting:
                # Callers that the last batch woke get to run first, and so join this one.
                await asyncio.sleep(0)
                if isinstance(first := self._waiting[0], WaitingCopy):
                    await self._flush_copy(first)
                else:
                    await self._flush()
        except BaseException as error:
            self._fail(error)
            if not isinstance(error, Exception):
                raise
            _log.exception("the lane of partition %d failed", self.partition)
        finally:
            self._task = None

    def _gather(self) -> tuple[Batch, list[Waiting]]:
        batch = Batch()
        chosen: list[Waiting] = []
        later: list[Waiting] = []
        waiting, limits = self._waiting, self._limits
        while (
            waiting
            and len(chosen) < limits.requests
            and len(later) < limits.requests  # else a crowd before one stream is searched again and again
            and len(batch.events) < limits.events
            and batch.size_bytes < limits.size_bytes
        ):
            item = waiting[0]
            if isinstance(item, WaitingCopy):
                break
            waiting.popleft()
            if item.future.done():  # given up by its caller
                continue
            (chosen if batch.admit(item.request, item.size_bytes) else later).append(item)
        waiting.extendleft(reversed(later))
        return batch, chosen

    async def _flush(self) -> None:
        batch, chosen = self._gather()
        if not chosen:
            return
        self._in_flight = chosen
        outcomes = await self._writer.write(batch, copy=False)
        for item, outcome in zip(chosen, outcomes, strict=True):
            if item.future.done():
                continue
            if isinstance(outcome, Appended):
                item.future.set_result(outcome)
            else:
                item.future.set_exception(outcome)
        self._in_flight = ()
        self._fail_waiting_if_unreachable(outcomes)

    async def _flush_copy(self, item: WaitingCopy) -> None:
        self._waiting.popleft()
        if item.future.done():
            return
        self._in_flight = (item,)
        batch, chosen = item.gather(self._limits.copy_events, self._limits.size_bytes)
        outcomes = await self._writer.write(batch, copy=True) if chosen else ()
        if not item.learn(chosen, outcomes):
            self._waiting.append(item)  # behind the others: an import does not hold up the counter
        self._in_flight = ()
        self._fail_waiting_if_unreachable(outcomes)

    def _fail_waiting_if_unreachable(self, outcomes: Sequence[Outcome]) -> None:
        """Nobody waits `reach_s` once more for each batch before theirs."""
        if outcomes and isinstance(outcomes[0], RecordUnreachable | OutcomeUnknown):
            self._give_up(self._waiting, RecordUnreachable(f"nothing was appended: {outcomes[0]}"))
            self._waiting.clear()

    def _fail(self, error: BaseException) -> None:
        """A lane's own fault reaches everyone in it; nobody knows what its connection is doing."""
        self._writer.drop()
        told = OutcomeUnknown(f"the lane of partition {self.partition} failed while writing: {error!r}")
        self._give_up(self._in_flight, told)
        told = OperationalError(f"nothing was appended, the lane of partition {self.partition} failed: {error!r}")
        self._give_up(self._waiting, told)
        self._in_flight = ()
        self._waiting.clear()

    @staticmethod
    def _give_up(items: Iterable[Waiting | WaitingCopy], failure: PersistenceError) -> None:
        for item in items:
            if isinstance(item, WaitingCopy):
                item.fail(failure)
            elif not item.future.done():
                item.future.set_exception(failure)


def _most_events(requests: Sequence[AppendRequest]) -> int:
    return max([len(request.events) for request in requests], default=0)
