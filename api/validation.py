"""Faults of a request's content, told field by field and without repeating a value."""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from api.language import said
from api.problems import FieldError, Problem

ERRORS_MAX: Final = 20
"""So many faults are told; a request with more is told of these first."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
TIME_HINT: Final = "write it like 2025-03-31T14:05:00+08:00 (RFC 3339)"

# pydantic's type of fault: (reason, hint). Its own message is taken where it repeats nothing of the input.
_TOLD: Final[Mapping[str, tuple[str | None, str | None]]] = MappingProxyType(
    {
        "address_place": ("names no place", "write it from the province to the house number"),
        "address_postal_code": ("has a postal code that is none", "write its six digits, or leave it out"),
        "bool_type": ("must be true or false", "write true or false, without quotes"),
        "dataclass_type": ("must be an object", "write it in braces"),
        "date_from_datetime_inexact": ("must be a day without a time", "write it like 2025-03-31"),
        "date_from_datetime_parsing": ("is not a day", "write it like 2025-03-31"),
        "date_parsing": ("is not a day", "write it like 2025-03-31"),
        "date_type": ("is not a day", "write it like 2025-03-31"),
        "datetime_from_date_parsing": ("is not a time", TIME_HINT),
        "datetime_parsing": ("is not a time", TIME_HINT),
        "datetime_type": ("is not a time", TIME_HINT),
        "datetime_object_invalid": ("is not a time", TIME_HINT),
        "dict_type": ("must be an object", "write it in braces"),
        "document_characters": ("has characters that such a number does not have", "compare it with the document"),
        "document_checksum": ("has a check character that does not fit", "compare it with the document"),
        "document_date": ("has a date of birth that is none", "compare it with the document"),
        "document_length": ("is too short or too long for such a number", "compare it with the document"),
        "document_organisation_checksum": (
            "has an organisation code whose check character does not fit",
            "compare it with the document",
        ),
        "document_region": ("begins with no region", "compare it with the document"),
        "document_registrar": ("begins with no registration authority", "compare it with the document"),
        "extra_forbidden": ("is not a field of this command", None),
        "int_parsing": ("must be a whole number", None),
        "int_type": ("must be a whole number", "write it without quotes and without a decimal point"),
        "missing": ("is required", "give it"),
        "missing_argument": ("is required", "give it"),
        "model_type": ("must be an object", "write it in braces"),
        "string_type": ("must be text", "write it in double quotes"),
        "timezone_aware": ("lacks its offset from UTC", TIME_HINT),
        "tuple_type": ("must be a list", "write it in square brackets"),
        "unexpected_keyword_argument": ("is not a field of this value", "leave it out"),
        "uuid_parsing": ("is not a UUID", "write it like 018f3c5e-7a10-8b42-9c3d-2f6a1b0c4d5e"),
        "uuid_type": ("is not a UUID", "write it like 018f3c5e-7a10-8b42-9c3d-2f6a1b0c4d5e"),
    }
)

# Likewise where the fault has a bound, which stands in pydantic's context of it.
_BOUNDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "greater_than": "must be more than {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than": "must be less than {lt}",
        "less_than_equal": "must be at most {le}",
        "string_too_long": "must have at most {max_length} characters",
        "string_too_short": "must have at least {min_length} characters",
        "too_long": "must have at most {max_length} entries",
        "too_short": "must have at least {min_length} entries",
    }
)
_UNION_PARTS: Final = frozenset({"constrained-str", "constrained-int", "[key]"})


def faults(error: ValidationError, fields: Sequence[str], *, hidden: Iterable[str] = ()) -> list[FieldError]:
    """Each fault of a body with its JSON pointer.

    `fields` are those a caller may give, for a hint at a misspelt one; `hidden` those filled in at
    the edge, whose faults are told elsewhere.
    """
    skipped = set(hidden)
    found = [one for one in error.errors(include_url=False, include_input=False) if not _of(one, skipped)]
    return [_fault(one["type"], one["loc"], one["msg"], one.get("ctx", {}), fields) for one in found[:ERRORS_MAX]]


def parameter_faults(errors: Sequence[Any]) -> list[FieldError]:
    """Faults of query parameters, path parts and headers, as FastAPI finds them."""
    told: list[FieldError] = []
    for one in errors[:ERRORS_MAX]:
        fault = _fault(one["type"], (), one["msg"], one.get("ctx", {}), ())
        reason = said("is no parameter here") if one["type"] == "extra_forbidden" else fault.reason
        told.append(FieldError(str(one["loc"][0]), pointer(one["loc"][1:])[1:], reason, fault.hint))
    return told


def unknown_field(name: str, fields: Sequence[str], hint: str | None = None) -> FieldError:
    """A field that a caller may not give."""
    return FieldError("body", pointer((name,)), "is not a field of this command", hint or nearest(name, fields))


def invalid(errors: Sequence[FieldError]) -> Problem:
    """The problem of a body with these faults."""
    first = errors[0]
    told = f"{first.field or '/'} {said(first.reason)}"
    if len(errors) > 1:
        told = said("{fault}, and {count} more", fault=told, count=len(errors) - 1)
    return Problem("validation-failed", told, errors)


def pointer(path: Sequence[str | int]) -> str:
    """The JSON pointer (RFC 6901) of a place; a key that is no name is not repeated, it may be personal data."""
    parts = [str(part) for part in path if part not in _UNION_PARTS]
    told = (part if part.isdigit() or _NAME.fullmatch(part) else "…" for part in parts)
    return "".join("/" + part for part in told)


def _of(error: Any, skipped: set[str]) -> bool:  # noqa: ANN401  # pydantic's ErrorDetails
    return bool(error["loc"]) and error["loc"][0] in skipped


def _fault(
    kind: str, path: tuple[int | str, ...], message: str, context: Mapping[str, Any], fields: Sequence[str]
) -> FieldError:
    # What a class of the domain finds wrong itself it names as pydantic names faults.
    reason, hint = _TOLD.get(str(context["error"]) if kind == "value_error" else kind, (None, None))
    if kind == "extra_forbidden" and len(path) == 1:
        hint = nearest(str(path[0]), fields)
    elif kind in {"literal_error", "enum"}:
        reason, hint = said("is none of the allowed values"), said("use {values}", values=context["expected"])
    elif kind == "string_pattern_mismatch":
        reason = said("has characters or a shape that are not allowed here")
        hint = said("match {pattern}", pattern=context["pattern"])
    elif kind in _BOUNDED:
        reason = said(_BOUNDED[kind], **context)
    told = said(reason) if reason else message[:1].lower() + message[1:]
    if path and path[-1] == "[key]":
        told = said("the name of this entry {fault}", fault=told)
    return FieldError("body", pointer(path), told, hint)


def nearest(name: str, fields: Sequence[str]) -> str:
    """A hint at the name that was probably meant."""
    near = get_close_matches(name, fields, n=1)
    return said("did you mean {name}?", name=near[0]) if near else said("leave it out")
