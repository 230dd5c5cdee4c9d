"""The keys that sign: one per log at a time, in a private file each; those it had before stay for their signatures."""

import os
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from audit.errors import SealingStopped
from audit.files import locked, private_directory, replace
from audit.notes import ED25519, KeySigner, Signer, Verifier

SEED_BYTES: Final = 32
_OTHERS: Final = 0o077


class SigningKeys(Protocol):
    """Where the keys are."""

    def signer(self, origin: str, vkey: str | None = None) -> Signer:
        """The signer of a log, the first or the one with this verifier key; raise SealingStopped if it is not there."""
        ...

    def create(self, origin: str) -> Signer:
        """The first signer of a log, with a new key if it has none."""
        ...

    def renew(self, origin: str) -> Signer:
        """A signer of a log with a further key, which does not replace the keys that it has."""
        ...


class FileKeys:
    """Keys in files of a directory that nobody else may enter: whoever reads one can sign for its log (or witness)."""

    def __init__(self, directory: Path, kind: int = ED25519) -> None:
        self._directory = private_directory(directory)
        self._kind = kind

    def signer(self, origin: str, vkey: str | None = None) -> Signer:
        """The signer of a log, the first or the one with this verifier key.

        Raises:
            SealingStopped: its key is not there, or others may read it.
        """
        further = None if vkey is None else self._path(origin, Verifier.parse(vkey).key_id)
        found = self._read(origin, further if further is not None and further.exists() else self._path(origin))
        if vkey is not None and found.verifier.vkey != vkey:
            raise SealingStopped(f"the key of log {origin} is another than the one that it signs with: {vkey}")
        return found

    def _read(self, origin: str, path: Path) -> Signer:
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
        """The first signer of a log, with a new key if it has none."""
        with locked(self._directory):
            if not self._path(origin).exists():
                replace(self._path(origin), os.urandom(SEED_BYTES))
        return self.signer(origin)

    def renew(self, origin: str) -> Signer:
        """A signer of a log with a further key, in a file beside the first one's that is named after its id."""
        seed = os.urandom(SEED_BYTES)
        made = KeySigner(origin, seed, self._kind)
        replace(self._path(origin, made.verifier.key_id), seed)
        return made

    def _path(self, origin: str, key_id: bytes | None = None) -> Path:
        name = quote(origin, safe="")  # which leaves no plus
        return self._directory / (name if key_id is None else f"{name}+{key_id.hex()}")
