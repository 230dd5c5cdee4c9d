"""Queries about campaigns and what came of them."""

from dataclasses import fields
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.edge import edge
from api.headers import etag
from api.problems import Problem
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from projections import campaign_results
from projections.campaign_results import NAME, CampaignRow

Status = Literal["planned", "approved", "running", "paused", "ended"]

_SHOWN: Final = tuple(one.name for one in fields(CampaignRow) if one.name not in {"partition", "position", "event_id"})


class CampaignQuery(Paged):
    """What to search for."""

    status: Status | None = None


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["campaigns"], default_response_class=Response)
    made.add_api_route("/campaigns", _campaigns, methods=["GET"], operation_id="campaigns")
    made.add_api_route("/campaigns/{campaign_id}", _campaign, methods=["GET"], operation_id="campaign")
    made.add_api_route("/campaigns/{campaign_id}/results", _results, methods=["GET"], operation_id="campaign_results")
    return made


async def _campaigns(request: Request, query: Annotated[CampaignQuery, Query()]) -> Response:
    """Campaigns, last planned first."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await campaign_results.campaigns(
        at.daybook.models, status=query.status, after=query.after, limit=query.limit
    )
    campaigns = [_body(one) for one in found.campaigns]
    return shown({"campaigns": campaigns, "next": found.next}, as_of, page_link(request, found.next))


async def _campaign(request: Request, campaign_id: str, query: Annotated[Asking, Query()]) -> Response:
    """A campaign as it stands."""
    at, stream_id = edge(request), path_uuid(campaign_id, "campaign_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await campaign_results.results(at.daybook.models, stream_id)
    if found is None or found.campaign is None:
        raise Problem("not-found", "There is no campaign with this id.")
    row = found.campaign
    version = await version_shown(at.daybook.record, stream_id, row.last_event, as_of)
    return shown({**_body(row), "version": version}, as_of, {"ETag": etag(version)})


async def _results(request: Request, campaign_id: str, query: Annotated[Asking, Query()]) -> Response:
    """What came of a campaign, by channel. Incomplete unless `parked` is 0: so many customers are left out."""
    at, stream_id = edge(request), path_uuid(campaign_id, "campaign_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await campaign_results.results(at.daybook.models, stream_id)
    if found is None:
        raise Problem("not-found", "Nothing names a campaign with this id.")
    body = {
        "campaign": None if found.campaign is None else _body(found.campaign),
        "channels": found.channels,
        "costs": found.costs,
        "parked": found.parked,
    }
    return shown(body, as_of)


def _body(row: CampaignRow) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _SHOWN}, "last_event": row.last_event}
