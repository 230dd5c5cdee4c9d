"""The development issuer over HTTP: a token of any role for whoever is on this host. Not there beside a real issuer."""

from typing import Any, Final

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bodies import JSON, json_object
from api.edge import edge, lower_headers
from api.language import said
from api.problems import FieldError, Problem
from engine.issuer import LIFETIME_S, USERS, DevelopmentIssuer, User

BODY_BYTES_MAX: Final = 1024


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["development"], default_response_class=Response)
    made.add_api_route("/dev/users", _users, methods=["GET"], operation_id="dev_users")
    made.add_api_route("/dev/token", _token, methods=["POST"], operation_id="dev_token")
    return made


async def _users(request: Request) -> Response:
    """Whom the development issuer knows: one user for each role."""
    _issuer(request)
    return _answer({"users": [_told(user) for user in USERS.values()]})


async def _token(request: Request) -> Response:
    """A token of the development issuer, for the user of a role."""
    issuer = _issuer(request)
    body = await json_object(request.receive, lower_headers(request), BODY_BYTES_MAX)
    role = body.get("as")
    user = USERS.get(role) if isinstance(role, str) else None
    if user is None or len(body) > 1:
        hint = said("send as: one of {codes}", codes=", ".join(USERS))
        raise Problem("validation-failed", errors=(FieldError("body", "/as", "is no role", hint),))
    token = {"access_token": issuer.token(user), "token_type": "Bearer", "expires_in": LIFETIME_S}
    return _answer({**token, **_told(user)})


def _issuer(request: Request) -> DevelopmentIssuer:
    issuer = edge(request).development
    if issuer is None:
        raise Problem("not-found", "The development issuer is off.")
    return issuer


def _told(user: User) -> dict[str, str]:
    return {"actor": user.actor, "role": user.role, "name": user.name, "purpose": user.purpose}


def _answer(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), 200, {"Cache-Control": "no-store"}, JSON)
