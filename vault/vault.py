"""The way in: seal the personal fields of many events, open those that may be seen."""

import asyncio
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar
from uuid import UUID

from vault.blind_index import BlindIndex
from vault.errors import EnvelopeCorrupt, KeyDestroyed, KeyUnknown
from vault.keyring import Keyring
from vault.provider import KeyProvider
from vault.seal import DataKey, open_, seal

if TYPE_CHECKING:
    from asyncpg import Pool, Record

T = TypeVar("T")

# Some 5 ms of work, after which others on the event loop get their turn.
_ITEMS_PER_TURN: Final = 500


class Item(NamedTuple):
    """The personal fields of one subject and record class in one event, as the bytes to seal."""

    event_id: UUID
    subject_id: UUID
    record_class: str
    plaintext: bytes

    def __repr__(self) -> str:
        """Without what is to be sealed."""
        return f"Item({self.event_id!r}, {self.subject_id!r}, {self.record_class!r})"


class Sealed(NamedTuple):
    """A blob to store beside its event; the event keeps `sha256` of the blob (32 bytes)."""

    event_id: UUID
    subject_id: UUID
    record_class: str
    key_id: UUID
    blob: bytes
    sha256: bytes


class Reference(NamedTuple):
    """What is to be opened: the event's own reference, with the stored blob where there is one."""

    event_id: UUID
    subject_id: UUID
    record_class: str
    key_id: UUID | None
    blob: bytes | None
    sha256: bytes


class Loss(StrEnum):
    """Why personal data is not there to be shown."""

    ERASED = "erased"
    """A tombstone stands for the key."""
    BLOB_MISSING = "blob-missing"
    """The blob is gone and no tombstone is known for its key."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Personal data that cannot be opened any more; `at` is the tombstone's time where there is one."""

    reason: Loss
    at: datetime | None


class Vault:
    """Seals and opens for one database of keys. Call `keyring.check` once before use."""

    def __init__(
        self,
        pool: "Pool[Record]",
        provider: KeyProvider,
        *,
        cache_keys_max: int = 100_000,
        cache_age_s_max: float = 60.0,
    ) -> None:
        self._provider = provider
        self.keyring = Keyring(pool, provider, cache_keys_max=cache_keys_max, cache_age_s_max=cache_age_s_max)
        self.index = BlindIndex(pool, self.keyed_hmac)

    async def seal_many(self, partition: int, items: Sequence[Item]) -> list[Sealed]:
        """Seal each item, in order; every key used is durable when this returns.

        Raises:
            SubjectErased, KeyDestroyed: a subject of the items is erased, or is being; nothing was sealed.
            ValueError: a record class is malformed.
        """
        names = {(item.subject_id, item.record_class) for item in items}
        keys = await self.keyring.ensure(partition, names)
        sealed: list[Sealed] = []
        for turn in _turns(items):
            if sealed:
                await asyncio.sleep(0)
            sealed += [_seal(item, keys[item.subject_id, item.record_class]) for item in turn]
        return sealed

    async def open_many(self, partition: int, rows: Sequence[Sealed | Reference]) -> list[bytes | Missing]:
        """Open each row, in order; what was erased or lost is a `Missing` in its place.

        Raises:
            EnvelopeCorrupt: a blob is not the one that its event committed to, or does not open.
            KeyUnknown: a blob's key is gone without a tombstone: the key store lost it.
            KeyCorrupt, EpochUnknown: a key cannot be unwrapped.
        """
        keys = await self.keyring.find(partition, {row.key_id for row in rows if row.key_id is not None})
        gone = await self.keyring.destroyed_at(partition, [_name(row) for row in rows if row.blob is None])
        opened: list[bytes | Missing] = []
        for turn in _turns(rows):
            if opened:
                await asyncio.sleep(0)
            opened += [_open(row, keys, gone) for row in turn]
        return opened

    def keyed_hmac(self, purpose: str, *parts: bytes) -> bytes:
        """HMAC-SHA256 of the parts under the secret of the purpose: for ids of outside keys, for tokens of values.

        Each part is preceded by its length (8 bytes, big-endian), so that no two lists of parts meet.
        """
        message = b"".join([piece for part in parts for piece in (len(part).to_bytes(8, "big"), part)])
        return hmac.digest(self._provider.secret(purpose), message, "sha256")


def _seal(item: Item, key: DataKey) -> Sealed:
    event_id, subject_id, record_class, plaintext = item
    blob = seal(key, event_id=event_id, subject_id=subject_id, record_class=record_class, plaintext=plaintext)
    return Sealed(event_id, subject_id, record_class, key.key_id, blob, sha256(blob).digest())


def _name(row: Sealed | Reference) -> tuple[UUID, str]:
    return row.subject_id, row.record_class


def _open(
    row: Sealed | Reference,
    keys: Mapping[UUID, DataKey | KeyDestroyed],
    gone: Mapping[tuple[UUID, str], datetime],
) -> bytes | Missing:
    key = keys.get(row.key_id) if row.key_id is not None else None
    if isinstance(key, KeyDestroyed):
        return Missing(Loss.ERASED, key.at)
    if row.blob is None or row.key_id is None:
        at = gone.get(_name(row))
        return Missing(Loss.BLOB_MISSING, None) if at is None else Missing(Loss.ERASED, at)
    if key is None:
        raise KeyUnknown(row.key_id)
    if not hmac.compare_digest(sha256(row.blob).digest(), row.sha256):
        raise EnvelopeCorrupt(row.event_id, row.key_id, "it is not the blob that the event committed to")
    return open_(key, event_id=row.event_id, subject_id=row.subject_id, record_class=row.record_class, blob=row.blob)


def _turns(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), _ITEMS_PER_TURN):
        yield things[start : start + _ITEMS_PER_TURN]
