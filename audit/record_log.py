"""The record log: each entry binds the checkpoints of all other logs at one moment."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from audit.checkpoint import Checkpoint
from audit.logs import Log, current, read_logs
from audit.merkle import EMPTY_ROOT
from audit.moment import moment
from audit.notes import NoteRefused, Verifier, parse, verified
from audit.sealer import LogSealer
from audit.statements import statement

if TYPE_CHECKING:
    import asyncpg


def checkpoints_entry(heads: Sequence[Checkpoint], partitions: int, at: datetime) -> bytes:
    """An entry that binds these heads; canonical JSON."""
    logs = [
        {"origin": head.origin, "root": base64.b64encode(head.root).decode(), "size": head.size}
        for head in sorted(heads)
    ]
    return canonical({"at": moment(at), "logs": logs, "partitions": partitions, "type": "checkpoints", "v": 1})


def canonical(content: dict[str, Any]) -> bytes:
    """Canonical JSON of what has no floats."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def signed_head(log: Log) -> Checkpoint:
    """The head that a log has signed; of a log that has signed nothing the empty one.

    Raises:
        NoteRefused: see `head_of`.
    """
    if log.checkpoint is None:
        return Checkpoint(log.origin, 0, EMPTY_ROOT)
    try:
        return head_of(log.checkpoint, log.origin, log.vkey)
    except NoteRefused:
        if log.old_vkey is None or log.signed_size > (log.old_size or 0):
            raise
        return head_of(log.checkpoint, log.origin, log.old_vkey)  # the key was changed a moment ago


def head_of(checkpoint: str, origin: str, vkey: str) -> Checkpoint:
    """The head in a signed note.

    Raises:
        NoteRefused: it is malformed, is not signed by the key, or is another log's.
    """
    note = parse(checkpoint)
    if not verified(note, [Verifier.parse(vkey)]):
        raise NoteRefused(f"the checkpoint of log {origin} is not signed by its key")
    head = Checkpoint.parse(note.text)
    if head.origin != origin:
        raise NoteRefused(f"the checkpoint of log {origin} is that of {head.origin}")
    return head


async def bind(pool: "asyncpg.Pool[asyncpg.Record]", sealer: LogSealer) -> bool:
    """Add an entry with the heads of all logs, if one of them has grown; whether there was one to add.

    The caller holds the lease of the record log; its next `step` seals the entry.
    """
    logs = [log for log in current(await read_logs(pool)) if log.name.kind != "checkpoint"]
    heads = [signed_head(log) for log in logs]
    last = await pool.fetch(
        statement("read_entries"), sealer.name.partition, max(sealer.size - 1, 0), 2, sealer.name.shard
    )
    if len(last) > min(sealer.size, 1):  # an entry of a sealer that died before it sealed it
        return True
    if last and heads_of(last[-1]["entry"]) == sorted(heads):
        return False
    partitions = sum(log.name.kind == "event" for log in logs)
    entry = checkpoints_entry(heads, partitions, datetime.now(UTC))
    arguments = (sealer.name.partition, sealer.name.shard, sealer.size, entry, sealer.epoch)
    await pool.execute(statement("put_entry"), *arguments)
    return True


def heads_of(entry: bytes) -> list[Checkpoint]:
    """The heads that an entry of type `checkpoints` binds, by origin; none of another type."""
    content = cast("dict[str, Any]", json.loads(entry))
    if content.get("type") != "checkpoints":
        return []
    return [Checkpoint(one["origin"], one["size"], base64.b64decode(one["root"])) for one in content["logs"]]
