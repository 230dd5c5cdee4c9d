"""Attaching a file to an interaction or a complaint: a document, a picture, a recording.

The file is personal data like any other, in a field of the event: sealed, held, retained, erased and proved by the same
means. In clear is only what kind of document it is and how it is coded. Neither its length nor a hash of it is: both
would tell a known file for ever. Every kind of stream that takes attachments has its own event and command.
"""

from collections.abc import Collection
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import StringConstraints

from domain.codes import Code
from domain.kernel import Facts, refusal

CONTENT_BYTES_MAX: Final = 3 << 19
"""Bytes of a file, 1.5 MiB: as base64 they are 2 MiB, well within a command's body and a batch of the record."""

Content = Annotated[
    str,
    StringConstraints(
        min_length=4,
        max_length=CONTENT_BYTES_MAX // 3 * 4,
        pattern=r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$",
    ),
]
"""A file in base64 (RFC 4648, padded, in one way only), not empty."""

FileName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=255, pattern=r"^[^\p{Cc}/\\\u202a-\u202e\u2066-\u2069]*$"),
]
"""What the file was called: no path, and nothing that turns the direction of reading around."""

MediaType = Literal[
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/octet-stream",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "image/heic",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
    "message/rfc822",
    "text/csv",
    "text/plain",
    "video/mp4",
    "video/webm",
]
"""What a file may be. Nothing that a browser would run: neither HTML nor SVG."""


class Attachment(Facts):
    """A file in clear words; `kind` is the bank's code for such documents, such as `identity-document`."""

    attachment_id: UUID
    kind: Code
    media_type: MediaType


def refusals(kind: str) -> dict[str, str]:
    """The refusals of a kind of stream that takes attachments."""
    return {f"{kind}.attachment-id-reused": "This attachment id names a file that is attached already."}


def require_new(facts: Attachment, known: Collection[UUID], kind: str) -> None:
    """Refuse an id that is taken: its file might be another one, and no decision may look."""
    if facts.attachment_id in known:
        raise refusal(refusals(kind), f"{kind}.attachment-id-reused", "attachment_id")
