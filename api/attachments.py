"""Attached files: the bytes of one, for who is shown them."""

from binascii import a2b_base64
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.admission import forbidden, looker, no_such
from api.edge import edge
from api.events import EVENTS_MAX, Kind, check_token
from api.problems import Problem
from api.reading import Asking, path_uuid
from domain import COMPLAINT, INTERACTION
from domain.attaching import Attachment
from domain.kernel import Aggregate
from engine.wiring import Daybook
from projections.fact import Fact
from projections.withheld import Withheld
from vault.vault import Loss, Missing

Endpoint = Callable[..., Awaitable[Response]]

ATTACHED_TO: Final[tuple[Aggregate[Any], ...]] = (INTERACTION, COMPLAINT)
"""The kinds of streams that take attachments."""

_NEVER_RUN: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


def router() -> APIRouter:
    """A route for the attachments of each kind of stream that takes them."""
    made = APIRouter()
    for aggregate in ATTACHED_TO:
        kind = Kind(aggregate)
        path = f"/{kind.collection}/{{{kind.id_field}}}/attachments/{{attachment_id}}"
        made.add_api_route(
            path, _attachment(kind), methods=["GET"], tags=[kind.collection], name=f"attachment of {aggregate.name}",
            operation_id=f"{aggregate.name}_attachment", response_class=Response,
        )  # fmt: skip
    return made


def _attachment(kind: Kind) -> Endpoint:
    async def endpoint(request: Request, attachment_id: str, query: Annotated[Asking, Query()]) -> Response:
        """An attached file, as it was given. It is to be kept as a file and never to be run.

        That somebody looked is recorded before it is opened. 410 once it is erased.
        """
        daybook, stream_id = edge(request).daybook, kind.stream_id(request)
        wanted = path_uuid(attachment_id, "attachment_id")
        check_token(daybook, query.token_of(request))
        fact, facts = await _find(daybook, kind, stream_id, wanted)
        (opened,) = await daybook.opener.open_facts(looker(request), fact.recorded.partition, [fact])
        content = _shown(opened.get("content"), request, fact)
        disposition = _disposition(opened.get("file_name"), request, fact)
        headers = {**_NEVER_RUN, "Content-Type": facts.media_type, "Content-Disposition": disposition}
        return Response(a2b_base64(content, strict_mode=True), 200, headers)

    return endpoint


async def _find(daybook: Daybook, kind: Kind, stream_id: UUID, attachment_id: UUID) -> tuple[Fact, Attachment]:
    """The event that attached it.

    Raises:
        Problem: not-found.
    """
    after = -1
    while True:
        entries = await kind.entries(daybook, stream_id, after, EVENTS_MAX)
        for one in entries:
            event = None if one.fact is None else one.fact.event
            if one.fact is not None and isinstance(event, Attachment) and event.attachment_id == attachment_id:
                return one.fact, event
        if len(entries) < EVENTS_MAX:
            raise no_such("attachment")
        after = entries[-1].recorded.version


def _shown(value: Any, request: Request, fact: Fact) -> str:  # noqa: ANN401  # a personal field's value
    """The content, if it is there and shown.

    Raises:
        Problem: personal-data-erased, personal-data-withheld, personal-data-masked, personal-data-unreadable.
    """
    match value:
        case Missing(reason=Loss.ERASED, at=at):
            raise Problem("personal-data-erased", extra={"erased_on": None if at is None else at.isoformat()})
        case Missing():
            raise Problem("personal-data-unreadable", "It is gone, and nobody erased it.")
        case Withheld():
            told = {"reason": value.reason, "since": value.since.isoformat(), "until": value.until}
            raise Problem("personal-data-withheld", extra=told)
        case _ if _is_masked("content", request, fact):
            raise forbidden("personal-data-masked")
        case _:
            return value


def _disposition(name: Any, request: Request, fact: Fact) -> str:  # noqa: ANN401  # a personal field's value
    """Keep it as a file; by its name, where that is there and shown (RFC 6266)."""
    if not isinstance(name, str) or _is_masked("file_name", request, fact):
        return "attachment"
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def _is_masked(name: str, request: Request, fact: Fact) -> bool:
    looking = looker(request)
    return any(
        name in ref.fields and looking.decide(ref.subject_id, ref.record_class, name) != "shown" for ref in fact.sealed
    )
