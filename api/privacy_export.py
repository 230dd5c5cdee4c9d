"""`GET /customers/{customer_id}/export`: all that there is on a person, for that person."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.admission import PURPOSE, forbidden, looker
from api.edge import edge
from api.language import said
from api.problems import FieldError, Problem
from api.reading import path_uuid
from engine.access import PRIVACY_REQUEST
from engine.personal_export import export_of


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["customers"], default_response_class=Response)
    made.add_api_route("/customers/{customer_id}/export", _export, methods=["GET"], operation_id="privacy_export")
    return made


async def _export(request: Request, customer_id: str) -> Response:
    """All personal data of a customer with what happened, as a zip of JSON and HTML. Only to answer their request."""
    at, customer, looking = edge(request), path_uuid(customer_id, "customer_id"), looker(request)
    if looking.viewer.purpose != PRIVACY_REQUEST:
        raise forbidden(
            "purpose-not-allowed", FieldError("header", PURPOSE, said("must be {code}", code=PRIVACY_REQUEST))
        )
    made = await export_of(at.daybook, looking, customer)
    if not made.events:
        raise Problem("not-found", "No event names this customer.")
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{customer}.zip"',
        "Daybook-Export-Sha256": made.sha256,
        "Daybook-Export-Complete": "true" if made.complete else "false",
    }
    return Response(made.zip(), 200, headers, "application/zip")
