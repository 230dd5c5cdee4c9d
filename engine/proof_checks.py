"""One event, a proof or checkpoints against the database: what leads to a signed checkpoint, and what does not."""

import base64
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple, cast
from uuid import UUID

from audit.checkpoint import Checkpoint
from audit.logs import Database, Log, current, read_logs
from audit.merkle import EMPTY_ROOT, ProofRefused, verify_consistency
from audit.notes import Note, NoteRefused, Verifier, parse, verified
from audit.proof import HEADER, TlogProof, parse_proof
from audit.proving import NotSealed, prove_consistency, prove_event
from audit.record_log import head_of
from audit.serving import read_entries
from audit.tiles import TileMissing
from engine.wiring import Daybook
from projections.audit_detail import find_event

REFUSALS = (ProofRefused, NoteRefused, NotSealed, TileMissing)
"""What says that something does not hold."""

Keys = Mapping[str, str]
"""Verifier keys by origin of who asks; without them those in the database are believed."""


class EventShown(NamedTuple):
    """An event that is under a signed checkpoint: where, its header (canonical JSON) and its proof as a file."""

    event_id: str
    log: str
    position: int
    size: int
    header: str
    proof: str


class HeadShown(NamedTuple):
    """A checkpoint that is a prefix of what the log has signed by now; `hashes`: the proof of consistency."""

    log: str
    size: int
    now: int
    hashes: Sequence[bytes]


class ProofGiven(NamedTuple):
    """A proof as somebody handed it in, and the header that came with it."""

    proof: TlogProof
    header: str | None


async def show_event(daybook: Daybook, event_id: UUID, keys: Keys | None) -> EventShown:
    """Compute an event's header and leaf from its row, and check that they lead to the log's signed checkpoint.

    Raises:
        NotSealed: there is no such event, or it is not sealed yet.
        ProofRefused: the row or the tiles are not what was sealed.
        NoteRefused, TileMissing: the checkpoint is not its log's, or tiles are gone.
    """
    found = await find_event(daybook.models, event_id)
    if found is None:
        raise NotSealed(f"there is no event {event_id}")
    partition, position = found.recorded.partition, found.recorded.position
    database = daybook.record.pool
    log = next(
        (one for one in current(await read_logs(database)) if one.name[:2] == (partition, "event") and one.checkpoint),
        None,
    )
    if log is None:
        raise NotSealed(f"the log of partition {partition} has no checkpoint yet")
    shown = await prove_event(database, log, position)
    head = head_of(shown.proof.checkpoint.format(), log.origin, _vkey(log, keys))
    try:
        shown.proof.verify(shown.proof.extra or b"")
    except ProofRefused:
        raise ProofRefused(
            f"event {event_id} or its tile is not what was sealed at {position} of {log.origin}"
        ) from None
    return EventShown(str(event_id), log.origin, position, head.size, shown.header.decode(), shown.proof.format())


async def check_proof(database: Database, given: ProofGiven, keys: Keys | None) -> HeadShown:
    """Check a proof by itself, that its checkpoint is a prefix of the log, and that the database has the entry still.

    Raises:
        ProofRefused, NoteRefused, NotSealed, TileMissing: something does not hold.
    """
    proof, content = given.proof, given.proof.extra
    if content is None:
        raise NoteRefused("the proof has no line `extra` with its entry")
    proof.verify(content)
    if given.header is not None:
        _refuse_other_header(content, given.header)
    shown = await check_checkpoint(database, proof.checkpoint, keys)
    (log,) = [one for one in await read_logs(database) if one.origin == shown.log]
    if log in current(await read_logs(database)) and await _entry(database, log, proof.position) != content:
        raise ProofRefused(f"entry {proof.position} of {log.origin} is another in the database than in the proof")
    return shown


