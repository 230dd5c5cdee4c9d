"""A Daybook on a database of the test's own, and files made up to look like the real ones."""

import csv
import hmac
import io
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

import pytest

from engine.importing.identities import Identities
from engine.importing.reading import Origin
from engine.settings import Settings
from engine.wiring import Databases, Daybook, initialise
from store.identity import new_id

PUBLIC = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Consumer consent provided?,Submitted via,Date sent to company,Company response to consumer,"
    "Timely response?,Consumer disputed?,Complaint ID"
).split(",")

USUAL = {
    "Date received": "2023-08-25",
    "Product": "Checking or savings account",
    "Sub-product": "Checking account",
    "Issue": "Managing an account",
    "Sub-issue": "Fee problem",
    "Company": "FIRST MADE-UP BANK",
    "State": "FL",
    "ZIP code": "330XX",
    "Consumer consent provided?": "Consent provided",
    "Submitted via": "Web",
    "Date sent to company": "2023-08-26",
    "Company response to consumer": "Closed with explanation",
    "Timely response?": "Yes",
    "Consumer disputed?": "N/A",
    "Complaint ID": "9000001",
}


@pytest.fixture
async def daybook(database, tmp_path: Path) -> AsyncGenerator[Daybook]:
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    await initialise(databases, 4, progress=lambda *_: None)
    opened = await Daybook.open(Settings(key_dir=tmp_path / "keys"), databases)
    yield opened
    await opened.close()


@pytest.fixture
def identities() -> Identities:
    return Identities(made_up_hmac, "test")


@pytest.fixture
def origin() -> Origin:
    return Origin("import:test", new_id())


def made_up_hmac(purpose: str, *parts: bytes) -> bytes:
    return hmac.digest(b"made up", b"\0".join((purpose.encode(), *parts)), "sha256")


def complaint(**values: str) -> dict[str, str]:
    """A usual row; keyword names are column titles in lower case with underscores."""
    titles = {title.lower().replace(" ", "_").replace("-", "_").removesuffix("?"): title for title in PUBLIC}
    return USUAL | {titles.get(name, name): value for name, value in values.items()}


def csv_of(rows: Sequence[dict[str, str]], columns: Sequence[str] = PUBLIC, **dialect: str) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", extrasaction="ignore", lineterminator="\n", **dialect)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


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
