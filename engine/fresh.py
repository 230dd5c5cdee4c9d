"""What is looked up seldom: at most every so many seconds, and in between as it was known."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_NEVER = float("-inf")


class Fresh(Generic[T]):
    """Holds what `look` gave last, and looks again when that is more than `look_s` seconds old.

    Until something is known, all who ask wait for one look. Later one of them looks, and who comes meanwhile goes on
    with what is known. `despite`: errors of a look that who knows something goes on despite; any other has the next one
    who asks look again.
    """

    def __init__(
        self, look: Callable[[], Awaitable[T]], look_s: float, *, despite: tuple[type[Exception], ...] = ()
    ) -> None:
        self._look = look
        self._look_s = look_s
        self._despite = despite
        self._known: tuple[T] | None = None
        self._looked_at = _NEVER
        self._first = asyncio.Lock()

    async def get(self) -> T:
        """What is known, looked up again if that was too long ago.

        Raises:
            As `look`, but for `despite` when something is known.
        """
        if self._known is None:
            async with self._first:
                return await self.look() if self._known is None else self._known[0]
        if time.monotonic() - self._looked_at < self._look_s:
            return self._known[0]
        try:
            return await self.look()
        except self._despite:
            return self._known[0]

    async def look(self) -> T:
        """Look it up now, however short ago that was done.

        Raises:
            As `look`.
        """
        before, self._looked_at = self._looked_at, time.monotonic()
        try:
            found = await self._look()
        except self._despite:
            raise
        except BaseException:
            self._looked_at = before
            raise
        self._known = (found,)
        return found
