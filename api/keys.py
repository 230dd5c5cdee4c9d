"""Idempotency keys in this process: which run now, and what the recent ones were used for.

The record keeps the answers; this only tells a caller at once that the first request still runs, and
finds a key that was used for another partition a moment ago, where the record would not look.
"""

from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from api.problems import Problem

RECENT_MAX: Final = 20_000


class Keys:
    """Command ids with the fingerprint of their request."""

    def __init__(self, recent_max: int = RECENT_MAX) -> None:
        self._running: dict[UUID, bytes] = {}
        self._recent: OrderedDict[UUID, bytes] = OrderedDict()
        self._recent_max = recent_max

    @contextmanager
    def running(self, command_id: UUID, request_hmac: bytes) -> Generator[None]:
        """Hold a key while its request runs.

        Raises:
            Problem: idempotency-key-in-use, idempotency-key-reused.
        """
        self.check(command_id, request_hmac)
        if command_id in self._running:
            raise Problem("idempotency-key-in-use")
        self._running[command_id] = request_hmac
        try:
            yield
        finally:
            del self._running[command_id]

    def check(self, command_id: UUID, request_hmac: bytes) -> None:
        """Refuse a key that was used for another request a moment ago."""
        known = self._running.get(command_id) or self._recent.get(command_id)
        if known is not None and known != request_hmac:
            raise Problem("idempotency-key-reused")

    def remember(self, command_id: UUID, request_hmac: bytes) -> None:
        """The key was used: its answer is in the record."""
        self._recent[command_id] = request_hmac
        if len(self._recent) > self._recent_max:
            self._recent.popitem(last=False)
