from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from engine.importing.rows import Limits
from engine.importing.survey import Survey, open_checked, survey
from engine.importing.verdict import ImportRefused


def look_at(path: Path, limits: Limits | None = None) -> Survey:
    with open_checked(path, limits or Limits()) as file:
        return survey(file)


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("", 0),
        ("a,b\n", 0),
        ("a,b\n1,2\n3,4\n", 2),
        ("a,b\n1,2\n3,4", 2),
        ('a,b\n1,"two\nlines, ""quoted"""\n3,4\n', 2),
        ('"a"\n"' + "x\n" * 800_000 + '"\n1\n', 2),  # quotes may be open from one block to the next
    ],
)
def test_rows_to_expect(file: Callable[..., Path], content: str, rows: int) -> None:
    seen = look_at(file(content))
    assert seen.rows == rows
    assert seen.sha256 == sha256(content.encode()).digest()


def test_a_byte_order_mark_is_skipped_but_hashed(file: Callable[..., Path]) -> None:
    content = b"\xef\xbb\xbfa,b\n"
    path = file(content)
    with open_checked(path, Limits()) as opened:
        assert survey(opened) == Survey(sha256(content).digest(), 3, 0)
        assert opened.read() == b"a,b\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"PK\x03\x04...", "zip archive"), (b"\x1f\x8b...", "gzip"), ("ä".encode("utf-16"), "UTF-16")],
)
def test_what_is_no_text_is_refused(file: Callable[..., Path], content: bytes, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        look_at(file(content))


def test_a_file_that_is_too_large_or_missing_is_refused(file: Callable[..., Path]) -> None:
    with pytest.raises(ImportRefused, match="at most 3 are allowed"):
        look_at(file("1234"), Limits(file_bytes_max=3))
    with pytest.raises(ImportRefused, match="no such file"):
        look_at(file("").with_name("absent.csv"))
