"""The audit trail: who did what to whom when, before and after, and why."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.actors import told
from api.admission import looker, require, sight_of
from api.edge import edge
from api.events import check_token, events_json
from api.problems import Problem
from api.reading import Asking, Paged, page_link, path_uuid, shown
from api.unusual_access import unusual_access, watch_rules
from projections import audit_trail, looks
from projections.audit_trail import NAME, AuditFilter


class AuditQuery(Paged):
    """What to search for; all that is given must hold. Periods run from, inclusive, until, exclusive."""

    actor: str | None = Field(default=None, max_length=128)
    customer_id: UUID | None = None
    stream_id: UUID | None = None
    correlation_id: UUID | None = None
    type: str | None = Field(default=None, max_length=100, description="Such as `complaint.received`.")
    recorded_from: AwareDatetime | None = None
    recorded_until: AwareDatetime | None = None
    occurred_from: AwareDatetime | None = None
    occurred_until: AwareDatetime | None = None
    actors: bool = Field(default=False, description="Also tell whom the actors stand for; for who may ask `actors`.")


class LooksQuery(Paged):
    """Whose looks at whom; all that is given must hold. A period runs from, inclusive, until, exclusive."""

    customer_id: UUID | None = None
    actor: str | None = Field(default=None, max_length=128)
    recorded_from: AwareDatetime | None = None
    recorded_until: AwareDatetime | None = None


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["audit"], default_response_class=Response)
    made.add_api_route("/audit", _search, methods=["GET"], operation_id="audit")
    made.add_api_route("/audit/looks", _looks, methods=["GET"], operation_id="audit_looks")
    made.add_api_route("/audit/unusual-access", unusual_access, methods=["GET"], operation_id="unusual_access")
    made.add_api_route(
        "/watch-rules", watch_rules, methods=["GET"], tags=["watch-rules"], operation_id="watch_rules_in_force"
    )
    made.add_api_route("/audit/{event_id}", _detail, methods=["GET"], operation_id="audit_detail")
    return made


async def _search(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
    """Events that fit all that is given, last recorded first."""
    at = edge(request)
    of = AuditFilter(**query.model_dump(exclude={"token", "after", "limit", "actors"}))
    concerning = [one for one in (of.customer_id, of.stream_id) if one is not None]
    as_of = await at.seen(NAME, query.token_of(request), concerning)
    found = await audit_trail.search(at.daybook.models, of, sight_of(request), after=query.after, limit=query.limit)
    body: dict[str, Any] = {"entries": found.entries, "next": found.next, "parked": found.parked, "actors": None}
    if query.actors:
        require(request, "actors")
        rows = await at.daybook.directory.entries({entry.actor for entry in found.entries})
        body["actors"] = await told(request, at, rows)
    return shown(body, as_of, page_link(request, found.next))


async def _looks(request: Request, query: Annotated[LooksQuery, Query()]) -> Response:
    """Who looked at whose personal data and for what, last first. It is read from the reads log itself.

    That this was asked is recorded there, too.
    """
    daybook = edge(request).daybook
    found = await looks.looks(
        daybook.looks.record,
        daybook.record,
        sight_of(request),
        customer_id=query.customer_id,
        actor=query.actor,
        recorded_from=query.recorded_from,
        recorded_until=query.recorded_until,
        after=query.after,
        limit=query.limit,
    )
    asked = query.model_dump(mode="json", include={"customer_id", "actor", "recorded_from", "recorded_until"})
    await daybook.looks.reviewed(looker(request), asked, len(found.looks))
    return shown({"looks": found.looks, "next": found.next}, headers=page_link(request, found.next))


async def _detail(request: Request, event_id: str, query: Annotated[Asking, Query()]) -> Response:
    """One event with its data, and what it changed in its stream: each field before and after.

    Of a correction also the events that hold the sealed values before and after.
    """
    daybook, wanted = edge(request).daybook, path_uuid(event_id, "event_id")
    check_token(daybook, query.token_of(request))
    found = await audit_trail.detail(daybook.models, wanted, sight_of(request))
    if found is None:
        raise Problem("not-found", "There is no event with this id.")
    requested = () if found.put_in_force is None else (found.put_in_force,)
    entries = [found.entry, *requested, *found.stood_before]
    event, *others = await events_json(daybook, looker(request), found.entry.recorded.partition, entries)
    told = {"put_in_force": others[0] if requested else None, "stood_before": others[len(requested) :]}
    return shown({"event": event, "changes": found.changes, **told})
