"""The transparency logs as auditors ask for them: which there are, their checkpoints, and proofs of consistency.

The proof of a single event is a receipt (`api.receipts`); tiles and entries are files (`api.log_files`).
"""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.edge import edge
from api.events import check_token
from api.language import said
from api.problems import FieldError, Problem
from api.reading import Asking, shown
from audit.logs import Database, Log, read_logs
from audit.proving import prove_consistency
from audit.tiles import TileMissing

SIZE_MAX = 1 << 53


class LogsQuery(Asking):
    """Which logs, and from which size to which."""

    log: str | None = Field(default=None, max_length=1000, description="Only the log of this origin.")
    old_size: int | None = Field(
        default=None, ge=1, le=SIZE_MAX, description="Prove that so many entries of the log are a prefix of `size`."
    )
    size: int | None = Field(default=None, ge=1, le=SIZE_MAX, description="Of the newer log; by default all signed.")


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["audit"], default_response_class=Response)
    made.add_api_route("/audit/logs", _logs, methods=["GET"], operation_id="audit_logs")
    return made


async def _logs(request: Request, query: Annotated[LogsQuery, Query()]) -> Response:
    """Every transparency log with its verifier key and newest checkpoint; of one log also a proof of consistency.

    The proof shows that a checkpoint which somebody has kept is of the same history: no entry was changed, dropped
    or inserted since. Check it with other tools than this program.
    """
    daybook = edge(request).daybook
    check_token(daybook, query.token_of(request))
    if query.log is None and (query.old_size, query.size) != (None, None):
        raise _refused("log", "is missing", "name the log whose sizes these are")
    if query.size is not None and query.old_size is None:
        raise _refused("old_size", "is missing", "a proof leads from an older size to a newer")
    logs = [log for log in await read_logs(daybook.record.pool) if query.log in {None, log.origin}]
    return shown({"logs": [await _told(daybook.record.pool, log, query) for log in logs]})


async def _told(database: Database, log: Log, query: LogsQuery) -> dict[str, Any]:
    told: dict[str, Any] = {
        "log": log.origin,
        "of": log.name.kind,
        "partition": log.name.partition,
        "shard": log.name.shard,
        "vkey": log.vkey,
        "size": log.signed_size,
        "checkpoint": log.checkpoint,
        "stopped": log.trouble is not None,
        "consistency": None,
    }
    old, size = query.old_size, query.size or log.signed_size
    if old is None:
        return told
    if size > log.signed_size:
        raise _refused(
            "size", said("is more than the {size} entries that are signed", size=log.signed_size), said("ask for fewer")
        )
    if old > size:
        raise _refused(
            "old_size", said("is more than the {size} entries of the newer log", size=size), said("ask for fewer")
        )
    try:
        hashes = await prove_consistency(database, log, old, size)
    except TileMissing:  # then the log was changed, and `daybook verify` tells where
        return {**told, "stopped": True}
    proof = [base64.b64encode(one).decode() for one in hashes]
    return {**told, "consistency": {"log": log.origin, "old_size": old, "size": size, "hashes": proof}}


def _refused(name: str, why: str, hint: str) -> Problem:
    return Problem("query-invalid", errors=[FieldError("query", name, why, hint)])
