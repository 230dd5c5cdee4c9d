"""The OpenAPI 3.1 document: what FastAPI knows of the routes, and what commands and answers say of themselves."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.admission import PUBLIC
from api.answers import answers
from api.attachments import ATTACHED_TO
from api.boundary import NOTICE
from api.events import WITHOUT_READ_MODEL
from api.examples import answers as example_answers
from api.openapi_commands import (
    BREAK_GLASS,
    ID,
    PURPOSE,
    answered,
    complete_bulk,
    complete_command,
    complete_events,
    complete_search,
    complete_token,
    header,
    parameter,
)
from api.openapi_problems import (
    CURSOR_EXAMPLE,
    EVERYWHERE,
    FILE,
    FOLLOWING,
    OPEN,
    QUERY,
    RETRY_AFTER,
    SPOKEN,
    ProblemResponses,
)
from api.operations import Operation, operations
from api.schemas import CURSOR, SHARED, TEXT, UUID, bodies
from domain.attaching import MediaType
from projections.kpis import KPIS

DESCRIPTION: Final = f"""\
{NOTICE}.

Every request needs a bearer token, which says who asks and in which roles; `Daybook-Purpose` says why. Personal data
that the access table does not show to the roles for the purpose is masked, and every look at personal data is recorded.

A command is a POST; its name is the last part of the path. It needs an `Idempotency-Key`: sent again, the same request
gets the same answer and is not done twice. A command's answer has a `token`; a query that is given it waits until it
shows what the command did. A query's answer says in `Daybook-As-Of` how far its read model has read at least; one
without that header was read from the record itself. What is refused is told as a problem (RFC 9457) with a stable
`code`; what people read in it is English, or Chinese where `Accept-Language` prefers it, and `/labels` tells in both
what the codes are called. Times are RFC 3339 with an offset; fields with `x-personal` are personal data.
"""
TOKEN: Final = parameter("Daybook-Token", "As `token`, which it overrides.", CURSOR_EXAMPLE, CURSOR)
_TEXTS: Final[Mapping[str, str]] = {
    "metrics": "text/plain", "openapi": "application/json", "docs": "text/html", "problems": "application/json",
    "privacy_export": "application/zip",
}  # fmt: skip
_POLICY: Final = {"Content-Security-Policy": header("No script runs, and nothing is fetched from elsewhere.")}
_NEVER_RUN: Final = {**_POLICY, "X-Content-Type-Options": header("`nosniff`.")}
_TEXT_HEADERS: Final[Mapping[str, dict[str, Any]]] = {
    "docs": _POLICY,
    "problems": SPOKEN,
    "privacy_export": {
        "Content-Disposition": header("`attachment`, with a name for the file."),
        "Daybook-Export-Sha256": header("Of the file."),
        "Daybook-Export-Complete": header("`false` if something is missing, which the file tells."),
    },
}
_FILES: Final = frozenset(f"{one.name}_attachment" for one in ATTACHED_TO)
"""What is answered with the bytes of a file."""
_SAID: Final = frozenset({"kpi", "kpis", "return", "returns"})
"""Answers with texts in the language of whoever asks."""
_OF_THE_RECORD: Final = frozenset(
    {
        "access_table", "customer_timeline", "audit_detail", "audit_logs", "audit_looks", "receipt",
        "certificates", "campaign_progress", "touch_lawfulness", "customer_consents", "complaint_clocks",
        "complaint_history", "complaint_letters", "complaint_what_if", "kpis",
        "returns", "unusual_access", "disposal_candidates", "watch_rules_in_force",
        *_FILES,
        *(name.replace("-", "_") for name in WITHOUT_READ_MODEL),
    }
)  # fmt: skip


_AN_ID: Final[Mapping[str, Any]] = {"schema": UUID, "example": ID}
_NAMES: Final[Mapping[str, Mapping[str, Any]]] = {
    "kpi": {"schema": {"enum": [one.name for one in KPIS]}, "example": KPIS[0].name},
    "return": {"schema": TEXT, "example": "fca-disp"},
    "segment": {"schema": TEXT, "example": "retail"},
}
"""Parts of paths that are no ids."""


def document(app: FastAPI) -> dict[str, Any]:
    """The document, made once for each application."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, summary=app.summary, description=DESCRIPTION, routes=app.routes
        )
        problems = ProblemResponses()
        for path, methods in made["paths"].items():
            for operation in methods.values():
                _complete(path, operation, problems)
        schemes = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        made["components"] = {
            "schemas": {**SHARED, **bodies()},
            "responses": problems.components,
            "securitySchemes": schemes,
        }
        made["security"] = [{"bearer": []}]
        app.openapi_schema = made
    return app.openapi_schema


