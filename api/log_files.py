"""The transparency logs as files: `/log/<origin>/checkpoint` and `/log/<origin>/tile/...` (C2SP tlog-tiles).

No part of the OpenAPI document: the format is the log's, paths have slashes, and whoever reads it asks for no token.
"""

from typing import TYPE_CHECKING, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.problems import Problem
from audit.logs import Log, read_logs
from audit.serving import CHECKPOINT, LogFile, read_file

if TYPE_CHECKING:
    from api.edge import Edge

_HEADERS: Final = {"X-Content-Type-Options": "nosniff"}


class LogFiles:
    """An ASGI application, mounted below `/log`."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        path = request.url.path.partition("/log/")[2]
        if request.method not in {"GET", "HEAD"}:
            response = Problem("method-not-allowed", headers={"Allow": "GET, HEAD"}).response()
        else:
            at = cast("Edge", request.app.state.edge)
            found = await _found(at, path)
            response = Problem("not-found", "No log has such a file.").response() if found is None else _answer(found)
        await response(scope, receive, send)


async def _found(at: "Edge", path: str) -> LogFile | None:
    database = at.daybook.record.pool
    log = _named(await read_logs(database), path)
    return None if log is None else await read_file(database, log, path.removeprefix(f"{log.origin}/"))


def _named(logs: list[Log], path: str) -> Log | None:
    return next((log for log in logs if path.startswith(f"{log.origin}/")), None)


def _answer(file: LogFile) -> Response:
    if file.path == CHECKPOINT:
        return Response(file.content, 200, {**_HEADERS, "Cache-Control": "max-age=1"}, "text/plain; charset=utf-8")
    forever = {**_HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return Response(file.content, 200, forever, "application/octet-stream")
