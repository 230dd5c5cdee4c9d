"""The database against its logs: what was changed, and where.

Nothing here trusts what it reads: hashes are computed from the events, roots from the hashes, and they are compared
with the signed checkpoints, with what the record log bound, and with the fork guard.
"""

import asyncio
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from audit.certificate_keys import verify_certificate_keys
from audit.checked import Checked, Guarded, against_decisions, against_guard, heads_in
from audit.checkpoint import Checkpoint
from audit.growth import Growth
from audit.guard import ForkGuard
from audit.key_chain import KeyChain
from audit.log_tiles import hashes_for
from audit.logs import SCHEMAS, Database, Log, current, read_logs
from audit.merkle import EMPTY_ROOT, HASH_BYTES, covering, leaf_hash, root
from audit.notes import NoteRefused
from audit.serving import read_entries
from audit.statements import statement
from audit.strays import strays
from audit.tiles import WIDTH, At, TileMissing, tile_path, tiles_of, width_of
from audit.told import Finding, Told, chain_of, read_told

if TYPE_CHECKING:
    import asyncpg

K = TypeVar("K")

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
    compared = await _compared(database, log, size, sizes, findings)
    events, tiles = compared.events, compared.tiles
    from_events, from_tiles = (one.whole and one.roots[size] == head.root for one in (events, tiles))
    if not from_events:
        findings += compared.entries(
            log, "is not what was sealed" if from_tiles else "or its tile is not what was sealed"
        )
    right = events if from_events else tiles if from_tiles else None
    lowest = dict.fromkeys(compared.missing, "is missing")
    if from_events:
        lowest |= dict.fromkeys(compared.other, "is not made of the entries")
    findings += [Finding("tile", f"{log.origin} {tile_path(at)}", lowest[at]) for at in sorted(lowest)]
    expected = [(at, width) for at, width in tiles_of(size) if at.level]
    stored = await _tiles(database, log, expected)
    for at, _ in expected:
        found = stored.get(at)
        if found is None:
            findings.append(Finding("tile", f"{log.origin} {tile_path(at)}", "is missing"))
        elif right is not None and found != right.upper[at]:
            findings.append(Finding("tile", f"{log.origin} {tile_path(at)}", "is not made of the entries"))
    findings += await _head_of_row(database, log, head)
    return Checked(head, events.roots)


@dataclass(slots=True)
class _Compared:
    """A log's entries beside its tiles of the lowest level: what either grows to, and where they differ.

    `changed`: the first positions whose leaf is another than in its tile, or is missing. `gone`: those whose leaf is
    missing. `unknown`: those whose tile is.
    """

    events: Growth
    tiles: Growth
    changed: list[int] = field(default_factory=list[int])
    unknown: list[int] = field(default_factory=list[int])
    gone: list[int] = field(default_factory=list[int])
    missing: list[At] = field(default_factory=list[At])
    other: list[At] = field(default_factory=list[At])

    def page(self, leaves: Mapping[int, bytes], stored: Mapping[At, bytes], start: int, end: int) -> None:
        """Take in the leaves from `start` to `end` by position, and the tiles that are stored of them."""
        from_events = _run(leaves, range(start, end))
        from_tiles = _run(stored, [At(0, number) for number in range(start // WIDTH, -(-end // WIDTH))])
        if self.tiles is self.events and from_events != from_tiles:
            self.tiles = self.events.copy()
        self.events.push(from_events, end)
        if self.tiles is not self.events:
            self.tiles.push(from_tiles, end)
        if from_events != from_tiles or not self.events.whole:
            for first in range(start, end, WIDTH):
                self._tile(leaves, stored.get(At(0, first // WIDTH)), range(first, min(first + WIDTH, end)))

    def _tile(self, leaves: Mapping[int, bytes], tile: bytes | None, positions: range) -> None:
        at = At(0, positions[0] // WIDTH)
        if tile is None:
            self.missing.append(at)
        elif _run(leaves, positions) != tile:
            self.other.append(at)
        for number, position in enumerate(positions):
            leaf = leaves.get(position)
            if leaf is None:
                _name(self.gone, position)
            if leaf is None or (tile is not None and tile[number * HASH_BYTES : (number + 1) * HASH_BYTES] != leaf):
                _name(self.changed, position)
            elif tile is None:
                _name(self.unknown, position)

    def entries(self, log: Log, how: str) -> list[Finding]:
        """What the entries are that do not lead to the signed head."""
        what = "entry" if log.name.kind == "checkpoint" else "event"
        named = self.changed or self.unknown
        if not named:
            return [Finding("checkpoint", log.origin, "is signed over another history than entries and tiles")]
        return [Finding(what, f"{log.origin} {at}", "is missing" if at in self.gone else how) for at in named]


def _name(named: list[int], position: int) -> None:
    if len(named) < NAMED_MAX:
        named.append(position)


def _run(hashes: Mapping[K, bytes], wanted: Iterable[K]) -> bytes:
    """One after the other, up to the first that is not there."""
    found: list[bytes] = []
    for at in wanted:
        one = hashes.get(at)
        if one is None:
            break
        found.append(one)
    return b"".join(found)


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


async def _compared(database: Database, log: Log, size: int, sizes: set[int], findings: list[Finding]) -> _Compared:
    """Leaf hashes computed from the entries beside the stored tiles, a page at a time; and what is sealed of events."""
    growth = Growth({*sizes, size})
    compared = _Compared(growth, growth)
    for start in range(0, size, PAGE):
        end = min(start + PAGE, size)
        leaves = await _leaf_page(database, log, start, end)
        wanted = [At(0, number) for number in range(start // WIDTH, -(-end // WIDTH))]
        stored = await _tiles(database, log, [(at, width_of(at, end)) for at in wanted])
        compared.page(leaves, stored, start, end)
        findings += await _blobs(database, log, start, end)
    return compared


async def _leaf_page(database: Database, log: Log, start: int, end: int) -> dict[int, bytes]:
    schema = SCHEMAS.get(log.name.kind)
    if schema is None:
        entries = await read_entries(database, log, start, end - start)
        return {start + at: leaf_hash(entry) for at, entry in enumerate(entries)}
    rows = await database.fetch(statement("leaf_hashes_each", schema), log.name.partition, start, end)
    # An event without a leaf, for a column is empty that cannot be, is as good as none.
    return {row["position"]: row["leaf_hash"] for row in rows if row["leaf_hash"] is not None}


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


async def _tiles(database: Database, log: Log, wanted: Sequence[tuple[At, int]]) -> dict[At, bytes]:
    """The stored tiles, each cut to its width; absent or too narrow ones are left out."""
    rows = await database.fetch(
        statement("read_tiles"), *log.name, [at.level for at, _ in wanted], [at.number for at, _ in wanted]
    )
    found = {At(row["level"], row["number"]): row["hashes"] for row in rows}
    cut = {at: found.get(at, b"")[: width * HASH_BYTES] for at, width in wanted}
    return {at: cut[at] for at, width in wanted if len(cut[at]) == width * HASH_BYTES}


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
