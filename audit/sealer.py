"""Seals one log: hashes what was appended, commits tiles, checks them in a second way, and signs.

Only one process seals a log at a time: it holds a lease, and every statement compares the lease's epoch. Before
anything is signed, the fork guard outside the database has agreed that the log only grew, and the new tiles, read
back, have the root that another code path finds. Where they differ the log is signed no more until somebody looked.
"""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final, Protocol, Self

import asyncpg

from audit.checkpoint import Checkpoint
from audit.errors import SealingStopped, SealLeaseLost
from audit.guard import ForkGuard
from audit.leaf import leaf_hashes
from audit.log_tiles import hashes_for, read_tiles
from audit.logs import SCHEMAS, Log, LogName
from audit.merkle import covering, folded, root
from audit.notes import Note, Signer, Verifier, parse, signed, verified
from audit.range import CompactRange
from audit.signing import SigningKeys
from audit.statements import statement
from audit.tiles import HASH_BYTES, WIDTH, At, TileHashes, TileMissing, edge_of, edges, grown, tiles_of

PAGE: Final = 4096
UNREACHABLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What the database says when it cannot be reached, or refuses."""
TTL_S: Final = 10.0


class Countersigner(Protocol):
    """Who else signs the record log's checkpoints before they are published, and is told of those that are."""

    async def countersign(self, sealer: "LogSealer", note: Note) -> Note:
        """The note with the signature lines of others below the log's own.

        The committed tiles of the sealer's log, from which proofs of consistency are made, go up to the note's size.

        Raises:
            CountersignatureMissing: policy wants more than could be had: nothing is published, and soon tried again.
        """
        ...

    def due(self, text: str) -> bool:
        """Whether more signatures could be had now for the checkpoint of this text, which is published already."""
        ...

    async def published(self, sealer: "LogSealer", note: Note) -> None:
        """Told of every new checkpoint of the record log after it was published, so that it can be anchored."""
        ...

    async def close(self) -> None:
        """Nothing more will be signed here."""
        ...


