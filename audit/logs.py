"""Which logs there are, and what each is called."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol

from audit.errors import SealingStopped
from audit.signing import SigningKeys
from audit.statements import statement

if TYPE_CHECKING:
    import asyncpg

Kind = Literal["event", "look", "checkpoint"]
"""What the entries of a log stand for."""

SCHEMAS: Final[dict[Kind, str]] = {"event": "record", "look": "reads"}
"""Where the events of a log are."""

LOG_ID: Final = re.compile(r"[^\s+/]+(?:/[^\s+/]+)*")


class LogName(NamedTuple):
    """A log: the partition (0 for the record log), what it is of, and which shard."""

    partition: int
    kind: Kind
    shard: int = 0

    def origin(self, log_id: str) -> str:
        """What its checkpoints begin with."""
        match self.kind:
            case "event":
                return f"{log_id}/{self.partition}/{self.shard}"
            case "look":
                return f"{log_id}/reads/{self.partition}/{self.shard}"
            case "checkpoint":
                return f"{log_id}/record/{self.shard}"


class Log(NamedTuple):
    """A log as the database has it. `checkpoint`: the signed note of `signed_size`; None before the first."""

    name: LogName
    origin: str
    vkey: str
    size: int
    root: bytes
    signed_size: int
    checkpoint: str | None
    signed_at: datetime | None
    trouble: str | None
    next_vkey: str | None = None
    """A key that an entry of the record log announces, and that no signed checkpoint covers yet."""
    old_vkey: str | None = None
    """The key before; checkpoints of up to `old_size` entries may have its signature alone."""
    old_size: int | None = None
    held: bool = False
    """Whether a process has the lease to seal it."""


class Database(Protocol):
    """What is read from: a pool, or a connection in a transaction."""

    async def fetch(self, query: str, /, *args: Any) -> "Sequence[asyncpg.Record]":  # noqa: ANN401
        """Rows of a statement."""
        ...


async def read_logs(database: Database) -> list[Log]:
    """Every log, older shards included."""
    rows = await database.fetch(statement("logs"))
    return [Log(LogName(row["partition"], row["kind"], row["shard"]), *list(row)[3:]) for row in rows]


def current(logs: list[Log]) -> list[Log]:
    """The newest shard of each."""
    newest = {(log.name.kind, log.name.partition): log for log in logs}  # they come in the order of shards
    return list(newest.values())


async def ensure_logs(pool: "asyncpg.Pool[asyncpg.Record]", keys: SigningKeys, log_id: str) -> list[Log]:
    """The current shard of each log; logs that are missing are begun, under `log_id` if they are the first.

    Raises:
        SealingStopped: the logs of this record have another id, or a key is not the one that a log began with.
        ValueError: `log_id` can be no log's.
    """
    if not LOG_ID.fullmatch(log_id):
        raise ValueError(f"{log_id!r} is no log id: words without blanks and plus, with slashes between them")
    await pool.execute(statement("put_log_id"), log_id)
    found = await pool.fetchval(statement("log_id"))
    if found != log_id:
        raise SealingStopped(f"the logs of this record are called {found}, not {log_id}: set DAYBOOK_LOG_ID to {found}")
    partitions = [row[0] for row in await pool.fetch(statement("partitions"))]
    wanted = [LogName(partition, kind) for kind in SCHEMAS for partition in partitions] + [LogName(0, "checkpoint")]
    there = {(log.name.kind, log.name.partition) for log in await read_logs(pool)}
    for name in wanted:
        if (name.kind, name.partition) not in there:
            vkey = keys.create(name.origin(log_id)).verifier.vkey
            await pool.execute(statement("put_log"), *name, name.origin(log_id), vkey)
    return current(await read_logs(pool))
