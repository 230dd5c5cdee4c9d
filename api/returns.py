"""Returns: what regulators are sent, and the complaints behind each number."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, require, sight_of
from api.edge import edge
from api.kpis import refused_query
from api.language import said, spoken_headers
from api.problems import Problem
from api.reading import Asking, Paged, page_link, shown
from engine.cfpb_export import FIELDS, cfpb_rows
from engine.return_templates import templates
from engine.returns import NOT_MAPPED, Cell, Wanted, behind_return, make_return
from projections.complaint_register import NAME
from projections.errors import MeasureRefused

Code = Annotated[str | None, Field(max_length=200)]


class _Period(Asking):
    """Days in UTC, both counted."""

    first: date = Field(default=date(2000, 1, 1), alias="from", description="The first day. Unset: 2000-01-01.")
    last: date = Field(default=date(2099, 12, 31), alias="to", description="The last day. Unset: 2099-12-31.")
    entity: Code = Field(default=None, description="One legal entity, as complaints name their respondent.")

    def wanted(self, name: str) -> Wanted:
        """The return that is asked for."""
        return Wanted(name, self.first, self.last, self.entity)


class ReturnQuery(_Period):
    """Of which period."""


class CfpbQuery(_Period, Paged):
    """Of which period, page by page."""


class ReturnEventsQuery(_Period, Paged):
    """Which number: a figure's code; or a table with its column, and with the row where it is one row's.

    Unset: the first figure.
    """

    figure: Code = None
    table: Code = None
    row: Code = Field(default=None, description="A row's code; empty: what is not mapped. Unset: the total.")
    column: Code = None


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["returns"], default_response_class=Response)
    made.add_api_route("/returns", _returns, methods=["GET"], operation_id="returns")
    made.add_api_route("/returns/cfpb", _cfpb, methods=["GET"], operation_id="return_cfpb")
    made.add_api_route("/returns/{return}", _return, methods=["GET"], operation_id="return")
    made.add_api_route("/returns/{return}/events", _events, methods=["GET"], operation_id="return_behind")
    return made


async def _returns(request: Request, query: Annotated[Asking, Query()]) -> Response:
    """The templates of returns, those of the program and the bank's own."""
    del query
    known = templates(edge(request).daybook.settings.returns_file)
    told = [{"name": name, **one.model_dump(mode="json")} for name, one in known.items()]
    return shown({"returns": [{**_titled(one), **_headed(one)} for one in told]}, headers=spoken_headers())


async def _cfpb(request: Request, query: Annotated[CfpbQuery, Query()]) -> Response:
    """Complaints in the 18 fields of the CFPB's public database, last received first."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    page = await cfpb_rows(
        at.daybook, query.wanted("cfpb"), sight_of(request), looker=looker(request), after=query.after,
        limit=query.limit,
    )  # fmt: skip
    body = {"fields": FIELDS, "rows": page.rows, "next": page.next}
    return shown(body, as_of, page_link(request, page.next))


async def _return(request: Request, query: Annotated[ReturnQuery, Query()]) -> Response:
    """A return, with every figure and table. Incomplete unless `parked` is 0.

    It is sent as it is, so no group is withheld: it is made for who may see the complaints behind its numbers.
    """
    require(request, "return_behind")
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    try:
        made: dict[str, Any] = await make_return(at.daybook, query.wanted(_named(request)), sight_of(request))
    except MeasureRefused as refused:
        raise refused_query(refused) from None
    for row in (row for table in made["tables"] if table["map"] is not None for row in table["rows"]):
        if row["code"] == NOT_MAPPED:
            row["name"] = said("not mapped")
    return shown({**made, "return": _titled(made["return"]), **_headed(made)}, as_of, spoken_headers())


async def _events(request: Request, query: Annotated[ReturnEventsQuery, Query()]) -> Response:
    """The complaints behind one number of a return, latest first, with their events."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    cell = Cell(query.figure, query.table, query.row, query.column)
    try:
        found = await behind_return(
            at.daybook, query.wanted(_named(request)), cell, sight_of(request), after=query.after, limit=query.limit
        )
    except MeasureRefused as refused:
        raise refused_query(refused) from None
    return shown({"counted": found.counted, "next": found.next}, as_of, page_link(request, found.next))


def _titled(told: dict[str, Any]) -> dict[str, Any]:
    """Title and note in the language of whoever asks; the bank's own templates speak as they were written."""
    return {**told, "title": said(told["title"]), "note": said(told["note"])}


def _headed(told: dict[str, Any]) -> dict[str, Any]:
    """Figures and tables with their headings in that language."""

    def headed(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "says": said(one["says"])} for one in of]

    tables = [{**one, "columns": headed(one["columns"])} for one in headed(told["tables"])]
    return {"figures": headed(told["figures"]), "tables": tables}


def _named(request: Request) -> str:
    """The name in the path: `return` is no name for a parameter."""
    name: str = request.path_params["return"]
    if name not in templates(edge(request).daybook.settings.returns_file):
        raise Problem("not-found", "There is no return of this name.")
    return name
