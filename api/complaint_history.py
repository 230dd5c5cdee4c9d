"""The case history of a complaint, and its letters: read from the record itself, with who is shown what."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.admission import looker
from api.edge import edge
from api.events import EVENTS_MAX, HistoryQuery, Kind, check_token, events_json
from api.reading import Asking, page_link, shown
from domain import COMPLAINT, event_types
from projections.timeline import Entry

_COMPLAINT: Final = Kind(COMPLAINT)
_LETTERS: Final[Mapping[str, tuple[str, str | None]]] = {
    "complaint.holding-response-sent": ("response_id", "holding-response"),
    "complaint.final-response-issued": ("letter_id", "final-response"),
    "complaint.summary-resolution-sent": ("letter_id", "summary-resolution"),
    "complaint.letter-sent": ("letter_id", None),
}
"""Events that are letters: the field with the letter's id, and its kind where the event does not say it."""
_PARTS: Final = ("channel", "language", "template", "template_version", "representative_id", "letter")
_DELIVERY: Final = "complaint.delivery-recorded"
_ATTEMPT: Final = (
    "attempt_id", "channel", "outcome", "proof", "proof_ref", "proof_sha256", "proof_attachment_id",
)  # fmt: skip


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["complaints"], default_response_class=Response)
    for what, endpoint in (("history", _history), ("letters", _letters)):
        made.add_api_route(
            f"/complaints/{{complaint_id}}/{what}", endpoint, methods=["GET"], operation_id=f"complaint_{what}"
        )
    return made


async def _history(request: Request, query: Annotated[HistoryQuery, Query()]) -> Response:
    """What happened with the complaint, oldest first: when, by whom and why, and how it stood then."""
    daybook, stream_id = edge(request).daybook, _COMPLAINT.stream_id(request)
    check_token(daybook, query.token_of(request))
    state, steps, after = COMPLAINT.initial, list[dict[str, Any]](), -1
    more = True
    while more and len(steps) <= query.limit:
        entries = await _COMPLAINT.entries(daybook, stream_id, after, EVENTS_MAX)
        told = [one for one in entries if one.recorded.version > query.after]
        partition = daybook.record.partition_of(stream_id)
        events = iter(await events_json(daybook, looker(request), partition, told[: query.limit + 1 - len(steps)]))
        for one in entries:
            if one.fact is not None:
                state = COMPLAINT.evolve(state, one.fact.event)
            if one.recorded.version > query.after and len(steps) <= query.limit:
                steps.append(_step(next(events), state.status))
        more = len(entries) == EVENTS_MAX
        after = entries[-1].recorded.version if entries else after
    shown_steps = steps[: query.limit]
    following = str(shown_steps[-1]["version"]) if len(steps) > query.limit else None
    return shown({"steps": shown_steps, "next": following}, headers=page_link(request, following))


def _step(event: Mapping[str, Any], status: str) -> dict[str, Any]:
    """An event as a step of the case: what it means, when, by whom and why."""
    kind = event_types().get(event["type"])
    data: Mapping[str, Any] = event["data"] or {}
    told = {name: event[name] for name in ("event_id", "version", "type", "occurred_at", "recorded_at", "actor")}
    means = None if kind is None else (kind.__doc__ or "").partition("\n")[0]
    return {**told, "means": means, "reason": data.get("reason") or event["reason"], "status": status, "facts": data}


async def _letters(request: Request, query: Annotated[Asking, Query()]) -> Response:
    """Every letter as it was sent: the version of its template, its text, and each attempt to deliver it.

    Letters leave at least once, with their id: one may arrive twice.
    """
    daybook, stream_id = edge(request).daybook, _COMPLAINT.stream_id(request)
    check_token(daybook, query.token_of(request))
    found: list[Entry] = []
    after = -1
    while True:
        entries = await _COMPLAINT.entries(daybook, stream_id, after, EVENTS_MAX)
        found += [one for one in entries if one.recorded.topic in _LETTERS or one.recorded.topic == _DELIVERY]
        if len(entries) < EVENTS_MAX:
            break
        after = entries[-1].recorded.version
    events = await events_json(daybook, looker(request), daybook.record.partition_of(stream_id), found)
    return shown({"letters": _with_deliveries(events)})


def _with_deliveries(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    letters = [_letter(one) for one in events if one["type"] in _LETTERS]
    by_id = {letter["letter_id"]: letter for letter in letters if letter["letter_id"] is not None}
    for one in events:
        data = one["data"]
        if one["type"] == _DELIVERY and data is not None and data["letter_id"] in by_id:
            attempt = {name: data.get(name) for name in _ATTEMPT}
            by_id[data["letter_id"]]["deliveries"].append({**attempt, "at": one["occurred_at"], "by": one["actor"]})
    return letters


def _letter(event: Mapping[str, Any]) -> dict[str, Any]:
    name, kind = _LETTERS[event["type"]]
    data: Mapping[str, Any] = event["data"] or {}
    sent = {"letter_id": data.get(name), "kind": kind or data.get("kind"), "event_id": event["event_id"]}
    return {
        **sent, "sent_at": event["occurred_at"], "by": event["actor"],
        **{part: data.get(part) for part in _PARTS}, "deliveries": list[dict[str, Any]](),
    }  # fmt: skip
