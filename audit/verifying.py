"""The database against its logs: what was changed, and where.

Nothing here trusts what it reads: hashes are computed from the events, roots from the hashes, and they are compared
with the signed checkpoints, with what the record log bound, and with the fork guard.
"""

import asyncio
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from audit.certificate_keys import verify_certificate_keys
from audit.checked import Checked, Guarded, against_decisions, against_guard, heads_in
from audit.checkpoint import Checkpoint
from audit.guard import ForkGuard
from audit.key_chain import KeyChain
from audit.log_tiles import hashes_for
from audit.logs import SCHEMAS, Database, Log, current, read_logs
from audit.merkle import EMPTY_ROOT, HASH_BYTES, covering, leaf_hash, root
from audit.notes import NoteRefused
from audit.range import CompactRange
from audit.serving import read_entries
from audit.statements import statement
from audit.strays import strays
from audit.tiles import WIDTH, At, TileMissing, grown, tile_path, tiles_of
from audit.told import Finding, Told, chain_of, read_told

if TYPE_CHECKING:
    import asyncpg

PAGE: Final = 4096
_ID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What is no id of a subject was tampered with, which the event's leaf tells."""
NEVER: Final = datetime.min.replace(tzinfo=UTC)
NAMED_MAX: Final = 100
"""Findings of one kind that are named one by one in a log."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was compared, and what was found."""

    sizes: Mapping[str, int]
    findings: tuple[Finding, ...]


async def verify(
    database: Database,
    guard: ForkGuard | None = None,
    vkeys: Mapping[str, str | Sequence[str]] | None = None,
    certificate_vkeys: Sequence[str] | None = None,
) -> Verified:
    """Compare everything that is sealed with its logs.

    `guard`: the fork guard, where this machine has it. `vkeys`: verifier keys by origin that the caller trusts, and
    with them those that the record log puts in their place; without them the first keys are believed.
    `certificate_vkeys`: the same for the keys of certificates.
    """
    findings: list[Finding] = []
    guarded = Guarded() if guard is None else await asyncio.to_thread(heads_in, guard)
    logs = await read_logs(database)
    there = {log.origin for log in logs}
    findings += [Finding("log", origin, "is gone") for origin in sorted({*(vkeys or ())} - there)]
    told = await read_told(database, logs, findings)
    trusted = {origin: (one,) if isinstance(one, str) else tuple(one) for origin, one in (vkeys or {}).items()}
    keys = chain_of(logs, told, trusted, findings)
    checked: dict[str, Checked] = {}
    for log in logs:
        checked[log.origin] = await _verify_log(database, log, keys, told.sizes(log.origin), findings)
    findings += _against_record_log(current(logs), told, checked)
    findings += await against_decisions(database, logs, told, checked)
    if guard is not None:
        after = await asyncio.to_thread(heads_in, guard)
        findings += against_guard(logs, guarded, after, checked, told)
    findings += [Finding(*stray) for stray in await strays(database, logs)]
    findings += await verify_certificate_keys(database, told.certificate_keys, certificate_vkeys)
    return Verified({origin: one.head.size for origin, one in checked.items()}, tuple(dict.fromkeys(findings)))


async def verify_record_log(
    database: Database, vkeys: Mapping[str, str | Sequence[str]] | None = None
) -> tuple[Told, list[Finding]]:
    """What the record log tells, and what is wrong with it, its signatures and its entries; `vkeys` as in `verify`."""
    findings: list[Finding] = []
    logs = await read_logs(database)
    told = await read_told(database, logs, findings)
    trusted = {origin: (one,) if isinstance(one, str) else tuple(one) for origin, one in (vkeys or {}).items()}
    keys = chain_of(logs, told, trusted, findings)
    for log in logs:
        if log.name.kind == "checkpoint":
            await _verify_log(database, log, keys, told.sizes(log.origin), findings)
    return told, findings


