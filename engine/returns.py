"""Returns: what a template asks for, over a period, with every number leading down to its complaints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

from domain.matters import Sight
from engine.business_days import Counted, business_days
from engine.code_maps import ActiveMap, maps_in_force
from engine.measuring import quarantined
from engine.return_templates import Figure, Table, Template, templates
from engine.wiring import Daybook
from projections.complaint_register import NAME as REGISTER
from projections.counts import count
from projections.errors import MeasureRefused
from projections.kpi_query import CountedPage, behind
from projections.measures import OR, Amount, Asked, Group, Measure, checked
from projections.return_measures import LATER, MEASURES, SOON, measures

NOT_MAPPED: Final = ""
"""The row of the bank's codes that a map does not have."""

ENTITY: Final = "respondent"
_HALVES: Final = (((1, 1), (6, 30)), ((7, 1), (12, 31)))


@dataclass(frozen=True)
class Wanted:
    """A return by name, for days first to last, of one legal entity where the template demands it."""

    name: str
    first: date
    last: date
    entity: str | None = None

    def asked(self, moment: str = "end", **where: str) -> Asked:
        """The question of one cell."""
        if self.entity is not None:
            where[ENTITY] = self.entity
        if moment == "start":
            return Asked(None, self.first - timedelta(days=1), (), where)
        return Asked(self.first, self.last, (), where)


@dataclass(frozen=True)
class Cell:
    """Which number of a return: a figure's code, or a table with row (`NOT_MAPPED`; None: all) and column.

    Nothing named: the first figure.
    """

    figure: str | None = None
    table: str | None = None
    row: str | None = None
    column: str | None = None


@dataclass(frozen=True)
class Row:
    """The bank's codes that are told as one of the other's."""

    code: str
    name: str
    codes: tuple[str, ...]


def template_of(daybook: Daybook, name: str) -> Template:
    """The template of a return.

    Raises:
        MeasureRefused: there is none of this name, or the bank's own file cannot be read.
    """
    known = templates(daybook.settings.returns_file)
    if name not in known:
        names = ", ".join(("cfpb", *known))
        raise MeasureRefused("there is no return {name}; there are {known}", name=name, known=names)
    return known[name]


async def make_return(daybook: Daybook, wanted: Wanted, sight: Sight) -> dict[str, Any]:
    """All figures and tables. Incomplete unless `parked` is 0.

    Raises:
        MeasureRefused: the template is not for this period, or needs an entity.
    """
    template = _checked(daybook, wanted)
    maps = await maps_in_force(daybook, wanted.last)
    days = await _business_days(daybook, template, wanted)
    known = MEASURES if days is None else measures(days.days)
    asking = Making(daybook, wanted, known, sight)
    figures = [{"code": one.code, "says": one.says, "amount": await asking.amount(one)} for one in template.figures]
    return {
        "return": {
            "name": wanted.name, **template.model_dump(include={"title", "version", "provisional", "note"}),
        },
        "from": wanted.first,
        "to": wanted.last,
        "entity": wanted.entity,
        "figures": figures,
        "tables": [await _table(asking, one, maps.get(one.map or "")) for one in template.tables],
        "business_days": None if days is None else days.as_json(wanted.first, wanted.last),
        "parked": (await daybook.models.progress(REGISTER)).parked,
        "quarantined": await quarantined(daybook, {"complaint"}),
    }  # fmt: skip


async def behind_return(  # noqa: PLR0913  # the last two optional and by name
    daybook: Daybook, wanted: Wanted, cell: Cell, sight: Sight, *, after: str | None = None, limit: int = 50
) -> CountedPage:
    """The complaints behind one number of a return.

    Raises:
        MeasureRefused: the return has no such number.
    """
    template = _checked(daybook, wanted)
    days = await _business_days(daybook, template, wanted)
    known = MEASURES if days is None else measures(days.days)
    if cell.table is None:
        first = template.figures[0].code if template.figures and cell == Cell() else cell.figure
        figure = _named(template.figures, first, "figure")
        asked = wanted.asked(figure.moment)
        return await behind(daybook.models, known[figure.measure], asked, sight, after=after, limit=limit)
    table = next((one for one in template.tables if one.name == cell.table), None)
    if table is None:
        known = ", ".join(one.name for one in template.tables)
        raise MeasureRefused("the return has no table {name}; it has {known}", name=cell.table, known=known)
    column = _named(table.columns, cell.column, "column")
    asked = wanted.asked(column.moment)
    if cell.row is not None:
        maps = await maps_in_force(daybook, wanted.last)
        rows = await _rows(Making(daybook, wanted, known, sight), table, maps.get(table.map or ""))
        row = next((one for one in rows if one.code == cell.row), None)
        if row is None:
            raise MeasureRefused("the table has no row {name}", name=cell.row)
        asked = wanted.asked(column.moment, **{table.dimension: OR.join(row.codes)})
    return await behind(daybook.models, known[column.measure], asked, sight, after=after, limit=limit)


