"""Queries about what customers hold and need, and what moved on it."""

from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, sight_of
from api.edge import edge
from api.opened import Gaps
from api.reading import Asking, Paged, page_link, path_uuid, shown
from projections import product_holdings
from projections.naming import named, without
from projections.product_holdings import NAME, HoldingRow, NeedRow
from projections.seeing import hidden_streams

_MADE: Final = {"partition", "position", "event_id", "account"}
_HOLDING: Final = tuple(one.name for one in fields(HoldingRow) if one.name not in _MADE)
_NEED: Final = tuple(one.name for one in fields(NeedRow) if one.name not in _MADE)


class ActivityQuery(Asking):
    """Which days, both counted."""

    first: date | None = Field(default=None, alias="from", description="The first day.")
    last: date | None = Field(default=None, alias="to", description="The last day, counted with the others.")


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["holdings"], default_response_class=Response)
    customer = "/customers/{customer_id}"
    made.add_api_route(f"{customer}/holdings", _holdings, methods=["GET"], operation_id="customer_holdings")
    made.add_api_route(f"{customer}/activity", _activity, methods=["GET"], operation_id="customer_activity")
    made.add_api_route(f"{customer}/needs", _needs, methods=["GET"], operation_id="customer_needs")
    made.add_api_route(
        "/holdings/{holding_id}/statements", _statements, methods=["GET"], operation_id="holding_statements"
    )
    return made


async def _holdings(request: Request, customer_id: str, query: Annotated[Paged, Query()]) -> Response:
    """What the customer holds and held, as what, last opened first."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    as_of = await at.seen(NAME, query.token_of(request), (customer,))
    found = await product_holdings.holdings(at.daybook.models, customer, after=query.after, limit=query.limit)
    gaps = Gaps()
    holdings = [_holding(one, gaps) for one in found.holdings]
    await gaps.fill(at.daybook.opener, looker(request))
    return shown({"holdings": holdings, "next": found.next}, as_of, page_link(request, found.next))


async def _statements(request: Request, holding_id: str, query: Annotated[Paged, Query()]) -> Response:
    """What moved on the holding, by period, latest first: of each period the newest statement."""
    at, stream_id = edge(request), path_uuid(holding_id, "holding_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await product_holdings.statements(at.daybook.models, stream_id, after=query.after, limit=query.limit)
    return shown({"statements": found.statements, "next": found.next}, as_of, page_link(request, found.next))


async def _activity(request: Request, customer_id: str, query: Annotated[ActivityQuery, Query()]) -> Response:
    """What moved on all holdings of the customer, of statements whose period lies between the days."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    as_of = await at.seen(NAME, query.token_of(request), (customer,))
    totals = await product_holdings.activity(
        at.daybook.models, customer, query.first or date.min, query.last or date.max
    )
    return shown({"totals": totals}, as_of)


async def _needs(request: Request, customer_id: str, query: Annotated[Paged, Query()]) -> Response:
    """What the customer needs or may need, on what basis, and what came of it, last noted first."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    as_of = await at.seen(NAME, query.token_of(request), (customer,))
    found = await product_holdings.needs(at.daybook.models, customer, after=query.after, limit=query.limit)
    needs = [{**{name: getattr(one, name) for name in _NEED}, "last_event": one.last_event} for one in found.needs]
    hidden = await hidden_streams(at.daybook.record, sight_of(request), list(named(needs)))
    told = [without(one, hidden) for one in needs]
    return shown({"needs": told, "next": found.next}, as_of, page_link(request, found.next))


def _holding(row: HoldingRow, gaps: Gaps) -> dict[str, Any]:
    body: dict[str, Any] = {**{name: getattr(row, name) for name in _HOLDING}, "last_event": row.last_event}
    gaps.leave(body, "account", row.partition, row.account_at, "account")
    return body