async def check_checkpoint(database: Database, note: Note, keys: Keys | None) -> HeadShown:
    """Check a checkpoint's signature, and that the log as it is now goes on from it.

    Raises:
        ProofRefused: it is of another history, or the log has become shorter.
        NoteRefused, TileMissing: it is not signed by its log, or tiles are gone.
    """
    told = Checkpoint.parse(note.text)
    log = next((one for one in await read_logs(database) if one.origin == told.origin), None)
    if log is None or log.checkpoint is None:
        raise NoteRefused(f"there is no log {told.origin} here that has signed anything")
    vkey = _vkey(log, keys)
    if not verified(note, [Verifier.parse(vkey)]):
        raise NoteRefused(f"it is not signed by the key of log {told.origin}")
    now = head_of(log.checkpoint, log.origin, vkey)
    hashes = await consistent(database, log, told, now)
    return HeadShown(log.origin, told.size, now.size, hashes)


async def consistent(database: Database, log: Log, old: Checkpoint, new: Checkpoint) -> Sequence[bytes]:
    """The proof out of the database's tiles, checked, that a log of one checkpoint goes on as another.

    Raises:
        ProofRefused: it does not.
    """
    if old.size > new.size:
        raise ProofRefused(
            f"log {log.origin} ends at {new.size} entries, the checkpoint has {old.size}: it was set back"
        )
    if old.size == 0:
        if old.root != EMPTY_ROOT:
            raise ProofRefused(f"the checkpoint of {log.origin} has no entries, and not the root of none")
        return []
    if new.size > log.signed_size:
        raise ProofRefused(f"log {log.origin} is signed up to {log.signed_size} entries, the checkpoint has {new.size}")
    hashes = await prove_consistency(database, log, old.size, new.size)
    verify_consistency(old.size, old.root, new.size, new.root, hashes)
    return hashes


async def compare_checkpoints(database: Database, notes: Sequence[Note], keys: Keys | None) -> list[HeadShown]:
    """Check checkpoints of one log against the log, and each against the one after it.

    Raises:
        ProofRefused, NoteRefused, TileMissing: they are not of one history.
    """
    shown = [await check_checkpoint(database, note, keys) for note in notes]
    if len({one.log for one in shown}) != 1:
        raise NoteRefused(f"they are of several logs: {', '.join(sorted({one.log for one in shown}))}")
    (log,) = [one for one in await read_logs(database) if one.origin == shown[0].log]
    heads = sorted((Checkpoint.parse(note.text) for note in notes), key=lambda head: head.size)
    for old, new in pairwise(heads):
        await consistent(database, log, old, new)
    return shown


def given_proofs(text: str, header: str | None) -> list[ProofGiven]:
    """The proofs in a file: a `.tlog-proof`, the JSON of `daybook verify event`, a receipt, or an answer with one.

    Raises:
        NoteRefused: it is none of these.
    """
    if text.startswith(HEADER):
        return [ProofGiven(parse_proof(text), header)]
    try:
        content = cast("dict[str, Any]", json.loads(text))
        receipt = content.get("receipt") or content
        some: list[dict[str, Any]] = receipt.get("proofs", [receipt])
        return [
            ProofGiven(parse_proof(str(one["proof"])), one.get("header") if header is None else header) for one in some
        ]
    except (ValueError, LookupError, AttributeError, TypeError):
        raise NoteRefused(f"no proof: it begins with {HEADER}, or is JSON with proofs") from None


def given_checkpoint(content: bytes) -> Note:
    """The checkpoint in a file.

    Raises:
        NoteRefused: it is none.
    """
    note = parse(content)
    Checkpoint.parse(note.text)
    return note


def _vkey(log: Log, keys: Keys | None) -> str:
    if keys is None:
        return log.vkey
    if log.origin not in keys:
        raise NoteRefused(f"the policy has no key of log {log.origin}")
    return keys[log.origin]


def _refuse_other_header(content: bytes, header: str) -> None:
    try:
        committed = json.loads(content)["h"]
    except (ValueError, LookupError, TypeError):
        raise ProofRefused("its entry is no event's, and has no header") from None
    if committed != base64.b64encode(sha256(header.encode()).digest()).decode():
        raise ProofRefused("its entry commits to another header than the one given")


async def _entry(database: Database, log: Log, position: int) -> bytes | None:
    """An entry as the database has it now."""
    return next(iter(await read_entries(database, log, position, 1)), None)
