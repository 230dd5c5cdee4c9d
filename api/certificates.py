"""Certificates as they were signed."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.edge import edge
from api.events import check_token
from api.problems import FieldError, Problem
from api.reading import Asking, page_link, shown
from audit.certificate import KINDS
from audit.certificates import page
from audit.moment import moment


class CertificatesQuery(Asking):
    """Which certificates; all that is given must hold."""

    kind: str | None = Field(default=None, max_length=100, description=f"One of {', '.join(KINDS)}.")
    subject: str | None = Field(
        default=None,
        max_length=700,
        description="What it is about, or how that begins: `complaint_register/0/2026-11-26`, `complaint_register/`.",
    )
    after: str | None = Field(default=None, max_length=1000, description="`next` of the page before.")
    limit: int = Field(default=20, ge=1, le=100, description="Certificates on a page.")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["audit"], default_response_class=Response)
    made.add_api_route("/certificates", _certificates, methods=["GET"], operation_id="certificates")
    return made


async def _certificates(request: Request, query: Annotated[CertificatesQuery, Query()]) -> Response:
    """Certificates with their signed notes, by partition, kind and subject."""
    daybook = edge(request).daybook
    check_token(daybook, query.token_of(request))
    try:
        found, following = await page(daybook.record.pool, query.kind, query.subject, query.after, query.limit)
    except ValueError as error:
        raise Problem("query-invalid", errors=(FieldError("query", "after", str(error)),)) from None
    told = [
        {
            "kind": one.kind,
            "subject": one.subject,
            "partition": one.partition,
            "issued_at": moment(one.issued_at),
            "sha256": one.sha256.hex(),
            "note": one.note,
        }
        for one in found
    ]
    return shown({"certificates": told, "next": following}, headers=page_link(request, following))
