"""Who asks, why, and whether they may: before anything else of a request is read."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast
from uuid import UUID

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import Scope

from api.edge import MAY_NOT, Edge, edge, lower_headers
from api.headers import checked_uuid, uuid_header
from api.language import said
from api.problems import FieldError, Problem
from domain import CONFIDABLE
from domain.access_rules import PURPOSES
from domain.break_glass import OpenBreakGlass
from domain.matters import Sight
from engine.access import Grant, Viewer
from engine.access_tokens import TokenRefused
from engine.break_glass import grant_in_force
from engine.looking import Looker
from projections.seeing import hidden_events, hidden_streams
from store.identity import new_id

PUBLIC: Final = {
    "/health": "health",
    "/labels": "labels",
    "/ready": "ready",
    "/docs": "docs",
    "/openapi.json": "openapi",
    "/problems": "problems",
    "/dev/token": "dev_token",
    "/dev/users": "dev_users",
}
"""What needs no token, and its operation: nothing there tells anything of the record's content."""

LOG_FILES: Final = "/log/"
"""Checkpoints and tiles are for everybody: there are only hashes in them."""

PURPOSE: Final = "Daybook-Purpose"
BREAK_GLASS: Final = "Daybook-Break-Glass"
COMMAND: Final = "daybook.command"
"""Where a request keeps the type of the command that it is."""
PATH_PART_MAX: Final = 40
_REALM: Final = 'Bearer realm="daybook"'
_VIEWER: Final = "daybook.viewer"


async def admit(scope: Scope, at: Edge) -> None:
    """Find out who asks and why, and keep it with the request; what is public needs neither.

    Raises:
        Problem: token-missing, token-invalid, header-invalid, purpose-not-allowed, break-glass-not-open,
            too-many-requests.
    """
    if scope["path"] in PUBLIC or scope["path"].startswith(LOG_FILES):
        at.throttle.take(f"address {_address(scope)}")  # no pseudonym has a space
        return
    token = _token(scope)
    try:
        identity = await at.tokens.identity(token)
    except TokenRefused as refused:
        raise _invalid(refused.reason) from None
    at.throttle.take(identity.actor)
    await at.daybook.access.fresh()
    if scope["method"] == "POST":
        await at.daybook.clock_catalogue.fresh()
    roles = identity.roles
    scope[_VIEWER] = Viewer(identity.actor, roles, None, identity.name)
    purpose = _purpose(scope)
    if purpose is not None and purpose not in at.daybook.access.table.purposes(roles):
        raise forbidden("purpose-not-allowed", FieldError("header", PURPOSE, "is no purpose of your roles"))
    viewer = Viewer(identity.actor, roles, purpose, identity.name)
    grant = await _grant(scope, at, viewer)
    scope[_VIEWER] = viewer if grant is None else replace(viewer, grant=grant)


async def _grant(scope: Scope, at: Edge, viewer: Viewer) -> Grant | None:
    """The break-glass access that the request says it is asked under; one that is over opens nothing at all."""
    found = [value for name, value in scope["headers"] if name == b"daybook-break-glass"]
    if not found:
        return None
    grant_id = checked_uuid(found[0].decode("latin-1"), "header", BREAK_GLASS)
    daybook, now = at.daybook, datetime.now(UTC)
    grant = None
    if grant_id is not None and len(found) == 1 and daybook.access.table.may_command(viewer, OpenBreakGlass.type):
        grant = await grant_in_force(daybook.record, daybook.mapper, viewer.actor, grant_id, now)
    if grant is None:
        raise forbidden("break-glass-not-open")
    return grant


def viewer_of(scope: Scope) -> Viewer:
    """Who asks; only after `admit`."""
    return cast("Viewer", scope[_VIEWER])


def note_denied(scope: Scope, at: Edge) -> None:
    """Somebody known was answered 403: it is recorded with the looks."""
    viewer: Viewer | None = scope.get(_VIEWER)
    if viewer is not None:
        at.denials.note(viewer, operation_of(scope) or scope["path"].split("/")[1][:PATH_PART_MAX])


