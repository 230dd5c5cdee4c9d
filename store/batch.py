"""A batch of append requests as the arrays of rows that `record.append` takes."""

import os
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

from store.envelope import NO_STREAM, AppendRequest, NewEvent

Rows: TypeAlias = Sequence[tuple[Any, ...]]

SALT_BYTES = 16


class Batch:
    """Requests that can be judged and written together, in order.

    No two of them touch one stream, id or command, and none has a condition on a customer of which
    an earlier one writes: conditions and versions are judged before anything of the batch is
    inserted, so such a request waits for the next batch.
    """

    __slots__ = ("_customers", "_customers_of", "_salts", "_taken", "events", "requests", "size_bytes")

    def __init__(self) -> None:
        self.requests: list[AppendRequest] = []
        self.events: list[NewEvent] = []
        self.size_bytes = 0
        self._taken: set[UUID] = set()
        self._customers: set[UUID | None] = set()
        self._customers_of = 0  # how many of the events `_customers` tells of
        self._salts = b""

    @classmethod
    def of_all(cls, requests: Sequence[AppendRequest], size_bytes: int) -> "Batch | None":
        """A full batch of all of these requests, of so many bytes; None: some may have to wait for others.

        Their streams and ids are looked at all together, in a third of the time that `admit` takes for each.
        """
        streams: list[UUID] = []
        events: list[NewEvent] = []
        commands: list[UUID] = []
        written: set[UUID | None] = set()
        seen = 0  # how many of the events `written` tells of
        for request in requests:
            _, of_request, expected, conditions, answer, *_ = request
            if conditions:
                written.update([event[3] for event in events[seen:]])
                seen = len(events)
                for condition in conditions:
                    if condition[0] in written:
                        return None
            streams += expected
            for event in of_request:
                if event[1] not in expected:
                    streams.append(event[1])
            events += of_request
            if answer is not None:
                commands.append(answer[0])
        if not (_distinct(streams) and _distinct(commands) and _distinct([event[0].bytes for event in events])):
            return None
        batch = cls()
        batch.requests, batch.events, batch.size_bytes = [*requests], events, size_bytes
        return batch

    @classmethod
    def of(cls, requests: Sequence[AppendRequest]) -> "Batch":
        """A batch of requests that are known not to touch each other."""
        batch = cls()
        for request in requests:
            batch.admit(request, size_of(request))
        return batch

    def admit(self, request: AppendRequest, size_bytes: int) -> bool:
        """Add the request, of so many bytes, unless it has to wait for the next batch."""
        events, answer, taken = request.events, request.answer, self._taken
        keys = set(request.expected)
        for event in events:
            keys.add(event[0])  # by index: a third of the time of the names, for every request
            keys.add(event[1])
        if answer is not None:
            keys.add(answer[0])
        free = taken.isdisjoint(keys)
        taken |= keys  # what waits blocks its streams for those behind it, so that nobody is overtaken
        if not free or (request.conditions and self._writes_on(request)):
            return False
        self.requests.append(request)
        self.events += events
        self.size_bytes += size_bytes
        return True

    def _writes_on(self, request: AppendRequest) -> bool:
        self._customers.update(event.customer_id for event in self.events[self._customers_of :])
        self._customers_of = len(self.events)
        return any(condition.customer_id in self._customers for condition in request.conditions)

    def cause_recorded_at(self) -> datetime | None:
        """The latest time at which a cause of this batch was recorded (None: no cause given)."""
        return max([t for r in self.requests if (t := r.cause_recorded_at) is not None], default=None)

    def salts(self) -> bytes:
        """The salts of all events, end to end; random, and the same at every attempt to write the batch."""
        if not self._salts:
            self._salts = os.urandom(SALT_BYTES * len(self.events))
        return self._salts

    def first_salts(self) -> list[bytes]:
        """The salt of each request's first event; it tells this attempt's rows from everybody else's."""
        firsts: list[bytes] = []
        salts, at = self.salts(), 0
        for request in self.requests:
            firsts.append(salts[at : at + SALT_BYTES])
            at += SALT_BYTES * len(request.events)
        return firsts

    def to_probe(self) -> bool:
        """Whether there are versions or conditions that only a probe can judge."""
        for request in self.requests:
            if request.conditions:
                return True
            events = request.events
            for stream_id, version in request.expected.items():
                if version != NO_STREAM or not _begins(events, stream_id):
                    return True
        return False

    def judge_arguments(self, *, careful: bool) -> tuple[Any, ...]:
        """What `record.judge` takes after the partition."""
        return careful, self._events() if careful else (), self._expected(careful), self._conditions(), self._answers()

    def append_arguments(self, *, careful: bool) -> tuple[Any, ...]:
        """What `record.append` takes after the partition."""
        return (
            self.cause_recorded_at(), careful, self._events(), self.salts(), self._expected(careful),
            self._conditions(), self._answers(), self._sealed(), self._participants(),
        )  # fmt: skip

    def expected(self) -> Rows:
        """(request, stream, expected version); `item` of a version conflict counts these."""
        return self._expected(careful=True)

    def _expected(self, careful: bool) -> Rows:  # noqa: FBT001
        """Those that only a probe can judge come first: the unique key refuses to begin a stream twice."""
        probed: list[tuple[Any, ...]] = []
        begun: list[tuple[Any, ...]] = []
        for ordinal, request in enumerate(self.requests, 1):
            for stream_id, version in request.expected.items():
                if version == NO_STREAM and _begins(request.events, stream_id):
                    if careful:
                        begun.append((ordinal, stream_id, version))
                else:
                    probed.append((ordinal, stream_id, version))
        return probed + begun

    def _events(self) -> Rows:
        return [(ordinal, *event) for ordinal, r in enumerate(self.requests, 1) for event in r.events]

    def _conditions(self) -> Rows:
        return [
            (ordinal, c.customer_id, _lines(c.types), c.after)
            for ordinal, r in enumerate(self.requests, 1)
            if r.conditions
            for c in r.conditions
        ]

    def _answers(self) -> Rows:
        rows: list[tuple[Any, ...]] = []
        events = 0
        for ordinal, request in enumerate(self.requests, 1):
            events += len(request.events)
            if (a := request.answer) is not None:
                rows.append((ordinal, a[0], a[1], a[2], events if request.events else 0, a[3]))
        return rows

    def _sealed(self) -> Rows:
        return [(ordinal, *sealed) for ordinal, r in enumerate(self.requests, 1) if r.sealed for sealed in r.sealed]

    def _participants(self) -> Rows:
        rows: list[tuple[Any, ...]] = []
        events = 0
        for request in self.requests:
            if request.participants:
                rows.extend((events + p.event + 1, p.customer_id, p.role) for p in request.participants)
            events += len(request.events)
        return rows


@lru_cache(maxsize=100)
def _lines(types: frozenset[str]) -> str:
    """Types as `record.judge` takes them."""
    if any("\n" in one for one in types):
        raise ValueError("a type of events has no line breaks")
    return "\n".join(sorted(types))


def _distinct(keys: Sequence[UUID | bytes]) -> bool:
    return len(set(keys)) == len(keys)


def _begins(events: Sequence[NewEvent], stream_id: UUID) -> bool:
    """Whether one of these events is the stream's first."""
    for event in events:  # noqa: SIM110  # `any` takes twice as long, and every request of an import is asked
        if event[2] == 0 and event[1] == stream_id:
            return True
    return False


def size_of(request: AppendRequest) -> int:
    """Data, meta and blobs of a request, in bytes."""
    size = 0
    for event in request[1]:  # by index, as in `admit`
        size += len(event[10]) + len(event[11])
    if request.sealed:
        size += sum([len(sealed.blob) for sealed in request.sealed])
    return size
