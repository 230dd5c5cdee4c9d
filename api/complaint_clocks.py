"""Clocks of complaints: of one, the board of all that are waited for, and what other rules would have come to."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from api.admission import no_such, sight_of
from api.edge import Edge, edge
from api.language import said
from api.problems import FieldError, Problem
from api.reading import LIMIT_MAX, Asking, Paged, page_link, path_uuid, shown
from domain.clocks import Catalogue
from engine.claimed_times import claimed_times
from engine.clock_answers import told
from engine.clock_catalogue import proposed, with_version
from projections import clock_board
from projections.complaint_row import NAME
from projections.seeing import hidden_streams
from replay.clock_cases import case_of
from replay.clock_what_if import WhatIf
from store.cursor import Cursor

ClockName = Annotated[str | None, Field(max_length=64)]


class ClocksQuery(Asking):
    """As of when, and what counts of times that were told late."""

    at: AwareDatetime | None = Field(default=None, description="As they stand at this moment; unset: now.")
    late: Literal["claimed", "told"] = Field(
        default="claimed",
        description="What counts of times that were told late: as claimed unless rejected, or as they were told.",
    )


class BoardQuery(Paged):
    """Which clocks."""

    clock: ClockName = None


class WhatIfQuery(Asking):
    """Under which policy and calendar; neither needs anybody's agreement."""

    policy_id: UUID | None = Field(default=None, description="A clock policy, proposed or older.")
    calendar_id: UUID | None = Field(default=None, description="A calendar, drafted or older.")
    at: AwareDatetime | None = Field(default=None, description="As the clocks stand at this moment; unset: now.")
    limit: int = Field(default=50, ge=0, le=LIMIT_MAX, description="Differences that are listed; all are counted.")


class ClaimedTimesQuery(Paged):
    """Which times that were told late, and as of when the clocks stand."""

    unsettled: bool = Field(default=False, description="Only complaints with times that nobody else has looked at.")
    at: AwareDatetime | None = Field(default=None, description="As they stand at this moment; unset: now.")


def router() -> APIRouter:
    """The routes. They come before `/complaints/{complaint_id}`."""
    made = APIRouter(tags=["complaints"], default_response_class=Response)
    made.add_api_route("/complaints/board", _board, methods=["GET"], operation_id="complaint_board")
    made.add_api_route(
        "/complaints/claimed-times", _claimed_times, methods=["GET"], operation_id="complaint_claimed_times"
    )
    made.add_api_route("/complaints/clocks/what-if", _what_if, methods=["GET"], operation_id="complaint_what_if")
    made.add_api_route("/complaints/{complaint_id}/clocks", _clocks, methods=["GET"], operation_id="complaint_clocks")
    return made


async def _clocks(request: Request, complaint_id: str, query: Annotated[ClocksQuery, Query()]) -> Response:
    """All clocks of a complaint, counted from the record as it is: no read model is waited for."""
    daybook, stream_id = edge(request).daybook, path_uuid(complaint_id, "complaint_id")
    if (token := query.token_of(request)) is not None:
        daybook.record.incarnation.check(Cursor.parse(token))
    record = daybook.record
    if await hidden_streams(record, sight_of(request), [stream_id]):
        raise no_such("complaint")
    found = await record.read_streams(record.partition_of(stream_id), [stream_id])
    case = case_of(stream_id, [daybook.mapper.fact(one) for one in found.get(stream_id, ())])
    if case is None:
        raise no_such("complaint")
    moment = query.at or datetime.now(UTC)
    catalogue = (await daybook.clock_catalogue.known()).catalogue
    clocks = [told(one) for one in case.clocks(catalogue, moment, query.late)]
    return shown({"complaint_id": stream_id, "version": case.version, "at": moment, "clocks": clocks})


async def _board(request: Request, query: Annotated[BoardQuery, Query()]) -> Response:
    """Clocks that somebody waits for, first due first; what was breached and is still waited for comes first."""
    at = edge(request)
    as_of = await at.clocks_seen(query.token_of(request))
    found = await clock_board.board(
        at.daybook.models, query.clock, sight_of(request), after=query.after, limit=query.limit
    )
    lines = [{"complaint_id": one.complaint_id, **one.detail} for one in found.lines]
    return shown({"clocks": lines, "next": found.next}, as_of, page_link(request, found.next))


async def _claimed_times(request: Request, query: Annotated[ClaimedTimesQuery, Query()]) -> Response:
    """Complaints with times that were told late, last received first: each clock as claimed, as told, and as it counts.

    `as_claimed` and `as_told` are counted anew; `counts` is what stands, with a breach that was recorded.
    """
    at, moment = edge(request), query.at or datetime.now(UTC)
    as_of = await at.seen(NAME, query.token_of(request))
    found = await claimed_times(
        at.daybook, sight_of(request), moment, unsettled=query.unsettled, after=query.after, limit=query.limit
    )
    body = {"at": moment, "complaints": found.complaints, "next": found.next}
    return shown(body, as_of, page_link(request, found.next))


async def _what_if(request: Request, query: Annotated[WhatIfQuery, Query()]) -> Response:
    """How the clocks of all complaints would stand under another policy or calendar.

    It counts every complaint twice, so it takes as long as that takes.
    """
    at, daybook = edge(request), edge(request).daybook
    if (token := query.token_of(request)) is not None:
        daybook.record.incarnation.check(Cursor.parse(token))
    ours = (await daybook.clock_catalogue.known()).catalogue
    other = await _with(at, ours, query.policy_id, "policy_id")
    other = await _with(at, other, query.calendar_id, "calendar_id")
    moment = query.at or datetime.now(UTC)
    asked = WhatIf(daybook.record, daybook.mapper.fact, sight_of(request))
    listed: list[dict[str, Any]] = []
    async for one in asked.differences(ours, other, moment):
        if len(listed) < query.limit:
            listed.append(asdict(one))
    return shown({"at": moment, **asked.summary.as_json(), "differences": listed})


async def _with(at: Edge, catalogue: Catalogue, stream_id: UUID | None, name: str) -> Catalogue:
    if stream_id is None:
        return catalogue
    event = await proposed(at.daybook.models, at.daybook.mapper, stream_id)
    wanted = "clock-policy." if name == "policy_id" else "calendar."
    if event is None or not event.type.startswith(wanted):
        error = FieldError("query", name, said("names no such version"))
        raise Problem("query-invalid", errors=(error,))
    return with_version(catalogue, event)
