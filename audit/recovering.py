"""Going on after a restore that lost events: a log that may not be signed any more goes on as its next shard."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from audit.checkpoint import Checkpoint
from audit.entries import Decided, ShardBegun, chunks
from audit.errors import DecisionRefused
from audit.guard import ForkGuard
from audit.leaf import leaf_hashes
from audit.log_tiles import hashes_for
from audit.logs import SCHEMAS, Log, LogName, current, read_logs
from audit.merkle import EMPTY_ROOT, HASH_BYTES, covering, folded
from audit.range import CompactRange
from audit.record_log import signed_head
from audit.rotating import put_entries, record_log_of
from audit.signing import SigningKeys
from audit.statements import statement
from audit.tiles import WIDTH, At, TileMissing, tile_path, width_of

if TYPE_CHECKING:
    from pathlib import Path

    import asyncpg

PAGE: Final = 4096
SHARD_MAX: Final = 10_000
Progress = Callable[[int, int], None]


class Ended(NamedTuple):
    """A log that cannot go on: what the fork guard knows of it, and why it stands."""

    log: Log
    head: Checkpoint
    why: str


async def ended(database: "asyncpg.Pool[asyncpg.Record]", guard: ForkGuard) -> list[Ended]:
    """The current logs whose database is behind the fork guard, or has another history at the guard's size."""
    found: list[Ended] = []
    for log in current(await read_logs(database)):
        head = await asyncio.to_thread(_newest_head, guard, log.origin)
        if head is None:
            continue
        if head.origin != log.origin:
            found.append(Ended(log, head, f"the fork guard knows its later shard {head.origin}"))
        elif head.size > log.size:
            found.append(Ended(log, head, f"the fork guard is at {head.size} entries, the database at {log.size}"))
        elif (why := await _other_history(database, log, head)) is not None:
            found.append(Ended(log, head, why))
    return found


async def _other_history(database: "asyncpg.Pool[asyncpg.Record]", log: Log, head: Checkpoint) -> str | None:
    nodes = covering(0, head.size)
    try:
        read = await hashes_for(database, log.name, nodes, log.size)
        same = folded([read(node) for node in nodes]) == head.root
    except TileMissing as missing:
        return str(missing)
    return None if same else f"the fork guard knows another history of {head.size} entries"


async def begin_shards(  # noqa: PLR0913
    pool: "asyncpg.Pool[asyncpg.Record]",
    guard: ForkGuard,
    keys: SigningKeys,
    logs: Sequence[Ended],
    why: Decided,
    *,
    tiles: "Path | None" = None,
    progress: Progress = lambda _done, _total: None,
) -> list[ShardBegun]:
    """Begin the next shard of each of these logs; whoever seals goes on with them by itself.

    `tiles`: a copy of the logs as files that is older than the incident; what only it still shows is recorded.

    Raises:
        DecisionRefused: nothing is to be recovered, or the copy is not that of these logs.
    """
    if not logs:
        raise DecisionRefused("no log is stopped: the database has all that the fork guard knows")
    lost = {one.log.origin: await asyncio.to_thread(_lost_leaves, one, tiles) for one in logs if tiles is not None}
    begun: list[ShardBegun] = []
    names: dict[str, LogName] = {}
    olds: dict[str, Log] = {}
    for one in sorted(logs, key=lambda found: found.log.name.kind != "checkpoint"):
        name, origin = _next_shard(one.log, one.head)
        key = (await asyncio.to_thread(keys.create, origin)).verifier.vkey
        restored = await _restored(pool, one.log, origin, progress)
        begun.append(ShardBegun(origin, key, one.head, _kept(one.log, one.head), restored, why))
        names[origin] = name
        olds[origin] = one.log
    entries = [shard.entry() for shard in begun]
    for shard in begun:
        leaves = lost.get(olds[shard.origin].origin, ())
        entries += [chunk.entry() for chunk in chunks(shard.old.origin, shard.kept.size, leaves)]
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("lock_logs"))
        now = {log.origin: log.size for log in current(await read_logs(connection))}
        if any(now.get(old.origin) != old.size for old in olds.values()):
            raise DecisionRefused("a log went on meanwhile: look again")
        for shard in begun:
            old = olds[shard.origin]
            await asyncio.to_thread(guard.begin, shard.origin)
            vouching = old.vkey if old.name.kind == "checkpoint" else None
            arguments = (*names[shard.origin], shard.origin, shard.key, vouching, *old.name)
            await connection.execute(statement("begin_shard"), *arguments)
        await put_entries(connection, record_log_of(await read_logs(connection)), entries)
    return begun


