"""What a request says in its headers: who acts, why, under which key, on which version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from api.language import said
from api.problems import FieldError, Problem
from domain.codes import Code
from engine.access import Viewer
from store.identity import new_id

KEY_CHARACTERS_MAX: Final = 255

_STRING: Final = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_ESCAPED: Final = re.compile(r'\\(["\\])')
_ETAG: Final = re.compile(r'"(0|[1-9][0-9]{0,17})"')
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_REASON: Final = TypeAdapter[str](Annotated[Code, "reason"])

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts, as the token says it, and why, as the headers say it."""

    viewer: Viewer
    reason: str | None
    correlation_id: UUID
    causation_id: UUID | None

    @property
    def actor(self) -> str:
        """The pseudonym that goes into the record."""
        return self.viewer.actor


def acting(viewer: Viewer, headers: Headers) -> Acting:
    """Read the `Daybook-` headers of a request that changes something."""
    reason = headers.get("daybook-reason")
    if reason is not None:
        _check(_REASON, reason, "Daybook-Reason", said("a code such as customer-request, never free text"))
    correlation_id = uuid_header(headers, "Daybook-Correlation-Id")
    causation_id = uuid_header(headers, "Daybook-Causation-Id")
    return Acting(viewer, reason, new_id() if correlation_id is None else correlation_id, causation_id)


def idempotency_key(headers: Headers) -> str | None:
    """The text of the Idempotency-Key: a structured-field string (RFC 9651) in double quotes."""
    raw = headers.get("idempotency-key")
    if raw is None:
        return None
    match = _STRING.fullmatch(raw.strip(" "))
    if match is None:
        hint = said('put it in double quotes: Idempotency-Key: "8e03978e-40d5-43e8-bc93-6894a57f9324"')
        raise Problem(
            "idempotency-key-invalid", errors=(FieldError("header", "Idempotency-Key", "is no string", hint),)
        )
    key = match[1] if "\\" not in match[1] else _ESCAPED.sub(r"\1", match[1])
    if not 0 < len(key) <= KEY_CHARACTERS_MAX:
        reason = said("must have 1 to {characters_max} characters", characters_max=KEY_CHARACTERS_MAX)
        raise Problem("idempotency-key-invalid", errors=(FieldError("header", "Idempotency-Key", reason),))
    return key


def required_key(headers: Headers) -> str:
    """The Idempotency-Key of a command, which needs one."""
    key = idempotency_key(headers)
    if key is None:
        hint = said('make a new one for each command, such as Idempotency-Key: "8e03978e-40d5-43e8-bc93-6894a57f9324"')
        raise Problem("idempotency-key-missing", errors=(FieldError("header", "Idempotency-Key", "is required", hint),))
    return key


def expected_version(headers: Headers) -> int | None:
    """The version that If-Match names; None for no condition and for `*`, which commands imply."""
    raw = headers.get("if-match")
    if raw is None or raw.strip() == "*":
        return None
    match = _ETAG.fullmatch(raw.strip())
    if match is None:
        hint = said('send the ETag of the stream as it was answered, such as If-Match: "7"')
        raise Problem("header-invalid", errors=(FieldError("header", "If-Match", "names no version", hint),))
    return int(match[1])


def etag(version: int) -> str:
    """The ETag of a stream at a version."""
    return f'"{version}"'


def uuid_header(headers: Headers, name: str) -> UUID | None:
    """A header that holds a UUID, if it is there."""
    return checked_uuid(headers.get(name.lower()), "header", name)


def checked_uuid(given: object, place: str, field: str) -> UUID | None:
    """A UUID as text, if it is given."""
    if given is None:
        return None
    if not isinstance(given, str) or _UUID.fullmatch(given) is None:
        code = "header-invalid" if place == "header" else "validation-failed"
        raise Problem(code, errors=(FieldError(place, field, "is not a UUID"),))
    return UUID(given)


def _check(adapter: TypeAdapter[str], value: str, name: str, hint: str) -> None:
    try:
        adapter.validate_python(value)
    except ValidationError:
        errors = (FieldError("header", name, "is not as it must be", hint),)
        raise Problem("header-invalid", errors=errors) from None
