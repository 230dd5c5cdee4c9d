"""Reading bodies: the media type, never more bytes than allowed, JSON."""

from collections.abc import AsyncIterator, Collection
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from api.headers import Headers
from api.language import said
from api.problems import FieldError, Problem

JSON: Final = "application/json"


def media_type(headers: Headers) -> str:
    """The media type of the body, in lower case and without parameters; empty if none is named."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def check_media_type(headers: Headers, taken: Collection[str]) -> str:
    """The media type of the body if it is one of those taken.

    Raises:
        Problem: media-type-unsupported; also for a charset other than UTF-8 and for a content coding.
    """
    found = media_type(headers)
    charset = headers.get("content-type", "").lower().partition("charset=")[2].strip(' "')
    if found not in taken or charset not in {"", "utf-8", "utf8"} or "content-encoding" in headers:
        wanted = " or ".join(sorted(taken))
        hint = said("send {media_types} in UTF-8, without content coding", media_types=wanted)
        error = FieldError("header", "Content-Type", "is not taken here", hint)
        raise Problem("media-type-unsupported", errors=(error,), headers={"Accept-Post": ", ".join(sorted(taken))})
    return found


def check_length(headers: Headers, bytes_max: int) -> None:
    """Refuse a body that is announced as too large, before any of it is read."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > bytes_max:
        raise too_large(bytes_max)


async def pieces(receive: Receive, headers: Headers, bytes_max: int) -> AsyncIterator[bytes]:
    """The body as it comes, refused as soon as it is known to be too large.

    Raises:
        Problem: body-too-large.
        ClientDisconnect: the caller has gone.
    """
    check_length(headers, bytes_max)
    left = bytes_max
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece: bytes = message.get("body", b"")
        left -= len(piece)
        if left < 0:
            raise too_large(bytes_max)
        yield piece
        if not message.get("more_body", False):
            return


async def whole(receive: Receive, headers: Headers, bytes_max: int) -> bytes:
    """All of the body. Raises as `pieces`."""
    return b"".join([piece async for piece in pieces(receive, headers, bytes_max)])


async def json_object(receive: Receive, headers: Headers, bytes_max: int) -> dict[str, Any]:
    """The JSON object of a body; no body at all is an empty object.

    Raises:
        Problem: body-too-large, media-type-unsupported, json-invalid or validation-failed.
    """
    content = await whole(receive, headers, bytes_max)
    if not content and not media_type(headers):
        return {}
    check_media_type(headers, (JSON,))
    return as_object(parsed(content))


def parsed(content: bytes | memoryview) -> Any:  # noqa: ANN401  # any JSON value
    """The JSON value; a fault is told by line and column, without the text around it."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        place = said("At line {line}, column {column}.", line=error.lineno, column=error.colno)
        detail = place if len(content) else said("It is empty.")
        raise Problem("json-invalid", detail) from None


def as_object(value: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON value
    """The value if it is an object."""
    if not isinstance(value, dict):
        raise Problem("validation-failed", errors=(FieldError("body", "", "must be an object", "write it in braces"),))
    return value  # pyright: ignore[reportUnknownVariableType]  # keys of JSON are strings


def too_large(bytes_max: int) -> Problem:
    """The problem of a body that is larger than this."""
    return Problem("body-too-large", said("At most {bytes_max} bytes.", bytes_max=bytes_max))
