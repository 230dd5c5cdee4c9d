"""Satisfaction over all customers: CSAT, NPS and CES over time."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import least_group, too_narrow
from api.edge import edge
from api.reading import Asking, shown
from domain.codes import Channel, Metric
from projections.group_size import told_of, withheld
from projections.satisfaction_series import NAME, By, Point, Slice, series

Group: TypeAlias = tuple[date | str | None, ...]
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
    """Figures grouped as asked, always by metric and scale. Incomplete unless `parked` is 0.

    Who may not see customers' own answers asks by one dimension, and small groups are `withheld`.
    """
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    of = Slice(query.metric, query.channel, query.product, query.branch, query.first_month, query.last_month)
    least = least_group(request, "customer_satisfaction")
    if least is not None and (len({*query.by}) > 1 or of != Slice(query.metric)):
        raise too_narrow()
    found = await series(at.daybook.models, of, by=query.by)
    told = found.points if least is None else _told(found.points, least)
    body = {
        "points": [_body(point, scores=least is None) for point in told],
        "parked": found.parked,
        "withheld": told_of(least or 0, left_out=len(told) < len(found.points)),
    }
    return shown(body, as_of)


def _told(points: Sequence[Point], least: int) -> list[Point]:
    """Points of which no count is about a handful of people; each metric and scale is a table with a total."""
    tables: dict[tuple[str, int, int], dict[Group, tuple[int, ...]]] = {}
    for one in points:
        counts = (one.invited, one.responded, one.expired, one.answers)
        tables.setdefault((one.metric, one.scale_min, one.scale_max), {})[_key(one)] = counts
    hidden = {scale: withheld(counts, least) for scale, counts in tables.items()}
    return [one for one in points if _key(one) not in hidden[one.metric, one.scale_min, one.scale_max]]


def _body(point: Point, *, scores: bool) -> dict[str, Any]:
    given: dict[str, Any] = {name: getattr(point, name) for name in point.__slots__}
    if not scores:
        given["scores"] = {}
    return given | {name: getattr(point, name) for name in _FIGURES}


def _key(point: Point) -> Group:
    return point.month, point.channel, point.product, point.branch
