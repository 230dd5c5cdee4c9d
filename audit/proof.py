"""Offline proofs of inclusion (C2SP tlog-proof): one small file that proves one entry."""

import base64
import re
from typing import Final, NamedTuple

from audit.checkpoint import Checkpoint
from audit.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from audit.notes import Note, NoteRefused, parse, unbase64

HEADER: Final = "c2sp.org/tlog-proof@v1"
HASHES_MAX: Final = 63
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")


class TlogProof(NamedTuple):
    """An entry's place, the hashes from it to the root, and the signed checkpoint; `extra` is the entry."""

    extra: bytes | None
    position: int
    hashes: tuple[bytes, ...]
    checkpoint: Note

    def format(self) -> str:
        """The file's text."""
        extra = "" if self.extra is None else f"extra {base64.b64encode(self.extra).decode()}\n"
        hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in self.hashes)
        return f"{HEADER}\n{extra}index {self.position}\n{hashes}\n{self.checkpoint.format()}"

    def verify(self, entry: bytes) -> Checkpoint:
        """Check that the entry is in the log of the checkpoint, whose signatures the caller checks.

        Raises:
            ProofRefused, NoteRefused: it is not shown.
        """
        told = Checkpoint.parse(self.checkpoint.text)
        verify_inclusion(leaf_hash(entry), self.position, told.size, self.hashes, told.root)
        return told


def parse_proof(text: str) -> TlogProof:
    """Read a proof, without checking it.

    Raises:
        NoteRefused: it is malformed.
    """
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if not gap or lines[0] != HEADER:
        raise NoteRefused(f"no proof: it begins with {HEADER} and has an empty line before the checkpoint")
    extra = None
    if len(lines) > 1 and lines[1].startswith("extra "):
        extra = unbase64(lines.pop(1).removeprefix("extra "))
    index = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    if index is None:
        raise NoteRefused("no proof: it has no line `index N`")
    hashes = tuple(unbase64(line) for line in lines[2:])
    if len(hashes) > HASHES_MAX or any(len(one) != HASH_BYTES for one in hashes):
        raise NoteRefused(f"a proof has at most {HASHES_MAX} hashes, of {HASH_BYTES} bytes each")
    return TlogProof(extra, int(index[1]), hashes, parse(note))
