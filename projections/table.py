"""What a read model's table is: its columns, its key, and how its rows come to be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson

from domain.kernel import Event

Kind = Literal["rows", "sums", "lines"]
KeyedBy = Literal["customer", "stream"]

_SQL_TYPES: Final[Mapping[type, str]] = {
    str: "text",
    int: "bigint",
    bool: "boolean",
    Decimal: "numeric",
    UUID: "uuid",
    datetime: "timestamptz",
    date: "date",
    list: "jsonb",
    dict: "jsonb",
}
NIL: Final = UUID(int=0)
NEVER: Final = datetime.max.replace(tzinfo=UTC)
"""Defaults of columns that the first event always fills."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table of which every version of the read model has its own.

    `row` is a slots dataclass (of lines a named tuple) whose fields are the columns, `partition` first,
    with the SQL types of their annotations. Three kinds:

    - `rows`: one per customer or stream (`keyed_by`, in column `key[0]`), changed by the events
      `touched_by` (empty: all that the read model folds). A row of a stream is made by the stream's first event.
    - `sums`: keyed by what is counted; the other columns hold what a page adds. `greatest` are
      not added up: the larger value stays.
    - `lines`: written once and never changed.

    `indexes` are for searching; a rebuild makes them after filling.
    """

    name: str
    kind: Kind
    row: type
    key: tuple[str, ...]
    keyed_by: KeyedBy = "stream"
    touched_by: frozenset[type[Event]] = frozenset()
    greatest: tuple[str, ...] = ("position",)
    indexes: Mapping[str, str] = field(default_factory=dict[str, str])

    @cached_property
    def types(self) -> dict[str, str]:
        """SQL types by column, in the order of the row's fields."""
        hints = get_type_hints(self.row)
        return {name: "smallint not null" if name == "partition" else _sql_type(hint) for name, hint in hints.items()}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the row's fields."""
        return tuple(self.types)

    @cached_property
    def values(self) -> Callable[[Any], tuple[Any, ...]]:
        """Takes a row's values in the order of `columns`, JSON columns as Python values."""
        return attrgetter(*self.columns)

    @cached_property
    def json_columns(self) -> tuple[int, ...]:
        """Places of the columns whose shape varies."""
        return tuple(n for n, name in enumerate(self.columns) if self.types[name].startswith("jsonb"))

    def record_of(self, row: Any) -> Sequence[Any]:  # noqa: ANN401  # a `row`
        """A row's values as PostgreSQL takes them."""
        values = self.values(row)
        if not self.json_columns:
            return values
        record = list(values)
        for n in self.json_columns:
            if record[n] is not None:
                record[n] = orjson.dumps(record[n]).decode()
        return record

    def row_of(self, record: Sequence[Any]) -> Any:  # noqa: ANN401  # a `row`
        """The row of a record of PostgreSQL's."""
        values = list(record)
        for n in self.json_columns:
            if values[n] is not None:
                values[n] = orjson.loads(values[n])
        return self.row(*values)

    def copy_of(self, row: Any) -> Any:  # noqa: ANN401  # a `row`
        """A copy that shares nothing that can change: only JSON columns hold such values."""
        return self.row_of(self.record_of(row))

    def at(self, version: int) -> str:
        """The name of this version's table."""
        return f"read_model.{self.name}_v{version}"


def _sql_type(hint: Any) -> str:  # noqa: ANN401  # an annotation
    kinds = [one for one in get_args(hint) if one is not NoneType] if isinstance(hint, UnionType) else [hint]
    sql = _SQL_TYPES[get_origin(kinds[0]) or kinds[0]]
    return sql if isinstance(hint, UnionType) else f"{sql} not null"
