"""KPIs: their definitions, their figures, and the way down from a figure to the events behind it."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import least_group, sight_of
from api.edge import Edge, edge
from api.language import said, spoken_headers
from api.problems import Problem
from api.reading import Asking, Paged, page_link, shown
from engine.measuring import ByMap, counted, definition, measured
from projections.errors import MeasureRefused
from projections.kpis import KPIS, Kpi, kpi_of
from projections.measures import Asked
from store.cursor import Cursor

Value = Annotated[str | None, Field(max_length=200)]
Month = Annotated[str | None, Field(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
_CASES: Final = {"campaign-cost": "campaign_events", "customer": "customer_timeline"}
"""Where things are shown one by one, if not at the events of their kind of stream."""
DIMENSIONS: Final = tuple(dict.fromkeys(name for one in KPIS for name in one.dimensions))


class _Period(Asking):
    """Days in UTC, and values of dimensions; an empty value: not known. Under a code map, of its codes."""

    first: date | None = Field(default=None, alias="from", description="The first day, in UTC.")
    last: date | None = Field(default=None, alias="to", description="The last day, counted with the others.")
    month: Month = Field(default=None, description="Such as 2026-11.")
    product: Value = None
    sub_product: Value = None
    issue: Value = None
    sub_issue: Value = None
    channel: Value = None
    service_channel: Value = None
    region: Value = None
    branch: Value = None
    regime: Value = None
    respondent: Value = None
    source: Value = None
    cause: Value = None
    severity: Value = None
    status: Value = None
    outcome: Value = None
    redress: Value = None
    clock: Value = None
    age: Value = Field(default=None, description="Days since receipt, such as 16-30.")
    currency: Value = None
    amount: Value = Field(default=None, description="A band of minor units, such as 1000-9999.")
    campaign: Value = None
    kind: Value = None
    stage: Value = None
    purpose: Value = None
    response: Value = None
    survey: Value = None

    map: str | None = Field(default=None, max_length=64, description="A code map by whose codes its dimension is told.")
    map_version: int | None = Field(
        default=None, ge=1, description="A version that was activated. Unset: the one in force on the last day."
    )

    def by_map(self) -> ByMap | None:
        """The code map that is asked for."""
        return None if self.map is None else ByMap(self.map, self.map_version)

    def asked(self, by: tuple[str, ...] = ()) -> Asked:
        """The question; a dimension counts where it was given at all."""
        where = {name: value for name in DIMENSIONS if (value := getattr(self, name)) is not None}
        return Asked(self.first, self.last, by, where)


class KpiQuery(_Period):
    """Which figures, and how to group them."""

    by: list[str] = Field(default_factory=list[str], max_length=3, description="Dimensions of the KPI.")


class KpiEventsQuery(_Period, Paged):
    """Which cell to go down from."""

    basis: str | None = Field(default=None, max_length=20, description="Unset: the first of the KPI.")
    part: Literal["numerator", "denominator"] = "numerator"


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["kpis"], default_response_class=Response)
    made.add_api_route("/kpis", _kpis, methods=["GET"], operation_id="kpis")
    made.add_api_route("/kpis/{kpi}", _kpi, methods=["GET"], operation_id="kpi")
    made.add_api_route("/kpis/{kpi}/events", _events, methods=["GET"], operation_id="kpi_behind")
    return made


async def _kpis(_: Request, query: Annotated[Asking, Query()]) -> Response:
    """Every KPI's definition, in its newest version."""
    del query
    return shown({"kpis": [_said(definition(one)) for one in KPIS]}, headers=spoken_headers())


async def _kpi(request: Request, kpi: str, query: Annotated[KpiQuery, Query()]) -> Response:
    """A KPI's figures, with numerator and denominator. Incomplete unless `parked` is 0.

    Who may not see the cases behind it asks of all time by one dimension, and small groups are `withheld`.
    """
    at, of = edge(request), _named(kpi)
    as_of = await _seen(at, of, query.token_of(request))
    try:
        told = await measured(
            at.daybook, of, query.asked(tuple(query.by)), sight_of(request), query.by_map(), least=_least(request, of)
        )
    except MeasureRefused as refused:
        raise refused_query(refused) from None
    told["kpi"] = _said(told["kpi"])
    for cell in told["cells"]:
        cell["events"] = _down(of, query, cell, told["map"])
    return shown(told, as_of, spoken_headers())


async def _events(request: Request, kpi: str, query: Annotated[KpiEventsQuery, Query()]) -> Response:
    """What was counted in a cell, latest first, with the events behind each."""
    at, of = edge(request), _named(kpi)
    as_of = await _seen(at, of, query.token_of(request))
    try:
        found = await counted(
            at.daybook, of, query.asked(), sight_of(request),
            basis=query.basis, part=query.part, by_map=query.by_map(), after=query.after, limit=query.limit,
        )  # fmt: skip
    except MeasureRefused as refused:
        raise refused_query(refused) from None
    return shown({"counted": found.counted, "next": found.next}, as_of, page_link(request, found.next))


def _least(request: Request, kpi: Kpi) -> int | None:
    """The least size of a group; none for who may see what was counted, here or in the streams themselves."""
    cases = {_CASES.get(basis.numerator.source.name, f"{basis.numerator.source.name}_events") for basis in kpi.bases}
    return least_group(request, "kpi_behind") and least_group(request, *cases)


def _named(name: str) -> Kpi:
    try:
        return kpi_of(name)
    except MeasureRefused as refused:
        raise Problem("not-found", said(refused.text, **refused.values)) from None


def refused_query(refused: MeasureRefused) -> Problem:
    """What a KPI or return does not have, said to whoever asked."""
    return Problem("query-invalid", said(refused.text, **refused.values))


def _said(told: dict[str, Any]) -> dict[str, Any]:
    """A definition in the language of whoever asks."""
    bases = [
        {**one, **{part: one[part] and said(one[part]) for part in ("numerator", "denominator")}}
        for one in told["bases"]
    ]
    return {**told, **{name: told[name] and said(told[name]) for name in ("title", "unit", "note")}, "bases": bases}


async def _seen(at: Edge, kpi: Kpi, token: str | None) -> Cursor:
    """Wait for all of its read models; as far as the one is that is least far."""
    seen = [await at.seen(name, token) for name in kpi.projections]
    if kpi.clocks:
        seen.append(await at.clocks_seen(token))
    least = tuple(map(min, zip(*(one.next_positions for one in seen), strict=True)))
    return Cursor(seen[0].incarnation, least)


def _down(kpi: Kpi, query: KpiQuery, cell: dict[str, Any], used: Mapping[str, Any] | None) -> str:
    """Where a cell's numerator is listed; `part=denominator` lists the other."""
    given = {**query.asked().where, **{name: value or "" for name, value in cell["group"].items()}}
    period = {name: value.isoformat() for name, value in (("from", query.first), ("to", query.last)) if value}
    told = {} if used is None else {"map": used["code_map"], "map_version": str(used["map_version"])}
    asked = {**period, **given, **told, "basis": cell["basis"], "part": "numerator"}
    return f"/kpis/{kpi.name}/events?{urlencode(asked)}"
