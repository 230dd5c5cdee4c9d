"""Queries about leads: where they came from, what came of them, and what a customer costs by source."""

from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import no_such
from api.edge import edge
from api.headers import etag
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from domain.codes import Code
from projections import lead_register
from projections.lead_register import NAME, LeadFilter, LeadRow, SourceFigures

_SHOWN: Final = tuple(one.name for one in fields(LeadRow) if one.name not in {"partition", "position", "event_id"})


class LeadQuery(Paged):
    """What to search for; all that is given must hold."""

    source: Code | None = None
    status: Literal["captured", "qualified", "converted", "lost"] | None = None
    customer_id: UUID | None = Field(default=None, description="The customer that a lead has become.")


class SourcesQuery(Asking):
    """Leads captured on which days."""

    first: date | None = Field(default=None, alias="from", description="The first day, in UTC.")
    last: date | None = Field(default=None, alias="to", description="The last day, counted with the others.")


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["leads"], default_response_class=Response)
    made.add_api_route("/leads", _leads, methods=["GET"], operation_id="leads")
    made.add_api_route("/leads/sources", _sources, methods=["GET"], operation_id="lead_sources")
    made.add_api_route("/leads/{lead_id}", _lead, methods=["GET"], operation_id="lead")
    return made


async def _leads(request: Request, query: Annotated[LeadQuery, Query()]) -> Response:
    """Leads that fit, last captured first."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    of = LeadFilter(query.source, query.status, query.customer_id)
    found = await lead_register.leads(at.daybook.models, of, after=query.after, limit=query.limit)
    body = {"leads": [_body(one) for one in found.leads], "next": found.next}
    return shown(body, as_of, page_link(request, found.next))


async def _lead(request: Request, lead_id: str, query: Annotated[Asking, Query()]) -> Response:
    """A lead as it stands."""
    at, stream_id = edge(request), path_uuid(lead_id, "lead_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await lead_register.lead(at.daybook.models, stream_id)
    if found is None:
        raise no_such("lead")
    version = await version_shown(at.daybook.record, stream_id, found.last_event, as_of)
    return shown({**_body(found), "version": version}, as_of, {"ETag": etag(version)})


async def _sources(request: Request, query: Annotated[SourcesQuery, Query()]) -> Response:
    """What came of the leads of each source until now, and what a customer cost. Incomplete unless `parked` is 0."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    since = None if query.first is None else datetime.combine(query.first, time(), UTC)
    until = None if query.last is None else datetime.combine(query.last, time(), UTC) + timedelta(days=1)
    found = await lead_register.sources(at.daybook.models, since, until)
    return shown({"sources": [_figures(one) for one in found.sources], "parked": found.parked}, as_of)


def _figures(of: SourceFigures) -> dict[str, Any]:
    plain = {name: getattr(of, name) for name in ("source", "leads", "qualified", "converted", "lost", "costs")}
    figures = {"conversion_percent": of.conversion_percent, "cost_per_customer": of.cost_per_customer}
    return {**plain, **figures, "behind": f"/leads?{urlencode({'source': of.source})}"}


def _body(row: LeadRow) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _SHOWN}, "last_event": row.last_event}
