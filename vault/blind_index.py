"""Blind indexes: whoever has a value finds whose it is, and the table alone tells nobody any value.

A token is the first 16 bytes of HMAC-SHA256 of the normalised value, under a secret of its field. Tokens are written
before the event whose value they stand for, as data keys are: one without its event, or of a value that is no longer
the current one, is harmless, for who searches compares the value itself.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import asyncpg

from vault.lane import Lanes
from vault.shredding import Tombstone
from vault.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record

TOKEN_BYTES: Final = 16
TOKENS_PER_BATCH_MAX: Final = 10_000
TOMBSTONED: Final = "DB006"
_ATTEMPTS: Final = 3


class IndexedValue(NamedTuple):
    """A token, what field of whom it is of, the event that has the value, and the key that sealed it."""

    event_id: UUID
    field: str
    token: bytes
    subject_id: UUID
    key_id: UUID


class BlindIndex:
    """Tokens in `vault.blind_index`, put and found as the application's role; concurrent calls share statements."""

    def __init__(self, pool: "Pool[Record]", keyed_hmac: Callable[..., bytes]) -> None:
        """`keyed_hmac`: as `Vault.keyed_hmac`."""
        self._pool = pool
        self._keyed_hmac = keyed_hmac
        self._lanes = Lanes(self._put, TOKENS_PER_BATCH_MAX)

    def token(self, field: str, normalised: str) -> bytes:
        """The token of a normalised value; the same value in another field has another one."""
        return self._keyed_hmac(f"blind-index/{field}", normalised.encode())[:TOKEN_BYTES]

    async def put(self, partition: int, values: Collection[IndexedValue]) -> None:
        """Make values findable; durable when this returns. Of what is sealed under a destroyed key nothing is put."""
        if values:
            await self._lanes.get(partition, values)

    async def find(self, partition: int, field: str, token: bytes, *, after: UUID, limit: int) -> list[UUID]:
        """Subjects of a partition behind `after`, in their order, of whom a value has or had this token."""
        rows = await self._pool.fetch(statement("find_token"), partition, field, token, after, limit)
        return [row["subject_id"] for row in rows]

    async def token_of(self, partition: int, event_id: UUID) -> tuple[str, bytes] | None:
        """Field and token of an event that has one searchable value; None: it has none, or its key is destroyed."""
        row = await self._pool.fetchrow(statement("token_of_event"), partition, event_id)
        return None if row is None else (row["field"], row["token"])

    async def events_indexed(self, partition: int, event_ids: Collection[UUID]) -> set[UUID]:
        """Which of these events have a token."""
        rows = await self._pool.fetch(statement("events_with_tokens"), partition, list(event_ids))
        return {row["event_id"] for row in rows}

    async def _put(self, partition: int, values: Collection[IndexedValue]) -> Mapping[IndexedValue, bool]:
        columns = [list(column) for column in zip(*values, strict=True)]
        for attempt in range(_ATTEMPTS):
            try:
                await self._pool.execute(statement("put_tokens"), partition, *columns)
                break
            except asyncpg.PostgresError as error:  # a tombstone was set between looking and inserting
                if error.sqlstate != TOMBSTONED or attempt + 1 == _ATTEMPTS:
                    raise
        return dict.fromkeys(values, True)


class IndexedTokens:
    """The blind index, as the role of erasure empties it of what destroyed keys have sealed."""

    name = "vault.blind_index"

    def __init__(self, pool: "Pool[Record]") -> None:
        self._pool = pool

    async def delete(self, partition: int, tombstones: Sequence[Tombstone]) -> int:
        """Delete the tokens of what these keys have sealed, and say how many there were."""
        key_ids = [tombstone.key_id for tombstone in tombstones]
        async with self._pool.acquire() as connection, connection.transaction(isolation="read_committed"):
            await connection.execute(statement("lock_tokens"))
            done = await connection.execute(statement("delete_tokens"), partition, key_ids)
        return int(done.rpartition(" ")[2])

    async def left(self, partition: int) -> int:
        """How many tokens are there of what a destroyed key has sealed."""
        return await self._pool.fetchval(statement("tokens_under_tombstones"), partition)
