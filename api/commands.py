"""The routes of all commands: one request, one command, one answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.admission import viewer_of
from api.bodies import JSON, json_object
from api.edge import Asked, Edge, edge, lower_headers
from api.failures import EXPECTED, problem_of
from api.headers import Headers, acting, etag, expected_version, required_key
from api.language import said
from api.operations import Operation, operations
from api.problems import FieldError, Problem
from api.receipts import receipt_of, wait_of
from domain.kernel import Refusal
from engine.answers import Answer
from store.errors import VersionConflict

Endpoint = Callable[[Request], Awaitable[Response]]


def router() -> APIRouter:
    """A POST route for every command."""
    made = APIRouter()
    for operation in operations().values():
        made.add_api_route(
            operation.path,
            _endpoint(operation),
            methods=["POST"],
            name=operation.type,
            operation_id=operation.type.replace(".", "_").replace("-", "_"),
            tags=[operation.collection],
            response_class=Response,
        )
    return made


def endpoints() -> Mapping[tuple[str, str], tuple[Operation, Endpoint]]:
    """Every command's endpoint by collection and what is done (empty for what creates)."""
    return {
        (one.collection, one.path.removeprefix(f"/{one.collection}").rpartition("/")[2]): (one, _endpoint(one))
        for one in operations().values()
    }


def _endpoint(operation: Operation) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        headers = lower_headers(request)
        try:
            return await _handled(request, edge(request), operation, headers)
        except EXPECTED as error:
            return problem_of(error).response()

    return endpoint


async def _handled(request: Request, at: Edge, operation: Operation, headers: Headers) -> Response:
    stream_id = None if operation.creates else path_id(request, operation.stream_field)
    who = acting(viewer_of(request.scope), headers)
    key, wait = required_key(headers), wait_of(request)
    body = await json_object(request.receive, headers, at.daybook.settings.body_bytes_max)
    asked = at.asked(operation, stream_id, body, who, (key,))
    answer = await handle(at, asked, expected_version(headers))
    return answered(at, asked, answer, await receipt_of(at, answer) if wait else None)


async def handle(at: Edge, asked: Asked, expected: int | None = None, *, way: str = "one") -> Answer:
    """The answer of the record.

    Raises:
        Problem: precondition-failed, idempotency-key-in-use, idempotency-key-reused.
        Refusal, PersistenceError, ...: see `engine.handling`.
    """
    context = asked.context
    with at.keys.running(context.command_id, context.request_hmac):
        try:
            answer = await at.daybook.handler.handle(
                [asked.command], context, expected_version=expected, new_stream=asked.operation.creates
            )
        except VersionConflict as conflict:
            if expected is None:
                raise
            detail = (
                said("It is at version {version}.", version=conflict.found)
                if conflict.found >= 0
                else said("There is no such stream.")
            )
            raise Problem("precondition-failed", detail, extra={"version": conflict.found}) from None
        except Refusal:
            at.keys.remember(context.command_id, context.request_hmac)
            at.metrics.command_done(way, "refused")
            raise
    at.keys.remember(context.command_id, context.request_hmac)
    if answer.repeated:
        at.metrics.command_done(way, "repeated")
    else:
        at.metrics.command_done(way, "accepted", events=len(answer.events))
    return answer


def answered(at: Edge, asked: Asked, answer: Answer, receipt: Mapping[str, Any] | None = None) -> Response:
    """An answer over HTTP; that of a repeat has the same status and body as the first one, but for the receipt."""
    operation = asked.operation
    headers = {"ETag": etag(answer.version), "Cache-Control": "no-store"}
    if operation.creates:
        headers["Location"] = f"/{operation.collection}/{answer.stream_id}"
    if answer.repeated:
        headers["Idempotent-Replayed"] = "true"
    body, status = answer_json(at, asked, answer), 201 if operation.creates else 200
    if receipt is not None:
        body["receipt"] = receipt
        status = 202 if receipt["status"] == "pending" else status
    return Response(orjson.dumps(body, default=str), status, headers, JSON)


def answer_json(at: Edge, asked: Asked, answer: Answer) -> dict[str, Any]:
    """What an accepted command is answered."""
    body: dict[str, Any] = {
        "stream_id": answer.stream_id,
        "version": answer.version,
        "events": [{"event_id": e.event_id, "type": e.type, "version": e.version} for e in answer.events],
        "token": at.daybook.handler.token(answer),
    }
    if (own_id := asked.operation.own_id) is not None:
        body[own_id] = getattr(asked.command, own_id)
    return body


def path_id(request: Request, name: str) -> str:
    """The id in the path, as UUID text.

    Raises:
        Problem: not-found, for what is no UUID.
    """
    text: str = request.path_params[name]
    return checked_id(text, name)


def checked_id(text: str, name: str) -> str:
    """UUID text in its usual form."""
    try:
        return str(UUID(text))
    except ValueError:
        error = FieldError("path", name, "is not a UUID")
        raise Problem("not-found", errors=(error,)) from None
