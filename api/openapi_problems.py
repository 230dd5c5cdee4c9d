"""Problem responses in the OpenAPI document: by status, with an example for each code."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from api.problems import MEDIA_TYPE, PROBLEMS, REFUSALS, FieldError, Problem
from api.schemas import TEXT, ref
from domain import AGGREGATES

OPEN: Final = ("loopback-only", "host-unknown", "internal", "too-many-requests")
EVERYWHERE: Final = (
    *OPEN, "token-missing", "token-invalid", "not-allowed", "purpose-not-allowed",
    "header-invalid", "break-glass-not-open",
)  # fmt: skip
BODY: Final = ("json-invalid", "validation-failed", "body-too-large", "media-type-unsupported")
DEVELOPMENT: Final = ("not-found", *BODY)
STORE: Final = ("record-unreachable", "schema-newer")
COMMAND: Final = (
    *STORE, "idempotency-key-missing", "idempotency-key-invalid", "idempotency-key-in-use",
    "idempotency-key-reused", "json-invalid", "validation-failed", "body-too-large", "request-too-large",
    "media-type-unsupported", "version-conflict", "precondition-failed", "lane-full", "clock-behind",
    "outcome-unknown", "subject-erased", "value-refused", "query-invalid",
)  # fmt: skip
TO_A_STREAM: Final = ("not-found", "stream.disposed", "stream.of-another-kind")
INTAKE: Final = ("idempotency-key-invalid", "json-invalid", "body-too-large", "media-type-unsupported")
EVENT: Final = (
    *(code for code in COMMAND if code not in {"idempotency-key-missing", "idempotency-key-invalid", "query-invalid"}),
    "precondition-failed", "command-type-unknown", "stream.disposed", "stream.of-another-kind", *REFUSALS,
)  # fmt: skip
QUERY: Final = (
    "query-invalid",
    "look-not-recorded",
    "personal-data-unreadable",
    "cursor-invalid",
    "cursor-stale",
    *STORE,
)
FILE: Final = ("personal-data-erased", "personal-data-masked", "personal-data-withheld")
FOLLOWING: Final = ("not-yet-visible", "parked", "read-model-unready")

RETRY_AFTER: Final = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}
SPOKEN: Final = {
    "Content-Language": {"description": "The language of what people read.", "schema": {"enum": ["en", "zh-CN"]}},
    "Vary": {"description": "`Accept-Language`.", "schema": TEXT},
}
_HEADERS: Final[Mapping[str, tuple[frozenset[str], dict[str, Any]]]] = {
    "Retry-After": (
        frozenset({"too-many-requests", *(code for code, kind in PROBLEMS.items() if kind.retry_s is not None)}),
        RETRY_AFTER,
    ),
    "WWW-Authenticate": (
        frozenset({"token-missing", "token-invalid", "not-allowed", "purpose-not-allowed", "break-glass-not-open"}),
        {"description": "Which token is wanted, and what is wrong with the one that came (RFC 6750).", "schema": TEXT},
    ),
    "Accept-Post": (
        frozenset({"media-type-unsupported"}),
        {"description": "The media types that are taken.", "schema": TEXT},
    ),
}
"""Headers of problems: whose they are, and what is said of them."""
_MESSAGES: Final = {code: text for aggregate in AGGREGATES for code, text in aggregate.refusals.items()}
_ERRORS: Final = {
    "header-invalid": FieldError("header", "If-Match", "names no version"),
    "idempotency-key-invalid": FieldError("header", "Idempotency-Key", "is no string", "put it in double quotes"),
    "idempotency-key-missing": FieldError("header", "Idempotency-Key", "is required"),
    "query-invalid": FieldError("query", "limit", "must be a whole number"),
    "validation-failed": FieldError("body", "/occurred_at", "lacks its offset from UTC"),
}


class ProblemResponses:
    """The shared responses of a document, as they come to be needed."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}
        self._names: dict[tuple[str, ...], str] = {}

    def of(self, codes: Iterable[str], group: str) -> dict[str, Any]:
        """References by status; `group` names a response that no one needed before."""
        by_status: dict[int, set[str]] = {}
        for code in codes:
            by_status.setdefault(Problem(code).kind.status, set()).add(code)
        return {str(status): self._shared(status, sorted(of), group) for status, of in sorted(by_status.items())}

    def _shared(self, status: int, codes: list[str], group: str) -> dict[str, str]:
        name = self._names.setdefault(tuple(codes), f"{group}-{status}")
        if name not in self.components:
            self.components[name] = _response(codes)
        return {"$ref": f"#/components/responses/{name}"}


def _response(codes: list[str]) -> dict[str, Any]:
    examples = {code: {"value": _example(code)} for code in codes}
    described = "; ".join(f"`{code}`: {_says(code)}" for code in codes)
    made: dict[str, Any] = {
        "description": described + ".",
        "content": {MEDIA_TYPE: {"schema": ref("Problem"), "examples": examples}},
    }
    headers = {name: told for name, (of, told) in _HEADERS.items() if not of.isdisjoint(codes)}
    return {**made, "headers": {**SPOKEN, **headers}}


def _says(code: str) -> str:
    return _MESSAGES.get(code, Problem(code).kind.title).rstrip(".")


def _example(code: str) -> dict[str, Any]:
    error = _ERRORS.get(code)
    extra = {"resume": CURSOR_EXAMPLE} if code == "cursor-stale" else {}
    return Problem(code, _MESSAGES.get(code), () if error is None else (error,), extra=extra).as_json()


CURSOR_EXAMPLE: Final = "WyIwMDAwMDAwMDAwMDA4Mzk0YjRkNTBlNjVjZWY3Yjk1MCIsMCwwLDE4LDBd"
