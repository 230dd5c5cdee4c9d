"""After a restore: tombstones are set again, and what came back under them goes again, before anything is served.

A backup of the database, made before an erasure, brings back keys and blobs and does not know the tombstones. The
journal beside the keys does. A shred that was stopped half way is finished by the same steps.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from vault.errors import TombstonesNotReplayed
from vault.shredding import Shredder, Tombstone
from vault.statements import statement
from vault.tombstone_file import Noted

if TYPE_CHECKING:
    from asyncpg import Pool, Record

TOMBSTONES_AT_ONCE: Final = 2_000
_FIRST: Final = UUID(int=0)


class Leftovers(Protocol):
    """Tells what blobs are left under tombstones."""

    async def left(self, partition: int) -> int:
        """How many there are."""
        ...


class Due(NamedTuple):
    """What a restore has brought back, or a stopped shred has left: numbers over all partitions."""

    tombstones: int
    erasures: int
    keys: int
    blobs: int

    def __bool__(self) -> bool:
        """Whether anything is to be done."""
        return any(tuple(self))


async def replay_due(pool: "Pool[Record]", partitions: int, noted: dict[int, Noted], blobs: Iterable[Leftovers]) -> Due:
    """Compare the journal with the database, and the tombstones with what should be gone; changes nothing."""
    tombstones = erasures = keys = left = 0
    for partition in range(partitions):
        missing = await _missing(pool, partition, noted.get(partition))
        tombstones += len(missing.tombstones)
        erasures += len(missing.erasures)
        keys += await pool.fetchval(statement("tombstoned_keys"), partition)
        left += sum([await store.left(partition) for store in blobs])
    return Due(tombstones, erasures, keys, left)


async def replay(pool: "Pool[Record]", shredder: Shredder, partitions: int, noted: dict[int, Noted]) -> list[str]:
    """Set again what the journal has and the database lacks, then destroy all that stands under tombstones.

    Answers what went wrong in which store; empty: nothing. `pool` is the eraser's.

    Raises:
        TombstonesNotReplayed: a legal hold in the restored database stands against a tombstone.
    """
    errors: list[str] = []
    for partition in range(partitions):
        await _set_again(pool, partition, await _missing(pool, partition, noted.get(partition)))
        after = _FIRST
        while page := await _page(pool, partition, after):
            after = page[-1].key_id
            outcomes = await shredder.destroy(partition, page)
            errors += [f"{one.store}: {one.error}" for of in outcomes for one in of if one.error is not None]
    return errors


async def _missing(pool: "Pool[Record]", partition: int, noted: Noted | None) -> Noted:
    if noted is None:
        return Noted({}, {})
    rows = await pool.fetch(statement("tombstones_known"), partition, list(noted.tombstones))
    known = {row["key_id"] for row in rows}
    subjects, classes = [key[0] for key in noted.erasures], [key[1] for key in noted.erasures]
    rows = await pool.fetch(statement("erasures_known"), partition, subjects, classes)
    closed = {(row["subject_id"], row["record_class"]) for row in rows}
    return Noted(
        {key_id: tombstone for key_id, tombstone in noted.tombstones.items() if key_id not in known},
        {key: erasure for key, erasure in noted.erasures.items() if key not in closed},
    )


async def _set_again(pool: "Pool[Record]", partition: int, missing: Noted) -> None:
    try:
        if missing.tombstones:
            columns = _columns(list(missing.tombstones.values()))
            await pool.execute(statement("replay_tombstones"), partition, *columns)
        if missing.erasures:
            columns = _columns(list(missing.erasures.values()))
            await pool.execute(statement("replay_erasures"), partition, *columns)
    except asyncpg.PostgresError as error:
        raise TombstonesNotReplayed(str(error)) from error


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


async def _page(pool: "Pool[Record]", partition: int, after: UUID) -> list[Tombstone]:
    rows = await pool.fetch(statement("tombstones_page"), partition, after, TOMBSTONES_AT_ONCE)
    return [Tombstone(*row) for row in rows]
