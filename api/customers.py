"""Queries about customers: search, profile, timeline, satisfaction."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, sight_of
from api.customer_profile import profile
from api.customer_search import search
from api.edge import edge
from api.events import events_json
from api.link_candidates import candidates, proposed
from api.opened import Gaps
from api.problems import Problem
from api.reading import Paged, page_link, path_uuid, shown
from domain import event_types
from domain.person import Person
from engine.looking import Looker
from engine.wiring import Daybook
from projections import satisfaction_history, timeline
from projections.naming import named, without
from projections.persons import PROFILES, person
from projections.satisfaction_history import Invitation, Responses
from projections.seeing import hidden_streams
from projections.timeline import Entry


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
    made.add_api_route(
        "/customers/{customer_id}/link-candidates", candidates, methods=["GET"], operation_id="customer_link_candidates"
    )
    made.add_api_route("/links", proposed, methods=["GET"], operation_id="links")
    made.add_api_route("/customers/search", search, methods=["POST"], operation_id="customer_search")
    made.add_api_route(
        "/customers/{customer_id}/timeline", _timeline, methods=["GET"], operation_id="customer_timeline"
    )
    made.add_api_route(
        "/customers/{customer_id}/satisfaction", _satisfaction, methods=["GET"], operation_id="customer_satisfaction"
    )
    return made


async def _timeline(request: Request, customer_id: str, query: Annotated[TimelineQuery, Query()]) -> Response:
    """All that happened with the person, as whichever customer, newest first. It is read from the record itself."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    if set(query.type).difference(event_types()):
        raise Problem("query-invalid", "There is no such type of event.")
    await at.seen(PROFILES, query.token_of(request), (customer,))
    who = await person(at.daybook.models, customer)
    found = await timeline.timeline_of_person(
        at.daybook.models, who.customer_ids, sight_of(request), types=query.type, after=query.after, limit=query.limit
    )
    events = await _told(at.daybook, looker(request), found.entries)
    return shown({"events": events, "next": found.next, **_ids(who)}, headers=page_link(request, found.next))


async def _told(daybook: Daybook, looking: Looker, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Events of several partitions, in their order."""
    by_partition: dict[int, list[Entry]] = {}
    for one in entries:
        by_partition.setdefault(one.recorded.partition, []).append(one)
    pages = [await events_json(daybook, looking, partition, of) for partition, of in by_partition.items()]
    by_place = {(one["partition"], one["position"]): one for page in pages for one in page}
    return [by_place[one.recorded.partition, one.recorded.position] for one in entries]


def _ids(who: Person) -> dict[str, Any]:
    return {"canonical_id": who.canonical_id, "merged_ids": who.merged_ids}


async def _satisfaction(request: Request, customer_id: str, query: Annotated[Paged, Query()]) -> Response:
    """What the person was asked and answered, as whichever customer, last changed first."""
    at, customer = edge(request), path_uuid(customer_id, "customer_id")
    await at.seen(PROFILES, query.token_of(request), (customer,))
    as_of = await at.seen(satisfaction_history.NAME, query.token_of(request), (customer,))
    who = await person(at.daybook.models, customer)
    found = await satisfaction_history.history_of_person(
        at.daybook.models, who.customer_ids, after=query.after, limit=query.limit
    )
    responses = await satisfaction_history.responses_of_person(at.daybook.models, who.customer_ids)
    gaps = Gaps()
    invitations = [_invitation(one, gaps) for one in found.invitations]
    hidden = await hidden_streams(at.daybook.record, sight_of(request), list(named(invitations)))
    await gaps.fill(at.daybook.opener, looker(request))
    return shown(
        {
            "invitations": [without(one, hidden) for one in invitations],
            "responses": _responses(responses),
            "next": found.next,
            **_ids(who),
        },
        as_of,
        page_link(request, found.next),
    )


def _responses(of: Responses) -> dict[str, Any]:
    return {**asdict(of), "response_rate_percent": of.response_rate_percent}


_INVITATION: Final = tuple(name for name in Invitation.__slots__ if name != "verbatim")


def _invitation(one: Invitation, gaps: Gaps) -> dict[str, Any]:
    body: dict[str, Any] = {name: getattr(one, name) for name in _INVITATION}
    gaps.leave(body, "verbatim", one.last_event.partition, one.verbatim, "verbatim")
    return body
