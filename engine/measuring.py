"""KPIs as they are answered, by the API and the command line alike."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from domain.matters import Sight
from engine.importing import bank_marketing, cfpb, loan_story
from engine.importing.quarantine import Quarantine
from engine.wiring import Daybook
from projections.kpi_query import Cell, CountedPage, Figures, behind, figures
from projections.kpis import Kpi, Part
from projections.measures import Asked, Measure, checked

IMPORTED_AS: Final[Mapping[str, tuple[str, ...]]] = {
    "complaint": (cfpb.SOURCE,),
    "touch": (bank_marketing.SOURCE, loan_story.SOURCE),
    "engagement": (loan_story.SOURCE,),
}
"""What the rows of an import become, by kind, and the sources that they come from."""


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


async def measured(daybook: Daybook, kpi: Kpi, asked: Asked, sight: Sight) -> dict[str, Any]:
    """A KPI's figures with what they leave out: `parked` customers, and rows of imports in quarantine, by source.

    Raises:
        MeasureRefused: see `projections.kpi_query.figures`.
    """
    found: Figures = await figures(daybook.models, kpi, asked, sight)
    kinds = {basis.numerator.source.name for basis in kpi.bases}
    return {
        "kpi": definition(kpi),
        "from": asked.first,
        "to": asked.last,
        "by": list(asked.by),
        "cells": [cell_body(one) for one in found.cells],
        "parked": found.parked,
        "quarantined": await quarantined(daybook, kinds),
    }


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


async def counted(  # noqa: PLR0913  # the last three optional and by name
    daybook: Daybook,
    kpi: Kpi,
    asked: Asked,
    sight: Sight,
    *,
    basis: str | None = None,
    part: Part = "numerator",
    after: str | None = None,
    limit: int = 50,
) -> CountedPage:
    """A page of what stands behind a cell of a KPI.

    Raises:
        MeasureRefused: there is no such basis, part or dimension.
    """
    checked(asked, kpi.dimensions)
    measure: Measure = kpi.basis(basis).part(part)
    return await behind(daybook.models, measure, asked, sight, after=after, limit=limit)
