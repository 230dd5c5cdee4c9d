"""Queries about segments: how large they are, who belongs to one, and to which a customer belongs, at any moment."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.admission import least_group, too_narrow
from api.edge import edge
from api.reading import Asking, Paged, page_link, path_code, path_uuid, shown
from projections import segment_membership
from projections.group_size import told_of
from projections.segment_membership import NAME, At

Occurred = Annotated[AwareDatetime | None, Field(description="As it was at this moment; unset: the last known.")]
Recorded = Annotated[AwareDatetime | None, Field(description="As it was known at this moment; unset: now.")]


class SegmentQuery(Asking):
    """As of when."""

    as_occurred_at: Occurred = None
    as_recorded_at: Recorded = None


class MemberQuery(Paged):
    """As of when."""

    as_occurred_at: Occurred = None
    as_recorded_at: Recorded = None


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["segments"], default_response_class=Response)
    made.add_api_route("/segments", _segments, methods=["GET"], operation_id="segments")
    made.add_api_route("/segments/{segment}/customers", _members, methods=["GET"], operation_id="segment_customers")
    made.add_api_route(
        "/customers/{customer_id}/segments", _of_customer, methods=["GET"], operation_id="customer_segments"
    )
    return made


def _at(query: SegmentQuery | MemberQuery) -> At:
    return At(query.as_occurred_at, query.as_recorded_at)


async def _segments(request: Request, query: Annotated[SegmentQuery, Query()]) -> Response:
    """How many customers each segment has at a moment. Incomplete unless `parked` is 0.

    Who may not see a segment's customers asks of now, and small segments are `withheld`.
    """
    at, least = edge(request), least_group(request, "segment_customers")
    if least is not None and _at(query) != At():
        raise too_narrow()
    as_of = await at.seen(NAME, query.token_of(request))
    found = await segment_membership.sizes(at.daybook.models, _at(query))
    # Segments overlap and have no total, so nothing else need be left out for the sake of a small one.
    told = {name: customers for name, customers in found.sizes.items() if least is None or customers >= least}
    body = {
        "segments": [{"segment": segment, "customers": customers} for segment, customers in told.items()],
        "parked": found.parked,
        "withheld": told_of(least or 0, left_out=len(told) < len(found.sizes)),
    }
    return shown(body, as_of)


async def _members(request: Request, segment: str, query: Annotated[MemberQuery, Query()]) -> Response:
    """The customers of a segment at a moment, by id; a segment that nobody ever belonged to has none."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await segment_membership.members(
        at.daybook.models, path_code(segment, "segment"), _at(query), after=query.after, limit=query.limit
    )
    return shown({"customers": found.members, "next": found.next}, as_of, page_link(request, found.next))


async def _of_customer(request: Request, customer_id: str, query: Annotated[SegmentQuery, Query()]) -> Response:
    """The segments of a customer at a moment, with the event that says so; the timeline has all that came and went."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    as_of = await at.seen(NAME, query.token_of(request), (customer,))
    return shown({"segments": await segment_membership.of_customer(at.daybook.models, customer, _at(query))}, as_of)
