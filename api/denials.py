"""Requests that were denied: counted while a request is answered, and recorded in the reads log after it."""

import logging
from typing import Final

from engine.access import AccessTable, Viewer
from engine.looking import Looker, LookNotRecorded, Looks
from store.identity import new_id

_log: Final = logging.getLogger(__name__)


class Denials:
    """What was denied and is not recorded yet."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._times: dict[tuple[Viewer, str], int] = {}

    def note(self, viewer: Viewer, operation: str) -> None:
        """Somebody may not do this."""
        key = viewer, operation
        self._times[key] = self._times.get(key, 0) + 1

    async def flush(self, table: AccessTable) -> None:
        """Record what was noted. The answer was a refusal anyway, so one that cannot be recorded is only logged."""
        noted, self._times = self._times, {}
        for (viewer, operation), times in noted.items():
            try:
                await self._looks.denied(Looker(viewer, table, operation, new_id()), times)
            except LookNotRecorded as error:
                _log.warning("%d denied requests of an actor are not recorded: %s", times, error)
