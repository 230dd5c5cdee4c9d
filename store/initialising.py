"""Making a record: its number of partitions is chosen once and for ever."""

import asyncpg

from store.errors import RecordMismatch
from store.statements import statement

DEFAULT_PARTITIONS = 4


async def create_partitions(admin_dsn: str, partitions: int | None = None, *, schema: str = "record") -> int:
    """Make the record's partitions unless they are there; the number there is now.

    `partitions`: how many (None: what is there, else 4).

    Raises:
        RecordMismatch: the record was made with another number.
    """
    connection = await asyncpg.connect(admin_dsn)
    try:
        async with connection.transaction():
            await connection.execute(statement("become_owner"))
            await connection.execute(statement("lock_initialisation"))
            found = len(await connection.fetch(statement("partitions", schema)))
            if found and partitions not in {None, found}:
                raise RecordMismatch(
                    f"the record was made with {found} partitions, which cannot become {partitions}: "
                    "export it into a new record"
                )
            wanted = found or partitions or DEFAULT_PARTITIONS
            if not found:
                await connection.execute(statement("init_partitions", schema), wanted)
            return wanted
    finally:
        await connection.close()
