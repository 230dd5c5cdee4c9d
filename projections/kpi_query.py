"""Queries of KPIs: the figures of each cell, and the way down from a cell to the events behind it."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.matters import Sight
from projections.counts import ALONE, count, from_the_start, someones
from projections.kpis import Basis, Kpi, added_up
from projections.listing import checked_limit, first_of, read_place, write_mark
from projections.measures import MONTH, Amount, Asked, Group, Measure, checked, parts_of
from projections.models import ReadModels
from projections.persons import who_merged
from projections.seeing import arguments_of
from projections.statements import statement

DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure of one group. `value` is None where nothing can be divided by; `spread`: how often each value came."""

    basis: str
    group: dict[str, str | None]
    numerator: int
    denominator: int | None
    value: float | None
    spread: dict[int, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """All cells. Incomplete unless `parked` is 0: so many customers or streams are left out."""

    cells: tuple[Cell, ...]
    parked: int


@dataclass(frozen=True)
class Retold:
    """How the codes of a dimension are told by another list: several as one, one as several, the others as ""."""

    dimension: str
    codes: Mapping[str, Sequence[str]]

    def of(self, found: Mapping[Group, Amount], by: Sequence[str]) -> Mapping[Group, Amount]:
        """What was counted in groups of `by`, in groups of the other's codes."""
        if self.dimension not in by:
            return found
        place = by.index(self.dimension)
        told = defaultdict[Group, Amount](Amount)
        for group, amount in found.items():
            for code in self.codes.get(group[place], ("",)):
                cell = told[*group[:place], code, *group[place + 1 :]]
                cell.total += amount.total
                cell.spread.update(amount.spread)
        return told


async def figures(models: ReadModels, kpi: Kpi, asked: Asked, sight: Sight, retold: Retold | None = None) -> Figures:
    """A KPI's cells in the order of their groups; ungrouped, one cell for each basis.

    Raises:
        MeasureRefused: it has no such dimension, or these are too many cells.
    """
    added_up(kpi, checked(asked, kpi.dimensions))
    cells = [cell for basis in kpi.bases for cell in await _cells(models, kpi, basis, asked, sight, retold)]
    progress = await models.all_progress()
    return Figures(tuple(cells), sum(progress[name].parked for name in kpi.projections))


async def _cells(  # noqa: PLR0913, PLR0917  # what a cell comes from
    models: ReadModels, kpi: Kpi, basis: Basis, asked: Asked, sight: Sight, retold: Retold | None
) -> list[Cell]:
    async def counted(measure: Measure) -> Mapping[Group, Amount]:
        found = await count(models, measure, asked, sight)
        return found if retold is None else retold.of(found, asked.within(measure.dimensions).by)

    above = await counted(basis.numerator)
    below = None if basis.denominator is None else await counted(basis.denominator)
    groups = set(above) if asked.by else {()}
    shared = basis.denominator is None or set(asked.by) - set(basis.denominator.dimensions)
    if below is not None and not shared:
        groups |= {group for group in below if _is_asked(group, asked)}
    divide = _Below(basis.denominator, below, asked)
    made: list[Cell] = []
    for group in sorted(groups):
        amount = above.get(group, Amount())
        denominator = divide.of(group)
        named = {name: text or None for name, text in zip(asked.by, group, strict=True)}
        spread = dict(sorted(amount.spread.items()))
        value = _value(kpi, amount.total, denominator)
        made.append(Cell(basis.name, named, amount.total, denominator, value, spread))
    return made


def _is_asked(group: Group, asked: Asked) -> bool:
    """What stands at the end of a month is known of months before the period, too."""
    if MONTH not in asked.by or asked.first is None:
        return True
    return group[asked.by.index(MONTH)] >= f"{asked.first:%Y-%m}"


class _Below:
    """The denominator of each cell: of dimensions that it has not, all cells share the same."""

    def __init__(self, measure: Measure | None, found: Mapping[Group, Amount] | None, asked: Asked) -> None:
        self._found = found
        self._standing = measure is not None and measure.counts == "standing" and MONTH in asked.by
        has = () if measure is None else measure.dimensions
        self._places = tuple(n for n, name in enumerate(asked.by) if name in has)
        by = [asked.by[n] for n in self._places]
        self._month = by.index(MONTH) if MONTH in by else -1
        self._months: defaultdict[Group, list[str]] = defaultdict(list)
        if self._standing and found is not None:
            for group in sorted(found, key=lambda one: one[self._month]):
                self._months[self._others(group)].append(group[self._month])

    def of(self, group: Group) -> int | None:
        """The denominator of a cell; None: there is none."""
        if self._found is None:
            return None
        own = tuple(group[n] for n in self._places)
        if self._standing:
            month = max((one for one in self._months[self._others(own)] if one <= own[self._month]), default=None)
            own = () if month is None else (*own[: self._month], month, *own[self._month + 1 :])
        found = self._found.get(own)
        return 0 if found is None else found.total

    def _others(self, group: Group) -> Group:
        return group[: self._month] + group[self._month + 1 :]


def _value(kpi: Kpi, numerator: int, denominator: int | None) -> float | None:
    if denominator is None:
        return float(numerator)
    return round(kpi.scale * numerator / denominator, DIGITS) if denominator else None


# The way down


@dataclass(frozen=True, slots=True)
class Behind:
    """An event behind a figure."""

    event_id: UUID
    type: str
    partition: int
    position: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """One thing that was counted: what and which, its day, what it added to the figure, and its events."""

    kind: str
    id: UUID
    at: datetime
    amount: int
    events: tuple[Behind, ...]


@dataclass(frozen=True, slots=True)
class CountedPage:
    """Latest first. `next` continues; None: there is no more."""

    counted: tuple[Counted, ...]
    next: str | None


async def behind(  # noqa: PLR0913  # the last two optional and by name
    models: ReadModels, measure: Measure, asked: Asked, sight: Sight, *, after: str | None = None, limit: int = 50
) -> CountedPage:
    """What a measure has counted in the cell of `asked.where`, with the events behind it.

    Raises:
        MeasureRefused: it has no such dimension.
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted, of = checked_limit(limit), asked.within(measure.dimensions)
    before, before_id = read_place(models.record.incarnation, after)
    pages: list[list[_Row]] = []
    ids: tuple[list[UUID], ...] = ()
    if measure.of_people:
        merged = await who_merged(models)
        apart = [_Row(one.id, one.at, 1, one.streams) for one in await someones(models, measure, of, sight, merged)]
        pages.append([one for one in apart if before is None or (one.at, one.id) < (before, before_id)])
        ids = ([*merged.customer_ids],) if measure.counts == "people" else ()
    if not measure.source.scattered or not measure.of_people:
        query, parts, since, until = listing(measure, of)
        arguments = (since, until, list(of.where.values()), *arguments_of(sight), before, before_id, wanted + 1, *ids)
        found = await models.fetch_all(measure.source.projection, query, *arguments, parts=parts)
        pages += [[_Row(row["id"], row["at"], row["amount"], (row["stream_id"],)) for row in page] for page in found]
    rows, more = first_of(pages, wanted, lambda row: (row.at, row.id))
    events = await _events(models, measure, [stream_id for row in rows for stream_id in row.streams])
    kind = "customer" if measure.of_people else measure.source.name
    counted = tuple(
        Counted(kind, row.id, row.at, row.amount, tuple(chain.from_iterable(events[one] for one in row.streams)))
        for row in rows
    )
    last = counted[-1] if more else None
    return CountedPage(counted, write_mark(models.record.incarnation, last.at, last.id) if last else None)


class _Row(NamedTuple):
    """What was counted, before its events are read."""

    id: UUID
    at: datetime
    amount: int
    streams: tuple[UUID, ...]


def listing(measure: Measure, of: Asked) -> tuple[str, dict[str, str], datetime | None, datetime | None]:
    """The template that lists what a measure counts in a partition, what is put into it, and of which time."""
    listed, period = (measure, of) if measure.counts not in {"begun", "kept"} else from_the_start(measure, of)
    parts, since = parts_of(listed, period), period.since
    if measure.counts == "people":
        parts["where"] += " and not (r.customer_id = any ($11::uuid[]))"
        return "measure_grouped", {**parts, "id": "r.customer_id", "amount": "1"}, since, period.until
    if measure.counts == "standing":
        (ends,) = measure.until
        parts["where"] += f"{ALONE} and (r.{ends} is null or r.{ends} >= coalesce($3::timestamptz, 'infinity'))"
    if measure.counts in {"standing", "open"}:
        since = None
    if measure.source.joined:
        amount = "count(*)" if measure.counts in {"rows", "open"} else f"sum({measure.amount})"
        return "measure_grouped", {**parts, "id": f"r.{measure.source.key}", "amount": amount}, since, period.until
    return "measure_rows", {**parts, "amount": listed.amount}, since, period.until


async def _events(models: ReadModels, measure: Measure, streams: Sequence[UUID]) -> Mapping[UUID, tuple[Behind, ...]]:
    record, by_partition = models.record, models.record.by_partition(streams)
    sql, types = statement("events_behind"), list(measure.events)

    async def of(partition: int, ids: list[UUID]) -> list[tuple[UUID, Behind]]:
        rows = await record.pool.fetch(sql, partition, ids, types)
        return [(row["stream_id"], _behind(partition, row)) for row in rows]

    found = defaultdict[UUID, tuple[Behind, ...]](tuple)
    for stream_id, event in chain.from_iterable(await asyncio.gather(*(of(*one) for one in by_partition.items()))):
        found[stream_id] += (event,)
    return found


def _behind(partition: int, row: Any) -> Behind:  # noqa: ANN401  # a record of asyncpg's
    return Behind(row["event_id"], row["type"], partition, row["position"], row["occurred_at"])