async def permitted(request: Request) -> None:
    """Let a query or an intake through if a role of the viewer may use it, and what its path names exists for them.

    Raises:
        Problem: not-allowed, not-found.
    """
    operation = _operation(request.scope)
    if operation in PUBLIC.values():
        return
    viewer = viewer_of(request.scope)
    by_grant = viewer.grant is not None and any(map(viewer.grant.names, request.path_params.values()))
    if not by_grant and not edge(request).daybook.access.table.may_ask(viewer, operation):
        raise forbidden("not-allowed")
    for name, text in request.path_params.items():
        if name in _NAMED and await _hidden(request, name, text):
            raise no_such(_NAMED[name])


def require(request: Request, operation: str) -> None:
    """Refuse what a query gives beside its own answer to who may not ask for it.

    Raises:
        Problem: not-allowed.
    """
    if not edge(request).daybook.access.table.may_ask(viewer_of(request.scope), operation):
        raise forbidden("not-allowed")


def least_group(request: Request, *operations: str) -> int | None:
    """Of how many people an aggregated answer tells at least; None: the viewer may see the cases behind it anyway.

    `operations`: those that show the cases; all are needed.
    """
    at = edge(request)
    table, viewer = at.daybook.access.table, viewer_of(request.scope)
    return None if all(table.may_ask(viewer, one) for one in operations) else at.daybook.settings.group_min


def too_narrow() -> Problem:
    """The answer where an aggregated answer could be compared with another one until a small group is left."""
    return Problem(
        "query-invalid",
        said("Who may not see the cases behind it asks of all time and of now, by one dimension, without conditions."),
    )


_NAMED: Final = {**CONFIDABLE, "event_id": "event"}
"""What a part of a path names that may not exist for the viewer."""


def no_such(kind: str) -> Problem:
    """The answer for a stream that does not exist, or not for the one who asks."""
    return Problem("not-found", said("There is no {kind} with this id.", kind=kind))


async def _hidden(request: Request, name: str, text: str) -> bool:
    try:
        named = UUID(text)
    except ValueError:
        return False  # that it is none, the route itself says
    hidden = hidden_events if name == "event_id" else hidden_streams
    return bool(await hidden(edge(request).daybook.record, sight_of(request), [named]))


def sight_of(request: Request) -> Sight:
    """The confidential matters that exist for the viewer of a request."""
    return edge(request).daybook.access.table.sight(viewer_of(request.scope))


def looker(request: Request) -> Looker:
    """The viewer of a request as one who looks at personal data."""
    scope = request.scope
    correlation_id: UUID | None = uuid_header(lower_headers(request), "Daybook-Correlation-Id")
    return Looker(viewer_of(scope), edge(request).daybook.access.table, _operation(scope), correlation_id or new_id())


def forbidden(code: str, *errors: FieldError) -> Problem:
    """A problem of one who is known but may not."""
    return Problem(code, errors=errors, headers=MAY_NOT)


def _operation(scope: Scope) -> str:
    return operation_of(scope) or ""


def operation_of(scope: Scope) -> str | None:
    """The operation of the route that the request came to; of a command its type; None: it has not come to one."""
    route: APIRoute | None = scope.get("route")
    return scope.get(COMMAND) if route is None else route.operation_id or route.name


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _token(scope: Scope) -> str:
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    if not found:
        raise Problem("token-missing", headers={"WWW-Authenticate": _REALM})
    if len(found) > 1:
        raise _invalid("there is more than one Authorization header")
    scheme, _, credentials = found[0].decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not credentials:
        raise Problem("token-missing", headers={"WWW-Authenticate": _REALM})
    return credentials.strip(" ")


def _invalid(reason: str) -> Problem:
    told = f'{_REALM}, error="invalid_token", error_description="{reason}"'
    return Problem(
        "token-invalid",
        said("The token is refused: {reason}.", reason=said(reason)),
        headers={"WWW-Authenticate": told},
    )


def _purpose(scope: Scope) -> str | None:
    found = [value for name, value in scope["headers"] if name == b"daybook-purpose"]
    if not found:
        return None
    purpose = found[0].decode("latin-1")
    if len(found) > 1 or purpose not in PURPOSES:
        errors = (
            FieldError("header", PURPOSE, "is no purpose", said("use one of {codes}", codes=", ".join(PURPOSES))),
        )
        raise Problem("header-invalid", errors=errors)
    return purpose
