"""What the bank asked for and where it is: the rows of `functions.toml`, and the page made of them.

`docs/reference/functions.md` is written by `python -m api.reference`; a test fails when a row names what there is not,
and when an event, a command or a query is in no row.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from api.app import create_app
from api.openapi import document
from domain import AGGREGATES
from projections.kpis import KPIS

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "reference" / "functions.md"
_ROWS: Final = Path(__file__).with_suffix(".toml")
_WRITTEN_BY: Final = (
    "<!-- Written by `python -m api.reference` from `api/functions.toml`; change that, not this page. -->"
)
_INTRO: Final = """\
What the owner asked for, row by row, and where each is: the commands that make it happen, the events that keep it, the
ways to ask, and a test that shows it. Fields of events and commands: [events](events.md); routes:
[HTTP API](http-api.md). What stands under *to come* is not there yet."""
Names = Annotated[tuple[str, ...], Field(default=())]


class Row(BaseModel):
    """One function. Names may be patterns (`customer.consent-*`); a command's route follows from its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str
    topics: Names
    """Of a row of the owner's table: the rows of streams that it rests on."""
    events: Names
    commands: Names
    queries: Names
    """As `GET /complaints`, or a command of the program: `daybook import loans`."""
    kpis: Names
    tests: Names
    """As `tests/domain/test_touch.py::test_a_touch_belongs_to_its_customer`; none where all is to come."""
    to_come: str | None = None


class Topic(Row):
    """A row of streams and events."""

    topic: str
    stream: str


class Functions(BaseModel):
    """All rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: tuple[Row, ...]
    streams: tuple[Topic, ...]


@cache
def functions() -> Functions:
    """The rows, as they stand in the file.

    Raises:
        ValidationError: a row has a field that there is not, or lacks one.
    """
    return Functions.model_validate(tomllib.loads(_ROWS.read_text(encoding="utf-8")))


@cache
def known() -> Mapping[str, frozenset[str]]:
    """The names that rows may use, by field; queries without those that only say how the server does."""
    made = document(create_app())
    return {
        "topics": frozenset(one.topic for one in functions().streams),
        "events": frozenset(one.type for aggregate in AGGREGATES for one in aggregate.events),
        "commands": frozenset(one.type for aggregate in AGGREGATES for one in aggregate.commands),
        "queries": frozenset(_queries(made)),
        "kpis": frozenset(one.name for one in KPIS),
    }


def matching(pattern: str, names: frozenset[str]) -> list[str]:
    """The names that a pattern stands for, in order."""
    return sorted(one for one in names if fnmatchcase(one, pattern))


def _queries(made: Mapping[str, Any]) -> Iterator[str]:
    """Each way to ask: GET, and POST where what is asked for must not be in an address."""
    commands = {one.type.replace(".", "_").replace("-", "_") for of in AGGREGATES for one in of.commands}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            if operation["tags"][0] not in {"operation", "development"} and operation["operationId"] not in commands:
                yield f"{method.upper()} {path}"


def page() -> str:
    """The whole page."""
    made = functions()
    head = ("function", "commands", "events", "queries", "KPIs", "seen by", "to come")
    parts = [
        "# Functions",
        _WRITTEN_BY,
        _INTRO,
        "## The owner's table",
        _table(head, [_cells(one, made) for one in made.owner]),
        "## Streams and events",
    ]
    for stream in dict.fromkeys(one.stream for one in made.streams):
        of_stream = [one for one in made.streams if one.stream == stream]
        parts += [f"### {stream}", _table(head, [_cells(one, made) for one in of_stream])]
    return "\n\n".join(parts) + "\n"


def _cells(row: Row, made: Functions) -> Sequence[str]:
    rests_on = [one for one in made.streams if one.topic in row.topics]
    return (
        row.says,
        _listed(row, rests_on, "commands"),
        _listed(row, rests_on, "events"),
        ", ".join(f"`{one}`" for one in dict.fromkeys([*row.queries, *(q for one in rests_on for q in one.queries)])),
        ", ".join(f"`{one}`" for one in row.kpis),
        ", ".join(f"[{one.partition('::')[2]}](../../{one.partition('::')[0]})" for one in row.tests),
        row.to_come or "",
    )


def _listed(row: Row, rests_on: Sequence[Row], field: str) -> str:
    """A pattern as it stands: a row that rests on whole streams would name a hundred events."""
    patterns = dict.fromkeys(one for of in (row, *rests_on) for one in getattr(of, field))
    return ", ".join(f"`{one}`" for one in patterns)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])
