"""`GET /customers/{customer_id}`: the profile with its personal fields, in one round trip to the database."""

from typing import Any, Final
from uuid import UUID

import asyncpg
from fastapi import Request
from starlette.responses import Response

from api.admission import looker, sight_of
from api.edge import Edge, edge, lower_headers
from api.headers import etag
from api.opened import told
from api.problems import Problem
from api.reading import path_uuid, shown
from api.statements import statement
from engine.looking import Looker
from engine.opening import Opened
from engine.wiring import Daybook
from projections.models import ReadModels
from projections.profile_query import Profile, seen
from projections.references import SealedAt
from store.cursor import Cursor
from store.envelope import SealedBlob

NAME: Final = "customer_profile"
_PLAIN: Final = tuple(
    name for name in Profile.__slots__ if name not in {"name", "pending_corrections", "contact_points"}
)


async def profile(request: Request) -> Response:
    """The customer as the bank knows them now."""
    at = edge(request)
    customer_id = path_uuid(request.path_params["customer_id"], "customer_id")
    token = lower_headers(request).get("daybook-token") or request.query_params.get("token")
    as_of = await at.seen(NAME, token, (customer_id,))
    row = await _row(at.daybook.models, customer_id)
    found = None if row is None else await seen(at.daybook.record, row, sight_of(request))
    if row is None or found is None:
        raise Problem("not-found", "No event names this customer.")
    return await _answer(at, looker(request), row, found, as_of)


async def _row(models: ReadModels, customer_id: UUID) -> asyncpg.Record | None:
    partition = models.record.partition_of(customer_id)
    sql = statement("opened_profile", await models.version(NAME))
    return await models.record.pool.fetchrow(sql, partition, customer_id)


async def _answer(at: Edge, looking: Looker, row: asyncpg.Record, found: Profile, as_of: Cursor) -> Response:
    opened = await _opened(at.daybook, looking, row, found)
    version: int | None = row["stream_version"]
    body: dict[str, Any] = {
        "customer_id": found.customer_id,
        "version": version,
        "name": _field(opened, found.name, "name"),
        **{name: getattr(found, name) for name in _PLAIN},
    }
    body["contact_points"] = [
        {
            "contact_point_id": point.contact_point_id,
            "kind": point.kind,
            "verified": point.verified,
            "value": _field(opened, point.value, "value"),
        }
        for point in found.contact_points
    ]
    body["pending_corrections"] = [
        {
            "correction_id": one.correction_id,
            "reason": one.reason,
            "requested_by": one.requested_by,
            "requested_at": one.requested_at,
            "changes": one.changes,
            "name": _field(opened, one.name, "name"),
        }
        for one in found.pending_corrections
    ]
    return shown(body, as_of, None if version is None else {"ETag": etag(version)})


async def _opened(daybook: Daybook, looking: Looker, row: asyncpg.Record, found: Profile) -> Opened:
    wanted = {point.value: ("value",) for point in found.contact_points if point.value is not None}
    for name in (found.name, *(one.name for one in found.pending_corrections)):
        if name is not None:
            wanted[name] = ("name",)
    blobs = [SealedBlob(*one) for one in row["sealed"]]
    return await daybook.opener.open(looking, row["partition"], wanted, blobs)


def _field(opened: Opened, at: SealedAt | None, name: str) -> Any:  # noqa: ANN401  # a personal field's value
    return None if at is None else told(opened[at].get(name))
