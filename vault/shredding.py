"""Making personal data unreadable for good: tombstones, then keys, then blobs. Every step can be done again.

Which classes of a subject are erased is decided elsewhere and is in the record before anything happens here; a legal
hold is refused by the database itself. The order matters: a tombstone first, so that no key comes back or seals
anything new; then the keys in *all* stores, each tried whatever became of the others; then what they sealed.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from vault.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)
"""What keeps one store from doing its part, and the others not from theirs."""

Verdict = Literal["erased", "nothing", "held", "incomplete"]


class Tombstone(NamedTuple):
    """A key that was destroyed and never comes back; `commitment` is what its envelopes began with."""

    key_id: UUID
    subject_id: UUID
    record_class: str
    commitment: bytes | None
    created_at: datetime


class KeyStore(Protocol):
    """A place where wrapped data keys are kept."""

    name: str

    async def destroy(self, partition: int, key_ids: Collection[UUID]) -> None:
        """Delete these keys; one that is not there is none to delete."""
        ...

    async def holding(self, partition: int, key_ids: Collection[UUID]) -> set[UUID]:
        """Which of these keys are there."""
        ...


class BlobStore(Protocol):
    """A place of what keys have sealed, or of what was made from personal data: an index, a copy."""

    name: str

    async def delete(self, partition: int, tombstones: Sequence[Tombstone]) -> int:
        """Delete all that belongs to the destroyed keys, and say how much it was."""
        ...


class Journal(Protocol):
    """Tombstones kept outside the database, so that a restored one gets them again."""

    name: str

    async def add(self, partition: int, tombstones: Sequence[Tombstone], erasures: Sequence["Erasure"]) -> None:
        """Note what is not noted yet; durable when this returns."""
        ...


class Erasure(NamedTuple):
    """A subject's class for which no key is made again."""

    subject_id: UUID
    record_class: str
    created_at: datetime


class StoreOutcome(NamedTuple):
    """What one store did (a journal: noted); `error` is None where nothing is left to do there."""

    store: str
    removed: int
    error: str | None = None


class ClassOutcome(NamedTuple):
    """What became of one record class: its destroyed keys, those of earlier attempts included."""

    record_class: str
    verdict: Verdict
    tombstones: tuple[Tombstone, ...] = ()


