"""The fork guard: how far each log was signed, kept outside the database.

A database that was restored, or changed by who administers it, cannot make the sealer sign a second history: the guard
knows the first. It is one fsynced file per log, of three lines: origin, size, root.
"""

from pathlib import Path
from urllib.parse import quote, unquote

from audit.checkpoint import Checkpoint
from audit.errors import GuardMoved, SealingStopped
from audit.files import locked, private_directory, replace
from audit.merkle import EMPTY_ROOT
from audit.notes import NoteRefused


class ForkGuard:
    """The heads of logs, in files of one directory. Its calls block for as long as a disk takes to sync."""

    def __init__(self, directory: Path) -> None:
        self._directory = private_directory(directory)

    def head(self, origin: str) -> Checkpoint | None:
        """What was last signed of a log; None if the guard has never seen it.

        Raises:
            SealingStopped: the file is not what the guard wrote.
        """
        try:
            text = self._path(origin).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            found = Checkpoint.parse(text)
        except (NoteRefused, UnicodeDecodeError) as error:
            raise SealingStopped(f"the fork guard of {origin} is damaged: {error}") from error
        if found.origin != origin:
            raise SealingStopped(f"the fork guard of {origin} has the head of {found.origin}")
        return found

    def origins(self) -> list[str]:
        """The logs that the guard knows."""
        return sorted(unquote(path.name) for path in self._directory.iterdir() if not path.name.endswith(".new"))

    def begin(self, origin: str) -> None:
        """Know a log from now on, as an empty one; one that it knows stays as it is."""
        with locked(self._directory):
            if self.head(origin) is None:
                replace(self._path(origin), Checkpoint(origin, 0, EMPTY_ROOT).text().encode())

    def advance(self, before: Checkpoint | None, after: Checkpoint) -> None:
        """Move a log's head on, if it still is at `before`.

        Raises:
            GuardMoved: it is not; who holds the log's lease must look at both anew.
            SealingStopped: the head would go back.
        """
        with locked(self._directory):
            found = self.head(after.origin)
            if found != before:
                raise GuardMoved(f"the fork guard of {after.origin} is at {_size(found)}, not at {_size(before)}")
            if before is not None and after.size < before.size:
                raise SealingStopped(f"the fork guard of {after.origin} does not go back from {before.size}")
            replace(self._path(after.origin), after.text().encode())

    def _path(self, origin: str) -> Path:
        return self._directory / quote(origin, safe="")


def _size(head: Checkpoint | None) -> str:
    return "nothing" if head is None else f"{head.size} ({head.root.hex()[:16]})"
