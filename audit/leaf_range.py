"""Leaves `start` to `end` of a log, tied to a signed head by RFC 6962 proofs of consistency and nothing else.

The log of `start` entries is a prefix of the log of `end`, and that is a prefix of the head. The hashes of the first
proof cover exactly the leaves between, so nobody can put others there. `subtree_root` is the root (RFC 6962, section
2.1) of those leaves alone, for whoever has only them. As everywhere in RFC 6962 a root does not tell how many leaves it
is of: that `start` and `end` are so is known from the log, whose roots at these sizes must be the same.
"""

import base64
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

from audit.checkpoint import Checkpoint
from audit.errors import SealingStopped
from audit.log_tiles import hashes_for
from audit.logs import Database, Log, current
from audit.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    ProofRefused,
    assembled,
    consistency_parts,
    covering,
    root,
    verify_consistency,
)
from audit.notes import NoteRefused, unbase64
from audit.range import CompactRange
from audit.record_log import heads_of, signed_head
from audit.serving import read_entries

if TYPE_CHECKING:
    from audit.certificate import Content

T = TypeVar("T")


class LeafRange(NamedTuple):
    """A range of leaves with its proofs: `grown` from `start` to `end` entries, `kept` from `end` to the head."""

    start: int
    end: int
    root_before: bytes
    root_after: bytes
    subtree_root: bytes
    grown: tuple[bytes, ...]
    head: Checkpoint
    kept: tuple[bytes, ...]

    def check(self) -> None:
        """Check both proofs; that the head is the log's is another question.

        Raises:
            ProofRefused: they do not show it.
        """
        if not 0 <= self.start <= self.end <= self.head.size:
            raise ProofRefused(f"no leaves {self.start} to {self.end} in a log of {self.head.size} entries")
        _check(self.start, self.root_before, self.end, self.root_after, self.grown)
        _check(self.end, self.root_after, self.head.size, self.head.root, self.kept)
        if self.start == self.end and self.subtree_root != EMPTY_ROOT:
            raise ProofRefused("a range without leaves has the root of nothing")

    def content(self) -> "Content":
        """As a certificate has it."""
        return {
            "start": self.start,
            "end": self.end,
            "root_before": _text(self.root_before),
            "root_after": _text(self.root_after),
            "subtree_root": _text(self.subtree_root),
            "grown": [_text(one) for one in self.grown],
            "log": {"origin": self.head.origin, "size": self.head.size, "root": _text(self.head.root)},
            "kept": [_text(one) for one in self.kept],
        }

    @classmethod
    def read(cls, content: Any) -> "LeafRange":  # noqa: ANN401  # JSON that somebody else has written
        """From a certificate, without checking the proofs.

        Raises:
            NoteRefused: it is malformed.
        """
        found = cast("dict[str, Any]", content)
        try:
            log = found["log"]
            head = Checkpoint(_of(str, log["origin"]), _of(int, log["size"]), _hash(log["root"]))
            grown, kept = (tuple(_hash(one) for one in found[name]) for name in ("grown", "kept"))
            return cls(
                _of(int, found["start"]),
                _of(int, found["end"]),
                _hash(found["root_before"]),
                _hash(found["root_after"]),
                _hash(found["subtree_root"]),
                grown,
                head,
                kept,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise NoteRefused(f"the range of leaves is malformed: {error!r}") from None


def _check(old: int, old_root: bytes, size: int, root_now: bytes, proof: tuple[bytes, ...]) -> None:
    """A proof of consistency; from nothing there is none, and the root of nothing says so."""
    if old:
        verify_consistency(old, old_root, size, root_now, proof)
    elif proof or old_root != EMPTY_ROOT or (not size and root_now != EMPTY_ROOT):
        raise ProofRefused("a log of no entries has the root of nothing, and no proof")


async def prove_range(database: Database, log: Log, head: Checkpoint, start: int, leaves: bytes) -> LeafRange:
    """The range of these leaf hashes (32 bytes each) from `start` on, against a head of the log.

    Raises:
        ProofRefused: they are not the leaves that the log has there.
        TileMissing: tiles are gone.
    """
    end = start + len(leaves) // HASH_BYTES
    before = covering(0, start)
    grown, kept = (consistency_parts(old, size) if old else [] for old, size in ((start, end), (end, head.size)))
    nodes = [*before, *(node for part in (*grown, *kept) for node in part)]
    read = await hashes_for(database, log.name, nodes, head.size)
    whole, alone = CompactRange(start, [read(node) for node in before]), CompactRange(0, ())
    whole.push(leaves)
    alone.push(leaves)
    found = LeafRange(
        start,
        end,
        root(start, read),
        whole.root(),
        alone.root(),
        tuple(assembled(grown, read)),
        head,
        tuple(assembled(kept, read)),
    )
    found.check()
    return found


async def bound_head(database: Database, logs: list[Log], origin: str) -> Checkpoint | None:
    """The head of a log that the signed record log binds last; None: it binds none yet.

    Raises:
        NoteRefused: the record log's checkpoint is not its key's.
    """
    for record_log in current(logs):
        if record_log.name.kind != "checkpoint":
            continue
        for position in range(signed_head(record_log).size - 1, -1, -1):
            entries = await read_entries(database, record_log, position, 1)
            if not entries:
                raise SealingStopped(f"log {record_log.origin} lacks entry {position}")
            if heads := heads_of(entries[0]):
                return next((head for head in heads if head.origin == origin), None)
    return None


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _of(kind: type[T], value: object) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _hash(value: object) -> bytes:
    found = unbase64(_of(str, value))
    if len(found) != HASH_BYTES:
        raise NoteRefused(f"{value!r} is no hash of {HASH_BYTES} bytes")
    return found
