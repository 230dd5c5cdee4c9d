"""Screenings for missed complaints: drawn interactions that wait for somebody, and what a period's sample says."""

from dataclasses import fields
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import sight_of
from api.edge import edge
from api.reading import Asking, Paged, page_link, shown
from domain.sampling import PeriodName
from engine.screening_results import results
from projections import screening_queue
from projections.screening_queue import NAME, DrawnRow

HIDDEN: Final = frozenset({
    "partition", "position", "event_id", "finding", "complaint_id", "screened_by", "screened_at",
})  # fmt: skip
_PERIOD: Final = "Such as 2026-11, 2026-W48 or 2026-Q4, as the plan told."


class QueueQuery(Paged):
    """Which drawn interactions."""

    period: PeriodName | None = Field(default=None, description=_PERIOD)


class SampleQuery(Asking):
    """Which sample."""

    period: PeriodName = Field(description=_PERIOD)


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["screenings"], default_response_class=Response)
    made.add_api_route("/screenings", _waiting, methods=["GET"], operation_id="screenings")
    made.add_api_route("/screenings/sample", _sample, methods=["GET"], operation_id="screening_sample")
    return made


async def _waiting(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
    """Drawn interactions that nobody has screened yet, first drawn first.

    What was said stands in the interaction's own events; who reads it says a purpose, and the look is recorded.
    """
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await screening_queue.waiting(
        at.daybook.models, sight_of(request), period=query.period, after=query.after, limit=query.limit
    )
    lines = [_body(one) for one in found.waiting]
    return shown({"waiting": lines, "next": found.next}, as_of, page_link(request, found.next))


async def _sample(request: Request, query: Annotated[SampleQuery, Query()]) -> Response:
    """The share of complaints that nobody recorded in a period's sample, with Wilson's interval at 95%.

    Confidential interactions count for those who may see them. What waits is in no share.
    """
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    strata = await screening_queue.sample(at.daybook.models, query.period, sight_of(request))
    parked = (await at.daybook.models.progress(NAME)).parked
    return shown({"period": query.period, **results(strata), "parked": parked}, as_of)


def _body(row: DrawnRow) -> dict[str, Any]:
    body = {one.name: getattr(row, one.name) for one in fields(row) if one.name not in HIDDEN}
    return {**body, "last_event": row.last_event}
