"""From the bytes of a file to its rows, whatever the bytes are.

A row that is broken must not take its neighbours with it: a stray quote opens a field that runs on
over the rows behind it, until some other quote ends it. So when a row of several lines turns out to
be malformed and one of its further lines is a whole row by itself, only the first line is given up
and reading starts again behind it.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

from engine.importing.verdict import ImportRefused

_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one import, in bytes and rows; a field is bounded by its column's type as well."""

    file_bytes_max: int = 64 * _KIB**3
    row_bytes_max: int = _KIB**2
    chunk_rows_max: int = 5_000
    chunk_bytes_max: int = 16 * _KIB**2


class Row(NamedTuple):
    """One row as it stands in the file.

    `number` counts from 1 without the header, `line` is the row's first line in the file. `problem`
    is the code of what makes it no row of this file; `fallback`: it is not UTF-8.
    """

    number: int
    line: int
    fields: list[str]
    raw: list[bytes]
    problem: str | None
    fallback: bool

    @property
    def open_ended(self) -> bool:
        """No line end behind it: it is the file's last row, and may be cut off."""
        return not self.raw[-1].endswith(b"\n")


class _TooLong(Exception):
    pass


class RowReader:
    """Reads the header when made, and then the rows; holds one row in memory, not the file."""

    def __init__(self, file: BinaryIO, *, delimiter: str, limits: Limits) -> None:
        """Read the header.

        Raises:
            ImportRefused: there is none, or it is no line of separated text.
        """
        self._lines = _Lines(file, limits.row_bytes_max)
        self._delimiter = delimiter
        self._reader = csv.reader(self._lines, delimiter=delimiter, strict=True)
        self.header = self._read_header()
        self._width = len(self.header)

    def __iter__(self) -> Iterator[Row]:
        """The rows in order; empty lines are no rows."""
        number = 1
        lines, reader, width = self._lines, self._reader, self._width
        while True:
            lines.begin()
            problem: str | None = None
            fields: list[str] = []
            try:
                fields = next(reader)
            except StopIteration:
                return
            except _TooLong:
                problem = "row-too-long"
            except csv.Error as error:
                problem = _problem(error)
            else:
                if not fields:
                    continue
                if len(fields) != width:
                    problem = "too-few-fields" if len(fields) < width else "too-many-fields"
            if problem is not None:
                problem = self._recover(problem)
            yield Row(number, lines.first, fields, lines.taken, problem, lines.fallback)
            number += 1

    def _read_header(self) -> list[str]:
        self._lines.begin()
        try:
            header = next(self._reader)
        except StopIteration:
            raise ImportRefused(
                "import.file-empty", "The file is empty; its first line must name the columns."
            ) from None
        except (_TooLong, csv.Error):
            header = []
        if not any(header):
            raise ImportRefused("import.header-unreadable", "The first line is no list of column names.")
        return header

    def _recover(self, problem: str) -> str:
        """Decide how many lines the malformed row has, and give the others back."""
        taken = self._lines.taken
        if len(taken) > 1 and any(map(self._is_whole, taken[1:])):
            self._lines.give_back_all_but_first()
            return "quote-unbalanced"
        if problem == "too-few-fields" and not taken[-1].endswith(b"\n"):
            return "row-cut"
        return problem

    def _is_whole(self, line: bytes) -> bool:
        try:
            fields = next(csv.reader([_text(line)], delimiter=self._delimiter, strict=True), ())
        except csv.Error:
            return False
        return len(fields) == self._width


class _Lines:
    """The file's lines as text, and the bytes of those that the row being read has taken."""

    def __init__(self, file: BinaryIO, row_bytes_max: int) -> None:
        self._file = file
        self._row_bytes_max = row_bytes_max
        self._given_back: deque[bytes] = deque()
        self._size = 0
        self._next = 1
        self.first = 1
        self.taken: list[bytes] = []
        self.fallback = False

    def begin(self) -> None:
        """A new row starts with the next line."""
        self.first = self._next
        self.taken = []
        self.fallback = False
        self._size = 0

    def give_back_all_but_first(self) -> None:
        """The row is its first line only; the others are read again."""
        self._given_back.extendleft(reversed(self.taken[1:]))
        self._next = self.first + 1
        self.taken = self.taken[:1]

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._given_back.popleft() if self._given_back else self._read()
        if not line:
            raise StopIteration
        self._next += 1
        self.taken.append(line)
        self._size += len(line)
        if self._size > self._row_bytes_max:
            raise _TooLong
        try:
            return line.decode()
        except UnicodeDecodeError:
            self.fallback = True
            return _text(line)

    def _read(self) -> bytes:
        line = self._file.readline(self._row_bytes_max + 1)
        if len(line) > self._row_bytes_max and not line.endswith(b"\n"):
            self._skip_rest_of_line()
        return line

    def _skip_rest_of_line(self) -> None:
        while (more := self._file.readline(64 * _KIB)) and not more.endswith(b"\n"):
            pass


def _text(line: bytes) -> str:
    """The text of a line that is not UTF-8; Windows-1252 is Latin-1 with letters in place of control characters."""
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _problem(error: csv.Error) -> str:
    text = str(error)
    if "end of data" in text:
        return "row-cut"
    if "field limit" in text:
        return "field-too-long"
    if "new-line" in text:
        return "line-end-unknown"
    return "quote-unbalanced"
