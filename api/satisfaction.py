"""Satisfaction over all customers: CSAT, NPS and CES over time."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.edge import edge
from api.reading import Asking, shown
from domain.codes import Channel, Metric
from projections.satisfaction_series import NAME, By, Point, Slice, series

_FIGURES: Final = ("answers", "response_rate_percent", "mean_score", "csat_percent", "nps")


class SeriesQuery(Asking):
    """What figures to add up, and how to group them; always by metric and scale."""

    by: list[By] = Field(default_factory=lambda: list[By](("month",)), max_length=4)
    metric: Metric | None = None
    channel: Channel | None = None
    product: str | None = Field(default=None, max_length=64)
    branch: str | None = Field(default=None, max_length=64)
    first_month: date | None = Field(default=None, description="The first of a month.")
    last_month: date | None = Field(default=None, description="The first of a month.")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["satisfaction"], default_response_class=Response)
    made.add_api_route("/satisfaction", _series, methods=["GET"], operation_id="satisfaction")
    return made


async def _series(request: Request, query: Annotated[SeriesQuery, Query()]) -> Response:
    """Figures grouped as asked, always by metric and scale. Incomplete unless `parked` is 0."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    of = Slice(query.metric, query.channel, query.product, query.branch, query.first_month, query.last_month)
    found = await series(at.daybook.models, of, by=query.by)
    return shown({"points": [_body(point) for point in found.points], "parked": found.parked}, as_of)


def _body(point: Point) -> dict[str, Any]:
    given = {name: getattr(point, name) for name in point.__slots__}
    return given | {name: getattr(point, name) for name in _FIGURES}
