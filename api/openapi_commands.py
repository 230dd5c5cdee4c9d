"""Commands and intake in the OpenAPI document."""

from typing import Any, Final

from api.answers import answers
from api.bodies import JSON
from api.bulk import NDJSON
from api.cloudevents import BATCH, STRUCTURED
from api.customer_search import KINDS as SEARCH_KINDS
from api.customer_search import LIMIT as SEARCH_LIMIT
from api.customer_search import LIMIT_MAX as SEARCH_LIMIT_MAX
from api.examples import answers as example_answers
from api.examples import bodies, events_of
from api.openapi_problems import (
    BODY,
    COMMAND,
    CURSOR_EXAMPLE,
    DEVELOPMENT,
    EVENT,
    EVERYWHERE,
    FOLLOWING,
    INTAKE,
    OPEN,
    QUERY,
    TO_A_STREAM,
    ProblemResponses,
)
from api.operations import Operation
from api.schemas import CURSOR, TEXT, UUID, Schema, list_of, object_with, ref
from domain import AGGREGATES
from domain.access_rules import PURPOSES
from engine.issuer import LIFETIME_S, USERS

ID: Final = "0197f3a0-2222-7abc-8def-0123456789ab"


def complete_command(command: Operation, operation: dict[str, Any], problems: ProblemResponses) -> None:
    """Say what a command takes and answers."""
    path = [{"name": command.stream_field, "in": "path", "required": True, "schema": UUID, "example": ID}]
    headers = [KEY, *ACTING, IF_MATCH, WAIT]
    content = {JSON: {"schema": ref(command.command.__name__), "example": bodies()[command.type]}}
    status, description = ("201", "Made.") if command.creates else ("200", "Done, or it held already.")
    answer = {
        "description": description,
        "headers": _answer_headers(creates=command.creates),
        "content": _answer(command),
    }
    unsealed = {**answer, "description": "Done, but with `wait=sealed` not sealed in time: see `receipt`."}
    refusals = next(one.refusals for one in AGGREGATES if one.name == command.aggregate)
    codes = (*EVERYWHERE, *COMMAND, *refusals) if command.creates else (*EVERYWHERE, *COMMAND, *TO_A_STREAM, *refusals)
    operation.update(
        summary=(command.command.__doc__ or "").rstrip("."),
        parameters=headers if command.creates else [*path, *headers],
        requestBody={"required": bool(set(command.given) - command.optional), "content": content},
        responses={status: answer, "202": unsealed}
        | problems.of(codes, f"new-{command.aggregate}" if command.creates else command.aggregate),
    )


def _answer(command: Operation) -> dict[str, Any]:
    version = 0 if command.creates else 1
    events = [{"event_id": ID, "type": events_of()[command.type], "version": version}]
    example: dict[str, Any] = {"stream_id": ID, "version": version, "events": events, "token": CURSOR_EXAMPLE}
    if command.own_id:
        example[command.own_id] = bodies()[command.type].get(command.own_id, ID)
    return {JSON: {"schema": ref("Answer"), "example": example}}


def _answer_headers(*, creates: bool) -> dict[str, Schema]:
    made = {"ETag": header("The stream's version."), "Idempotent-Replayed": header("`true` if it is a repeat.")}
    return {**made, "Location": header("Where it can be read.")} if creates else made


def complete_bulk(operation: dict[str, Any], problems: ProblemResponses) -> None:
    """Say what bulk intake takes and answers."""
    line = {"command": "touch.decide", "id": "row-1", **bodies()["touch.decide"]}
    verdict = {"line": 1, "id": "row-1", "verdict": "accepted", "stream_id": ID, "version": 0, "token": CURSOR_EXAMPLE}
    operation.update(
        summary="Many commands, one a line, each with its own verdict",
        parameters=[{**KEY, "required": False, "description": "For lines without an `id`."}, *ACTING],
        requestBody={"required": True, "content": {NDJSON: {"schema": ref("BulkLine"), "example": line}}},
        responses={"200": answered("A verdict a line, in order.", ref("Verdict"), verdict, NDJSON)}
        | problems.of((*EVERYWHERE, *INTAKE), "bulk"),
    )


def complete_events(operation: dict[str, Any], problems: ProblemResponses) -> None:
    """Say what CloudEvents intake takes and answers."""
    data = {"touch_id": ID, **bodies()["touch.record-response"]}
    event = {
        "specversion": "1.0", "type": "daybook.touch.record-response", "source": "urn:example:sms-gateway",
        "id": "m-20250402-17", "time": "2025-04-02T10:15:00+08:00", "data": data,
    }  # fmt: skip
    binary = {"description": "Binary mode: this is `data`; the attributes are headers `ce-id`, `ce-type` and so on."}
    one: dict[str, Any] = {"stream_id": ID, "version": 1, "events": [], "token": CURSOR_EXAMPLE, "response_id": ID}
    verdict = {"index": 0, "id": event["id"], "verdict": "accepted", "stream_id": ID, "version": 1}
    many = {"verdicts": [verdict], "token": CURSOR_EXAMPLE}
    batch = object_with({"verdicts": list_of(ref("Verdict")), "token": CURSOR})
    done: dict[str, Any] = answered("Done. Of a batch: each event's verdict.", {"anyOf": [ref("Answer"), batch]}, one)
    done["content"][JSON] |= {"examples": {"one event": {"value": one}, "a batch": {"value": many}}}
    del done["content"][JSON]["example"]
    done["headers"] = _answer_headers(creates=False)  # of one event
    made = {**answered("Made.", ref("Answer"), one), "headers": _answer_headers(creates=True)}
    operation.update(
        summary="A command as a CloudEvent: structured, binary, or many as a batch",
        parameters=list(ACTING),
        requestBody={
            "required": True,
            "content": {
                STRUCTURED: {"schema": ref("CommandEvent"), "example": event},
                BATCH: {"schema": list_of(ref("CommandEvent")), "example": [event]},
                JSON: {"schema": binary, "example": data},
            },
        },
        responses={"200": done, "201": made} | problems.of((*EVERYWHERE, *EVENT), "events"),
    )