async def _verify_log(
    database: Database, log: Log, keys: KeyChain, sizes: set[int], findings: list[Finding]
) -> Checked:
    """Check a log by itself; its head, and its roots, from the entries, at some sizes."""
    head = _signed_head(log, keys, findings)
    size = head.size
    if (log.signed_size, log.signed_size > log.size) != (size, False):
        findings.append(
            Finding("log", log.origin, f"says it is signed up to {log.signed_size}, its checkpoint to {size}")
        )
    leaves, roots = await _leaves(database, log, size, sizes, findings)
    stored = await _tiles(database, log, size)
    expected = dict(tiles_of(size))
    from_events = roots.get(size) == head.root
    level_0 = b"".join(stored.get(At(0, number), b"") for number in range(-(-size // WIDTH)))
    from_tiles = len(level_0) == size * HASH_BYTES and _root(level_0) == head.root
    if not from_events:
        changed = [at for at in range(size) if level_0[at * HASH_BYTES : (at + 1) * HASH_BYTES] != leaves.get(at)]
        what = "entry" if log.name.kind == "checkpoint" else "event"
        how = "is not what was sealed" if from_tiles else "or its tile is not what was sealed"
        findings += [
            Finding(what, f"{log.origin} {at}", how if at in leaves else "is missing") for at in changed[:NAMED_MAX]
        ]
        if not changed:
            findings.append(Finding("checkpoint", log.origin, "is signed over another history than entries and tiles"))
    right = grown({}, 0, [leaves.get(at, bytes(HASH_BYTES)) for at in range(size)]) if from_events else {}
    if not from_events and from_tiles:
        right = grown({}, 0, [level_0[at : at + HASH_BYTES] for at in range(0, len(level_0), HASH_BYTES)])
    for at in expected:
        found = stored.get(at)
        if found is None:
            findings.append(Finding("tile", f"{log.origin} {tile_path(at)}", "is missing"))
        elif right and found != right[at]:
            findings.append(Finding("tile", f"{log.origin} {tile_path(at)}", "is not made of the entries"))
    findings += await _head_of_row(database, log, head)
    return Checked(head, roots)


async def _head_of_row(database: Database, log: Log, head: Checkpoint) -> list[Finding]:
    """What the log's row says of committed tiles, which may be ahead of what is signed."""
    if log.size == head.size:
        return [] if log.root == head.root else [Finding("log", log.origin, "has another root than its checkpoint")]
    try:
        read = await hashes_for(database, log.name, covering(0, log.size), log.size)
        found = root(log.size, read)
    except TileMissing as missing:
        return [Finding("log", log.origin, f"says it has {log.size} entries, {missing}")]
    return [] if found == log.root else [Finding("log", log.origin, f"says it has {log.size} entries of another root")]


def _signed_head(log: Log, keys: KeyChain, findings: list[Finding]) -> Checkpoint:
    """What the log has signed; where the note is none, what the row says."""
    unsigned = Checkpoint(log.origin, log.signed_size, log.root if log.signed_size == log.size else bytes(HASH_BYTES))
    if log.checkpoint is None:
        if log.signed_size:
            findings.append(Finding("checkpoint", log.origin, "is missing"))
            return unsigned
        return Checkpoint(log.origin, 0, EMPTY_ROOT)
    try:
        head = keys.head_of(log.checkpoint, log.origin)
    except NoteRefused as refused:
        findings.append(Finding("checkpoint", log.origin, str(refused)))
        return unsigned
    return head


async def _leaves(
    database: Database, log: Log, size: int, sizes: set[int], findings: list[Finding]
) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """Leaf hashes by position, computed from the entries, and the roots at some sizes as far as nothing is missing."""
    leaves: dict[int, bytes] = {}
    tree, roots = CompactRange(0, ()), {0: EMPTY_ROOT}
    stops = sorted({*sizes, size})
    for start in range(0, size, PAGE):
        end = min(start + PAGE, size)
        leaves |= await _leaf_page(database, log, start, end)
        for stop in [*(one for one in stops if start < one < end), end]:
            push = [leaves[at] for at in range(tree.size, stop) if at in leaves]
            if tree.size + len(push) != stop:
                stops = []
                break
            tree.push(b"".join(push))
            roots[stop] = tree.root()
        findings += await _blobs(database, log, start, end)
    return leaves, roots


async def _leaf_page(database: Database, log: Log, start: int, end: int) -> dict[int, bytes]:
    schema = SCHEMAS.get(log.name.kind)
    if schema is None:
        entries = await read_entries(database, log, start, end - start)
        return {start + at: leaf_hash(entry) for at, entry in enumerate(entries)}
    rows = await database.fetch(statement("leaf_hashes_each", schema), log.name.partition, start, end)
    return {row["position"]: row["leaf_hash"] for row in rows}


async def _blobs(database: Database, log: Log, start: int, end: int) -> list[Finding]:
    """Sealed personal data that is not what its event committed to."""
    if log.name.kind != "event":
        return []
    arguments = (log.name.partition, start, end)
    events = await database.fetch(statement("commitments"), *arguments)
    committed = _commitments(events)
    rows = await database.fetch(statement("blob_hashes"), *arguments)
    stored = {(row["position"], row["subject"], row["record_class"]): row["sha256"] for row in rows}
    findings: list[Finding] = []
    erased = await _erased(database, {subject for _, subject, _ in committed.keys() - stored.keys()})
    recorded_at = {row["position"]: row["recorded_at"] for row in events}
    for place in sorted({*committed, *stored}):
        if place not in stored and recorded_at[place[0]] <= erased.get(place[1:], NEVER):
            continue  # the record itself says that it is gone
        if committed.get(place) != stored.get(place):
            what = "added" if place not in committed else "removed" if place not in stored else "changed"
            position, subject, record_class = place
            findings.append(Finding("blob", f"{log.origin} {position}", f"{record_class} of {subject} was {what}"))
    return findings


async def _erased(database: Database, subjects: Collection[str]) -> dict[tuple[str, str], datetime]:
    """Until when, at the latest, what was recorded of a subject and class was erased, as the record's events tell."""
    found: dict[tuple[str, str], datetime] = {}
    if not subjects:
        return found
    for row in await database.fetch(statement("erased"), [one for one in sorted(subjects) if _ID.fullmatch(one)]):
        with suppress(ValueError, LookupError, TypeError):  # then the event was changed, which its leaf tells
            for record_class in json.loads(row["data"])["record_classes"]:
                place = (row["subject"], record_class)
                found[place] = max(row["until"], found.get(place, NEVER))
    return found


def _commitments(rows: Iterable["asyncpg.Record"]) -> dict[tuple[int, str, str], str]:
    committed: dict[tuple[int, str, str], str] = {}
    for row in rows:
        with suppress(ValueError, LookupError, TypeError):  # then the event was changed, which its leaf tells
            for one in json.loads(row["data"])["sealed"]:
                committed[row["position"], str(one["subject"]), str(one["class"])] = one["sha256"]
    return committed


async def _tiles(database: Database, log: Log, size: int) -> dict[At, bytes]:
    """The stored tiles, each cut to its width in a log of this size; absent or too narrow ones are left out."""
    wanted = list(tiles_of(size))
    rows = await database.fetch(
        statement("read_tiles"), *log.name, [at.level for at, _ in wanted], [at.number for at, _ in wanted]
    )
    found = {At(row["level"], row["number"]): row["hashes"] for row in rows}
    cut = {at: found.get(at, b"")[: width * HASH_BYTES] for at, width in wanted}
    return {at: cut[at] for at, width in wanted if len(cut[at]) == width * HASH_BYTES}


def _root(leaves: bytes) -> bytes:
    tree = CompactRange(0, ())
    tree.push(leaves)
    return tree.root()


def _against_record_log(logs: Sequence[Log], told: Told, checked: Mapping[str, Checked]) -> list[Finding]:
    findings: list[Finding] = []
    last = {one.origin: 0 for _, one in told.begun}
    for where, heads in told.bound:
        for head in heads:
            if head.size < last.get(head.origin, 0):
                findings.append(Finding("entry", where, f"{head.origin} shrinks to {head.size}"))
            last[head.origin] = head.size
            known = checked.get(head.origin)
            if known is None:
                findings.append(Finding("log", head.origin, f"is bound by entry {where}, and is gone"))
            elif head.size > known.head.size:
                why = f"ends at {known.head.size} entries, the record log bound {head.size}: it was set back"
                findings.append(Finding("log", head.origin, why))
            elif known.differs(head):
                why = f"has another root at {head.size} entries than entry {where} bound"
                findings.append(Finding("log", head.origin, why))
    findings += [
        Finding("log", log.origin, "is signed, and the record log knows nothing of it")
        for log in logs
        if told.bound and log.name.kind != "checkpoint" and log.signed_size and log.origin not in last
    ]
    return findings
