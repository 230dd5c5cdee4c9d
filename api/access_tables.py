"""The access table in force; its versions are proposed, signed off and activated by commands."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.edge import edge
from api.reading import shown


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["access-tables"], default_response_class=Response)
    made.add_api_route("/access-tables", _in_force, methods=["GET"], operation_id="access_table")
    return made


async def _in_force(request: Request) -> Response:
    """The access table in force: what each role may do and is shown. Version 0 came with the program."""
    table = edge(request).daybook.access.table
    return shown({"table_version": table.version, "sha256": table.digest, "rules": table.rules})
