"""The witness over HTTP: an ASGI application with one route, `POST <prefix>/add-checkpoint`."""

import asyncio
import logging
from typing import Any, Final

from audit.errors import SealingStopped
from audit.witness import SUBMISSION_BYTES_MAX, Answer, Witness

ROUTE: Final = "/add-checkpoint"
READ_S_MAX: Final = 10.0
_HEADERS: Final = {
    405: [(b"allow", b"POST")],
    408: [(b"connection", b"close")],  # what still comes of a body is not waited for
    413: [(b"connection", b"close")],
    503: [(b"retry-after", b"10")],
}
_log = logging.getLogger(__name__)


class _TooLarge(Exception):
    """The body is longer than any request may be."""


class _Gone(Exception):
    """Whoever asked has hung up."""


class WitnessApp:
    """Answers requests to cosign. Bodies are small and come soon, or are refused."""

    def __init__(self, witness: Witness, prefix: str = "", *, read_s_max: float = READ_S_MAX) -> None:
        self._witness = witness
        self._path = prefix.rstrip("/") + ROUTE
        self._read_s_max = read_s_max

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        """Answer one request."""
        if scope["type"] != "http":
            raise RuntimeError(f"a witness speaks HTTP, not {scope['type']}")
        try:
            answer = await self._answer(scope, receive)
        except _Gone:
            return
        headers = [(b"content-type", answer.media_type.encode()), (b"x-content-type-options", b"nosniff")]
        headers += _HEADERS.get(answer.status, [])
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.text.encode()})

    async def _answer(self, scope: Any, receive: Any) -> Answer:  # noqa: ANN401
        if scope["path"] != self._path:
            return Answer(404, f"a witness answers at {self._path}\n")
        if scope["method"] != "POST":
            return Answer(405, f"a checkpoint comes by POST, not {scope['method']}\n")
        try:
            async with asyncio.timeout(self._read_s_max):
                body = await _body(receive)
        except _TooLarge:
            return Answer(413, f"a request has at most {SUBMISSION_BYTES_MAX:,} bytes\n")
        except TimeoutError:
            return Answer(408, f"the request did not come within {self._read_s_max:g} s\n")
        try:
            return await asyncio.to_thread(self._witness.add_checkpoint, body)
        except (SealingStopped, OSError) as error:
            _log.error("nothing was cosigned: %s", error)  # it says all there is to say
            return Answer(503, "the witness cannot read or write its state; nothing was cosigned\n")


async def _body(receive: Any) -> bytes:  # noqa: ANN401
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        content += message.get("body", b"")
        if len(content) > SUBMISSION_BYTES_MAX:
            raise _TooLarge
        if not message.get("more_body", False):
            return bytes(content)
