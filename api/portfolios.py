"""Queries about portfolios: whom each relationship manager looks after, and what is next for each customer."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.admission import looker, sight_of
from api.edge import edge
from api.reading import Asking, Paged, page_link, shown
from domain.codes import ActorId
from engine.portfolio_reading import Customer, portfolio_page
from projections import customer_profile, portfolio
from projections.portfolio import NAME, Step
from projections.segment_membership import At
from store.cursor import Cursor

Occurred = Annotated[AwareDatetime | None, Field(description="As it was at this moment; unset: the last known.")]
Recorded = Annotated[AwareDatetime | None, Field(description="As it was known at this moment; unset: now.")]


class SizesQuery(Asking):
    """As of when."""

    as_occurred_at: Occurred = None
    as_recorded_at: Recorded = None


class PortfolioQuery(Paged):
    """Whose customers, as of when."""

    relationship_manager: ActorId | None = Field(default=None, description="Unset: who asks.")
    as_occurred_at: Occurred = None
    as_recorded_at: Recorded = None
    due_by: AwareDatetime | None = Field(default=None, description="What counts as due; unset: until now.")


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["portfolios"], default_response_class=Response)
    made.add_api_route("/portfolios", _sizes, methods=["GET"], operation_id="portfolios")
    made.add_api_route("/portfolio", _portfolio, methods=["GET"], operation_id="portfolio")
    return made


async def _sizes(request: Request, query: Annotated[SizesQuery, Query()]) -> Response:
    """How many customers each relationship manager looks after. Incomplete unless `parked` is 0."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await portfolio.sizes(at.daybook.models, At(query.as_occurred_at, query.as_recorded_at))
    listed = [{"relationship_manager": manager, "customers": count} for manager, count in found.sizes.items()]
    return shown({"portfolios": listed, "parked": found.parked}, as_of)


async def _portfolio(request: Request, query: Annotated[PortfolioQuery, Query()]) -> Response:
    """The customers of a relationship manager, by id, with what is known of each and what is next.

    The moments say who belonged to the portfolio; what is told of each customer is of now.
    """
    at = edge(request)
    token = query.token_of(request)
    seen = [await at.seen(name, token) for name in (NAME, customer_profile.PROFILE.name)]
    least = tuple(map(min, zip(*(one.next_positions for one in seen), strict=True)))
    manager = query.relationship_manager or looker(request).viewer.actor
    moments = At(query.as_occurred_at, query.as_recorded_at)
    found = await portfolio_page(
        at.daybook.models, manager, moments, sight_of(request), after=query.after, limit=query.limit
    )
    due_by = query.due_by or datetime.now(UTC)
    body = {
        "relationship_manager": manager,
        "customers": [_customer(one, due_by) for one in found.customers],
        "next": found.next,
    }
    return shown(body, Cursor(seen[0].incarnation, least), page_link(request, found.next))


def _customer(one: Customer, due_by: datetime) -> dict[str, Any]:
    of = one.profile
    return {
        "customer_id": one.charge.customer_id,
        "since": one.charge.since,
        "event_id": one.charge.event_id,
        "status": None if of is None else of.status,
        "kind": None if of is None else of.kind,
        "branch": None if of is None else of.branch,
        "segments": () if of is None else of.segments,
        "open_complaints": 0 if of is None else of.open_complaints,
        "last_contact_at": None if of is None else of.last_interaction_at,
        "open_steps": len(one.steps),
        "steps_due": one.due(due_by),
        "next_step": _step(one.steps[0]) if one.steps else None,
    }


def _step(one: Step) -> dict[str, Any]:
    of = "task_id" if one.what == "task" else "interaction_id"
    return {
        "step_id": one.step_id, "what": one.what, "kind": one.kind, "due": one.due, "assignee": one.assignee,
        of: one.stream_id,
    }  # fmt: skip
