"""A batch of append requests as the arrays that `record.append` takes."""

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from store.envelope import AppendRequest, NewEvent, SealedBlob

Columns: TypeAlias = tuple[Sequence[Any], ...]

SALT_BYTES = 16


class Batch:
    """Requests that can be judged and written together, in order.

    No two of them touch one stream, id or command, and none has a condition on a customer of which
    an earlier one writes: conditions and versions are judged before anything of the batch is
    inserted, so such a request waits for the next batch.
    """

    __slots__ = ("_customers", "_taken", "events", "requests", "size_bytes")

    def __init__(self) -> None:
        self.requests: list[AppendRequest] = []
        self.events: list[NewEvent] = []
        self.size_bytes = 0
        self._taken: set[UUID] = set()
        self._customers: set[UUID | None] | None = None

    @classmethod
    def of(cls, requests: Sequence[AppendRequest]) -> "Batch":
        """A batch of requests that are known not to touch each other."""
        batch = cls()
        for request in requests:
            batch.admit(request)
        return batch

    def admit(self, request: AppendRequest) -> bool:
        """Add the request unless it has to wait for the next batch."""
        keys = {event.event_id for event in request.events}
        keys.update(event.stream_id for event in request.events)
        keys.update(request.expected)
        if request.answer is not None:
            keys.add(request.answer.command_id)
        if not self._taken.isdisjoint(keys) or (request.conditions and self._writes_on(request)):
            # What waits blocks its streams for those behind it, so that nobody is overtaken.
            self._taken |= keys
            return False
        self._taken |= keys
        self.requests.append(request)
        self.events.extend(request.events)
        self.size_bytes += sum(len(event.data) + len(event.meta) for event in request.events)
        self.size_bytes += sum(len(sealed.blob) for sealed in request.sealed)
        return True

    def _writes_on(self, request: AppendRequest) -> bool:
        customers = {event.customer_id for event in self.events}
        return any(condition.customer_id in customers for condition in request.conditions)

    def cause_recorded_at(self) -> datetime | None:
        """The latest time at which a cause of this batch was recorded (None: no cause given)."""
        return max((r.cause_recorded_at for r in self.requests if r.cause_recorded_at is not None), default=None)

    def salts(self) -> bytes:
        """Fresh salts of all events, end to end."""
        return os.urandom(SALT_BYTES * len(self.events))

    def event_requests(self) -> Sequence[int]:
        """Ordinal of each event's request, from 1."""
        if len(self.events) == len(self.requests) and all(len(r.events) == 1 for r in self.requests):
            return range(1, len(self.events) + 1)
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
                rows.append((ordinal, a.command_id, a.request_hmac, a.answer, last, a.expires_at))
        return _columns(6, rows)

    def sealed(self) -> Columns:
        """(request, event, subject, record class, key, blob) as columns."""
        rows: list[tuple[int, *SealedBlob]] = [
            (ordinal, *sealed) for ordinal, r in enumerate(self.requests, 1) for sealed in r.sealed
        ]
        return _columns(6, rows)

    def participants(self) -> Columns:
        """(ordinal of the event in the batch, customer, role) as columns."""
        rows: list[tuple[object, ...]] = []
        before = 0
        for request in self.requests:
            rows.extend((before + p.event + 1, p.customer_id, p.role) for p in request.participants)
            before += len(request.events)
        return _columns(3, rows)

    def event_columns(self) -> Columns:
        """The fields of `NewEvent` as columns."""
        return _columns(len(NewEvent._fields), self.events)


def _columns(width: int, rows: Sequence[tuple[Any, ...]]) -> Columns:
    return tuple(zip(*rows, strict=True)) if rows else ((),) * width
