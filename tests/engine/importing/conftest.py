"""Files to import, and what a mapping needs without a vault."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.importing.identities import Identities
from engine.importing.reading import Origin
from store.identity import new_id
from tests.engine.importing.made_up import made_up_hmac


@pytest.fixture
def identities() -> Identities:
    return Identities(made_up_hmac, "test")


@pytest.fixture
def origin() -> Origin:
    return Origin("import:test", new_id())


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file's content; each call another file."""
    written: list[Path] = []

    def write(content: str | bytes) -> Path:
        path = tmp_path / f"file-{len(written)}.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        written.append(path)
        return path

    return write
