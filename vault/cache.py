"""A bounded memory of unwrapped keys: the least recently used leave first, all leave by age."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class AgingCache(Generic[K, V]):
    """At most `entries_max` entries, none served longer than `age_s_max` after it was put."""

    def __init__(self, entries_max: int, age_s_max: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries_max = entries_max
        self._age_s_max = age_s_max
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """Give the entry, or None if it is absent or too old."""
        found = self._entries.get(key)
        if found is None:
            return None
        until, value = found
        if self._clock() >= until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember the entry, at the cost of the one used longest ago."""
        self._entries[key] = (self._clock() + self._age_s_max, value)
        self._entries.move_to_end(key)
        if len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        self._entries.clear()
