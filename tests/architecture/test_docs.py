"""The documents say what the program is: generated pages are current, words, settings and commands exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.main import get_command

from benchmarks import report
from domain import AGGREGATES
from engine import reference
from engine.cli import app
from engine.settings import Settings

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)")
VARIABLE = re.compile(r"\bDAYBOOK_[A-Z_]+\b")
DAYBOOK = re.compile(r"(?:\S*/)?daybook ")
COLUMN = re.compile(r'^    "?(\w+)"? ', re.MULTILINE)
TABLE = re.compile(r"^CREATE TABLE (\S+) \(\n(.*?)\n\)", re.MULTILINE | re.DOTALL)
# Words that every reader must find, whatever else the glossary has.
WORDS = (
    "command", "event", "stream", "version", "partition", "slice", "position", "append", "read", "follow", "bookmark",
    "projection", "read model", "rebuild", "upcast", "occurred_at", "recorded_at", "actor", "correlation", "causation",
    "incarnation", "record", "checkpoint", "log", "customer", "subject",
)  # fmt: skip
DECISION = ("Context", "Decision", "Alternatives", "Consequences")


@pytest.fixture(scope="session")
def documents(tree: list[Path]) -> dict[Path, str]:
    """Every Markdown file but those of `benchmarks/`, which are put into a page of `docs/`."""
    pages = (path for path in tree if path.suffix == ".md" and "benchmarks" not in path.parts)
    return {path: path.read_text(encoding="utf-8") for path in pages}


@pytest.fixture(scope="session")
def glossary(project: Path) -> list[list[str]]:
    """Rows of the glossary: word, Chinese, meaning, names in the code."""
    text = (project / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in row.split(" | ")] for row in ROW.findall(text)]
    return [row for row in rows if row[0] != "word"]


@pytest.mark.parametrize("name", reference.PAGES)
def test_generated_pages_are_current(name: str) -> None:
    page = reference.FOLDER / name
    assert page.read_text(encoding="utf-8") == reference.PAGES[name](), "python -m engine.reference"


def test_the_page_of_benchmarks_is_current() -> None:
    current = report.page(orjson.loads(report.RESULTS.read_bytes()))
    assert report.PAGE.read_text(encoding="utf-8") == current, "python -m benchmarks NAME --write"


def test_every_document_can_be_found_from_the_index(project: Path, documents: dict[Path, str]) -> None:
    found, look = set[Path](), [project / "README.md"]
    while look:
        document = look.pop()
        if document not in found:
            found.add(document)
            look += [(document.parent / link).resolve() for link in LINK.findall(documents[document])]
    lost = {str(path.relative_to(project)) for path in set(documents) - found}
    assert lost == set(), "link them from docs/README.md"


def test_decisions_have_their_four_parts(project: Path, documents: dict[Path, str]) -> None:
    pages = {path.name: text for path, text in documents.items() if re.match(r"\d{4}-", path.name)}
    numbers = sorted(int(name[:4]) for name in pages)
    assert len(numbers) == len(set(numbers))
    for name, text in pages.items():
        assert tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) == DECISION, name


def test_the_glossary_has_every_word_once_with_its_chinese(glossary: list[list[str]]) -> None:
    words = [row[0] for row in glossary]
    assert len(words) == len(set(words))
    assert {*WORDS, *(aggregate.name for aggregate in AGGREGATES)} - set(words) == set()
    without = [row[0] for row in glossary if len(row) < 3 or not re.search(r"[\u4e00-\u9fff]", row[1])]
    assert [word for word in without if word not in {"CSAT", "NPS", "CES"}] == []


def test_the_code_uses_the_words_of_the_glossary(
    glossary: list[list[str]], product_files: list[Path], project: Path
) -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*product_files, *project.rglob("*.sql")])
    names = {name for row in glossary for name in re.findall(r"`([^`]+)`", row[-1]) if len(row) == 4}
    assert {name for name in names if name not in code} == set()


def test_the_schema_page_has_every_table_and_column(project: Path) -> None:
    page = (project / "docs" / "reference" / "schema.md").read_text(encoding="utf-8")
    schema = (project / "migrations" / "schema.sql").read_text(encoding="utf-8")
    told = {part.partition("\n")[0]: part for part in page.split("\n### ")[1:]}
    tables = {name: set(COLUMN.findall(body)) - {"CONSTRAINT"} for name, body in TABLE.findall(schema)}
    reads = {name: tables.pop(name) for name in list(tables) if name.startswith("reads.")}
    assert reads == {f"reads.{name[7:]}": columns for name, columns in tables.items() if name.startswith("record.")}
    assert {name for name in told if "." in name} == set(tables)
    for name, columns in tables.items():
        cells = {cell for row in ROW.findall(told[name]) for cell in re.findall(r"`(\w+)`", row.split(" | ")[0])}
        assert cells == columns, name


def test_every_setting_that_is_named_exists(documents: dict[Path, str], project: Path) -> None:
    known = {f"DAYBOOK_{name.upper()}" for name in Settings.model_fields} | {"DAYBOOK_TEST_POSTGRES"}
    adapter = project / "docs" / "how-to" / "use-with-eventsourcing.md"  # has settings of its own
    unknown = {
        f"{path.relative_to(project)}: {name}"
        for path, text in documents.items()
        if path != adapter
        for name in VARIABLE.findall(text)
        if name not in known
    }
    assert unknown == set()


def test_every_command_that_is_shown_exists(documents: dict[Path, str], project: Path) -> None:
    wrong = {
        f"{path.relative_to(project)}: {' '.join(words)}"
        for path, text in documents.items()
        for words in _shown(text)
        if not _is_known(get_command(app), words[1:])
    }
    assert wrong == set()


def _shown(text: str) -> Iterator[list[str]]:
    """Command lines of `daybook` in shell blocks."""
    for language, block in FENCE.findall(text):
        if language in {"sh", "bash"}:
            for line in block.replace("\\\n", " ").splitlines():
                if DAYBOOK.match(line):
                    yield shlex.split(line, comments=True)


def _is_known(command: Any, words: list[str]) -> bool:
    children = getattr(command, "commands", None)
    if children is not None and words and words[0] in children:
        return _is_known(children[words[0]], words[1:])
    if children is not None and not command.invoke_without_command:
        return False
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return {word.partition("=")[0] for word in words if word.startswith("-")} <= options
