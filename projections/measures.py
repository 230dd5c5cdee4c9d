"""Measures: what a KPI or a return counts, declared once, and counted from the rows of read models when asked.

Every measure is a count, a sum or a histogram, so what partitions answer can be added up. People are counted each once,
see `projections.counts`; none of these counts is kept.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, TypeAlias

from projections.errors import MeasureRefused

Counts: TypeAlias = Literal["rows", "amount", "spread", "open", "people", "standing", "begun", "kept"]
Group: TypeAlias = tuple[str, ...]

MONTH: Final = "month"
OR: Final = "\x1f"
"""Stands between several values of a dimension; no label has it."""
BY_MAX: Final = 3
CELLS_MAX: Final = 10_000
YEARS: Final = (1900, 2199)
_MONTH: Final = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, eq=False)
class Source:
    """Rows that can be counted: one row for each thing, whose stream has the id in `key`.

    `dimensions`: text expressions over the row `r`; "" stands for not known. `seen`: whether the row exists for the
    viewer of $5 to $7 (see `Sight`). `joined`: other tables of the same partition, with any number of rows for each
    row: then these are counted, and listed under their `r`. `clocks`: these are rows that the keeper of clocks writes.
    `stream`: the column that has the stream's id, where that is not the key. `scattered`: rows of one customer lie in
    several partitions.
    """

    name: str
    projection: str
    table: str
    key: str
    dimensions: Mapping[str, str]
    seen: str = "$5::text[] is not null and $6::text is not null and $7::uuid[] is not null"
    joined: str = ""
    clocks: bool = False
    stream: str = ""
    scattered: bool = False


@dataclass(frozen=True, eq=False)
class Measure:
    """Something counted: `says` in words, `where` over the row `r`; a row is of the day of its column `at`, in UTC.

    `counts`: "rows"; the sum of `amount`; the same as "spread" over its values; what is "open" at the end, where each
    row is a time that is over or goes on; or people, each once: the "people" of the rows; of rows that are customers,
    who is "standing" at the end: begun (`at`) and not yet ended (`until`), had "begun" before the period and was there
    still, and of these who is "kept" until its end. `at` with a dot is a column of a joined table. `events`: types of
    those behind.
    """

    says: str
    source: Source
    at: str
    events: tuple[str, ...]
    counts: Counts = "rows"
    where: str = "true"
    amount: str = "1"
    until: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What it can be grouped by. What is open at a moment, or was there before a period, has no month."""
        timeless = self.counts in {"open", "begun", "kept"}
        return tuple(self.source.dimensions) if timeless else (MONTH, *self.source.dimensions)

    @property
    def of_people(self) -> bool:
        """Whether it counts people: who is who is known from the customers' profiles."""
        return self.counts in {"people", "standing", "begun", "kept"}

    @property
    def moment(self) -> str:
        """The column that says when, in SQL."""
        return self.at if "." in self.at else f"r.{self.at}"

    def expression(self, dimension: str) -> str:
        """A dimension in SQL; months are those of `at`."""
        if dimension == MONTH:
            return f"to_char({self.moment} at time zone 'UTC', 'YYYY-MM')"
        return self.source.dimensions[dimension]


@dataclass(frozen=True, slots=True)
class Asked:
    """Days first to last, both inclusive, in UTC; None: without end.

    One cell for each group of `by`; `where` keeps what has these values in these dimensions, several of one joined by
    `OR`.
    """

    first: date | None = None
    last: date | None = None
    by: tuple[str, ...] = ()
    where: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def since(self) -> datetime | None:
        """The first moment."""
        return None if self.first is None else datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime | None:
        """The first moment after it."""
        return None if self.last is None else datetime.combine(self.last + timedelta(days=1), time(), UTC)

    def within(self, dimensions: Sequence[str]) -> "Asked":
        """The same for a measure that has only these dimensions; a month is a narrower period."""
        where = {name: value for name, value in self.where.items() if name in dimensions}
        by = tuple(name for name in self.by if name in dimensions)
        first, last = self.first, self.last
        month = where.pop(MONTH, None)
        if month is not None:
            begins = date.fromisoformat(f"{month}-01")
            ends = (begins + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            first = begins if first is None else max(first, begins)
            last = ends if last is None else min(last, ends)
        return Asked(first, last, by, where)


@dataclass(slots=True)
class Amount:
    """What a measure came to: `total`, and how often each value came where it is spread."""

    total: int = 0
    spread: Counter[int] = field(default_factory=Counter[int])


def checked(asked: Asked, dimensions: Sequence[str]) -> Asked:
    """What was asked, if a measure of these dimensions can answer it.

    Raises:
        MeasureRefused: with what is wrong and what would do.
    """
    for name in (*asked.by, *asked.where):
        if name not in dimensions:
            raise MeasureRefused("{name} is no dimension of it; it has {known}", name=name, known=", ".join(dimensions))
    if len(set(asked.by)) != len(asked.by) or len(asked.by) > BY_MAX:
        raise MeasureRefused("group by at most {most} dimensions, each once", most=BY_MAX)
    if asked.first is not None and asked.last is not None and asked.first > asked.last:
        raise MeasureRefused("the first day is after the last")
    if any(day is not None and not YEARS[0] <= day.year <= YEARS[1] for day in (asked.first, asked.last)):
        raise MeasureRefused("days are of the years {first} to {last}", first=YEARS[0], last=YEARS[1])
    if MONTH in asked.where and not _MONTH.fullmatch(asked.where[MONTH]):
        raise MeasureRefused("a month is written like 2026-11")
    return asked


def cell_parts(measure: Measure, of: Asked) -> dict[str, str]:
    """What is put into the template that counts."""
    names = [measure.expression(name) for name in of.by]
    return {
        **parts_of(measure, of),
        "groups": "".join(f"{name}, " for name in names),
        "value": f"({measure.amount})::bigint" if measure.counts == "spread" else "null::bigint",
        "amount": f"sum({measure.amount})::bigint" if measure.counts == "amount" else "count(*)",
        "group_by": f"group by {', '.join(str(n + 1) for n in range(len(names) + 1))}",
        "grouped": f"group by {', '.join(str(n + 1) for n in range(len(names)))}" if names else "",
        "apart": "true" if measure.source.scattered else "m.customer_id is not null",
    }


def parts_of(measure: Measure, of: Asked) -> dict[str, str]:
    """What is put into a template that reads the rows of a measure."""
    wanted = "".join(
        f" and {measure.expression(name)} = {_any_of(n) if OR in value else _one(n)}"
        for n, (name, value) in enumerate(of.where.items(), 1)
    )
    ends = "".join(_not_over(one) for one in measure.until) if measure.counts == "open" else ""
    return {
        "table": measure.source.table,
        "joined": measure.source.joined,
        "key": measure.source.key,
        "stream": measure.source.stream or measure.source.key,
        "at": measure.moment,
        "where": f"({measure.where}) and {measure.source.seen}{ends}{wanted}",
    }


def _not_over(ends: str) -> str:
    """Ended neither, nor before the end of the period. What goes on ends at the end of time."""
    return f" and {ends} >= coalesce($3::timestamptz, 'infinity')"


def _one(place: int) -> str:
    return f"($4::text[])[{place}]"


def _any_of(place: int) -> str:
    return f"any (string_to_array({_one(place)}, chr({ord(OR)})))"
