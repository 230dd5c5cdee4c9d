"""The ASGI application: `uvicorn --factory api.app:app`, or `create_app` for tests and embedding."""

import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api import (
    access_tables,
    actors,
    attachments,
    audit,
    break_glass,
    bulk,
    campaigns,
    certificates,
    cloudevents,
    commands,
    complaint_clocks,
    complaint_history,
    complaints,
    contact,
    corrections,
    customers,
    docs,
    events,
    feed,
    health,
    holdings,
    kpis,
    labels,
    leads,
    log_proofs,
    organisation,
    portfolios,
    privacy,
    privacy_export,
    receipts,
    returns,
    satisfaction,
    screenings,
    segments,
)
from api import development as development_room
from api.admission import permitted
from api.boundary import NOTICE, Boundary
from api.edge import Edge
from api.failures import EXPECTED, problem_of
from api.log_files import LogFiles
from api.metrics import Metrics
from api.problems import Problem
from api.reading import HowFar
from api.shutdown import told_of_shutdown
from api.tail import Tail
from api.throttle import Throttle
from api.validation import parameter_faults
from audit.errors import SealingStopped
from engine.daily_report import DailyReport
from engine.duties import on_duty
from engine.follower_process import FollowerProcess
from engine.following import Following
from engine.issuer import DevelopmentIssuer, development
from engine.issuer import tokens as tokens_of
from engine.receipts import Receipts
from engine.sealing_process import SealingProcess
from engine.settings import Settings
from engine.wiring import Daybook
from store.collecting import collect_seldom
from store.migrate import MigrationError

_ROOMS: Final = (
    customers, complaint_clocks, complaints, complaint_history, screenings, campaigns, satisfaction, segments, kpis,
    returns, log_proofs, audit, events, bulk, cloudevents, feed, health, docs, access_tables, labels, receipts,
    privacy, privacy_export, certificates, actors, break_glass, attachments, development_room, holdings, leads,
    organisation, portfolios, contact, corrections,
)  # fmt: skip

MENDABLE: Final = (*EXPECTED, MigrationError, SealingStopped, ValueError)
"""What may keep the program from starting that its message tells how to mend."""

_log = logging.getLogger("uvicorn.error")  # what a person sees who starts the server


def app() -> FastAPI:
    """The application of the settings in the environment."""
    return create_app()


def create_app(daybook: Daybook | None = None) -> FastAPI:
    """The application over an open Daybook, or over one that it opens at start and closes at the end."""
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(made: Boundary) -> AsyncGenerator[None]:
        async with AsyncExitStack() as opened:
            try:
                used = daybook or await opened.enter_async_context(_opened())
                issuer = DevelopmentIssuer.load_or_create(used.settings) if development(used.settings) else None
                tokens = await tokens_of(used.settings)
                if issuer is not None:
                    _log.warning(NOTICE)
                following = await opened.enter_async_context(await _following(used, embedded=daybook is not None))
                sealing = await SealingProcess.start(used.settings, used.databases)
                if sealing is not None:
                    await opened.enter_async_context(sealing)
                    await opened.enter_async_context(DailyReport(used.settings, used.record, used.models))
                await opened.enter_async_context(on_duty(used, watch=used.settings.follow))
            except MENDABLE as error:
                made.why_not_started = str(error)
                raise
            throttle = Throttle(used.settings.requests_per_s, used.settings.requests_burst)
            at = made.state.edge = Edge(
                used, following, metrics, Tail(used.record), HowFar(used.models), tokens, throttle,
                Receipts(used.record.pool), issuer, sealing,
            )  # fmt: skip
            opened.callback(at.stop)
            opened.enter_context(told_of_shutdown(at.stop))
            yield

    made = Boundary(
        metrics,
        title="Daybook",
        summary="An event-sourced record of a bank's customers",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        default_response_class=Response,
    )
    for room in _ROOMS:
        made.include_router(room.router(), dependencies=[Depends(permitted)])
    made.mount("/log", LogFiles())
    made.include_router(commands.router())  # each command is judged by its type, whichever way it comes in
    _answer_with_problems(made)
    return made


async def _following(daybook: Daybook, *, embedded: bool) -> Following | FollowerProcess:
    """Who keeps the read models up to date; who embeds the application gets no process beside their own."""
    if not daybook.settings.follow:
        return Following(daybook.models)
    if embedded or not daybook.settings.follower_process:
        return await Following.start(daybook.models)
    return await FollowerProcess.start(daybook.databases.application, daybook.record.partitions)


@asynccontextmanager
async def _opened() -> AsyncGenerator[Daybook]:
    settings = Settings()
    development(settings)  # before a database is started
    daybook = await Daybook.open(settings)
    collect_seldom()
    try:
        yield daybook
    finally:
        await daybook.close()


def _answer_with_problems(made: FastAPI) -> None:
    made.add_exception_handler(HTTPException, _http_problem)
    made.add_exception_handler(RequestValidationError, _query_problem)
    for error in EXPECTED:
        made.add_exception_handler(error, _expected_problem)
    made.add_exception_handler(Exception, _expected_problem)


async def _expected_problem(_: Request, error: Exception) -> Response:
    return problem_of(error).response()


async def _http_problem(_: Request, error: Exception) -> Response:
    """FastAPI's own: no such path, or not with this method."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "internal")
    return Problem(code, headers=dict(error.headers or {})).response()


async def _query_problem(_: Request, error: Exception) -> Response:
    """FastAPI's own checks: only queries and paths have any, bodies are checked in `api.operations`."""
    if not isinstance(error, RequestValidationError):
        raise error
    return Problem("query-invalid", errors=parameter_faults(error.errors())).response()
