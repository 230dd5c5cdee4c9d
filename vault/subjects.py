"""Which data keys a subject has or had, wherever they are."""

from collections.abc import Collection
from typing import TYPE_CHECKING
from uuid import UUID

from vault.shredding import Tombstone
from vault.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record


async def classes_of(pool: "Pool[Record]", partitions: int, subject_id: UUID) -> dict[str, set[UUID]]:
    """The ids of the subject's keys in all partitions, by record class."""
    found: dict[str, set[UUID]] = {}
    for partition in range(partitions):
        for row in await pool.fetch(statement("classes_of"), partition, subject_id):
            found.setdefault(row["record_class"], set()).add(row["key_id"])
    return found


async def subjects_after(pool: "Pool[Record]", partitions: int, after: UUID, limit: int) -> list[UUID]:
    """The next subjects, by id, who have a data key in any partition."""
    found: set[UUID] = set()
    for partition in range(partitions):
        found.update(
            row["subject_id"] for row in await pool.fetch(statement("subjects_after"), partition, after, limit)
        )
    return sorted(found)[:limit]


async def tombstones_of(
    pool: "Pool[Record]", partition: int, subject_id: UUID, record_classes: Collection[str]
) -> list[Tombstone]:
    """The subject's destroyed keys of these classes in a partition."""
    rows = await pool.fetch(statement("tombstones_of"), partition, subject_id, list(record_classes))
    return [Tombstone(*row) for row in rows]
