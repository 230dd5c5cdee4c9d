"""Corrections that wait for another person."""

from typing import Annotated, Final, get_args

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import sight_of, viewer_of
from api.edge import edge
from api.reading import Paged, page_link, shown
from projections import correction_queue
from projections.correction_queue import NAME, Kind

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class CorrectionQuery(Paged):
    """Corrections of what."""

    kind: Kind | None = Field(default=None, description="Only of customers, or only of interactions.")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["corrections"], default_response_class=Response)
    made.add_api_route("/corrections", _waiting, methods=["GET"], operation_id="corrections")
    return made


async def _waiting(request: Request, query: Annotated[CorrectionQuery, Query()]) -> Response:
    """Corrections that wait for another person, those of longest first: of what the asker's roles may approve.

    Each customer or interaction is one entry, with all that waits of it. Who asked for a correction cannot approve it.
    """
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    table, viewer = at.daybook.access.table, viewer_of(request.scope)
    asked: tuple[Kind, ...] = KINDS if query.kind is None else (query.kind,)
    kinds: list[Kind] = [kind for kind in asked if table.may_command(viewer, f"{kind}.approve-correction")]
    found = await correction_queue.waiting(
        at.daybook.models, sight_of(request), kinds, after=query.after, limit=query.limit
    )
    return shown({"waiting": found.waiting, "next": found.next}, as_of, page_link(request, found.next))
