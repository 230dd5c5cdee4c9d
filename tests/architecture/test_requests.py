"""Every request that a page shows, in a shell block or in its text, is one that the API has."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from api.app import create_app
from api.openapi import document

SHELL = re.compile(r"^```(?:sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOLD = re.compile(r"`(GET|POST) (/[^`?\s]*)(?:\?([^`\s]*))?`")
SENT = re.compile(r"\bcurl\b[^|\n]*?(?:(?:localhost|127\.0\.0\.1):8000|\$API)(/[^\s\"'?]*)(?:\?([^\s\"']*))?([^|\n]*)")
BODY = re.compile(r"\s(?:-d|--data-binary)\b")
ELSEWHERE = ("/log", "/add-checkpoint")  # files of the logs, and a witness


@pytest.fixture(scope="session")
def operations() -> list[tuple[re.Pattern[str], str, set[str]]]:
    """Pattern of the path, method, and names of query parameters."""
    made: dict[str, Any] = document(create_app())
    shared = made["components"].get("parameters", {})
    return [
        (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), method.upper(), _parameters(one, shared))
        for path, methods in made["paths"].items()
        for method, one in methods.items()
    ]


def _parameters(operation: dict[str, Any], shared: dict[str, Any]) -> set[str]:
    listed = (shared.get(one.get("$ref", "").rpartition("/")[2], one) for one in operation.get("parameters", ()))
    return {one["name"] for one in listed if one["in"] == "query"}


def test_every_request_that_is_shown_exists(
    tree: list[Path], project: Path, operations: list[tuple[re.Pattern[str], str, set[str]]]
) -> None:
    written = (path for path in tree if path.suffix == ".md" and not {"decisions", "reference"} & {*path.parts})
    wrong, seen = [], 0
    for path in written:
        for method, where, query in _requests(path.read_text(encoding="utf-8")):
            seen += 1
            fitting = [known for pattern, of, known in operations if of == method and pattern.fullmatch(where)]
            names = {name for name, _ in parse_qsl(query, keep_blank_values=True)}
            if not any(names <= known for known in fitting) and not where.startswith(ELSEWHERE):
                wrong.append(f"{path.relative_to(project)}: {method} {where} {sorted(names)}")
    assert wrong == []
    assert seen > 80


def _requests(text: str) -> Iterator[tuple[str, str, str]]:
    """Method, path and query of each."""
    for method, where, query in TOLD.findall(text):
        yield method, where, query
    for block in SHELL.findall(text):
        for where, query, rest in SENT.findall(re.sub(r"\\\n|\|\n", " ", block)):
            yield "POST" if BODY.search(rest) else "GET", where, query
