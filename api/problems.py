"""What can go wrong, as RFC 9457 problems: one table of the codes, with their HTTP statuses.

A problem's type is `urn:daybook:problem:<code>` and never changes its meaning. No problem ever
repeats a value of the request: it might be personal data, and problems end up in logs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from starlette.responses import Response

from api.language import said, spoken_headers
from api.refusals import REFUSALS

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:daybook:problem:"


class Kind(NamedTuple):
    """A kind of problem: its HTTP status, its title, and when to try again where it may pass by itself."""

    status: int
    title: str
    retry_s: int | None = None


# What the edge itself refuses.
PROBLEMS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "body-too-large": Kind(413, "The body is larger than this server takes"),
        "break-glass-not-open": Kind(403, "There is no such break-glass access of yours, or it is over"),
        "clock-behind": Kind(503, "The database host's clock is behind; nothing was appended", 2),
        "command-type-unknown": Kind(422, "There is no command of this type"),
        "cursor-invalid": Kind(400, "The cursor or token was not made by this record"),
        "cursor-stale": Kind(410, "The record was restored since the cursor was made; go on from `resume`"),
        "feed-full": Kind(503, "Too many readers follow the feed; try again later", 10),
        "header-invalid": Kind(400, "A header is not as it must be"),
        "host-unknown": Kind(421, "This server answers only as localhost"),
        "idempotency-key-in-use": Kind(409, "The first request with this key is still running; repeat it shortly", 1),
        "idempotency-key-invalid": Kind(400, "The Idempotency-Key is not a structured-field string"),
        "idempotency-key-missing": Kind(400, "Commands need an Idempotency-Key"),
        "idempotency-key-reused": Kind(422, "This key was used for another request; make a new one"),
        "internal": Kind(500, "The server failed; what became of the request is not known"),
        "json-invalid": Kind(400, "The body is not JSON"),
        "lane-full": Kind(503, "Too much is waiting to be written; try again later", 1),
        "line-too-long": Kind(413, "A line is longer than a command may be"),
        "look-not-recorded": Kind(503, "The look could not be recorded, so nothing personal was opened", 2),
        "loopback-only": Kind(403, "With the development issuer this server answers its own host only"),
        "media-type-unsupported": Kind(415, "The body's media type is not taken here"),
        "method-not-allowed": Kind(405, "The path does not know this method"),
        "not-allowed": Kind(403, "Your roles may not do this"),
        "not-found": Kind(404, "There is nothing here"),
        "not-yet-visible": Kind(503, "The read model has not seen the token yet; ask again", 1),
        "outcome-unknown": Kind(503, "The outcome is not known; repeat the request with the same key", 1),
        "parked": Kind(503, "An event of this customer or stream could not be folded; an operator must look"),
        "personal-data-erased": Kind(410, "It was erased"),
        "personal-data-masked": Kind(403, "It is not shown to your roles for this purpose"),
        "personal-data-unreadable": Kind(500, "Personal data is there but cannot be opened; an operator must look"),
        "personal-data-withheld": Kind(403, "It is being erased, or its processing is restricted"),
        "precondition-failed": Kind(412, "The stream is not at the version that If-Match names"),
        "purpose-not-allowed": Kind(403, "Your roles may not look for this purpose"),
        "query-invalid": Kind(400, "A query parameter is not as it must be"),
        "read-model-unready": Kind(503, "The read model was filled by another program; it must be rebuilt"),
        "record-unreachable": Kind(503, "The record cannot be reached; nothing was changed", 2),
        "request-too-large": Kind(413, "One command leads to more than can be appended at once"),
        "schema-newer": Kind(503, "The record holds events of a newer program; update this one"),
        "stream.disposed": Kind(410, "Its data was disposed of at the end of retention; nothing can be recorded of it"),
        "stream.of-another-kind": Kind(404, "The id names something of another kind"),
        "subject-erased": Kind(409, "Personal data of this subject was erased; nothing more can be recorded of it"),
        "token-invalid": Kind(401, "The token is not one that this server believes"),
        "token-missing": Kind(401, "A bearer token must say who asks"),
        "too-many-requests": Kind(429, "Too many requests of one actor; slow down"),
        "validation-failed": Kind(422, "A field is not as it must be"),
        "value-refused": Kind(422, "The record does not take a value of this request"),
        "version-conflict": Kind(409, "The stream was changed by others meanwhile; read it and decide anew"),
    }
)

REFUSED: Final = "The command was refused"
"""The title of every refusal of the domain."""


class FieldError(NamedTuple):
    """One fault: where it stands, why, and what to do.

    `field` is a JSON pointer where `place` is the body, else the name of a header, query parameter or path part.
    Reason and hint are English texts that `api.language` knows, or said already where they name something.
    """

    place: str
    field: str
    reason: str
    hint: str | None = None

    def as_json(self) -> dict[str, str]:
        """As it stands in a problem's `errors`."""
        told = {"in": self.place, "field": self.field, "reason": said(self.reason)}
        return told if self.hint is None else {**told, "hint": said(self.hint)}


@dataclass(eq=False)
class Problem(Exception):  # RFC 9457's name for it
    """An answer that is not what was asked for."""

    code: str
    detail: str | None = None
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        """So that a traceback names the code."""
        super().__init__(self.code, self.detail)

    @property
    def kind(self) -> Kind:
        """Status and title."""
        known = PROBLEMS.get(self.code)
        return known or Kind(REFUSALS.get(self.code, 409), REFUSED)

    def as_json(self) -> dict[str, Any]:
        """The members of the problem, by RFC 9457; `code` is the last part of `type`."""
        status, title, _ = self.kind
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code, "title": said(title), "status": status, "code": self.code,
        }  # fmt: skip
        if self.detail is not None:
            body["detail"] = said(self.detail)
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body | dict(self.extra)

    def response(self) -> Response:
        """The problem over HTTP."""
        headers = {"Cache-Control": "no-store", **spoken_headers()}
        if self.kind.retry_s is not None:
            headers["Retry-After"] = str(self.kind.retry_s)
        return Response(orjson.dumps(self.as_json()), self.kind.status, {**headers, **self.headers}, MEDIA_TYPE)
