"""How many requests one actor may send: a token bucket for each, in this process."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from api.problems import Problem

ACTORS_MAX: Final = 10_000


class Throttle:
    """Buckets of `burst` requests that fill at `per_s`; who has been quiet longest is forgotten first."""

    def __init__(self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, actor: str) -> None:
        """Count one request.

        Raises:
            Problem: too-many-requests, with when to come back.
        """
        now = self._clock()
        left, at = self._left.pop(actor, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._per_s)
        self._left[actor] = (max(left - 1, 0.0) if left >= 1 else left, now)
        if len(self._left) > ACTORS_MAX:
            self._left.popitem(last=False)
        if left < 1:
            raise Problem("too-many-requests", headers={"Retry-After": str(math.ceil((1 - left) / self._per_s))})
