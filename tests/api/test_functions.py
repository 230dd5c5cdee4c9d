"""The owner's table and the streams: no row names what there is not, and nothing that is there is in no row."""

import ast
from functools import cache
from pathlib import Path

import pytest

from api.functions import PAGE, Row, functions, known, matching, page

PROJECT = Path(__file__).resolve().parents[2]
ROWS = [*functions().owner, *functions().streams]
NAMED = ("topics", "events", "commands", "queries", "kpis")


@cache
def names_of(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    return frozenset(
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_")
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_all_that_a_row_names_is_there(row: Row) -> None:
    for field in NAMED:
        for pattern in getattr(row, field):
            if not pattern.startswith("daybook "):
                assert matching(pattern, known()[field]), f"{field}: {pattern}"
    for path, _, name in (one.partition("::") for one in row.tests):
        assert name in names_of(path), f"{path}::{name}"


def test_commands_of_the_program_are_there() -> None:
    cli = (PROJECT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    for row in ROWS:
        for one in row.queries:
            assert not one.startswith("daybook ") or f"\n## {one}\n" in cli, one


@pytest.mark.parametrize("field", ["events", "commands", "queries", "kpis"])
def test_nothing_is_in_no_row(field: str) -> None:
    named = {name for row in ROWS for pattern in getattr(row, field) for name in matching(pattern, known()[field])}
    assert sorted(known()[field] - named) == []


def test_a_row_has_something_that_is_there_or_says_that_it_is_to_come() -> None:
    for row in ROWS:
        there = row.topics or row.events or row.queries
        assert row.tests if there else row.to_come, row.says


def test_an_event_and_a_command_are_in_one_row_of_the_streams() -> None:
    for field in ("events", "commands"):
        of_rows = [
            name for row in functions().streams for p in getattr(row, field) for name in matching(p, known()[field])
        ]
        assert len(of_rows) == len(set(of_rows)), sorted({one for one in of_rows if of_rows.count(one) > 1})


def test_the_page_is_what_the_program_would_write() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m api.reference"
