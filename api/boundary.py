"""The outermost layer of every request: who may connect, the short way for commands, and what is measured."""

import logging
from functools import lru_cache
from time import perf_counter
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from api.admission import COMMAND, admit, note_denied
from api.commands import Endpoint, endpoints
from api.edge import Edge
from api.failures import EXPECTED, problem_of
from api.language import asked_by
from api.metrics import Metrics
from api.problems import Problem
from engine.issuer import is_loopback

_log = logging.getLogger(__name__)

NOTICE: Final = (
    "The development issuer is on: whoever is on this host gets a token of any role, so this host only is answered"
)
_HOST_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
DENIED: Final = 403
_SOME: Final = 1024  # so many different addresses and names are remembered


class Boundary(FastAPI):
    """Lets in who has a token, and measures each request.

    While the development issuer is on it also asks that who connects is on this host and calls it by its own name.

    Commands go straight to their endpoint: matching some seventy routes one after the other, with
    the framework's layers around them, costs as much as deciding and appending.
    """

    def __init__(self, metrics: Metrics, **settings: Any) -> None:  # noqa: ANN401  # FastAPI's own
        super().__init__(**settings)
        self._metrics = metrics
        self._endpoints = endpoints()
        self.why_not_started: str | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, self._in_one_line(send))
            return
        asked_by(scope)
        at: Edge = self.state.edge
        refusal = await self._refusal(scope, at)
        if refusal is not None:
            await _record_denied(scope, at, refusal.kind.status)
            await refusal.response()(scope, receive, send)
            return
        started = perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._answer(scope, receive, watched)
        except ClientDisconnect:
            status = status or 499
        except Exception:  # noqa: BLE001  # nobody further out would answer
            _log.exception("a request failed")
            if not status:
                await Problem("internal").response()(scope, receive, watched)
        finally:
            self._metrics.request_done(scope, status, perf_counter() - started)
            await _record_denied(scope, at, status)

    def _in_one_line(self, send: Send) -> Send:
        """Tell what can be mended without the trace of how it came about."""

        async def told(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and self.why_not_started is not None:
                message["message"] = f"Daybook cannot start: {self.why_not_started}"
            await send(message)

        return told

    async def _refusal(self, scope: Scope, at: Edge) -> Problem | None:
        if at.development is not None and (stranger := _stranger(scope)) is not None:
            return stranger
        try:
            await admit(scope, at)
        except EXPECTED as error:
            return problem_of(error)
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST" and (found := self._command(scope)) is not None:
            response = await found(Request(scope, receive))
            await response(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    def _command(self, scope: Scope) -> Endpoint | None:
        """The endpoint of a command; the path of one has one part or two, or three with an id in the middle."""
        parts = scope["path"].split("/")
        match parts:
            case ["", collection]:
                found = self._endpoints.get((collection, ""))
            case ["", collection, what]:
                found = self._endpoints.get((collection, what))
                if found is not None and not found[0].creates:
                    return None
            case ["", collection, _, what]:
                found = self._endpoints.get((collection, what))
            case _:
                return None
        if found is None:
            return None
        operation, endpoint = found
        scope["app"] = self
        scope["path_params"] = {} if operation.creates else {operation.stream_field: parts[2]}
        scope["daybook.route"] = operation.path
        scope[COMMAND] = operation.type
        return endpoint


async def _record_denied(scope: Scope, at: Edge, status: int) -> None:
    """What a known person may not do is recorded, here and in the lines of a bulk request."""
    if status == DENIED:
        note_denied(scope, at)
    await at.denials.flush(at.daybook.access.table)


def _stranger(scope: Scope) -> Problem | None:
    client = scope.get("client")
    if client is not None and not _is_loopback(client[0]):
        return Problem("loopback-only")
    # A page of another site may let its own name lead here (DNS rebinding); its requests still carry that name.
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return None if _is_own_name(host) else Problem("host-unknown")


@lru_cache(_SOME)
def _is_own_name(host: bytes) -> bool:
    text = host.decode("latin-1").lower()
    name, colon, port = text.rpartition(":")
    return (name if colon and port.isdigit() else text) in _HOST_NAMES


_is_loopback: Final = lru_cache(_SOME)(is_loopback)
