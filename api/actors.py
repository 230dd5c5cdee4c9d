"""The actor directory: whom the pseudonyms of the record stand for."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, no_such
from api.edge import Edge, edge
from api.headers import etag
from api.opened import Gaps
from api.reading import Asking, Paged, page_link, path_uuid, shown, version_shown
from projections import actor_directory
from projections.actor_directory import NAME, ActorRow

_PLAIN: Final = (
    "entry_id",
    "actor",
    "kind",
    "code_version",
    "customer_id",
    "valid_from",
    "valid_until",
    "organisation_unit",
)


class DirectoryQuery(Paged):
    """Whose entry; everybody's, by pseudonym, if none is named."""

    actor: str | None = Field(default=None, max_length=128)


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["actors"], default_response_class=Response)
    made.add_api_route("/actors", _directory, methods=["GET"], operation_id="actors")
    made.add_api_route("/actors/{entry_id}", _entry, methods=["GET"], operation_id="actor")
    return made


async def _directory(request: Request, query: Annotated[DirectoryQuery, Query()]) -> Response:
    """Whom pseudonyms stand for, and since when, by pseudonym."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    if query.actor is not None:
        rows, following = await at.daybook.directory.entries([query.actor]), None
    else:
        found = await actor_directory.directory(at.daybook.models, after=query.after, limit=query.limit)
        rows, following = found.entries, found.next
    entries = await told(request, at, rows)
    return shown({"entries": entries, "next": following}, as_of, page_link(request, following))


async def _entry(request: Request, entry_id: str, query: Annotated[Asking, Query()]) -> Response:
    """Whom a pseudonym stands for."""
    at, stream_id = edge(request), path_uuid(entry_id, "entry_id")
    as_of = await at.seen(NAME, query.token_of(request), (stream_id,))
    found = await actor_directory.entries(at.daybook.models, [stream_id])
    if not found:
        raise no_such("actor")
    (body,) = await told(request, at, found)
    version = await version_shown(at.daybook.record, stream_id, found[0].last_event, as_of)
    return shown({**body, "version": version}, as_of, {"ETag": etag(version)})


async def told(request: Request, at: Edge, rows: Sequence[ActorRow]) -> list[dict[str, Any]]:
    """Entries with their names, opened for who may see them."""
    gaps = Gaps()
    bodies = [_body(row, gaps) for row in rows]
    await gaps.fill(at.daybook.opener, looker(request))
    return bodies


def _body(row: ActorRow, gaps: Gaps) -> dict[str, Any]:
    body: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    body["organisation_units"] = [{"since": since, "organisation_unit": unit} for since, unit in row.units]
    names: list[dict[str, Any]] = []
    for since, sealed in row.names_at:
        names.append({"since": since})
        gaps.leave(names[-1], "name", row.partition, sealed, "name")
    return {**body, "names": names, "last_event": row.last_event}