@dataclass(frozen=True, slots=True)
class Shredded:
    """What a certificate needs of one subject in one partition."""

    partition: int
    subject_id: UUID
    classes: tuple[ClassOutcome, ...]
    keys: tuple[StoreOutcome, ...]
    blobs: tuple[StoreOutcome, ...]
    journals: tuple[StoreOutcome, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing has to be tried again."""
        return not any(outcome.error for outcome in (*self.keys, *self.blobs, *self.journals))


class KeyTable:
    """The data keys of one database: the vault's own, or a copy of it that serves somebody else."""

    def __init__(self, pool: "Pool[Record]", name: str = "vault.data_key") -> None:
        self._pool = pool
        self.name = name

    async def destroy(self, partition: int, key_ids: Collection[UUID]) -> None:
        """Delete these keys, which have tombstones."""
        await self._pool.execute(statement("delete_keys"), partition, list(key_ids))

    async def holding(self, partition: int, key_ids: Collection[UUID]) -> set[UUID]:
        """Which of these keys are there."""
        return {row["key_id"] for row in await self._pool.fetch(statement("keys_held"), partition, list(key_ids))}


class Shredder:
    """Shreds as the role of erasure. `forget` empties the caches of this process."""

    def __init__(
        self,
        pool: "Pool[Record]",
        stores: Sequence[KeyStore],
        blobs: Sequence[BlobStore],
        *,
        journals: Sequence[Journal] = (),
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        """`stores`: every place where keys are, the database's own (`KeyTable`) among them."""
        if not stores:
            raise ValueError("a shredder needs the key stores from which keys are to go")
        self._pool = pool
        self._stores = stores
        self._blobs = blobs
        self._journals = journals
        self._forget = forget

    async def shred(
        self, partition: int, subject_id: UUID, record_classes: Collection[str], *, final: bool = True
    ) -> Shredded:
        """Destroy the keys of these classes of the subject, and all that they sealed in the partition.

        `final`: the subject gets no key of these classes any more; else (the end of a retention period) later data
        is sealed under a new one. Classes under a legal hold are left as they are. Called again it goes on where it
        was stopped, and answers the same. A subject may have keys in every partition: ask each.

        Raises:
            asyncpg.PostgresError, ...: the tombstones could not be set; nothing was destroyed.
        """
        wanted = sorted(set(record_classes))
        held, tombstones, erasures = await self._entomb(partition, subject_id, wanted, final=final)
        self._forget()
        free = [tombstone for tombstone in tombstones if tombstone.record_class not in held]
        journals, keys, blobs = await self.destroy(partition, free, erasures)
        failed = any(outcome.error for outcome in (*keys, *blobs, *journals))
        classes = [_outcome(record_class, held, tombstones, failed=failed) for record_class in wanted]
        return Shredded(partition, subject_id, tuple(classes), tuple(keys), tuple(blobs), tuple(journals))

    async def destroy(
        self, partition: int, tombstones: Sequence[Tombstone], erasures: Sequence[Erasure] = ()
    ) -> tuple[list[StoreOutcome], list[StoreOutcome], list[StoreOutcome]]:
        """What follows on tombstones, in every journal, key store and blob store; each is tried."""
        journals = [await self._noted(journal, partition, tombstones, erasures) for journal in self._journals]
        keys = [await self._destroyed(store, partition, tombstones) for store in self._stores]
        blobs = [await self._deleted(store, partition, tombstones) for store in self._blobs]
        self._forget()
        return journals, keys, blobs

    async def _entomb(
        self, partition: int, subject_id: UUID, wanted: Sequence[str], *, final: bool
    ) -> tuple[set[str], list[Tombstone], list[Erasure]]:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(statement("lock_keys"))
            found = await connection.fetch(statement("held_classes"), partition, subject_id, wanted)
            held: set[str] = {row["record_class"] for row in found}
            free = [record_class for record_class in wanted if record_class not in held]
            if final:
                await connection.execute(statement("put_erasures"), partition, subject_id, free)
            await connection.execute(statement("put_tombstones"), partition, subject_id, free)
            set_now = await connection.fetch(statement("tombstones_of"), partition, subject_id, wanted)
            closed = await connection.fetch(statement("erasures_of"), partition, subject_id, wanted)
        return held, [Tombstone(*row) for row in set_now], [Erasure(subject_id, *row) for row in closed]

    async def _noted(
        self, journal: Journal, partition: int, tombstones: Sequence[Tombstone], erasures: Sequence[Erasure]
    ) -> StoreOutcome:
        try:
            await journal.add(partition, tombstones, erasures)
        except FAILURES as error:
            return StoreOutcome(journal.name, 0, _told(error))
        return StoreOutcome(journal.name, len(tombstones) + len(erasures))

    async def _destroyed(self, store: KeyStore, partition: int, tombstones: Iterable[Tombstone]) -> StoreOutcome:
        """Destroy in one store, and look whether it is done."""
        key_ids = [tombstone.key_id for tombstone in tombstones]
        if not key_ids:
            return StoreOutcome(store.name, 0)
        try:
            await store.destroy(partition, key_ids)
            left = await store.holding(partition, key_ids)
        except FAILURES as error:
            return StoreOutcome(store.name, 0, _told(error))
        return StoreOutcome(store.name, len(key_ids) - len(left), f"{len(left)} keys are still there" if left else None)

    async def _deleted(self, store: BlobStore, partition: int, tombstones: Sequence[Tombstone]) -> StoreOutcome:
        if not tombstones:
            return StoreOutcome(store.name, 0)
        try:
            return StoreOutcome(store.name, await store.delete(partition, tombstones))
        except FAILURES as error:
            return StoreOutcome(store.name, 0, _told(error))


def _outcome(
    record_class: str, held: Collection[str], tombstones: Iterable[Tombstone], *, failed: bool
) -> ClassOutcome:
    of_class = tuple(tombstone for tombstone in tombstones if tombstone.record_class == record_class)
    if record_class in held:
        return ClassOutcome(record_class, "held", of_class)
    if not of_class:
        return ClassOutcome(record_class, "nothing")
    return ClassOutcome(record_class, "incomplete" if failed else "erased", of_class)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