def _complete(path: str, operation: dict[str, Any], problems: ProblemResponses) -> None:
    """Add to an operation what FastAPI cannot know."""
    if path in PUBLIC:
        operation["security"] = []
    name: str = operation["operationId"]
    command = _COMMANDS.get(name)
    if command is not None:
        complete_command(command, operation, problems)
    elif name == "bulk":
        complete_bulk(operation, problems)
    elif name == "events":
        complete_events(operation, problems)
    elif name == "dev_token":
        complete_token(operation, problems)
    elif name == "customer_search":
        complete_search(operation, problems)
    else:
        _complete_query(path, name, operation, problems)


def operation_id(command: Operation) -> str:
    """The name of a command in clients made from the document."""
    return command.type.replace(".", "_").replace("-", "_")


_COMMANDS: Final = {operation_id(one): one for one in operations().values()}


def _complete_query(path: str, name: str, operation: dict[str, Any], problems: ProblemResponses) -> None:
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    named = [{"name": one, "in": "path", "required": True, **_NAMES.get(one, _AN_ID)} for one in _names(path)]
    parameters[:] = [*named, *(one for one in parameters if one["in"] != "path")]
    if path not in PUBLIC:
        parameters += [PURPOSE, BREAK_GLASS]
    if name == "customer_profile":  # its route reads the address by itself, which takes less time
        parameters.append({**TOKEN, "name": "token", "in": "query", "description": "Wait until this was seen."})
    operation["summary"] = operation.get("description", name).partition(".")[0]
    operation["responses"] = _answers(name, parameters) | problems.of(_codes(path, name), name)


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def _answers(name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    if name in _TEXTS:
        made = answered("Answered.", {}, "...", _TEXTS[name])
        return {"200": {**made, "headers": _TEXT_HEADERS[name]} if name in _TEXT_HEADERS else made}
    if name in _FILES:
        return _file(parameters)
    made = answered("Answered.", answers()[name], example_answers()["events" if name.endswith("_events") else name])
    if name == "ready":
        waiting = answered('Not ready; the same with `status` "not ready".', answers()[name], {"status": "not ready"})
        return {"200": made, "503": {**waiting, "headers": {"Retry-After": RETRY_AFTER}}}
    if name == "feed":
        made["content"]["text/event-stream"] = {"schema": TEXT, "example": f"data: {{...}}\nid: {CURSOR_EXAMPLE}\n\n"}
        parameters.append(parameter("Last-Event-ID", "As `cursor`, which it overrides.", CURSOR_EXAMPLE, CURSOR))
    elif name == "labels":
        made["headers"] = SPOKEN
    elif name not in PUBLIC.values():
        parameters.append(TOKEN)
        made |= _answer_headers(name)
    return {"200": made}


def _answer_headers(name: str) -> dict[str, Any]:
    told: set[str] = set(answers()[name].get("properties", ()))
    headers = {
        "Daybook-As-Of": _is_read_model(name) and header("How far the read model has read at least.", CURSOR),
        "ETag": "version" in told and header("The stream's version."),
        "Link": "next" in told and header("The next page, if there is one: `rel=next`."),
        "Retry-After": name == "receipt" and RETRY_AFTER,
    }
    found = {one: about for one, about in headers.items() if about} | (SPOKEN if name in _SAID else {})
    return {"headers": found} if found else {}


def _file(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    parameters.append(TOKEN)
    headers = {
        "Content-Disposition": header("`attachment`, with the file's name where it has one that is shown."),
        **_NEVER_RUN,
    }
    content: dict[str, Any] = {one: {"schema": {}, "example": "..."} for one in get_args(MediaType)}
    return {"200": {"description": "The file.", "headers": headers, "content": content}}


def _is_read_model(name: str) -> bool:
    return name not in _OF_THE_RECORD and not name.endswith("_events")


def _codes(path: str, name: str) -> list[str]:
    if path in PUBLIC:
        return [*OPEN, "not-found"] if name == "dev_users" else list(OPEN)
    if name in _TEXTS and "{" not in path:
        return list(EVERYWHERE)
    codes = [*EVERYWHERE, *QUERY, *(["not-found"] if "{" in path else [])]
    if name in _FILES:
        return [*codes, *FILE]
    if name == "feed":
        return [*codes, "feed-full"]
    return [*codes, *FOLLOWING] if _is_read_model(name) else codes
