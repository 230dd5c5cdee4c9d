"""Break-glass access: the grants that were taken, and which of them nobody has reviewed yet."""

from dataclasses import fields
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, sight_of
from api.edge import edge
from api.opened import Gaps
from api.reading import Paged, page_link, shown
from projections import break_glass_register
from projections.break_glass_register import NAME, GrantRow
from projections.naming import named, without
from projections.seeing import hidden_streams

_PLAIN: Final = tuple(
    one.name for one in fields(GrantRow) if one.name not in {"partition", "position", "event_id", "explanation"}
)


class GrantQuery(Paged):
    """Which grants."""

    actor: str | None = Field(default=None, max_length=128, description="Who took it.")
    unreviewed: bool = Field(default=False, description="Only those that nobody has reviewed.")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["break-glass"], default_response_class=Response)
    made.add_api_route("/break-glass", _grants, methods=["GET"], operation_id="break_glass")
    return made


async def _grants(request: Request, query: Annotated[GrantQuery, Query()]) -> Response:
    """Break-glass grants, last opened first. What was looked at under one is in the look history."""
    at = edge(request)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await break_glass_register.grants(
        at.daybook.models, unreviewed=query.unreviewed, actor=query.actor, after=query.after, limit=query.limit
    )
    gaps = Gaps()
    grants = [_body(one, gaps) for one in found.grants]
    hidden = await hidden_streams(at.daybook.record, sight_of(request), list(named(grants)))
    await gaps.fill(at.daybook.opener, looker(request))
    body = {"grants": [without(one, hidden) for one in grants], "next": found.next}
    return shown(body, as_of, page_link(request, found.next))


def _body(row: GrantRow, gaps: Gaps) -> dict[str, Any]:
    body: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    gaps.leave(body, "explanation", row.partition, row.explanation_at, "explanation")
    body["last_event"] = row.last_event
    return body