def _checked(daybook: Daybook, wanted: Wanted) -> Template:
    template = template_of(daybook, wanted.name)
    checked(wanted.asked(), MEASURES["opened"].dimensions)
    if template.half_years_from is not None:
        half = ((wanted.first.month, wanted.first.day), (wanted.last.month, wanted.last.day))
        same_year = wanted.first.year == wanted.last.year
        if half not in _HALVES or not same_year or wanted.first < template.half_years_from:
            raise MeasureRefused(
                "{name} is for half-years, January to June or July to December, from {first}",
                name=wanted.name, first=template.half_years_from,
            )  # fmt: skip
    if template.entity and wanted.entity is None:
        raise MeasureRefused(
            "{name} is for one legal entity: name it as complaints name their respondent", name=wanted.name
        )
    return template


def _named(figures: Sequence[Figure], code: str | None, kind: Literal["figure", "column"]) -> Figure:
    found = next((one for one in figures if one.code == code), None)
    if found is None:
        known = ", ".join(one.code for one in figures)
        raise MeasureRefused(
            "there is no figure {name}; there are {known}"
            if kind == "figure"
            else "there is no column {name}; there are {known}",
            name=code, known=known,
        )  # fmt: skip
    return found


async def _business_days(daybook: Daybook, template: Template, wanted: Wanted) -> Counted | None:
    if not template.measures & {SOON, LATER}:
        return None
    return await business_days(daybook, template.calendar, wanted.first, wanted.last)


@dataclass(frozen=True)
class Making:
    """A return that is being made: by which measures, for whom."""

    daybook: Daybook
    wanted: Wanted
    measures: Mapping[str, Measure]
    sight: Sight

    async def amount(self, figure: Figure) -> int:
        """A figure over all complaints."""
        asked = self.wanted.asked(figure.moment)
        found = await count(self.daybook.models, self.measures[figure.measure], asked, self.sight)
        return found.get((), Amount()).total

    async def by(self, column: Figure, dimension: str) -> dict[Group, Amount]:
        """A column by the values of a dimension."""
        of = self.wanted.asked(column.moment)
        asked = Asked(of.first, of.last, (dimension,), of.where)
        return await count(self.daybook.models, self.measures[column.measure], asked, self.sight)


async def _table(making: Making, table: Table, active: ActiveMap | None) -> dict[str, Any]:
    amounts = {one.code: await making.by(one, table.dimension) for one in table.columns}
    rows = _rows_of({group[0] for found in amounts.values() for group in found}, active)
    empty = Amount()
    return {
        "name": table.name,
        "says": table.says,
        "dimension": table.dimension,
        "map": None if active is None else active.as_json(),
        "columns": [{"code": one.code, "says": one.says} for one in table.columns],
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "codes": list(row.codes),
                "amounts": {
                    code: sum(found.get((one,), empty).total for one in row.codes) for code, found in amounts.items()
                },
            }
            for row in rows
        ],
        "total": {code: sum(one.total for one in found.values()) for code, found in amounts.items()},
    }


async def _rows(making: Making, table: Table, active: ActiveMap | None) -> Sequence[Row]:
    """The rows that `make_return` shows."""
    found = [await making.by(one, table.dimension) for one in table.columns]
    return _rows_of({group[0] for of_column in found for group in of_column}, active)


def _rows_of(codes: set[str], active: ActiveMap | None) -> Sequence[Row]:
    """The other's codes, and what no entry of the map has; without a map the bank's own codes."""
    if active is None:
        return [Row(code, code, (code,)) for code in sorted(codes)]
    rows = [Row(external, name, tuple(sorted(own))) for external, (name, own) in active.codes().items()]
    left = sorted(codes - {entry.code for entry in active.told.entries})
    return [*rows, Row(NOT_MAPPED, "not mapped", tuple(left))] if left else rows
