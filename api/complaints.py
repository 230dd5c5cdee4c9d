"""Queries of the complaint register."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.admission import least_group, looker, no_such, sight_of, too_narrow
from api.edge import edge
from api.headers import etag
from api.opened import Gaps
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from domain.codes import Severity
from projections import complaint_search
from projections.complaint_course import COURSE
from projections.complaint_row import NAME, ComplaintRow
from projections.complaint_search import ComplaintFilter, CountFilter
from projections.group_size import told_of, withheld
from projections.seeing import hidden_streams

Text = Annotated[str | None, Field(max_length=200)]
Status = Literal["open", "responded", "closed", "withdrawn", "merged"]
By = Literal["month", "status", "product"]

_HIDDEN: Final = {"partition", "position", "event_id", "sealed", "course", "claims_open", "claims"}
_SHOWN: Final = tuple(one.name for one in fields(ComplaintRow) if one.name not in _HIDDEN)


class ComplaintQuery(Paged):
    """What to search for; all that is given must hold."""

    status: Status | None = None
    product: Text = None
    issue: Text = None
    respondent: Text = None
    handler: Text = None
    region: Text = None
    severity: Severity | None = None
    queue: Text = None
    assigned: bool | None = Field(default=None, description="Whether somebody handles it.")
    major: bool | None = None
    merged_into: UUID | None = Field(default=None, description="Repeats of this complaint.")
    claimed_times: bool | None = Field(
        default=None, description="Whether it has times that were told late and that nobody else has looked at."
    )
    external_ref: Text = None
    customer_id: UUID | None = None
    received_from: AwareDatetime | None = None
    received_until: AwareDatetime | None = Field(default=None, description="Exclusive.")


class CountQuery(Asking):
    """Which complaints to count, and how to group them."""

    by: list[By] = Field(default_factory=lambda: list[By](("status",)), max_length=3)
    status: Status | None = None
    product: Text = None
    first_month: date | None = Field(default=None, description="The first of a month.")
    last_month: date | None = Field(default=None, description="The first of a month.")


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["complaints"], default_response_class=Response)
    made.add_api_route("/complaints", _search, methods=["GET"], operation_id="complaints")
    made.add_api_route("/complaints/counts", _counts, methods=["GET"], operation_id="complaint_counts")
    made.add_api_route("/complaints/{complaint_id}", _complaint, methods=["GET"], operation_id="complaint")
    return made


async def _search(request: Request, query: Annotated[ComplaintQuery, Query()]) -> Response:
    """Complaints that fit all that is given, last received first."""
    at = edge(request)
    of = ComplaintFilter(**query.model_dump(exclude={"token", "after", "limit"}))
    concerning = () if query.customer_id is None else (query.customer_id,)
    as_of = await at.seen(NAME, query.token_of(request), concerning)
    sight = sight_of(request)
    if query.merged_into is not None and await hidden_streams(at.daybook.record, sight, [query.merged_into]):
        return shown({"complaints": [], "next": None}, as_of)
    found = await complaint_search.search(at.daybook.models, of, sight, after=query.after, limit=query.limit)
    complaints = await _bodies(request, found.complaints)
    return shown({"complaints": complaints, "next": found.next}, as_of, page_link(request, found.next))


async def _counts(request: Request, query: Annotated[CountQuery, Query()]) -> Response:
    """How many complaints stand where. Incomplete unless `parked` is 0: so many customers are left out.

    Who may not see complaints asks by one dimension, without conditions, and small groups are `withheld`.
    """
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    of = CountFilter(query.status, query.product, query.first_month, query.last_month)
    least = least_group(request, "complaints")
    if least is not None and (len({*query.by}) > 1 or of != CountFilter()):
        raise too_narrow()
    found = await complaint_search.counts(at.daybook.models, of, sight_of(request), by=query.by)
    counts = {(one.month, one.status, one.product): one for one in found.counts}
    hidden = withheld({group: (one.complaints,) for group, one in counts.items()}, least or 0)
    told = [one for group, one in counts.items() if group not in hidden]
    body = {"counts": told, "parked": found.parked, "withheld": told_of(least or 0, left_out=bool(hidden))}
    return shown(body, as_of)


async def _complaint(request: Request, complaint_id: str, query: Annotated[Asking, Query()]) -> Response:
    """A complaint as it stands, and its course: who acts for whom, what was asked for, granted and told.

    `personal` is what was said and written: the complaint, a dispute, the last responses, names of representatives.
    """
    at, stream_id = edge(request), path_uuid(complaint_id, "complaint_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await complaint_search.complaint(at.daybook.models, stream_id, sight_of(request))
    if found is None:
        raise no_such("complaint")
    gaps, personal = Gaps(), dict[str, Any]()
    for name, sealed in found.sealed_at.items():
        gaps.leave(personal, name, found.partition, sealed, None)
    await gaps.fill(at.daybook.opener, looker(request))
    version = await version_shown(at.daybook.record, stream_id, found.last_event, as_of)
    course = {name: found.course.get(name, []) for name in COURSE}
    (body,) = await _bodies(request, [found])
    body |= {"course": course, "version": version, "personal": personal}
    return shown(body, as_of, {"ETag": etag(version)})


async def _bodies(request: Request, found: Sequence[ComplaintRow]) -> list[dict[str, Any]]:
    """Complaints without personal data, which only who asks for one complaint is shown, and without hidden streams."""
    named = {one for row in found for one in (row.merged_into, row.interaction_id) if one is not None}
    record, sight = edge(request).daybook.record, sight_of(request)
    hidden = await hidden_streams(record, sight, named) if named else set[UUID]()
    return [
        {
            **{name: getattr(row, name) for name in _SHOWN},
            "merged_into": None if row.merged_into in hidden else row.merged_into,
            "interaction_id": None if row.interaction_id in hidden else row.interaction_id,
            "last_event": row.last_event,
        }
        for row in found
    ]
