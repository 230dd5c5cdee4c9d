"""KPIs as they are answered, by the API and the command line alike."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from domain.matters import Sight
from engine.code_maps import ActiveMap, map_of
from engine.importing import bank_marketing, cfpb, loan_story
from engine.importing.quarantine import Quarantine
from engine.least_group import one_dimension
from engine.least_group import told as told_cells
from engine.wiring import Daybook
from projections import clock_board
from projections.counts import count
from projections.errors import MeasureRefused
from projections.group_size import told_of
from projections.kpi_query import Cell, CountedPage, Figures, Retold, behind, figures
from projections.kpis import Kpi, Part, added_up
from projections.measures import OR, Asked, Measure, checked

IMPORTED_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": (cfpb.SOURCE,),
    "touch": (bank_marketing.SOURCE, loan_story.SOURCE),
    "engagement": (loan_story.SOURCE,),
}
"""What the rows of an import become, by kind, and the sources that they come from."""


@dataclass(frozen=True)
class ByMap:
    """A code map by whose codes its dimension is told: in groups, and in values that are kept.

    `version`: one that was activated; None: the one in force on the last day.
    """

    name: str
    version: int | None = None


def definition(kpi: Kpi) -> dict[str, Any]:
    """What a KPI is, for whoever reads its figures."""
    return {
        "name": kpi.name,
        "version": kpi.version,
        "digest": kpi.digest,
        "title": kpi.title,
        "unit": kpi.unit,
        "scale": kpi.scale,
        "note": kpi.note,
        "bases": [
            {
                "basis": one.name,
                "numerator": one.numerator.says,
                "denominator": None if one.denominator is None else one.denominator.says,
            }
            for one in kpi.bases
        ],
        "dimensions": list(kpi.dimensions),
    }


async def measured(  # noqa: PLR0913  # the last by name
    daybook: Daybook, kpi: Kpi, asked: Asked, sight: Sight, by_map: ByMap | None = None, *, least: int | None = None
) -> dict[str, Any]:
    """A KPI's figures with what they leave out: `parked` customers, and rows of imports in quarantine, by source.

    `clocks_behind`: so many events of the record were not read yet for the clocks that it counts. `withheld`: groups
    are left out because fewer than `least` are in them, or because such a one could be computed from them.

    Raises:
        MeasureRefused: see `projections.kpi_query.figures`, `ByMap` and `engine.least_group.one_dimension`.
    """
    if least is not None:
        one_dimension(checked(asked, kpi.dimensions), mapped=by_map is not None)
    active, of = await _by_map(daybook, kpi, asked, sight, by_map)
    retold = None if active is None else Retold(active.told.dimension, _own(active))
    found: Figures = await figures(daybook.models, kpi, of, sight, retold)
    cells, left_out = found.cells, False
    if least is not None:
        cells, left_out = await told_cells(daybook.models, kpi, of, sight, found.cells, least)
    kinds = {basis.numerator.source.name for basis in kpi.bases}
    return {
        "kpi": definition(kpi),
        "from": asked.first,
        "to": asked.last,
        "by": list(asked.by),
        "map": None if active is None else active.as_json(),
        "cells": [cell_body(one) for one in cells],
        "withheld": told_of(least or 0, left_out=left_out),
        "parked": found.parked,
        "clocks_behind": await _clocks_behind(daybook) if kpi.clocks else 0,
        "quarantined": await quarantined(daybook, kinds),
    }


def _own(active: ActiveMap) -> Mapping[str, list[str]]:
    """By the bank's code: the other's."""
    told: dict[str, list[str]] = {}
    for entry in active.told.entries:
        told.setdefault(entry.code, []).append(entry.external)
    return told


async def _by_map(
    daybook: Daybook, kpi: Kpi, asked: Asked, sight: Sight, wanted: ByMap | None
) -> tuple[ActiveMap | None, Asked]:
    """The map, and what was asked in the bank's own codes."""
    if wanted is None:
        return None, asked
    added_up(kpi, checked(asked, kpi.dimensions))
    active = await map_of(daybook, wanted.name, wanted.version, asked.last or datetime.now(UTC).date())
    name = active.told.dimension
    if name not in asked.by and name not in asked.where:
        raise MeasureRefused("the code map {name} tells {known}: group by it", name=wanted.name, known=name)
    if any(one.of_people for one in _measures(kpi)):
        raise MeasureRefused("customers are counted each once, so not by a code map")
    if name not in asked.where:
        return active, asked
    codes = await _codes(daybook, kpi, asked, sight, active)
    return active, replace(asked, where={**asked.where, name: OR.join(codes)})


async def _codes(daybook: Daybook, kpi: Kpi, asked: Asked, sight: Sight, active: ActiveMap) -> list[str]:
    """The bank's codes that are told as the one that was asked for; "": all that are counted and no entry tells."""
    name = active.told.dimension
    if asked.where[name]:
        known = active.codes()
        if asked.where[name] not in known:
            raise MeasureRefused("the code map {name} has no code of this name", name=active.told.code_map)
        return known[asked.where[name]][1]
    of, found = Asked(asked.first, asked.last, (name,)), set[str]()
    for one in _measures(kpi):
        if name in one.dimensions:
            found |= {group[0] for group in await count(daybook.models, one, of, sight)}
    return sorted(found - set(_own(active)))


def _measures(kpi: Kpi) -> list[Measure]:
    return [one for basis in kpi.bases for one in (basis.numerator, basis.denominator) if one is not None]


async def _clocks_behind(daybook: Daybook) -> int:
    read = await clock_board.read_until(daybook.models)
    end = await daybook.record.end()
    return sum(max(0, a - b) for a, b in zip(end.next_positions, read.next_positions, strict=True))


def cell_body(cell: Cell) -> dict[str, Any]:
    """A cell; `spread` by number of days, as JSON has it."""
    return {
        "basis": cell.basis,
        "group": cell.group,
        "numerator": cell.numerator,
        "denominator": cell.denominator,
        "value": cell.value,
        "spread": {str(value): times for value, times in cell.spread.items()},
    }


async def quarantined(daybook: Daybook, kinds: set[str]) -> dict[str, int]:
    """Rows of imports that lie in quarantine and so are counted nowhere, by source."""
    sources = {source for kind, of_kind in IMPORTED_AS.items() if kind in kinds for source in of_kind}
    rows: Counter[str] = Counter()
    for one in await Quarantine(daybook.record, daybook.vault).imports():
        if one.source in sources:
            rows[one.source] += one.rows
    return dict(sorted(rows.items()))


async def counted(  # noqa: PLR0913  # the last five optional and by name
    daybook: Daybook,
    kpi: Kpi,
    asked: Asked,
    sight: Sight,
    *,
    basis: str | None = None,
    part: Part = "numerator",
    by_map: ByMap | None = None,
    after: str | None = None,
    limit: int = 50,
) -> CountedPage:
    """A page of what stands behind a cell of a KPI.

    Raises:
        MeasureRefused: there is no such basis, part or dimension.
    """
    added_up(kpi, checked(asked, kpi.dimensions))
    measure: Measure = kpi.basis(basis).part(part)
    _, of = await _by_map(daybook, kpi, asked, sight, by_map)
    return await behind(daybook.models, measure, of, sight, after=after, limit=limit)
