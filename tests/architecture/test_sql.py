"""Every statement is a file of its own, is used under its name, and is valid against the migrated schema."""

import ast
from functools import cache
from pathlib import Path

import asyncpg
import pytest

TEMPLATE = "-- template"  # first line of a file in which names are put before it is SQL


@pytest.fixture(scope="session")
def statements(packages: list[Path]) -> list[Path]:
    return sorted(path for package in packages for path in package.rglob("sql/*.sql"))


async def test_every_statement_prepares(admin: asyncpg.Connection, statements: list[Path], project: Path) -> None:
    failures: dict[str, str] = {}
    for path in statements:
        sql = path.read_text(encoding="utf-8")
        if sql.startswith(TEMPLATE):
            continue
        try:
            await admin.prepare(sql)
        except asyncpg.PostgresError as error:
            failures[str(path.relative_to(project))] = str(error)
    assert failures == {}


def test_every_statement_is_used_by_its_name(statements: list[Path], project: Path) -> None:
    unused = {str(path.relative_to(project)) for path in statements if path.stem not in _strings_of(path.parents[1])}
    assert unused == set()


@cache
def _strings_of(package: Path) -> set[str]:
    return {
        node.value
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
