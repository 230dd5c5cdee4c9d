"""From the bytes of an event log in XES (IEEE 1849) to its traces, one at a time, whatever the bytes are.

The file is not parsed as one document. Traces are found by their tags, outside comments, character data and processing
instructions, and each is parsed by itself (`engine.importing.xes`). So a trace that is no XML takes no other with it,
no more than one is in memory, and what a document type could declare, such as entities that grow without bound, reaches
no parser: a file that has one is refused.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, cast

from engine.importing.rows import Limits, Row
from engine.importing.survey import Survey
from engine.importing.verdict import ImportRefused

_BLOCK_BYTES: Final = 1 << 18
_HEAD_BYTES: Final = 1 << 16
_TAG_BYTES_MAX: Final = 128
"""The longest that can begin a tag that is looked for: so much of a block is looked at again with the next."""
_GZIP: Final = b"\x1f\x8b"
_PREFIX: Final = rb"(?:[A-Za-z_][\w.-]{0,30}:)?"
_TAG: Final = re.compile(
    rb"(?P<aside><!--|<!\[CDATA\[|<\?)"
    rb"|(?P<whole><%(p)strace\s{0,60}/>)|(?P<begin><%(p)strace[\s>])|(?P<end></%(p)strace\s{0,60}>)"
    rb"|(?P<over></%(p)slog\s{0,60}>)" % {b"p": _PREFIX}
)
_ASIDE_ENDS: Final = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_TRACE: Final = re.compile(rb"<" + _PREFIX + rb"trace[\s/>]")
_LOG: Final = re.compile(rb"<" + _PREFIX + rb"log[\s/>]")
_ENCODING: Final = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_READABLE: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})


def open_traces(path: Path, limits: Limits) -> BinaryIO:
    """Open an XES file, compressed with gzip or not.

    Raises:
        ImportRefused: there is no such file, or it is no XES that can be read.
    """
    if not path.is_file():
        raise ImportRefused("import.file-missing", f"{path}: there is no such file.")
    size = path.stat().st_size
    if size > limits.file_bytes_max:
        raise ImportRefused(
            "import.file-too-large", f"{path}: {size} bytes, at most {limits.file_bytes_max} are allowed; split it."
        )
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    opened = cast("BinaryIO", gzip.GzipFile(path) if packed else path.open("rb"))
    try:
        _check_head(_read(opened, _HEAD_BYTES))
    except ImportRefused as refused:
        opened.close()
        raise ImportRefused(refused.code, f"{path}: {refused.message}") from None
    opened.seek(0)
    return opened


def survey_traces(path: Path, file: BinaryIO, limits: Limits) -> Survey:
    """Read all of the file once and go back to its start; rows are what looks like the beginning of a trace.

    Raises:
        ImportRefused: what is compressed is damaged, or unpacked larger than allowed.
    """
    with path.open("rb") as raw:
        digest = file_digest(raw, "sha256").digest()
    rows, size, tail = 0, 0, b""
    while block := _read(file, _BLOCK_BYTES):
        size += len(block)
        if size > limits.file_bytes_max:
            raise ImportRefused(
                "import.file-too-large", f"{path}: unpacked more than {limits.file_bytes_max} bytes; split it."
            )
        rows += len(_TRACE.findall(tail + block)) - len(_TRACE.findall(tail))
        tail = block[-_TAG_BYTES_MAX:]
    file.seek(0)
    return Survey(digest, 0, rows)


class TraceReader:
    """Reads the traces of an open file; a trace that is none is a row with a problem."""

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self._tags = _Tags(file, limits.row_bytes_max)
        self.header: list[str] = []

    def __iter__(self) -> Iterator[Row]:
        """The traces in order."""
        for number, (line, raw, problem) in enumerate(self._traces(), 1):
            yield Row(number, line, [], [raw], problem, fallback=False)

    def _traces(self) -> Iterator[tuple[int, bytes, str | None]]:
        tags, begun, over = self._tags, False, False
        for tag in tags:
            if tag.kind in {"begin", "whole"} and begun:
                yield tags.cut(tag.start, "trace-not-ended")
                begun = False
            if tag.kind == "begin":
                tags.keep(tag.start)
                begun = True
            elif tag.kind == "whole":
                tags.keep(tag.start)
                yield tags.cut(tag.end)
            elif tag.kind == "end" and begun:
                yield tags.cut(tag.end)
                begun = False
            over = over or tag.kind == "over"
        if begun:
            yield tags.rest("trace-cut")
        elif not over:
            yield tags.rest("file-cut")


class _Tag(NamedTuple):
    """A tag and where it stands in what is in memory."""

    kind: str
    start: int
    end: int


class _Tags:
    """The tags of a file that matter, in order, and the bytes of the trace that is kept while they are read."""

    def __init__(self, file: BinaryIO, row_bytes_max: int) -> None:
        self._file = file
        self._max = row_bytes_max
        self._bytes = bytearray()
        self._line = 1
        self._kept = -1
        self._too_long = False
        self._lines_let_go = 0
        self._at = 0
        self._behind_last = 0

    def __iter__(self) -> Iterator[_Tag]:
        """Tags outside comments, character data and processing instructions."""
        ended = False
        while True:
            found = _TAG.search(self._bytes, self._at)
            place = len(self._bytes) if found is None else found.start()
            if not ended and place + _TAG_BYTES_MAX > len(self._bytes):  # it may go on in the next block
                self._at = max(self._at, min(place, len(self._bytes) - _TAG_BYTES_MAX))
                ended = not self._more()
                continue
            if found is None:
                return
            kind = str(found.lastgroup)
            self._at = found.end()
            if kind != "aside":
                self._behind_last = found.end()
                yield _Tag(kind, found.start(), found.end())
            elif not self._pass_by(_ASIDE_ENDS[found[0]]):
                return

    def keep(self, start: int) -> None:
        """Keep what is read from here on."""
        self._kept = start
        self._too_long = False

    def cut(self, end: int, problem: str | None = None) -> tuple[int, bytes, str | None]:
        """What was kept until here, with its line."""
        raw = bytes(self._bytes[self._kept : end])
        line = self._line + self._bytes.count(b"\n", 0, self._kept)
        if self._too_long or len(raw) > self._max:
            raw, problem = raw[: self._max], "trace-too-long"
        self._kept = -1
        self._line += self._lines_let_go
        self._lines_let_go = 0
        return line, raw, problem

    def rest(self, problem: str) -> tuple[int, bytes, str | None]:
        """What is left at the end of the file."""
        if self._kept < 0:
            self._kept = self._behind_last
        return self.cut(len(self._bytes), problem)

    def _pass_by(self, ends: bytes) -> bool:
        while (found := self._bytes.find(ends, self._at)) < 0:
            self._at = max(self._at, len(self._bytes) - len(ends))
            if not self._more():
                return False
        self._at = found + len(ends)
        return True

    def _more(self) -> bool:
        """Read on, and let go of what is not needed any more."""
        block = _read(self._file, _BLOCK_BYTES)
        if not block:
            return False
        if self._kept >= 0 and len(self._bytes) - self._kept > self._max:
            # Of a trace that is too long the beginning stays, for quarantine; the middle is let go.
            self._too_long = True
            self._lines_let_go += self._let_go(self._kept + self._max, self._at)
        elif self._kept < 0:
            self._line += self._let_go(0, self._at)
        else:
            self._line += self._let_go(0, self._kept)
            self._kept = 0
        self._bytes += block
        return True

    def _let_go(self, start: int, end: int) -> int:
        """How many lines that were."""
        if end <= start:
            return 0
        lines = self._bytes.count(b"\n", start, end)
        del self._bytes[start:end]
        self._at -= end - start
        self._behind_last = max(0, self._behind_last - (end - start))
        return lines


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as damaged:
        raise ImportRefused(
            "import.archive-damaged", f"What is compressed is cut or damaged ({damaged}); fetch the file again."
        ) from None


def _check_head(head: bytes) -> None:
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise ImportRefused("import.not-text", "the file is UTF-16 text; save it as UTF-8 first.")
    declared = _ENCODING.search(head)
    if declared is not None and declared[1].decode().lower() not in _READABLE:
        raise ImportRefused("import.not-text", f"the file is {declared[1].decode()}; save it as UTF-8 first.")
    if b"<!DOCTYPE" in head:
        raise ImportRefused("import.doctype", "the file declares a document type, which XES has not.")
    if not _LOG.search(head):
        raise ImportRefused("import.not-xes", "the file is no event log in XES: it has no element <log> at its start.")
