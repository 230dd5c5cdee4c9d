"""Queries of privacy requests, erasures, legal holds, disposals and the retention schedule in force."""

from dataclasses import fields
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.edge import edge
from api.headers import etag
from api.problems import Problem
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from domain.privacy_messages import PrivacyRequestKind
from domain.privacy_rules import RecordClass
from engine.retention_ended import EXAMINED_MAX, FIRST, retention_ended
from projections import privacy_search
from projections.privacy_register import NAME, DisposalRow, ErasureRow, LegalHoldRow, PrivacyRequestRow
from projections.privacy_search import Kept, RequestFilter

Status = Literal["received", "approved", "decided", "completed", "refused", "withdrawn"]

HIDDEN: Final = frozenset({"partition", "position", "event_id"})
_OPEN: Final = "True: only what still waits for somebody."


class PrivacyRequestQuery(Paged):
    """What to search for; all that is given must hold."""

    open: bool | None = Field(default=None, description=_OPEN)
    kind: PrivacyRequestKind | None = None
    status: Status | None = None
    customer_id: UUID | None = None


class KeptQuery(Paged):
    """What to list."""

    open: bool = Field(default=True, description=_OPEN)


class CandidateQuery(Asking):
    """Whom to look at."""

    record_class: RecordClass | None = None
    after: UUID | None = Field(default=None, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=EXAMINED_MAX, description="Customers that the page looks at.")


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(default_response_class=Response)
    made.add_api_route(
        "/privacy-requests", _requests, methods=["GET"], operation_id="privacy_requests", tags=["privacy-requests"]
    )
    made.add_api_route(
        "/disposal-candidates", _candidates, methods=["GET"], operation_id="disposal_candidates", tags=["disposals"]
    )
    made.add_api_route(
        "/privacy-requests/{request_id}",
        _request,
        methods=["GET"],
        operation_id="privacy_request",
        tags=["privacy-requests"],
    )
    for path, endpoint, name in (
        ("/erasures", _erasures, "erasures"),
        ("/legal-holds", _holds, "legal_holds"),
        ("/disposals", _disposals, "disposals"),
    ):
        made.add_api_route(path, endpoint, methods=["GET"], operation_id=name, tags=[path[1:]])
    return made


async def _requests(request: Request, query: Annotated[PrivacyRequestQuery, Query()]) -> Response:
    """Privacy requests that fit all that is given, first due first."""
    at = edge(request)
    of = RequestFilter(**query.model_dump(exclude={"token", "after", "limit"}))
    concerning = () if query.customer_id is None else (query.customer_id,)
    as_of = await at.seen(NAME, query.token_of(request), concerning)
    found = await privacy_search.requests(at.daybook.models, of, after=query.after, limit=query.limit)
    requests = [_body(one) for one in found.rows]
    return shown({"privacy_requests": requests, "next": found.next}, as_of, page_link(request, found.next))


async def _request(request: Request, request_id: str, query: Annotated[Asking, Query()]) -> Response:
    """A privacy request as it stands, with what was decided of each record class."""
    at, stream_id = edge(request), path_uuid(request_id, "request_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await privacy_search.request(at.daybook.models, stream_id)
    if found is None:
        raise Problem("not-found", "There is no privacy request with this id.")
    version = await version_shown(at.daybook.record, stream_id, found.last_event, as_of)
    return shown({**_body(found), "version": version}, as_of, {"ETag": etag(version)})


async def _erasures(request: Request, query: Annotated[KeptQuery, Query()]) -> Response:
    """Erasures, oldest first: those under way or with recipients to be told; or those that are over."""
    return await _listed(request, query, "erasures")


async def _holds(request: Request, query: Annotated[KeptQuery, Query()]) -> Response:
    """Legal holds, oldest first: those that stand, or those that were released."""
    return await _listed(request, query, "legal_holds")


async def _disposals(request: Request, query: Annotated[KeptQuery, Query()]) -> Response:
    """Disposals, oldest first: those proposed or approved, or those that are over."""
    return await _listed(request, query, "disposals")


async def _candidates(request: Request, query: Annotated[CandidateQuery, Query()]) -> Response:
    """Customers and record classes whose retention has ended by the schedule in force, also those that are held.

    A page looks at so many customers, by id, as `limit` says; it may list none of them and still have a `next`.
    """
    found = await retention_ended(
        edge(request).daybook,
        record_class=query.record_class,
        after=query.after or FIRST,
        examine=query.limit,
    )
    following = None if found.next is None else str(found.next)
    body = {"schedule_version": found.schedule_version, "candidates": found.ended, "examined": found.examined}
    return shown({**body, "next": following}, headers=page_link(request, following))


async def _listed(request: Request, query: KeptQuery, of: Kept) -> Response:
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await privacy_search.listed(at.daybook.models, of, is_open=query.open, after=query.after, limit=query.limit)
    return shown({of: [_body(one) for one in found.rows], "next": found.next}, as_of, page_link(request, found.next))


def _body(row: PrivacyRequestRow | ErasureRow | LegalHoldRow | DisposalRow) -> dict[str, Any]:
    return {one.name: getattr(row, one.name) for one in fields(row) if one.name not in HIDDEN}
