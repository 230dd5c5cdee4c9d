"""Legal holds as the database enforces them: while one stands, nothing of the subject is erased or disposed of.

That a hold was placed, why and by whom is in the record; here is what makes it hold. A subject's data may be in
every partition, so a hold is placed in each; a partition in which it could not be placed is told by the error.
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from vault.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record

ALL_CLASSES: Final = "*"


class Hold(NamedTuple):
    """A hold over one record class of a subject, or over all of them (`*`)."""

    hold_id: UUID
    record_class: str
    placed_at: datetime


async def place_hold(
    pool: "Pool[Record]", partitions: int, hold_id: UUID, subject_id: UUID, record_classes: Collection[str]
) -> None:
    """Place a hold, as the application's role; placing it again changes nothing."""
    for partition in range(partitions):
        await pool.execute(statement("place_hold"), partition, hold_id, subject_id, sorted(set(record_classes)))


async def release_hold(pool: "Pool[Record]", partitions: int, hold_id: UUID, subject_id: UUID) -> None:
    """Release a hold in all of its classes, as the role of erasure; releasing it again changes nothing."""
    for partition in range(partitions):
        await pool.execute(statement("release_hold"), partition, hold_id, subject_id)


async def holds_of(pool: "Pool[Record]", partition: int, subject_id: UUID) -> list[Hold]:
    """The holds that stand over a subject in a partition."""
    return [Hold(*row) for row in await pool.fetch(statement("holds_of"), partition, subject_id)]


async def standing_holds(pool: "Pool[Record]", partition: int) -> list[tuple[UUID, UUID]]:
    """All holds that stand in a partition, each with its subject."""
    return [tuple(row) for row in await pool.fetch(statement("standing_holds"), partition)]
