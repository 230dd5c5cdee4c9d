"""Receipts: proofs that what a command led to is sealed, at once or later."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import sight_of, viewer_of
from api.edge import Edge, edge
from api.events import check_token
from api.failures import EXPECTED
from api.language import said
from api.problems import FieldError, Problem
from api.reading import Asking, path_uuid, shown
from audit.proving import EventProof
from engine.answers import Answer
from projections.audit_detail import find_event
from projections.seeing import hidden_streams
from store.envelope import RecordedEvent

EVENTS_MAX: Final = 1000
"""Proofs in one receipt."""

WAITS: Final = frozenset({None, "sealed"})


class ReceiptQuery(Asking):
    """Which events, and whether to wait."""

    events: int = Field(default=1, ge=1, le=EVENTS_MAX, description="So many events, from the one in the path on.")
    wait: Literal["sealed"] | None = Field(default=None, description="`sealed`: wait until they are.")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["proofs"], default_response_class=Response)
    made.add_api_route("/receipts/{event_id}", _receipt, methods=["GET"], operation_id="receipt")
    return made


def wait_of(request: Request) -> bool:
    """Whether a command's caller waits until its events are sealed; a command knows no other query.

    Raises:
        Problem: query-invalid.
    """
    if not request.scope["query_string"]:
        return False
    query = request.query_params
    errors = [FieldError("query", name, "is not known here", "use wait") for name in sorted({*query} - {"wait"})]
    if query.get("wait") not in WAITS or len(query.getlist("wait")) > 1:
        errors.append(FieldError("query", "wait", "is not a state to wait for", "use sealed"))
    if errors:
        raise Problem("query-invalid", errors=errors)
    return True


async def receipt_of(at: Edge, answer: Answer) -> dict[str, Any]:
    """The receipt of an answer, after waiting for it; where nothing changed there is nothing to prove."""
    count = len(answer.events)
    if not count:
        return {"status": "nothing-to-prove", "url": None, "proofs": []}
    first = answer.position - count + 1
    try:
        found = await at.receipts.proofs(answer.partition, first, count, at.daybook.settings.wait_s_max)
    except EXPECTED:  # the command is done whatever becomes of its proofs, which can be asked for later
        found = None
    url = f"/receipts/{answer.events[0].event_id}?events={count}"
    return _receipt_json(url, [event.event_id for event in answer.events], found)


async def _receipt(request: Request, event_id: str, query: Annotated[ReceiptQuery, Query()]) -> Response:
    """Proofs that events are sealed: of one, or of those that a command led to, each an offline `.tlog-proof`.

    Until they are, its status is `pending`. An event's `header`, by which its content is checked, is shown to
    who acted, and to roles that may ask for the audit trail's events.
    """
    at, wanted = edge(request), path_uuid(event_id, "event_id")
    check_token(at.daybook, query.token_of(request))
    entry = await find_event(at.daybook.models, wanted)
    if entry is None:
        raise Problem("not-found", "There is no event with this id.")
    events = await at.daybook.record.read_partition(entry.recorded.partition, entry.recorded.position, query.events)
    events = await _in_sight(request, events)
    if len(events) < query.events:
        raise Problem("not-found", said("Only {count} events follow from this one on.", count=len(events)))
    wait_s = at.daybook.settings.wait_s_max if query.wait else 0.0
    found = await at.receipts.proofs(entry.recorded.partition, entry.recorded.position, query.events, wait_s)
    url = f"{request.url.path}?events={query.events}"
    body = _receipt_json(url, [event.event_id for event in events], found)
    viewer = viewer_of(request.scope)
    if not at.daybook.access.table.may_ask(viewer, "audit_detail"):
        for event, proof in zip(events, body["proofs"], strict=False):
            if event.actor != viewer.actor:
                proof["header"] = None
    return shown(body, headers={} if found is not None else {"Retry-After": "1"})


async def _in_sight(request: Request, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
    """The events up to the first that does not exist for the viewer."""
    hidden = await hidden_streams(edge(request).daybook.record, sight_of(request), [one.stream_id for one in events])
    return list(takewhile(lambda one: one.stream_id not in hidden, events))


def _receipt_json(url: str, event_ids: Sequence[UUID], found: Sequence[EventProof] | None) -> dict[str, Any]:
    proofs: list[Mapping[str, Any]] = [
        {"event_id": str(event_id), "header": proof.header.decode(), "proof": proof.proof.format()}
        for event_id, proof in zip(event_ids, found or (), strict=False)
    ]
    return {"status": "pending" if found is None else "sealed", "url": url, "proofs": proofs}
