"""Queries about campaigns and what came of them."""

from dataclasses import asdict, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.edge import edge
from api.events import check_token
from api.headers import etag
from api.problems import Problem
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from domain.touch import Standing
from engine.campaign_running import progress
from engine.touches_told import touches_of_campaign
from projections import campaign_results
from projections.attribution import LOOKBACK_DAYS, attribution
from projections.campaign_results import NAME, CampaignRow
from projections.lift import CONFIDENCE, METHODS, Compared, Interval, lift

Status = Literal["planned", "approved", "running", "paused", "ended"]

_SHOWN: Final = tuple(one.name for one in fields(CampaignRow) if one.name not in {"partition", "position", "event_id"})


class CampaignQuery(Paged):
    """What to search for."""

    status: Status | None = None


class TouchesQuery(Paged):
    """Which touches of a campaign."""

    status: Standing | None = None


class LiftQuery(Asking):
    """How sure the intervals are to be."""

    confidence: float = Field(default=CONFIDENCE, gt=0.5, lt=1, description="Of the intervals.")


class AttributionQuery(Asking):
    """Conversions of which days, in UTC, and how long before them a touch counts."""

    first: date = Field(default=date(2000, 1, 1), alias="from", description="The first day. Unset: 2000-01-01.")
    last: date = Field(default=date(2099, 12, 31), alias="to", description="The last day, counted. Unset: 2099-12-31.")
    lookback_days: int = Field(default=LOOKBACK_DAYS, ge=1, le=366, description="So long before it a touch counts.")


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["campaigns"], default_response_class=Response)
    made.add_api_route("/campaigns", _campaigns, methods=["GET"], operation_id="campaigns")
    made.add_api_route("/campaigns/attribution", _attribution, methods=["GET"], operation_id="campaign_attribution")
    made.add_api_route("/campaigns/{campaign_id}/lift", _lift, methods=["GET"], operation_id="campaign_lift")
    made.add_api_route(
        "/campaigns/{campaign_id}/progress", _progress, methods=["GET"], operation_id="campaign_progress"
    )
    made.add_api_route("/campaigns/{campaign_id}", _campaign, methods=["GET"], operation_id="campaign")
    made.add_api_route("/campaigns/{campaign_id}/results", _results, methods=["GET"], operation_id="campaign_results")
    made.add_api_route("/campaigns/{campaign_id}/touches", _touches, methods=["GET"], operation_id="campaign_touches")
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


async def _touches(request: Request, campaign_id: str, query: Annotated[TouchesQuery, Query()]) -> Response:
    """Touches of a campaign, last decided first, each with the decision that stands, its rule, version and reason."""
    at, stream_id = edge(request), path_uuid(campaign_id, "campaign_id")
    as_of = await at.seen(NAME, query.token_of(request))
    found = await touches_of_campaign(at.daybook, stream_id, query.status, after=query.after, limit=query.limit)
    return shown({"touches": found.touches, "next": found.next}, as_of, page_link(request, found.next))


async def _lift(request: Request, campaign_id: str, query: Annotated[LiftQuery, Query()]) -> Response:
    """What the touches added, against customers who were kept out by chance; with intervals of confidence.

    Incomplete unless `parked` is 0.
    """
    at, stream_id = edge(request), path_uuid(campaign_id, "campaign_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await lift(at.daybook.models, stream_id, query.confidence)
    body = {
        "treated": _group(found.treated),
        "holdout": _group(found.holdout),
        "confidence": found.confidence,
        "difference": found.difference,
        "difference_interval": _interval(found.difference_interval),
        "relative": found.relative,
        "relative_interval": _interval(found.relative_interval),
        "methods": METHODS,
        "parked": found.parked,
    }
    return shown(body, as_of)


async def _attribution(request: Request, query: Annotated[AttributionQuery, Query()]) -> Response:
    """Which campaigns get the credit for what customers took up: by the first touch, the last, or all alike.

    Each conversion is divided among the touches that were sent to the customer before it, of any campaign.
    """
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    since = datetime.combine(query.first, time(), UTC)
    until = datetime.combine(query.last, time(), UTC) + timedelta(days=1)
    found = await attribution(at.daybook.models, since, until, timedelta(days=query.lookback_days))
    divided = [asdict(one) for one in found.credits]
    return shown({"credits": divided, "conversions": found.conversions, "parked": found.parked}, as_of)


async def _progress(request: Request, campaign_id: str, query: Annotated[Asking, Query()]) -> Response:
    """How far touches have been proposed to the audience since the launch."""
    daybook, stream_id = edge(request).daybook, path_uuid(campaign_id, "campaign_id")
    check_token(daybook, query.token_of(request))
    found = await progress(daybook, stream_id)
    return shown({"campaign_id": stream_id, **asdict(found)})


def _group(group: Compared) -> dict[str, Any]:
    return {"customers": group.customers, "converted": group.converted, "rate": group.rate}


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else {"low": interval.low, "high": interval.high}


def _body(row: CampaignRow) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _SHOWN}, "last_event": row.last_event}
