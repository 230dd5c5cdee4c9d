"""Deleting sealed blobs whose key was destroyed; the database refuses to delete any other."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from store.statements import statement

if TYPE_CHECKING:
    import asyncpg


class Destroyed(Protocol):
    """A data key that was destroyed, and whose it was."""

    @property
    def key_id(self) -> UUID: ...

    @property
    def subject_id(self) -> UUID: ...


class SealedBlobs:
    """The blobs beside the events of a record, as the role of erasure deletes them."""

    name = "record.sealed"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    async def delete(self, partition: int, tombstones: Sequence[Destroyed]) -> int:
        """Delete what these keys have sealed, note beside which events it was, and say how much.

        Under the head lock: an append that was under way has committed before it is held, and a later one sees the
        tombstone and is refused.
        """
        subjects = list({tombstone.subject_id for tombstone in tombstones})
        key_ids = [tombstone.key_id for tombstone in tombstones]
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            await connection.fetchval(statement("lock_head"), partition)
            return await connection.fetchval(statement("delete_sealed"), partition, subjects, key_ids)

    async def left(self, partition: int) -> int:
        """How many blobs are there whose key has a tombstone."""
        return await self._pool.fetchval(statement("sealed_under_tombstones"), partition)