def complete_token(operation: dict[str, Any], problems: ProblemResponses) -> None:
    """Say what the development issuer takes and answers."""
    role = {"enum": sorted(USERS)}
    user = next(iter(USERS.values()))
    told = {"actor": user.actor, "role": user.role, "name": user.name, "purpose": user.purpose}
    example = {"access_token": "eyJ...", "token_type": "Bearer", "expires_in": LIFETIME_S, **told}
    texts = dict.fromkeys(("access_token", "token_type", "actor", "role", "name", "purpose"), TEXT)
    answer = object_with({**texts, "expires_in": {"type": "integer", "description": "Seconds."}})
    operation.update(
        summary=operation["description"].partition(".")[0],
        requestBody={
            "required": True,
            "content": {JSON: {"schema": object_with({"as": role}), "example": {"as": user.role}}},
        },
        responses={"200": answered("Signed.", answer, example)} | problems.of((*OPEN, *DEVELOPMENT), "dev_token"),
    )


def complete_search(operation: dict[str, Any], problems: ProblemResponses) -> None:
    """Say what the search for customers takes and answers."""
    asked = {
        "name": {**TEXT, "maxLength": 500},
        "phone": {**TEXT, "maxLength": 500, "description": "With + and the country, or as it was given to the bank."},
        "email": {**TEXT, "maxLength": 500},
        "address": {**TEXT, "maxLength": 500, "description": "Postal address, whole."},
        "document": {**TEXT, "maxLength": 500, "description": "Number of an identity document, of whatever kind."},
        "after": {**UUID, "description": "`next` of the page before."},
        "limit": {"type": "integer", "minimum": 1, "maximum": SEARCH_LIMIT_MAX, "default": SEARCH_LIMIT},
        "token": {**CURSOR, "description": "As `Daybook-Token`."},
    }
    taken = {
        **object_with(asked, optional=asked),
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in SEARCH_KINDS],
    }
    done = answered("Answered.", answers()["customer_search"], example_answers()["customer_search"])
    done["headers"] = {"Daybook-As-Of": header("How far the read model has read at least.", CURSOR)}
    token = parameter("Daybook-Token", "Wait until what it stands for can be found.", CURSOR_EXAMPLE, CURSOR)
    operation.update(
        summary=operation["description"].partition(".")[0],
        parameters=[PURPOSE, BREAK_GLASS, token],
        requestBody={"required": True, "content": {JSON: {"schema": taken, "example": {"phone": "+86 138 0000 0000"}}}},
        responses={"200": done} | problems.of((*EVERYWHERE, *BODY, *QUERY, *FOLLOWING), "customer_search"),
    )


def answered(description: str, schema: Schema, example: Any, media_type: str = JSON) -> dict[str, Any]:  # noqa: ANN401
    """A response with content."""
    return {"description": description, "content": {media_type: {"schema": schema, "example": example}}}


def header(description: str, schema: Schema = TEXT) -> Schema:
    """A header of a response."""
    return {"description": description, "schema": schema}


def parameter(name: str, description: str, example: str, schema: Schema = TEXT) -> Schema:
    """A header of a request."""
    told = {"name": name, "in": "header", "required": False, "description": description}
    return {**told, "schema": schema, "example": example}


VERSION_TAG: Final = {"type": "string", "pattern": '^"(0|[1-9][0-9]{0,17})"$'}
KEY: Final = {
    **parameter(
        "Idempotency-Key",
        "A structured-field string in double quotes, of at most 255 characters. Its answer is kept for a week.",
        '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
        {"type": "string", "pattern": r'^"[ !#-\[\]-~]{1,255}"$'},
    ),
    "required": True,
}
ACTING: Final = (
    parameter("Daybook-Reason", "Why, as a code; never free text.", "customer-request"),
    parameter("Daybook-Correlation-Id", "What belongs together; a new one if it is left out.", ID, UUID),
    parameter("Daybook-Causation-Id", "The event that caused this.", ID, UUID),
)
PURPOSE: Final = parameter(
    "Daybook-Purpose",
    "Why you look: one that your roles have. Without it personal data is masked.",
    "service",
    {"type": "string", "enum": list(PURPOSES)},
)
WAIT: Final = {
    "name": "wait",
    "in": "query",
    "required": False,
    "description": "`sealed`: the answer comes when its events are sealed, with a `receipt` that proves it.",
    "schema": {"enum": ["sealed"]},
    "example": "sealed",
}
BREAK_GLASS: Final = parameter(
    "Daybook-Break-Glass", "Break-glass access of yours that is in force, to be asked under.", ID, UUID
)
IF_MATCH: Final = parameter("If-Match", "The version that the stream must have.", '"7"', VERSION_TAG)
