"""The key file: key-encryption keys by epoch and the root secret, readable by its owner only.

One JSON file `keys.json` in a directory of its own (modes 0600 and 0700)::

    {"epochs": [{"created": "<RFC 3339>", "id": 1, "key": "<base64, 32 bytes>"}],
     "format": "daybook-keys-1", "root": "<base64, 32 bytes>"}

Whoever has this file and a copy of the database can read every living subject's data; whoever
loses it can read nobody's. Back it up apart from the database, with a window of its own.
"""

import base64
import binascii
import fcntl
import os
import stat
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

import orjson

from vault.errors import KeyStoreRefused
from vault.seal import KEY_BYTES

FILE_NAME: Final = "keys.json"
OLD_NAME: Final = "keys.old"
FORMAT: Final = "daybook-keys-1"
_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Epoch:
    """One key-encryption key; ids start at 1 and grow, the largest wraps new data keys."""

    id: int
    created: datetime
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The content of a key file."""

    epochs: tuple[Epoch, ...]
    root: bytes = field(repr=False)


def read(directory: Path) -> KeyFile:
    """Read the key file; raise `KeyStoreRefused` if absent, malformed or open to others."""
    path = directory / FILE_NAME
    try:
        _refuse_exposed(directory, directory.stat(), 0o700)
        with path.open("rb") as file:
            _refuse_exposed(path, os.fstat(file.fileno()), 0o600)
            content = file.read()
    except FileNotFoundError:
        raise KeyStoreRefused(path, "no key file; restore it from its backup") from None
    except OSError as error:
        raise KeyStoreRefused(path, f"cannot be read: {error.strerror}") from error
    return _parse(path, content)


def read_or_create(directory: Path) -> KeyFile:
    """Read the key file, first making one with random keys if there is none.

    Processes that start at once agree: the directory is locked while one of them looks and
    writes, and the file appears under its name complete and synced or not at all.
    """
    if directory.exists() and not directory.is_dir():
        raise KeyStoreRefused(directory, "is a file; a directory of its own is expected for the keys")
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(directory.parent)
    _refuse_exposed(directory, directory.stat(), 0o700)
    with _locked(directory):
        if not (directory / FILE_NAME).exists():
            _write(directory, _random())
    return read(directory)


def state(directory: Path | None) -> tuple[int, int, int] | None:
    """What tells one content of the file from another without reading it; None: there is none."""
    try:
        found = None if directory is None else (directory / FILE_NAME).stat()
    except OSError:
        return None
    return None if found is None else (found.st_ino, found.st_mtime_ns, found.st_size)


def add_epoch(directory: Path) -> KeyFile:
    """Add an epoch with a random key, and answer the new content."""
    with _locked(directory):
        keys = read(directory)
        newest = max(epoch.id for epoch in keys.epochs)
        added = Epoch(newest + 1, datetime.now(UTC), os.urandom(KEY_BYTES))
        keys = KeyFile((*keys.epochs, added), keys.root)
        _write(directory, keys)
    return keys


def remove_epoch(directory: Path, epoch: int) -> KeyFile:
    """Take an epoch out for good, and answer the new content; ValueError for the newest."""
    with _locked(directory):
        _wipe(directory)  # what a crash has left
        keys = read(directory)
        if epoch == max(each.id for each in keys.epochs):
            raise ValueError(f"epoch {epoch} is the newest: make a new one first")
        rest = tuple(each for each in keys.epochs if each.id != epoch)
        if len(rest) < len(keys.epochs):
            keys = KeyFile(rest, keys.root)
            old = directory / OLD_NAME
            old.hardlink_to(directory / FILE_NAME)
            _write(directory, keys)
            _wipe(directory)
    return keys


def _wipe(directory: Path) -> None:
    """Overwrite the file that was replaced. A journaling or copying disk may still have it: see the documents."""
    old = directory / OLD_NAME
    try:
        if old.samefile(directory / FILE_NAME):  # a crash before it was replaced
            old.unlink()
            return
        with old.open("r+b") as file:
            file.write(bytes(old.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        old.unlink()
    except FileNotFoundError:
        return
    _sync(directory)


def _random() -> KeyFile:
    first = Epoch(1, datetime.now(UTC), os.urandom(KEY_BYTES))
    return KeyFile((first,), os.urandom(KEY_BYTES))


def _refuse_exposed(path: Path, status: os.stat_result, mode: int) -> None:
    """Refuse what another user can read, or owns and so can replace."""
    if status.st_mode & _OTHERS:
        found = stat.S_IMODE(status.st_mode)
        reason = f"mode {found:04o} lets other users at the keys; run: chmod {mode:o} {path}"
        raise KeyStoreRefused(path, reason)
    if status.st_uid not in _trusted_owners():
        reason = f"owned by user {status.st_uid}, who could replace the keys; run: chown {os.geteuid()} {path}"
        raise KeyStoreRefused(path, reason)


def _trusted_owners() -> set[int]:
    return {0, os.geteuid()}


@contextmanager
def _locked(directory: Path) -> Generator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(directory: Path, keys: KeyFile) -> None:
    """Replace the file under the lock: a crash leaves the old one or the new one, never a part."""
    path = directory / FILE_NAME
    partial = path.with_suffix(".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(_format(keys))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    _sync(directory)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _format(keys: KeyFile) -> bytes:
    epochs = [{"created": e.created, "id": e.id, "key": base64.b64encode(e.key).decode()} for e in keys.epochs]
    content = {"epochs": epochs, "format": FORMAT, "root": base64.b64encode(keys.root).decode()}
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def _parse(path: Path, content: bytes) -> KeyFile:
    try:
        fields = cast("Mapping[str, Any]", orjson.loads(content))
        if fields["format"] != FORMAT:
            raise KeyStoreRefused(path, f"not of format {FORMAT}; restore it from its backup")
        epochs = tuple(_epoch(entry) for entry in fields["epochs"])
        keys = KeyFile(epochs, _key(fields["root"]))
    except (TypeError, LookupError, ValueError, binascii.Error):
        # The cause is left out: it may quote the content.
        raise KeyStoreRefused(path, "malformed key file; restore it from its backup") from None
    if not epochs or len({epoch.id for epoch in epochs}) != len(epochs):
        raise KeyStoreRefused(path, "epochs must be one or more, each id once; restore it from its backup")
    return keys


def _epoch(entry: Mapping[str, Any]) -> Epoch:
    if type(entry["id"]) is not int or entry["id"] < 1:
        raise ValueError
    return Epoch(entry["id"], datetime.fromisoformat(entry["created"]), _key(entry["key"]))


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError
    return key