def _newest_head(guard: ForkGuard, origin: str) -> Checkpoint | None:
    """The guard's head of the newest shard that ever had entries, from this one on."""
    prefix, _, shard = origin.rpartition("/")
    head = guard.head(origin)
    for number in range(int(shard) + 1, SHARD_MAX):
        later = guard.head(f"{prefix}/{number}")
        if later is None:
            break
        if later.size:
            head = later
    return head


def _next_shard(log: Log, head: Checkpoint) -> tuple[LogName, str]:
    """The shard after the newest that has entries; one that was begun and never used is taken again."""
    number = int(head.origin.rpartition("/")[2]) + 1
    return log.name._replace(shard=number), f"{log.origin.rpartition('/')[0]}/{number}"


def _kept(log: Log, head: Checkpoint) -> Checkpoint:
    """How much of the old shard the database still has signed."""
    if head.origin != log.origin or head.size <= log.signed_size:
        return Checkpoint(head.origin, 0, EMPTY_ROOT)
    return signed_head(log)


async def _restored(pool: "asyncpg.Pool[asyncpg.Record]", log: Log, origin: str, progress: Progress) -> Checkpoint:
    """Size and root of what the new shard begins with."""
    schema = SCHEMAS.get(log.name.kind)
    tree = CompactRange(0, ())
    if schema is None:
        return Checkpoint(origin, 0, EMPTY_ROOT)
    while True:
        rows = await pool.fetch(statement("read_leaves", schema), log.name.partition, tree.size, PAGE)
        tree.push(b"".join(leaf_hashes(rows)))
        progress(tree.size, max(tree.size, log.size))
        if len(rows) < PAGE:
            return Checkpoint(origin, tree.size, tree.root())


def _lost_leaves(one: Ended, tiles: "Path | None") -> list[bytes]:
    """What only a copy of the tiles still shows: the leaf hashes from what is kept to the old head."""
    if tiles is None:
        return []
    below = tiles.joinpath(*one.head.origin.split("/"))
    size, kept = one.head.size, _kept(one.log, one.head)
    content = b"".join(_level_0(below, size))
    whole = CompactRange(0, ())
    whole.push(content[: kept.size * HASH_BYTES])
    if whole.root() != kept.root:
        raise DecisionRefused(f"the copy of log {one.head.origin} has another history than the database")
    whole.push(content[kept.size * HASH_BYTES :])
    if (whole.size, whole.root()) != one.head[1:]:
        raise DecisionRefused(f"the copy of log {one.head.origin} does not lead to the head that the fork guard knows")
    return [content[at : at + HASH_BYTES] for at in range(kept.size * HASH_BYTES, size * HASH_BYTES, HASH_BYTES)]


def _level_0(below: "Path", size: int) -> Iterable[bytes]:
    for number in range(-(-size // WIDTH)):
        width = width_of(At(0, number), size)
        paths = (tile_path(At(0, number), one) for one in (WIDTH, *range(width, WIDTH)))
        found = next((path for path in (below.joinpath(*one.split("/")) for one in paths) if path.is_file()), None)
        if found is None:
            raise DecisionRefused(f"the copy lacks {below / tile_path(At(0, number), width)}")
        yield found.read_bytes()[: width * HASH_BYTES]