@dataclass(frozen=True, slots=True)
class Hands:
    """What sealing works with: the database as the sealer's role, the guard, the keys, and who holds the leases."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    guard: ForkGuard
    keys: SigningKeys
    holder: str
    ttl_s: float = TTL_S
    countersigner: Countersigner | None = None


@dataclass(slots=True)
class LogSealer:
    """Holds the lease of one log. Made by `open`."""

    hands: Hands
    name: LogName
    origin: str
    size: int
    """Of the committed tiles."""
    head: Checkpoint | None
    """What the guard has."""
    second: CompactRange
    """The same log by the second code path; as far as the guard."""
    edge: dict[int, bytes]
    signed_size: int
    epoch: int
    vkey: str
    old_vkey: str | None
    old_until: float
    """Until when the key before signs too, as `time.monotonic` tells it."""
    published: bool
    """Whether there is a checkpoint, and the key that signs now has signed it."""
    renewed_at: float
    signers: dict[str, Signer]

    @classmethod
    async def open(cls, hands: Hands, log: Log) -> Self | None:
        """Take the lease, and compare database and guard; None: another process has the lease.

        Raises:
            SealingStopped: the guard, the key or the tiles are not those of this log.
        """
        ttl = timedelta(seconds=hands.ttl_s)
        taken = await hands.pool.fetchrow(statement("take_log"), *log.name, hands.holder, ttl)
        if taken is None:
            return None
        try:
            return await cls._opened(hands, log, taken)
        except BaseException as error:
            trouble = str(error) if isinstance(error, SealingStopped) else None
            release = hands.pool.execute(statement("release_log"), *log.name, taken["epoch"], trouble)
            with suppress(*UNREACHABLE):  # then the lease expires by itself
                await asyncio.shield(release)
            raise

    @classmethod
    async def _opened(cls, hands: Hands, log: Log, taken: "asyncpg.Record") -> Self:
        began = time.monotonic()
        signer = await asyncio.to_thread(hands.keys.signer, log.origin, taken["vkey"])
        size, signed_size = taken["size"], taken["signed_size"]
        head = await asyncio.to_thread(_refuse_other_guard, hands.guard, log.origin, size, signed_size)
        at = head.size if head is not None else 0
        try:
            edge = await read_tiles(hands.pool, log.name, edges(size), size)
            nodes = covering(0, at)
            read = await hashes_for(hands.pool, log.name, nodes, size)
            second = CompactRange(at, [read(node) for node in nodes])
        except TileMissing as missing:
            raise SealingStopped(f"log {log.origin}: {missing}") from missing
        if head is not None and second.root() != head.root:
            raise SealingStopped(
                f"the fork guard knows another history of log {log.origin}: at {at} entries the database's root is "
                f"{second.root().hex()}, the guard's {head.root.hex()}"
            )
        return cls(
            hands, log.name, log.origin, size, head, second, {tile.level: content for tile, content in edge.items()},
            signed_size, taken["epoch"], signer.verifier.vkey, taken["old_vkey"], began + taken["overlap_s"],
            _is_signed_by(taken["checkpoint"], signer), began, {signer.verifier.vkey: signer},
        )  # fmt: skip

    async def step(self, limit: int = PAGE) -> int:
        """Seal up to `limit` more entries; how many were sealed.

        Raises:
            SealLeaseLost: another process has taken over.
            SealingStopped: what is in the database is not what was sealed.
        """
        await self._renew()
        leaves = await self._leaves(limit)
        if leaves:
            await self._grow(leaves)
        if self.size > self.second.size or self.signed_size < self.size or self.head is None or not self.published:
            await self._confirm()
        elif (others := self._others) is not None and others.due(self.head.text()):
            await self._publish(self.head)
        return len(leaves)

    @property
    def _others(self) -> Countersigner | None:
        """Who else signs this log."""
        return self.hands.countersigner if self.name.kind == "checkpoint" else None

    async def release(self, trouble: str | None = None) -> None:
        """Let another take the lease; `trouble` says why this one stopped."""
        await self.hands.pool.execute(statement("release_log"), *self.name, self.epoch, trouble)

    async def _renew(self) -> None:
        if time.monotonic() - self.renewed_at < self.hands.ttl_s / 3:
            return
        began, ttl = time.monotonic(), timedelta(seconds=self.hands.ttl_s)
        if await self.hands.pool.fetchval(statement("renew_log"), *self.name, self.epoch, ttl) is None:
            raise SealLeaseLost(f"another process seals log {self.origin}")
        self.renewed_at = began

    async def _leaves(self, limit: int) -> list[bytes]:
        """The leaf hashes of what comes next, by the first code path."""
        schema = SCHEMAS.get(self.name.kind)
        if schema is None:
            arguments = (self.name.partition, self.size, limit, self.name.shard)
            rows = await self.hands.pool.fetch(statement("read_entries"), *arguments)
        else:
            rows = await self.hands.pool.fetch(statement("read_leaves", schema), self.name.partition, self.size, limit)
        if rows and rows[-1]["position"] != self.size + len(rows) - 1:
            raise SealingStopped(f"log {self.origin}: positions have a gap after {self.size}")
        return leaf_hashes(rows) if schema else [sha256(b"\x00" + row["entry"]).digest() for row in rows]

    async def _grow(self, leaves: list[bytes]) -> None:
        size = self.size + len(leaves)
        tiles = grown(self.edge, self.size, leaves)
        edge = edge_of(tiles, size, self.edge)
        new_root = _root_of_edge(size, edge)
        began = time.monotonic()
        held = await self.hands.pool.fetchval(
            statement("grow_log"), *self.name, self.epoch, self.size, size, new_root,
            timedelta(seconds=self.hands.ttl_s),
            [at.level for at in tiles], [at.number for at in tiles], list(tiles.values()),
        )  # fmt: skip
        if not held:
            raise SealLeaseLost(f"another process seals log {self.origin}")
        self.size, self.edge, self.renewed_at = size, edge, began

    async def _confirm(self) -> None:
        """Check what was committed, move the guard, sign, publish."""
        start = self.second.size
        tiles, leaves = await asyncio.gather(
            read_tiles(self.hands.pool, self.name, [at for at, _ in tiles_of(self.size, start)], self.size),
            self._second_leaves(start),
        )
        whole = await hashes_for(self.hands.pool, self.name, covering(0, self.size), self.size)
        self.second.push(leaves)
        found, expected = root(self.size, whole), self.second.root()
        if self.second.size != self.size or found != expected or not _same_leaves(tiles, start, leaves):
            raise SealingStopped(
                f"log {self.origin}: between {start} and {self.size} the tiles are not those of the entries "
                f"(root {found.hex()}, by the second path {expected.hex()})"
            )
        head = Checkpoint(self.origin, self.size, found)
        if head != self.head:
            await asyncio.to_thread(self.hands.guard.advance, self.head, head)
            self.head = head
        await self._publish(head)

    async def _publish(self, head: Checkpoint) -> None:
        if self.name.kind == "checkpoint":
            await self._publish_record_log(head)
            return
        old = self.old_vkey if time.monotonic() < self.old_until else None
        note = await self._signed(head, self.vkey, [old])
        arguments = (*self.name, self.epoch, head.size, note.format())
        self._refuse_lost(await self.hands.pool.fetchval(statement("publish"), *arguments))
        self.signed_size, self.published = head.size, True

    async def _publish_record_log(self, head: Checkpoint) -> None:
        keys = await self.hands.pool.fetchrow(statement("log_keys"), *self.name)
        if keys is None:
            raise SealLeaseLost(f"log {self.origin} is gone")
        vkey, old = keys["vkey"], keys["old_vkey"]
        if keys["next_vkey"] is not None:
            if keys["next_entry"] >= head.size:
                return  # nothing is signed before the next step has sealed the entry that announces the key
            vkey, old = keys["next_vkey"], keys["vkey"] if keys["next_overlaps"] else None
        note = await self._signed(head, vkey, [old, keys["vouching"]])
        others = self._others
        if others is not None:
            note = await others.countersign(self, note)
        arguments = (*self.name, self.epoch, head.size, note.format(), vkey)
        self._refuse_lost(await self.hands.pool.fetchval(statement("publish_record_log"), *arguments))
        self.signed_size, self.published, self.vkey = head.size, True, vkey
        if others is not None:
            await others.published(self, note)

    async def _signed(self, head: Checkpoint, vkey: str, others: Iterable[str | None]) -> Note:
        """Signed with the key, and with those before it that sign as well, if they are still there."""
        signers = [await asyncio.to_thread(self._signer, vkey)]
        for other in filter(None, others):
            with suppress(SealingStopped):
                signers.append(await asyncio.to_thread(self._signer, other))
        return signed(head.text(), signers)

    def _signer(self, vkey: str) -> Signer:
        found = self.signers.get(vkey)
        if found is None:
            found = self.signers[vkey] = self.hands.keys.signer(Verifier.parse(vkey).name, vkey)
        return found

    def _refuse_lost(self, published: int | None) -> None:
        if published is None:
            raise SealLeaseLost(f"another process seals log {self.origin}, or its key is being changed")

    async def _second_leaves(self, start: int) -> bytes:
        """The leaf hashes since `start`, computed by the database."""
        if start == self.size:
            return b""
        schema = SCHEMAS.get(self.name.kind)
        if schema is None:
            arguments = (self.name.partition, start, self.size, self.name.shard)
            return await self.hands.pool.fetchval(statement("entry_hashes"), *arguments) or b""
        arguments = (self.name.partition, start, self.size)
        return await self.hands.pool.fetchval(statement("leaf_hashes", schema), *arguments) or b""


def _is_signed_by(checkpoint: str | None, signer: Signer) -> bool:
    return checkpoint is not None and bool(verified(parse(checkpoint), [signer.verifier]))


def _refuse_other_guard(guard: ForkGuard, origin: str, size: int, signed_size: int) -> Checkpoint | None:
    """The guard's head of a log, if the log may go on from there; it blocks for a moment."""
    prefix, _, shard = origin.rpartition("/")
    if guard.head(f"{prefix}/{int(shard) + 1}") is not None:
        raise SealingStopped(f"the fork guard knows a later shard of log {origin}, the database does not")
    head = guard.head(origin)
    if head is None:
        if signed_size > 0:
            raise SealingStopped(f"the fork guard of log {origin} is missing, though {signed_size} entries are signed")
        return None
    if head.size > size:
        raise SealingStopped(
            f"the fork guard of log {origin} is at {head.size} entries, the database at {size}: it was restored"
        )
    if head.size < signed_size:
        raise SealingStopped(
            f"the fork guard of log {origin} is at {head.size} entries, {signed_size} are signed: the guard is old"
        )
    return head


def _root_of_edge(size: int, edge: dict[int, bytes]) -> bytes:
    """Root from the partial tiles alone: they hold every hash that covers the whole."""
    tiles = {At(level, (size >> 8 * level) // WIDTH): content for level, content in edge.items()}
    read = TileHashes(tiles)
    return folded([read(node) for node in covering(0, size)])


def _same_leaves(tiles: dict[At, bytes], start: int, leaves: bytes) -> bool:
    """Whether the tiles of level 0 hold these leaf hashes from `start` on."""
    first = start // WIDTH
    content = b"".join(tiles[at] for at in sorted(tiles) if at.level == 0)
    skipped = (start - first * WIDTH) * HASH_BYTES
    return content[skipped:] == leaves
