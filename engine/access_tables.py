"""The access table in force: the highest version that is active in the record, else the one that came with it."""

from collections.abc import Sequence
from typing import Final

from domain.access_table import AccessTableActivated, AccessTableProposed
from engine.access import AccessTable, first_table
from engine.fresh import Fresh
from engine.mapping import EventMapper
from engine.rule_versions import UNREADABLE, ActiveVersion, ActiveVersions
from projections.models import ReadModels

LOOK_S: Final = 1.0
"""A table that was activated is in force everywhere after so many seconds and what the read model needs."""


class InForce:
    """Holds the table that decisions are made by, and looks for a newer one now and then."""

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self.table: AccessTable = first_table()
        self._versions = ActiveVersions(models, mapper, AccessTableProposed, AccessTableActivated)
        self._taken: Sequence[ActiveVersion[AccessTableProposed]] = ()
        self._fresh = Fresh(self._look, LOOK_S, despite=UNREADABLE)

    async def fresh(self) -> None:
        """Look whether another table was activated, unless that was done a moment ago.

        Raises:
            PersistenceError, ReadModelError, ...: no table is known yet; decided by a guess nothing is.
        """
        await self._fresh.get()

    async def look(self) -> None:
        """Take the highest active version now; of two with one number every process takes the same."""
        await self._fresh.look()

    async def _look(self) -> None:
        found = await self._versions.look()
        if found and found is not self._taken:
            highest = max(found, key=lambda one: (one.proposed.table_version, one.stream_id)).proposed
            self.table, self._taken = AccessTable(highest.table_version, highest.rules), found
