"""Which copy of the record answers.

Positions mean something only in the history they were read in. After a restore the record goes on
from an earlier position, and what a reader saw after it may be gone; so a restored copy gets another
incarnation, found by the fingerprint of its database (cluster, timeline, database, table), and every
cursor names the incarnation it was made in.
"""

from uuid import UUID

import asyncpg

from store.cursor import Cursor
from store.errors import NotInitialised, RecordMismatch, StaleCursor
from store.identity import derive_id
from store.statements import statement


class Incarnation:
    """The incarnation in force, and those before it.

    `began`: by incarnation, oldest first, the next position of each partition when it began.
    """

    def __init__(self, fingerprint: str, began: dict[UUID, dict[int, int]], partitions: int) -> None:
        self.id = _incarnation_id(fingerprint)
        self.fingerprint = fingerprint
        self.partitions = partitions
        self._began = began

    def start(self) -> Cursor:
        """The cursor before the first event."""
        return Cursor(self.id, (0,) * self.partitions)

    def check(self, cursor: Cursor) -> None:
        """Refuse a cursor that does not count in this incarnation.

        Raises:
            StaleCursor: a restore lies between; the error says where to resume.
        """
        if cursor.incarnation == self.id and len(cursor.next_positions) == self.partitions:
            return
        raise StaleCursor(str(self._resume(cursor)))

    def _resume(self, cursor: Cursor) -> Cursor:
        """The last position up to which the cursor's history and this one are known to be the same."""
        if cursor.incarnation not in self._began or len(cursor.next_positions) != self.partitions:
            return self.start()
        positions = list(cursor.next_positions)
        order = list(self._began)
        for later in order[order.index(cursor.incarnation) + 1 :]:
            positions = [min(p, self._began[later].get(i, 0)) for i, p in enumerate(positions)]
        return Cursor(self.id, tuple(positions))


async def enter(connection: "asyncpg.Connection[asyncpg.Record]", partitions: int | None, schema: str) -> Incarnation:
    """Find or begin the incarnation of this database.

    Raises:
        NotInitialised: the database holds no record.
        RecordMismatch: the record has another number of partitions than `partitions`.
    """
    try:
        heads = [row["partition"] for row in await connection.fetch(statement("partitions", schema))]
    except asyncpg.UndefinedTableError:  # not even migrated
        heads = []
    if not heads:
        raise NotInitialised("the database holds no record; run `daybook init`")
    if partitions is not None and partitions != len(heads):
        raise RecordMismatch(
            f"the record has {len(heads)} partitions, not {partitions}; the number is fixed when a record is made: "
            "export into a new record to change it"
        )
    fingerprint = await fingerprint_of(connection, schema)
    current = _incarnation_id(fingerprint)
    began = await _began(connection, schema)
    if missing := [partition for partition in heads if partition not in began.get(current, {})]:
        for partition in missing:
            async with connection.transaction(isolation="read_committed"):
                await connection.fetchval(statement("lock_head", schema), partition)
                await connection.execute(statement("begin_incarnation", schema), partition, current, fingerprint)
        began = await _began(connection, schema)
    return Incarnation(fingerprint, began, len(heads))


async def fingerprint_of(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> str:
    """What tells this database from every copy of it."""
    return str(await connection.fetchval(statement("fingerprint", schema)))


async def _began(connection: "asyncpg.Connection[asyncpg.Record]", schema: str) -> dict[UUID, dict[int, int]]:
    began: dict[UUID, dict[int, int]] = {}
    for row in await connection.fetch(statement("incarnations", schema)):
        began.setdefault(row["incarnation"], {})[row["partition"]] = row["position"]
    return began


def _incarnation_id(fingerprint: str) -> UUID:
    """The same id for all partitions and processes, without their having to agree on one."""
    return derive_id(fingerprint.encode())
