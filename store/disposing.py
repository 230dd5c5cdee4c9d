"""Disposal at the end of retention: a stream's `data` goes, its hashes stay, and every proof still holds.

Done by the role of erasure and no other; the database refuses it without an event that says why, under a legal hold,
for half a stream, and while personal data lies beside it. What readers get of such an event is its envelope. Read
models keep what they have folded until they are rebuilt; a rebuild passes over it.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from store.errors import DisposalRefused
from store.statements import statement

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

_REFUSED = {"DB007", "DB011", "DB012", "DB013"}


async def dispose_of_stream(pool: "Pool", partition: int, stream_id: UUID, disposal_id: UUID) -> int:
    """Dispose of all events of a stream, whole or not at all; how many that were. Done again it does nothing.

    `disposal_id`: the event, of the same partition, in which it was decided.

    Raises:
        DisposalRefused: the database says why.
    """
    try:
        done = await pool.execute(statement("dispose_stream"), partition, stream_id, disposal_id)
    except asyncpg.PostgresError as error:
        if error.sqlstate in _REFUSED:
            raise DisposalRefused(str(error)) from error
        raise
    return int(done.rpartition(" ")[2])
