"""CloudEvents 1.0 in: `POST /events`, structured, as a batch or binary.

An event's type is `daybook.` and a command's type, `source` and `id` are its idempotency key, `data`
has the command's fields, the stream's id among them, as a line of bulk intake has. `time` is the
business time where `data` has no `occurred_at`.
"""

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.admission import viewer_of
from api.bodies import JSON, as_object, check_media_type, media_type, parsed, whole
from api.commands import answered, handle
from api.edge import Asked, Edge, edge, lower_headers
from api.headers import Acting, acting, checked_uuid
from api.intake import Chunks, Entry, asked, judge, one_of_many, seen_after
from api.language import said
from api.operations import operations
from api.problems import FieldError, Problem
from api.validation import nearest

STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
TYPE_PREFIX: Final = "daybook."
_REQUIRED: Final = ("specversion", "id", "source", "type")

Attributes = Mapping[str, Any]


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["bulk"])
    made.add_api_route(
        "/events", _events, methods=["POST"], name="events", operation_id="events", response_class=Response
    )
    return made


async def _events(request: Request) -> Response:
    headers, at = lower_headers(request), edge(request)
    binary = "ce-specversion" in headers and media_type(headers) not in {STRUCTURED, BATCH}
    kind = check_media_type(headers, (JSON,) if binary else (STRUCTURED, BATCH))
    who = acting(viewer_of(request.scope), headers)
    settings = at.daybook.settings
    batch = kind == BATCH
    content = await whole(request.receive, headers, settings.bulk_bytes_max if batch else settings.body_bytes_max)
    value: Any = parsed(content) if content or not binary else {}
    if batch:
        return await _batch(at, value, who)
    event = {**_binary_attributes(headers), "data": value} if binary else as_object(value)
    command = _asked(at, event, who)
    if isinstance(command, Problem):
        raise command
    return answered(at, command, await handle(at, command, way="cloudevents"))


def _binary_attributes(headers: Mapping[str, str]) -> Attributes:
    """The attributes of the binary mode; their values are percent-encoded where they are not plain ASCII."""
    return {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}


async def _batch(at: Edge, value: object, who: Acting) -> Response:
    if not isinstance(value, list):
        hint = said("write the events in square brackets")
        raise Problem("validation-failed", errors=(FieldError("body", "", "must be a list of events", hint),))
    chunks = Chunks()
    verdicts: list[dict[str, Any]] = []
    seen = at.daybook.record.incarnation.start()
    events = cast("list[Any]", value)
    full = [chunk for one in enumerate(events) if (chunk := chunks.add(_entry(at, *one, who)))]
    for chunk in (*full, chunks.take()):
        judged = await judge(at, chunk, "cloudevents")
        seen = seen_after(seen, judged)
        verdicts += [one.as_json() for one in judged]
    content = orjson.dumps({"verdicts": verdicts, "token": str(seen)}, default=str)
    return Response(content, 200, {"Cache-Control": "no-store"}, JSON)


def _entry(at: Edge, index: int, event: Any, who: Acting) -> Entry:  # noqa: ANN401  # any JSON value
    label: dict[str, Any] = {"index": index}
    if not isinstance(event, dict):
        return Entry(label, Problem("validation-failed", errors=(FieldError("body", "", "must be an object"),)))
    attributes = cast("Attributes", event)
    label |= {name: attributes[name] for name in ("source", "id") if isinstance(attributes.get(name), str)}
    found = _asked(at, attributes, who)
    return one_of_many(at, label, found, who.viewer, str(attributes.get("type")).removeprefix(TYPE_PREFIX))


def _asked(at: Edge, event: Attributes, who: Acting) -> Asked | Problem:
    """The command of an event, or what is wrong with it."""
    errors = [
        FieldError("body", f"/{name}", "is required, as text", "see CloudEvents 1.0, required attributes")
        for name in _REQUIRED
        if not isinstance(event.get(name), str) or not event[name]
    ]
    if errors:
        return Problem("validation-failed", errors=errors)
    if event["specversion"] != "1.0":
        return Problem("validation-failed", errors=(FieldError("body", "/specversion", "must be 1.0"),))
    name: str = event["type"]
    if not name.startswith(TYPE_PREFIX) or name.removeprefix(TYPE_PREFIX) not in operations():
        hint = nearest(name, [TYPE_PREFIX + known for known in operations()])
        return Problem("command-type-unknown", errors=(FieldError("body", "/type", "is no command", hint),))
    if "data_base64" in event or event.get("datacontenttype", JSON).partition(";")[0].strip() != JSON:
        return Problem("validation-failed", errors=(FieldError("body", "/data", "must be JSON"),))
    try:
        return asked(at, _data(event), _correlated(event, who), name.removeprefix(TYPE_PREFIX), _key(event))
    except Problem as problem:
        return problem


def _key(event: Attributes) -> tuple[str, ...]:
    """Source and id; together they are never a key that was sent as a header, for that is one text."""
    return (event["source"], event["id"])


def _data(event: Attributes) -> Any:  # noqa: ANN401  # any JSON value
    data = event.get("data", {})
    if isinstance(data, dict) and "time" in event and "occurred_at" not in data:
        return {**cast("dict[str, Any]", data), "occurred_at": event["time"]}
    return data  # pyright: ignore[reportUnknownVariableType]


def _correlated(event: Attributes, who: Acting) -> Acting:
    """What the event says of its correlation and cause goes before what the request says."""
    correlation_id = checked_uuid(event.get("correlationid"), "body", "/correlationid") or who.correlation_id
    causation_id = checked_uuid(event.get("causationid"), "body", "/causationid") or who.causation_id
    return Acting(who.viewer, who.reason, correlation_id, causation_id)
