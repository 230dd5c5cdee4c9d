"""The access table in force: the highest version that is active in the record, else the one that came with it."""

import time
from typing import Final

import asyncpg
from eventsourcing.persistence import PersistenceError

from domain.access_table import AccessTableActivated, AccessTableProposed
from engine.access import AccessTable, first_table
from engine.mapping import EventMapper
from engine.rule_versions import active_versions
from projections.errors import ReadModelError
from projections.models import ReadModels

AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
LOOK_S: Final = 1.0
"""A table that was activated is in force everywhere after so many seconds and what the read model needs."""


class InForce:
    """Holds the table that decisions are made by, and looks for a newer one now and then."""

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self.table: AccessTable = first_table()
        self._models = models
        self._mapper = mapper
        self._looked_at = float("-inf")
        self._known = False

    async def fresh(self) -> None:
        """Look whether another table was activated, unless that was done a moment ago.

        Raises:
            PersistenceError, ReadModelError, ...: no table is known yet; decided by a guess nothing is.
        """
        now = time.monotonic()
        if self._known and now - self._looked_at < LOOK_S:
            return
        self._looked_at = now  # whoever comes meanwhile goes on with the table that is known
        try:
            await self.look()
        except (PersistenceError, ReadModelError, *AWAY):
            if not self._known:
                raise

    async def look(self) -> None:
        """Take the highest active version; of two with one number every process takes the same."""
        found = await active_versions(self._models, self._mapper, AccessTableProposed, AccessTableActivated)
        if found:
            highest = max(found, key=lambda one: (one.proposed.table_version, one.stream_id)).proposed
            found_table = AccessTable(highest.table_version, highest.rules)
            if found_table.digest != self.table.digest:
                self.table = found_table
        self._known = True
