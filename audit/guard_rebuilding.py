"""A fork guard that was lost is made anew, against checkpoints that others have kept."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from audit.checkpoint import Checkpoint
from audit.entries import Decided, GuardRebuilt
from audit.errors import DecisionRefused
from audit.guard import ForkGuard
from audit.log_tiles import hashes_for
from audit.logs import Log, current, read_logs
from audit.merkle import covering, folded
from audit.notes import NoteRefused, parse
from audit.record_log import head_of, signed_head
from audit.rotating import put_entries, record_log_of
from audit.statements import statement
from audit.tiles import TileMissing
from audit.verifying import verify

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]


async def rebuild_guard(
    reader: "Pool", pool: "Pool", guard: ForkGuard, notes: Sequence[str], why: Decided
) -> GuardRebuilt:
    """Give the guard the signed heads of the logs that it does not know.

    `notes`: checkpoints of the record log that somebody else has kept, a witness or an auditor. Each must be a prefix
    of the record log in the database, which in turn must agree with all logs and events. `reader`: the database as
    the application's role; `pool`: as the sealer's.

    Raises:
        DecisionRefused: no checkpoint is given, one does not fit, the database is not as sealed, or nothing is missing.
    """
    logs = current(await read_logs(pool))
    known = set(await asyncio.to_thread(guard.origins))
    missing = [log for log in logs if log.origin not in known and log.signed_size]
    if not missing:
        raise DecisionRefused("the fork guard knows every log: there is nothing to rebuild")
    if not notes:
        raise DecisionRefused("name a checkpoint of the record log that somebody outside has kept")
    evidence = [await _evidence(pool, logs, note) for note in notes]
    findings = (await verify(reader)).findings
    if findings:
        raise DecisionRefused(f"the database is not as it was sealed ({findings[0]}): run `daybook verify`")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(statement("lock_logs"))
        now = {log.origin: log for log in await read_logs(connection)}
        heads = tuple(signed_head(now[log.origin]) for log in missing)
        rebuilt = GuardRebuilt(tuple(evidence), heads, why)
        await put_entries(connection, record_log_of(list(now.values())), [rebuilt.entry()])
    for head in heads:
        await asyncio.to_thread(guard.advance, None, head)
    return rebuilt


async def _evidence(pool: "Pool", logs: Sequence[Log], note: str) -> Checkpoint:
    """A checkpoint that was kept elsewhere, after the database has shown that it has the same history."""
    try:
        head = Checkpoint.parse(parse(note).text)
        log = next((one for one in logs if one.origin == head.origin and one.name.kind == "checkpoint"), None)
        if log is None:
            raise DecisionRefused(f"{head.origin} is not the record log of this database")
        for vkey in filter(None, (log.vkey, log.old_vkey)):
            try:
                head_of(note, log.origin, vkey)
                break
            except NoteRefused:
                continue
        else:
            raise DecisionRefused(f"the checkpoint is not signed by the key of {log.origin}")
        nodes = covering(0, head.size)
        read = await hashes_for(pool, log.name, nodes, log.signed_size)
        same = folded([read(node) for node in nodes]) == head.root
    except (NoteRefused, TileMissing) as error:
        raise DecisionRefused(f"the checkpoint does not fit: {error}") from error
    if not same:
        raise DecisionRefused(f"the database has another history of {head.origin} at {head.size} entries")
    return head
