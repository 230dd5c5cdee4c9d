"""Is it alive, is it ready, how does it do."""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.bodies import JSON
from api.edge import Edge, edge
from api.failures import EXPECTED
from api.metrics import MEDIA_TYPE
from engine.log_status import LogStatus, log_status
from engine.vouching import Vouching
from projections import privacy_search
from projections.errors import ReadModelError
from projections.models import Progress
from projections.privacy_search import Standing
from store.migrate import MigrationError, pending


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["operation"], default_response_class=Response)
    made.add_api_route("/health", _health, methods=["GET"], operation_id="health")
    made.add_api_route("/ready", _ready, methods=["GET"], operation_id="ready")
    made.add_api_route("/metrics", _metrics, methods=["GET"], operation_id="metrics")
    return made


async def _health() -> Response:
    """The process answers."""
    return Response(b'{"status":"alive"}', 200, media_type=JSON)


async def _ready(request: Request) -> Response:
    """Commands and queries can be answered: the database is there, migrated, and read models can be read."""
    try:
        ready, found = await _found(edge(request))
    except (*EXPECTED, MigrationError, ReadModelError) as error:
        ready, found = False, {"trouble": type(error).__name__}
    status = "ready" if ready else "not ready"
    headers = {"Cache-Control": "no-store"} if ready else {"Cache-Control": "no-store", "Retry-After": "2"}
    return Response(
        orjson.dumps({"status": status, **found}, option=orjson.OPT_NON_STR_KEYS), 200 if ready else 503, headers, JSON
    )


async def _found(at: Edge) -> tuple[bool, dict[str, Any]]:
    daybook = at.daybook
    missing = await pending(daybook.databases.application)
    ends = (await daybook.record.end()).next_positions
    progress = await daybook.models.all_progress()
    mismatched = [str(one) for one in daybook.models.mismatched()]
    found = {
        "migrations_pending": missing,
        "read_models": [_read_model(one, ends) for one in progress.values()],
        "read_models_mismatched": mismatched,
        "partitions_not_followed": dict(at.following.troubles),
        "logs_not_sealed": dict(at.sealing.troubles) if at.sealing is not None else {},
        "not_vouched_for": (await Vouching.read(daybook.record.pool)).troubles(),
        "waiting": sum(daybook.record.waiting().values()),
    }
    return not missing and not mismatched, found


def _read_model(progress: Progress, ends: tuple[int, ...]) -> dict[str, Any]:
    lag = sum(max(end - at, 0) for at, end in zip(progress.next_positions, ends, strict=True))
    return {"name": progress.projection, "version": progress.version, "lag": lag, "parked": progress.parked}


async def _metrics(request: Request) -> Response:
    """Metrics in Prometheus' text format; what the database cannot tell now is left out."""
    at = edge(request)
    ends: tuple[int, ...] = ()
    progress: list[Progress] = []
    sealed: tuple[LogStatus, ...] = ()
    vouching = Vouching()
    privacy: Standing | None = None
    try:
        ends = (await at.daybook.record.end()).next_positions
        progress = list((await at.daybook.models.all_progress()).values())
        vouching = await Vouching.read(at.daybook.record.pool)
        sealed = await log_status(at.daybook.record.pool, ends)
        privacy = await privacy_search.standing(at.daybook.models, datetime.now(UTC).date())
    except (*EXPECTED, ReadModelError):
        pass
    content = at.metrics.text(at.daybook.record, progress, ends, vouching, sealed, privacy)
    return Response(content, 200, {"Cache-Control": "no-store"}, MEDIA_TYPE)
