"""Proofs for one entry, out of the tiles in the database."""

from typing import NamedTuple

from audit.leaf import Row, entry, header
from audit.log_tiles import hashes_for
from audit.logs import SCHEMAS, Database, Log
from audit.merkle import assembled, consistency_parts, inclusion_parts
from audit.notes import parse
from audit.proof import TlogProof
from audit.statements import statement


class NotSealed(LookupError):
    """The entry is not under a checkpoint yet."""


class EventProof(NamedTuple):
    """What shows that an event is in the record: its header, and the proof of the leaf that commits to it."""

    header: bytes
    proof: TlogProof


async def prove_event(database: Database, log: Log, position: int) -> EventProof:
    """The proof of an event of the record or of the looks.

    Raises:
        NotSealed: its log is not signed so far.
        TileMissing: tiles are gone.
    """
    rows = await database.fetch(statement("read_leaves", SCHEMAS[log.name.kind]), log.name.partition, position, 1)
    if not rows or rows[0]["position"] != position:
        raise NotSealed(f"log {log.origin} has no entry {position}")
    row = Row._make(rows[0])
    return EventProof(header(row), await prove(database, log, position, entry(row)))


async def prove(database: Database, log: Log, position: int, content: bytes) -> TlogProof:
    """The proof of an entry against the log's newest checkpoint.

    Raises:
        NotSealed, TileMissing: as `prove_event`.
    """
    if log.checkpoint is None or position >= log.signed_size:
        raise NotSealed(f"log {log.origin} is signed up to {log.signed_size}, entry {position} comes after")
    parts = inclusion_parts(position, log.signed_size)
    read = await hashes_for(database, log.name, [node for part in parts for node in part], log.signed_size)
    return TlogProof(content, position, tuple(assembled(parts, read)), parse(log.checkpoint))


async def prove_consistency(database: Database, log: Log, old: int, size: int) -> list[bytes]:
    """The hashes that show that a log of `old` entries is a prefix of the same log with `size`.

    Raises:
        ValueError: `old` is not from 1 to `size`, or `size` is more than is signed.
        TileMissing: tiles are gone.
    """
    if size > log.signed_size:
        raise ValueError(f"log {log.origin} is signed up to {log.signed_size} entries, not {size}")
    parts = consistency_parts(old, size)
    read = await hashes_for(database, log.name, [node for part in parts for node in part], size)
    return assembled(parts, read)
