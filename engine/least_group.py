"""KPIs for who may not see the cases behind them: by one dimension, without groups of a handful of people."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from domain.matters import Sight
from projections.errors import MeasureRefused
from projections.group_size import withheld
from projections.kpi_query import Cell, figures
from projections.kpis import Basis, Kpi
from projections.measures import OR, Asked, Counts
from projections.models import ReadModels

COUNTED: Final[frozenset[Counts]] = frozenset({"rows", "people", "standing", "open", "begun", "kept"})
"""Measures that say how many; the others are sums of something."""


class Told(NamedTuple):
    """The cells that are told, and whether any was left out."""

    cells: tuple[Cell, ...]
    left_out: bool


def one_dimension(asked: Asked, *, mapped: bool) -> None:
    """See that the answers to all questions like this one are parts of tables with one total.

    Figures of two periods, of two dimensions at once, or of codes that overlap could be subtracted from each other.

    Raises:
        MeasureRefused: they are not.
    """
    period = mapped or asked.first is not None or asked.last is not None
    if period or len({*asked.by, *asked.where}) > 1 or any(OR in value for value in asked.where.values()):
        raise MeasureRefused(
            "who may not see the cases behind it asks of all time, by one dimension or one of its values, without a "
            "code map; a month is such a value"
        )


async def told(  # noqa: PLR0913, PLR0917  # what a cell comes from, and for whom
    models: ReadModels, kpi: Kpi, asked: Asked, sight: Sight, cells: Sequence[Cell], least: int
) -> Told:
    """Those of a KPI's cells that may be told, without how often each value came."""
    by = tuple({*asked.by, *asked.where})
    whole = cells if asked.by or not by else (await figures(models, kpi, Asked(by=by), sight)).cells
    open_to: dict[str, set[tuple[str | None, ...]]] = {}
    for basis in kpi.bases:
        counts = {tuple(one.group.values()): _counts(basis, by, one) for one in whole if one.basis == basis.name}
        hidden = withheld(counts, least)
        # What has nobody in it is not told from what is left out, where somebody asks for it by name.
        open_to[basis.name] = {group for group in counts if group not in hidden and (any(counts[group]) or not by)}
    named = tuple(value or None for value in asked.where.values())
    kept = [one for one in cells if (tuple(one.group.values()) if asked.by else named) in open_to[one.basis]]
    return Told(tuple(replace(one, spread={}) for one in kept), len(kept) < len(cells))


def _counts(basis: Basis, by: Sequence[str], cell: Cell) -> tuple[int, ...]:
    """How many a cell is about; a denominator that all cells share is about none of them."""
    found = [cell.numerator] if basis.numerator.counts in COUNTED else []
    below = basis.denominator
    if below is not None and below.counts in COUNTED and set(by).issubset(below.dimensions):
        found.append(cell.denominator or 0)
    return tuple(found)
