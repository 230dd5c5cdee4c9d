"""A batch of append requests as the arrays that `record.append` takes."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from store.envelope import AppendRequest, NewEvent

Columns: TypeAlias = tuple[Sequence[Any], ...]

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

    def event_requests(self) -> Sequence[int]:
        """Ordinal of each event's request, from 1."""
        return [ordinal for ordinal, r in enumerate(self.requests, 1) for _ in r.events]

    def expectations(self) -> Columns:
        """(request, stream, expected version) as columns."""
        return _columns(3, [(o, s, v) for o, r in enumerate(self.requests, 1) for s, v in r.expected.items()])

    def conditions(self) -> Columns:
        """(request, customer, types, after) as columns; types are separated by a space."""
        rows = [
            (ordinal, c.customer_id, " ".join(sorted(c.types)), c.after)
            for ordinal, r in enumerate(self.requests, 1)
            for c in r.conditions
        ]
        return _columns(4, rows)

    def answers(self) -> Columns:
        """(request, command, hmac, answer, ordinal of the last event or 0, expires_at) as columns."""
        rows: list[tuple[object, ...]] = []
        ordinal_of_event = 0
        for ordinal, request in enumerate(self.requests, 1):
            ordinal_of_event += len(request.events)
            if (a := request.answer) is not None:
                last = ordinal_of_event if request.events else 0
                rows.append((ordinal, a[0], a[1], a[2], last, a[3]))
        return _columns(6, rows)

    def sealed(self) -> Columns:
        """(request, event, subject, record class, key, blob) as columns."""
        return _columns(6, [(ordinal, *sealed) for ordinal, r in enumerate(self.requests, 1) for sealed in r.sealed])

    def participants(self) -> Columns:
        """(ordinal of the event in the batch, customer, role) as columns."""
        rows: list[tuple[object, ...]] = []
        before = 0
        for request in self.requests:
            if request.participants:
                rows.extend((before + p.event + 1, p.customer_id, p.role) for p in request.participants)
            before += len(request.events)
        return _columns(3, rows)

    def event_columns(self) -> Columns:
        """The fields of `NewEvent` as columns."""
        return _columns(len(NewEvent._fields), self.events)


def size_of(request: AppendRequest) -> int:
    """Data, meta and blobs of a request, in bytes."""
    size = 0
    for event in request.events:
        size += len(event[10]) + len(event[11])
    if request.sealed:
        size += sum([len(sealed.blob) for sealed in request.sealed])
    return size


def _columns(width: int, rows: Sequence[tuple[Any, ...]]) -> Columns:
    return tuple(zip(*rows, strict=True)) if rows else ((),) * width
