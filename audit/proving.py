"""Proofs for one entry, out of the tiles in the database."""

from collections.abc import Sequence
from typing import NamedTuple

from audit.leaf import Row, entry, header
from audit.log_tiles import hashes_for
from audit.logs import SCHEMAS, Database, Log, LogName
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
    return (await prove_events(database, log, position, 1))[0]


async def prove_events(database: Database, log: Log, first: int, count: int) -> list[EventProof]:
    """The proofs of events that stand one after the other, all against one checkpoint.

    Raises:
        NotSealed, TileMissing: as `prove_event`.
    """
    rows = await database.fetch(statement("read_leaves", SCHEMAS[log.name.kind]), log.name.partition, first, count)
    if [row["position"] for row in rows] != list(range(first, first + count)):
        raise NotSealed(f"log {log.origin} has no entries {first} to {first + count - 1}")
    made = [Row._make(row) for row in rows]
    proofs = await _prove(database, log, first, [entry(row) for row in made])
    return [EventProof(header(row), proof) for row, proof in zip(made, proofs, strict=True)]


async def prove(database: Database, log: Log, position: int, content: bytes) -> TlogProof:
    """The proof of an entry against the log's newest checkpoint.

    Raises:
        NotSealed, TileMissing: as `prove_event`.
    """
    return (await _prove(database, log, position, [content]))[0]


async def _prove(database: Database, log: Log, first: int, entries: Sequence[bytes]) -> list[TlogProof]:
    end = first + len(entries)
    if log.checkpoint is None or end > log.signed_size:
        raise NotSealed(f"log {log.origin} is signed up to {log.signed_size}, entry {end - 1} comes after")
    parts = [inclusion_parts(position, log.signed_size) for position in range(first, end)]
    nodes = {node for of_one in parts for part in of_one for node in part}
    read = await hashes_for(database, log.name, nodes, log.signed_size)
    note = parse(log.checkpoint)
    return [
        TlogProof(content, first + at, tuple(assembled(parts[at], read)), note) for at, content in enumerate(entries)
    ]


async def prove_consistency(database: Database, log: Log, old: int, size: int) -> list[bytes]:
    """The hashes that show that a log of `old` entries is a prefix of the same log with `size`.

    Raises:
        ValueError: `old` is not from 1 to `size`, or `size` is more than is signed.
        TileMissing: tiles are gone.
    """
    if size > log.signed_size:
        raise ValueError(f"log {log.origin} is signed up to {log.signed_size} entries, not {size}")
    return await prove_growth(database, log.name, old, size)


async def prove_growth(database: Database, name: LogName, old: int, size: int) -> list[bytes]:
    """The same from tiles that are committed, whether or not they are signed yet.

    Raises:
        ValueError: `old` is not from 1 to `size`.
        TileMissing: tiles are gone.
    """
    parts = consistency_parts(old, size)
    read = await hashes_for(database, name, [node for part in parts for node in part], size)
    return assembled(parts, read)
