"""Changing the key that signs a log: announced by an entry of the record log, in force once that entry is signed."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from audit.entries import Decided, KeyChanged
from audit.errors import DecisionRefused
from audit.logs import Log, LogName, current, read_logs
from audit.notes import Verifier, parse, verified
from audit.record_log import signed_head
from audit.signing import SigningKeys
from audit.statements import statement

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

POLL_S: Final = 0.2


async def rotate(
    pool: "Pool", keys: SigningKeys, origins: Iterable[str], why: Decided, overlap: timedelta = timedelta()
) -> list[KeyChanged]:
    """Announce new keys for these logs; in force as soon as whoever seals has signed the announcement.

    `overlap`: how long the old key signs beside the new one; none where it was compromised or is gone.

    Raises:
        DecisionRefused: a log is not there, or its key is being changed already.
        SealingStopped: an old key that is to sign on is not there.
    """
    wanted = list(dict.fromkeys(origins))
    for log in _named(await read_logs(pool), wanted) if overlap else ():
        await asyncio.to_thread(keys.signer, log.origin, log.vkey)
    made = {origin: (await asyncio.to_thread(keys.renew, origin)).verifier.vkey for origin in wanted}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("lock_logs"))
        logs = await read_logs(connection)
        changes = [KeyChanged(signed_head(log), log.vkey, made[log.origin], why) for log in _named(logs, wanted)]
        record_log = record_log_of(logs)
        first = await put_entries(connection, record_log, [change.entry() for change in changes])
        for at, log in enumerate(_named(logs, wanted)):
            arguments = (*log.name, made[log.origin], overlap, record_log.shard, first + at)
            await connection.execute(statement("announce_key"), *arguments)
    return changes


async def in_force(pool: "Pool", changes: Iterable[KeyChanged], wait_s: float) -> bool:
    """Whether all these keys sign, within the time: the announcement is signed, and so is each log's checkpoint."""
    wanted = {change.head.origin: change.new_key for change in changes}
    until = asyncio.get_running_loop().time() + wait_s
    while True:
        logs = [log for log in await read_logs(pool) if log.origin in wanted]
        if all(log.vkey == wanted[log.origin] and _signs(log) for log in logs):
            return True
        if asyncio.get_running_loop().time() >= until:
            return False
        await asyncio.sleep(POLL_S)


def record_log_of(logs: list[Log]) -> LogName:
    """The name of the newest record log.

    Raises:
        DecisionRefused: no log was begun yet.
    """
    for log in current(logs):
        if log.name.kind == "checkpoint":
            return log.name
    raise DecisionRefused("no log was begun yet: let `daybook serve` or `daybook logs seal` run once")


async def put_entries(connection: "Connection", record_log: LogName, entries: Iterable[bytes]) -> int:
    """Add entries to the record log, in the caller's transaction, for its sealer to seal; the position of the first."""
    first: int = await connection.fetchval(statement("next_entry"), record_log.shard)
    for at, entry in enumerate(entries):
        await connection.execute(statement("append_entry"), record_log.partition, record_log.shard, first + at, entry)
    return first


def _signs(log: Log) -> bool:
    """Whether the newest checkpoint, if there is one, has the signature of the log's key."""
    return log.checkpoint is None or bool(verified(parse(log.checkpoint), [Verifier.parse(log.vkey)]))


def _named(logs: list[Log], origins: list[str]) -> list[Log]:
    found = {log.origin: log for log in current(logs)}
    for origin in origins:
        if origin not in found:
            raise DecisionRefused(f"no log is called {origin}: see `daybook logs list`")
        if found[origin].next_vkey is not None or not _signs(found[origin]):
            raise DecisionRefused(f"the key of log {origin} is being changed already: let the record log be sealed")
    return [found[origin] for origin in origins]
