"""Small private files that are there whole or not at all, whatever crashes."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path


def private_directory(directory: Path) -> Path:
    """A directory that its owner alone may enter, made if it is missing."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory


@contextmanager
def locked(directory: Path) -> Generator[None]:
    """Nobody else is in here at the same time, on this machine."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another; after this returns it outlasts a loss of power."""
    partial = path.with_name(path.name + ".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(partial, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
