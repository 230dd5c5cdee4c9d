"""A first look at a file: what it is, which file it is, and how many rows to expect."""

import hashlib
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from engine.importing.rows import Limits
from engine.importing.verdict import ImportRefused

_BLOCK_BYTES: Final = 1 << 20
_UTF_8_MARK: Final = b"\xef\xbb\xbf"
_NOT_TEXT: Final = {
    b"PK\x03\x04": ("a zip archive", "unpack it first"),
    b"\x1f\x8b": ("compressed with gzip", "unpack it first"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8 first"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8 first"),
}


class Survey(NamedTuple):
    """`start` is where the text begins; `rows` is exact where all quotes in the file are balanced."""

    sha256: bytes
    start: int
    rows: int


def open_checked(path: Path, limits: Limits) -> BinaryIO:
    """Open a file of text.

    Raises:
        ImportRefused: there is no such file, it is too large, or it is no text.
    """
    if not path.is_file():
        raise ImportRefused("import.file-missing", f"{path}: there is no such file.")
    size = path.stat().st_size
    if size > limits.file_bytes_max:
        raise ImportRefused(
            "import.file-too-large",
            f"{path}: {size} bytes, at most {limits.file_bytes_max} are allowed; split it, each part with the header.",
        )
    file = path.open("rb")
    head = file.read(4)
    file.seek(0)
    for magic, (what, remedy) in _NOT_TEXT.items():
        if head.startswith(magic):
            file.close()
            raise ImportRefused("import.not-text", f"{path}: the file is {what}; {remedy}.")
    return file


def survey(file: BinaryIO) -> Survey:
    """Read all of the file once, in blocks, and go back to the start of its text."""
    digest = hashlib.sha256()
    line_ends, quoted, last = 0, False, b"\n"
    start = len(_UTF_8_MARK) if file.read(len(_UTF_8_MARK)) == _UTF_8_MARK else 0
    file.seek(0)
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
        pieces = block.split(b'"')
        line_ends += sum(piece.count(b"\n") for piece in pieces[quoted::2])
        quoted ^= len(pieces) % 2 == 0
        last = block[-1:]
    file.seek(start)
    rows = line_ends + (last != b"\n") - 1
    return Survey(digest.digest(), start, max(rows, 0))
