"""The data keys, one per subject and record class, wrapped, in `vault.data_key`.

A key is committed before `ensure` returns it, so it is durable before any event that uses it is
appended; this is why a keyring has a pool of its own and takes no connection: inside somebody's
transaction the promise would be empty. The pool may lead to another database than the record's.
"""

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import asyncpg

from vault.cache import AgingCache
from vault.errors import KeyCorrupt, KeyDestroyed, KeyStoreMismatch, SubjectErased, VaultError
from vault.lane import Lanes
from vault.provider import KeyProvider, WrappedKey
from vault.seal import DataKey
from vault.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record

KEYS_PER_BATCH_MAX: Final = 10_000
EPOCH_OVER: Final = "DB009"
_CREATE_ROUNDS_MAX: Final = 3
_RECORD_CLASS: Final = re.compile(r"[a-z][a-z0-9._-]{0,62}")
# Which keys a whole database was filled with is said once, in the partition that always exists.
_CHECK_PARTITION: Final = 0


class KeyName(NamedTuple):
    """What a live data key is found by."""

    subject_id: UUID
    record_class: str


class Keyring:
    """Finds and creates data keys; concurrent calls share statements, unwrapped keys are cached.

    A key whose tombstone another process sets opens nothing from that moment on. It may still be in the cache here
    and seal a blob; the database refuses to append that one, and whoever is refused calls `forget` and seals anew.
    """

    def __init__(
        self,
        pool: "Pool[Record]",
        provider: KeyProvider,
        *,
        cache_keys_max: int = 100_000,
        cache_age_s_max: float = 60.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._pool = pool
        self._provider = provider
        self._live: AgingCache[tuple[int, tuple[UUID, str]], DataKey] = AgingCache(
            cache_keys_max, cache_age_s_max, clock
        )
        self._by_id: AgingCache[tuple[int, UUID], DataKey] = AgingCache(cache_keys_max, cache_age_s_max, clock)
        self._live_lanes = Lanes(self._load_or_create, KEYS_PER_BATCH_MAX)
        self._id_lanes = Lanes(self._load_by_id, KEYS_PER_BATCH_MAX)

    async def ensure(self, partition: int, wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], DataKey]:
        """Give the live key of every (subject, record class), creating and committing those that are missing.

        Raises:
            SubjectErased: one of them is erased and gets no key any more.
            KeyDestroyed: a tombstone stands for one of them and its row is still there.
            KeyCorrupt, EpochUnknown: one of them cannot be unwrapped.
            ValueError: a record class is not a lower-case identifier of up to 63 characters.
        """
        found: dict[tuple[UUID, str], DataKey] = {}
        missing: list[KeyName] = []
        for name in wanted:
            key = self._live.get((partition, name))
            if key is None:
                missing.append(_checked(name))
            else:
                found[name] = key
        if missing:
            found.update(_keys_only(await self._live_lanes.get(partition, missing)))
        return found

    async def find(self, partition: int, key_ids: Collection[UUID]) -> dict[UUID, DataKey | KeyDestroyed]:
        """Give each key, or its tombstone as `KeyDestroyed`; ids known to nobody are left out.

        Always asks the database, so a tombstone is seen at once; the cache only saves the unwrapping.

        Raises:
            KeyCorrupt, EpochUnknown: one of them cannot be unwrapped.
        """
        if not key_ids:
            return {}
        outcomes = await self._id_lanes.get(partition, key_ids)
        found: dict[UUID, DataKey | KeyDestroyed] = {}
        for key_id, outcome in outcomes.items():
            if not isinstance(outcome, DataKey | KeyDestroyed):
                raise outcome
            found[key_id] = outcome
        return found

    async def destroyed_at(
        self, partition: int, names: Collection[tuple[UUID, str]]
    ) -> dict[tuple[UUID, str], datetime]:
        """When the newest destroyed key of each (subject, record class) was destroyed; of those that have one."""
        if not names:
            return {}
        columns = _columns([KeyName._make(name) for name in set(names)])
        rows = await self._pool.fetch(statement("destroyed_at"), partition, *columns)
        return {(row["subject_id"], row["record_class"]): row["at"] for row in rows}

    async def check(self) -> None:
        """Refuse a key store that is not the one this database was filled with; call it at start.

        Keys seen for the first time are noted down.

        Raises:
            KeyStoreMismatch: a key noted down before is absent from the key store, or is another one.
        """
        self._provider.refresh()
        held = self._provider.check_values()
        noted = await self._noted()
        await self._refuse_destroyed(held)
        _refuse_mismatch(held, noted)
        new = {name: value for name, value in held.items() if name not in noted}
        if new:
            note = statement("record_key_checks")
            await self._pool.execute(note, _CHECK_PARTITION, list(new), list(new.values()))
            _refuse_mismatch(held, await self._noted())

    def forget(self) -> None:
        """Drop every unwrapped key from memory, as after a shred or when the key store changed."""
        self._live.clear()
        self._by_id.clear()

    async def _noted(self) -> dict[str, bytes]:
        """Check values of all keys but those of destroyed epochs."""
        rows = await self._pool.fetch(statement("key_checks"), _CHECK_PARTITION)
        return {row["name"]: row["value"] for row in rows if row["destroyed_at"] is None}

    async def _refuse_destroyed(self, held: Mapping[str, bytes]) -> None:
        for row in await self._pool.fetch(statement("key_checks"), _CHECK_PARTITION):
            if row["destroyed_at"] is not None and row["name"] in held:
                again = f"daybook keys destroy-epoch {row['name'].removeprefix('epoch-')}"
                reason = f"was destroyed on {row['destroyed_at'].isoformat()} and is back: run `{again}` once more"
                raise KeyStoreMismatch(row["name"], reason)

    async def _load_or_create(
        self, partition: int, names: Collection[KeyName]
    ) -> Mapping[KeyName, DataKey | VaultError]:
        outcomes: dict[KeyName, DataKey | VaultError] = {}
        absent = list(names)
        for _ in range(_CREATE_ROUNDS_MAX):
            outcomes.update(await self._ensure(partition, absent))
            absent = [name for name in absent if name not in outcomes]  # another process was first
            if not absent:
                return outcomes
        raise VaultError(f"partition {partition}: data keys vanish as fast as they are created")

    async def _ensure(self, partition: int, names: Sequence[KeyName]) -> dict[KeyName, DataKey | VaultError]:
        """Find keys or make them, in one statement: most names asked for have none yet, or are asked for once."""
        offered = {key.key_id: key for key in [DataKey.random() for _ in names]}
        outcomes: dict[KeyName, DataKey | VaultError] = {}
        for row in await self._found_or_made(partition, names, list(offered.values())):
            name = KeyName(row["subject_id"], row["record_class"])
            if row["erased_at"] is not None:
                outcomes[name] = SubjectErased(*name, row["erased_at"])
                continue
            outcome = outcomes[name] = offered[row["key_id"]] if row["made"] else self._unwrapped(partition, row)
            if isinstance(outcome, DataKey):
                self._live.put((partition, name), outcome)
        return outcomes

    async def _found_or_made(self, partition: int, names: Sequence[KeyName], keys: Sequence[DataKey]) -> "list[Record]":
        for attempt in itertools.count():
            self._provider.refresh()
            wrapped = [self._provider.wrap(key.secret) for key in keys]
            try:
                return await self._pool.fetch(
                    statement("ensure_keys"),
                    partition,
                    *_columns(names),
                    [key.key_id for key in keys],
                    [w.epoch for w in wrapped],
                    [w.wrapped for w in wrapped],
                    [key.commitment for key in keys],
                )
            except asyncpg.PostgresError as error:  # a new epoch was made between the two
                if error.sqlstate != EPOCH_OVER or attempt:
                    raise
        raise AssertionError

    async def _load_by_id(self, partition: int, key_ids: Collection[UUID]) -> Mapping[UUID, DataKey | VaultError]:
        rows = await self._pool.fetch(statement("keys_by_id"), partition, list(key_ids))
        return {row["key_id"]: self._unwrapped(partition, row) for row in rows}

    def _unwrapped(self, partition: int, row: "Record") -> DataKey | VaultError:
        """Unwrap one key; what is wrong with it is its own answer and not the batch's."""
        key_id: UUID = row["key_id"]
        if row["destroyed_at"] is not None:
            return KeyDestroyed(key_id, row["destroyed_at"])
        known = self._by_id.get((partition, key_id))
        if known is not None:
            return known
        try:
            key = DataKey(key_id, self._provider.unwrap(WrappedKey(row["epoch"], row["wrapped"])))
        except VaultError as error:
            return error
        if key.commitment != row["commitment"]:
            return KeyCorrupt(f"key {key_id} is not the one that its row commits to")
        self._by_id.put((partition, key_id), key)
        return key


def _checked(name: tuple[UUID, str]) -> KeyName:
    """Refuse here what the database would refuse for everybody in the batch."""
    subject_id, record_class = name
    if not _RECORD_CLASS.fullmatch(record_class):
        raise ValueError(f"record class {record_class!r} must match {_RECORD_CLASS.pattern}")
    return KeyName(subject_id, record_class)


def _columns(names: Collection[KeyName]) -> tuple[list[UUID], list[str]]:
    return [name.subject_id for name in names], [name.record_class for name in names]


def _keys_only(outcomes: Mapping[KeyName, DataKey | VaultError]) -> dict[tuple[UUID, str], DataKey]:
    keys: dict[tuple[UUID, str], DataKey] = {}
    for name, outcome in outcomes.items():
        if isinstance(outcome, VaultError):
            raise outcome
        keys[name] = outcome
    return keys


def _refuse_mismatch(held: Mapping[str, bytes], noted: Mapping[str, bytes]) -> None:
    for name, value in noted.items():
        if name not in held:
            raise KeyStoreMismatch(name, "is missing from it: is it an older copy?")
        if held[name] != value:
            raise KeyStoreMismatch(name, "is another key than the one used so far: restore the right key store")
