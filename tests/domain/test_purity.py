"""Nothing in `domain` reaches outside: no other packages, no clock, no randomness."""

import ast
import sys
from pathlib import Path

import pytest

import domain

ALLOWED = {"pydantic", "domain"}
REFUSED_LIBRARY = {
    "asyncio", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "socket",
    "subprocess", "tempfile", "threading", "time",
}  # fmt: skip
REFUSED_NAMES = {
    "now",
    "utcnow",
    "today",
    "fromtimestamp",
    "uuid1",
    "uuid4",
    "uuid6",
    "uuid7",
    "open",
    "print",
    "input",
}

FILES = sorted(Path(domain.__file__).parent.glob("*.py"))
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def imported(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found.add((node.module or "").partition(".")[0])
    return found


@every_file
def test_only_pydantic_and_the_harmless_part_of_the_standard_library_is_imported(file):
    packages = imported(ast.parse(file.read_text("utf-8")))
    assert packages <= ALLOWED | (set(sys.stdlib_module_names) - REFUSED_LIBRARY)


@every_file
def test_nothing_asks_for_the_time_an_id_or_a_file(file):
    tree = ast.parse(file.read_text("utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not names & REFUSED_NAMES


@every_file
def test_files_stay_short(file):
    assert len(file.read_text("utf-8").splitlines()) <= 400
