"""The keys that sign checkpoints, one per log, in a private file each."""

import os
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from audit.errors import SealingStopped
from audit.files import locked, private_directory, replace
from audit.notes import ED25519, KeySigner, Signer

SEED_BYTES: Final = 32
_OTHERS: Final = 0o077


class SigningKeys(Protocol):
    """Where the keys are."""

    def signer(self, origin: str) -> Signer:
        """The signer of a log; raise SealingStopped if its key is not there."""
        ...

    def create(self, origin: str) -> Signer:
        """The signer of a log, with a new key if it has none."""
        ...


class FileKeys:
    """Keys in files of a directory that nobody else may enter: whoever reads one can sign for its log (or witness)."""

    def __init__(self, directory: Path, kind: int = ED25519) -> None:
        self._directory = private_directory(directory)
        self._kind = kind

    def signer(self, origin: str) -> Signer:
        """The signer of a log.

        Raises:
            SealingStopped: its key is not there, or others may read it.
        """
        path = self._path(origin)
        try:
            with path.open("rb") as file:
                exposed = os.fstat(file.fileno()).st_mode & _OTHERS
                seed = file.read()
        except FileNotFoundError:
            raise SealingStopped(f"the key of log {origin} is missing: restore {path}") from None
        if exposed:
            raise SealingStopped(f"others may read the key of log {origin}: run chmod 600 {path}")
        if len(seed) != SEED_BYTES:
            raise SealingStopped(f"the key of log {origin} is damaged: restore {path}")
        return KeySigner(origin, seed, self._kind)

    def create(self, origin: str) -> Signer:
        """The signer of a log, with a new key if it has none."""
        with locked(self._directory):
            if not self._path(origin).exists():
                replace(self._path(origin), os.urandom(SEED_BYTES))
        return self.signer(origin)

    def _path(self, origin: str) -> Path:
        return self._directory / quote(origin, safe="")
