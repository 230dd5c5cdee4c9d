"""`GET /customers/{customer_id}`: the profile with its personal fields, in one round trip to the database."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
from fastapi import Request
from starlette.responses import Response

from api.edge import Edge, edge, lower_headers
from api.headers import etag
from api.opened import told
from api.problems import Problem
from api.reading import path_uuid, shown
from api.statements import statement
from engine.wiring import Daybook
from projections.customer_profile import Profile, profile_of
from projections.models import ReadModels
from projections.references import SealedAt
from store.cursor import Cursor
from vault.vault import Missing, Reference

NAME: Final = "customer_profile"
_PLAIN: Final = tuple(name for name in Profile.__slots__ if name not in {"name", "contact_points"})

Opened = Mapping[SealedAt, dict[str, Any] | Missing]


async def profile(request: Request) -> Response:
    """The customer as the bank knows them now."""
    at = edge(request)
    customer_id = path_uuid(request.path_params["customer_id"], "customer_id")
    token = lower_headers(request).get("daybook-token") or request.query_params.get("token")
    as_of = await at.seen(NAME, token, (customer_id,))
    row = await _row(at.daybook.models, customer_id)
    if row is None:
        raise Problem("not-found", "No event names this customer.")
    return await _answer(at, row, as_of)


async def _row(models: ReadModels, customer_id: UUID) -> asyncpg.Record | None:
    partition = models.record.partition_of(customer_id)
    sql = statement("opened_profile", await models.version(NAME))
    return await models.record.pool.fetchrow(sql, partition, customer_id)


async def _answer(at: Edge, row: asyncpg.Record, as_of: Cursor) -> Response:
    found = profile_of(row)
    opened = await _opened(at.daybook, row, found)
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
    return shown(body, as_of, None if version is None else {"ETag": etag(version)})


async def _opened(daybook: Daybook, row: asyncpg.Record, found: Profile) -> Opened:
    wanted = [at for at in (found.name, *(point.value for point in found.contact_points)) if at is not None]
    if not wanted:
        return {}
    blobs = {one[:3]: one for one in map(tuple, row["sealed"])}
    references: list[Reference] = []
    for at in wanted:
        blob = blobs.get(at[:3], (None,) * 5)
        references.append(Reference(*at[:3], blob[3], blob[4], bytes.fromhex(at.sha256)))
    opened = await daybook.vault.open_many(row["partition"], references)
    return {
        at: text if isinstance(text, Missing) else orjson.loads(text) for at, text in zip(wanted, opened, strict=True)
    }


def _field(opened: Opened, at: SealedAt | None, name: str) -> Any:  # noqa: ANN401  # a personal field's value
    if at is None:
        return None
    part = opened[at]
    return told(part) if isinstance(part, Missing) else part.get(name)
