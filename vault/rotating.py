"""Epochs of key-encryption keys: a new one wraps all living keys anew, and one that backups need no more is destroyed.

Whoever finds an old backup of the database together with today's keys opens nothing with it then. Both take four
eyes, and both go on where they were stopped when they are asked for again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import asyncpg

from vault.errors import EpochKept, VaultError
from vault.keyring import Keyring
from vault.provider import KeyProvider, WrappedKey
from vault.statements import statement

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]

KEYS_AT_ONCE: Final = 1_000
_FIRST: Final = UUID(int=0)


class SecondPersonRequired(VaultError):
    """What is hard to undo needs another person than the one who does it."""

    def __init__(self) -> None:
        super().__init__("another person has to approve this than the one who does it")


@dataclass(frozen=True, slots=True)
class Authority:
    """Who does it, and who else approves; pseudonyms."""

    actor: str
    approved_by: str

    def __post_init__(self) -> None:
        """Refuse one person under both names."""
        if not self.actor.strip() or not self.approved_by.strip() or self.actor.strip() == self.approved_by.strip():
            raise SecondPersonRequired


class EpochState(NamedTuple):
    """One epoch: how many keys it wraps, and what was done with it when."""

    epoch: int
    keys: int
    held: bool
    made_at: datetime | None
    emptied_at: datetime | None
    destroyed_at: datetime | None


class Rotated(NamedTuple):
    """The epoch that wraps everything now; `resumed`: it had been made before."""

    epoch: int
    rewrapped: int
    resumed: bool


class Rotation:
    """Works as the role of erasure, on all partitions of the vault."""

    def __init__(self, pool: "Pool", provider: KeyProvider, partitions: int) -> None:
        self._pool = pool
        self._provider = provider
        self._partitions = partitions

    async def epochs(self) -> list[EpochState]:
        """Every epoch that is held, used or was noted; a change counts when all partitions have it."""
        held = {int(name.removeprefix("epoch-")) for name in self._provider.check_values() if name != "root"}
        keys: dict[int, int] = {}
        changes: dict[tuple[int, str], list[datetime]] = {}
        for partition in range(self._partitions):
            for row in await self._pool.fetch(statement("epochs_in_use"), partition):
                keys[row["epoch"]] = keys.get(row["epoch"], 0) + row["keys"]
            for row in await self._pool.fetch(statement("epoch_changes"), partition):
                changes.setdefault((row["epoch"], row["change"]), []).append(row["at"])
        complete = {change: max(times) for change, times in changes.items() if len(times) == self._partitions}
        return [
            EpochState(
                epoch, keys.get(epoch, 0), epoch in held, *(complete.get((epoch, change)) for change in _CHANGES)
            )
            for epoch in sorted(held | keys.keys() | {epoch for epoch, _ in changes})
        ]

    async def rotate(
        self, authority: Authority, progress: Callable[[int, int | None], None] = lambda _done, _total: None
    ) -> Rotated:
        """Make a new epoch and wrap every key under it; an unfinished rotation is finished instead.

        Raises:
            KeyCorrupt, EpochUnknown: a key cannot be unwrapped; those before it are done.
        """
        self._provider.refresh()
        states = await self.epochs()
        newest = self._provider.epoch
        noted = next((state.made_at for state in states if state.epoch == newest), None)
        unfinished = any(state.keys or state.emptied_at is None for state in states if state.epoch < newest)
        resumed = unfinished or (newest > 1 and noted is None)
        epoch = newest if resumed else self._provider.make_epoch()
        await Keyring(self._pool, self._provider).check()  # notes the new key down before anything is under it
        for partition in range(self._partitions):
            await self._note(partition, epoch, "made", authority)
        total = sum(state.keys for state in states if state.epoch < epoch)
        done = 0
        for partition in range(self._partitions):
            older_ones = [state.epoch for state in states if state.epoch < epoch]
            done = await self._empty(partition, older_ones, epoch, authority, done, lambda now: progress(now, total))
        return Rotated(epoch, done, resumed)

    async def destroy(self, epoch: int, authority: Authority, backup_window: timedelta) -> None:
        """Destroy the key-encryption key of an old epoch for good.

        Raises:
            EpochKept: it is the newest, still wraps keys, or a backup within the window may need it.
        """
        self._provider.refresh()
        if epoch >= self._provider.epoch:
            raise EpochKept(epoch, "it is the newest; `daybook keys rotate` makes another")
        for partition in reversed(range(self._partitions)):
            await self._refuse_young(partition, epoch, backup_window)
        for partition in reversed(range(self._partitions)):  # 0 last: it is where programs look at start
            await self._note(partition, epoch, "destroyed", authority)
        self._provider.destroy_epoch(epoch)

    async def _empty(  # noqa: PLR0913, PLR0917
        self,
        partition: int,
        older: Iterable[int],
        epoch: int,
        authority: Authority,
        done: int,
        told: Callable[[int], None],
    ) -> int:
        """Until nothing is under the older ones: a process that has not seen the new epoch yet may wrap once more."""
        for last in (False, False, True):
            done = await self._rewrap(partition, epoch, done, told)
            try:
                for one in older:
                    await self._note(partition, one, "emptied", authority)
                break
            except EpochKept:
                if last:
                    raise
        return done

    async def _refuse_young(self, partition: int, epoch: int, backup_window: timedelta) -> None:
        age: timedelta | None = await self._pool.fetchval(statement("epoch_age"), partition, epoch)
        if age is None:
            raise EpochKept(epoch, "keys were wrapped under it when last looked; run `daybook keys rotate`")
        if age < backup_window:
            left = (backup_window - age).total_seconds() / 86_400
            raise EpochKept(epoch, f"backups of the last {backup_window.days} days need it, for {left:.1f} days more")

    async def _note(self, partition: int, epoch: int, change: str, authority: Authority) -> None:
        """With new keys locked out, so that the epoch is used by none when the database looks."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(statement("lock_keys"))
                arguments = partition, epoch, change, authority.actor, authority.approved_by
                await connection.execute(statement("note_epoch"), *arguments)
        except asyncpg.PostgresError as error:
            if error.sqlstate != "DB010":
                raise
            raise EpochKept(epoch, "it still wraps data keys; run `daybook keys rotate`") from error

    async def _rewrap(self, partition: int, epoch: int, done: int, told: Callable[[int], None]) -> int:
        after = _FIRST
        while rows := await self._pool.fetch(statement("keys_to_rewrap"), partition, epoch, after, KEYS_AT_ONCE):
            after = rows[-1]["key_id"]
            secrets = [self._provider.unwrap(WrappedKey(row["epoch"], row["wrapped"])) for row in rows]
            wrapped = [self._provider.wrap(secret) for secret in secrets]
            await self._pool.execute(
                statement("rewrap_keys"), partition, [row["key_id"] for row in rows],
                [row["epoch"] for row in rows], epoch, [one.wrapped for one in wrapped],
            )  # fmt: skip
            done += len(rows)
            told(done)
        return done


_CHANGES: Final = ("made", "emptied", "destroyed")
