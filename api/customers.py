"""Queries about customers: search, profile, timeline, satisfaction."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, sight_of
from api.customer_profile import profile
from api.customer_search import search
from api.edge import edge
from api.events import check_token, events_json
from api.opened import Gaps
from api.problems import Problem
from api.reading import Paged, page_link, path_uuid, shown
from api.references import named, without
from domain import event_types
from projections import satisfaction_history, timeline
from projections.satisfaction_history import Invitation
from projections.seeing import hidden_streams


class TimelineQuery(Paged):
    """Which events of a customer."""

    type: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="Only events of this type, such as `complaint.received`; may be given more than once.",
    )


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["customers"], default_response_class=Response)
    made.add_api_route("/customers/{customer_id}", profile, methods=["GET"], operation_id="customer_profile")
    made.add_api_route("/customers/search", search, methods=["POST"], operation_id="customer_search")
    made.add_api_route(
        "/customers/{customer_id}/timeline", _timeline, methods=["GET"], operation_id="customer_timeline"
    )
    made.add_api_route(
        "/customers/{customer_id}/satisfaction", _satisfaction, methods=["GET"], operation_id="customer_satisfaction"
    )
    return made


async def _timeline(request: Request, customer_id: str, query: Annotated[TimelineQuery, Query()]) -> Response:
    """All that happened with the customer, on every channel, newest first. It is read from the record itself."""
    daybook, customer = edge(request).daybook, path_uuid(customer_id, "customer_id")
    if set(query.type).difference(event_types()):
        raise Problem("query-invalid", "There is no such type of event.")
    check_token(daybook, query.token_of(request))
    found = await timeline.timeline(
        daybook.models, customer, sight_of(request), types=query.type, after=query.after, limit=query.limit
    )
    events = await events_json(daybook, looker(request), daybook.record.partition_of(customer), found.entries)
    return shown({"events": events, "next": found.next}, headers=page_link(request, found.next))


async def _satisfaction(request: Request, customer_id: str, query: Annotated[Paged, Query()]) -> Response:
    """What the customer was asked and answered, last changed first."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    as_of = await at.seen(satisfaction_history.NAME, query.token_of(request), (customer,))
    found = await satisfaction_history.history(at.daybook.models, customer, after=query.after, limit=query.limit)
    gaps = Gaps()
    invitations = [_invitation(one, gaps) for one in found.invitations]
    hidden = await hidden_streams(at.daybook.record, sight_of(request), list(named(invitations)))
    await gaps.fill(at.daybook.opener, looker(request))
    return shown(
        {"invitations": [without(one, hidden) for one in invitations], "next": found.next},
        as_of,
        page_link(request, found.next),
    )


_INVITATION: Final = tuple(name for name in Invitation.__slots__ if name != "verbatim")


def _invitation(one: Invitation, gaps: Gaps) -> dict[str, Any]:
    body: dict[str, Any] = {name: getattr(one, name) for name in _INVITATION}
    gaps.leave(body, "verbatim", one.last_event.partition, one.verbatim, "verbatim")
    return body
