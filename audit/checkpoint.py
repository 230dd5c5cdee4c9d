"""Checkpoints: the signed head of a log (C2SP tlog-checkpoint)."""

import base64
import re
from typing import Final, NamedTuple

from audit.merkle import HASH_BYTES
from audit.notes import NoteRefused, unbase64

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


class Checkpoint(NamedTuple):
    """A log's origin, how many entries it has, and their root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint; lines after the root are passed over, as the format wants.

        Raises:
            NoteRefused: it is malformed.
        """
        lines = text.split("\n")
        if len(lines) < len(cls._fields) + 1 or not lines[0]:
            raise NoteRefused("a checkpoint has three lines: origin, size, root")
        if not _SIZE.fullmatch(lines[1]):
            raise NoteRefused(f"{lines[1]!r} is no size of a log")
        root = unbase64(lines[2])
        if len(root) != HASH_BYTES:
            raise NoteRefused(f"{lines[2]!r} is no root of {HASH_BYTES} bytes")
        return cls(lines[0], int(lines[1]), root)
