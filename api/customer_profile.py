"""`GET /customers/{customer_id}`: the profile with its personal fields, of the whole person.

Most people have one customer id, and their profile takes one round trip to the database.
"""

import asyncio
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
from domain.person import Person
from engine.looking import Looker
from engine.opening import Opened
from engine.wiring import Daybook
from projections.models import ReadModels
from projections.person_profile import combined
from projections.persons import person, read_merges
from projections.profile_query import Profile, seen
from projections.references import SealedAt
from store.envelope import SealedBlob

NAME: Final = "customer_profile"
_LISTS: Final = ("name", "pending_corrections", "contact_points", "documents")
_PLAIN: Final = tuple(name for name in Profile.__slots__ if name not in _LISTS)


async def profile(request: Request) -> Response:
    """The customer as the bank knows them now: the whole person, where customers were merged."""
    at = edge(request)
    customer_id = path_uuid(request.path_params["customer_id"], "customer_id")
    token = lower_headers(request).get("daybook-token") or request.query_params.get("token")
    as_of = await at.seen(NAME, token, (customer_id,))
    row = await _row(at.daybook.models, customer_id)
    if row is None:
        raise Problem("not-found", "No event names this customer.")
    who, rows = await _rows(at.daybook.models, row)
    found = [await seen(at.daybook.record, one, sight_of(request)) for one in rows]
    if not any(found):
        raise Problem("not-found", "No event names this customer.")
    of = [(row, one) for row, one in zip(rows, found, strict=True) if one is not None]
    version: int | None = row["stream_version"]
    body = await _body(at, looker(request), who, of)
    return shown(body, as_of, None if version is None else {"ETag": etag(version)})


async def _row(models: ReadModels, customer_id: UUID) -> asyncpg.Record | None:
    partition = models.record.partition_of(customer_id)
    sql = statement("opened_profile", await models.version(NAME))
    return await models.record.pool.fetchrow(sql, partition, customer_id)


async def _rows(models: ReadModels, row: asyncpg.Record) -> tuple[Person, list[asyncpg.Record]]:
    """The person of a row, and the rows of all their customer ids."""
    customer_id: UUID = row["customer_id"]
    if not read_merges(row["merges"]):
        return Person((customer_id,)), [row]
    who = await person(models, customer_id)
    others = await asyncio.gather(*(_row(models, one) for one in who.customer_ids if one != customer_id))
    return who, [row, *(one for one in others if one is not None)]


async def _body(at: Edge, looking: Looker, who: Person, of: list[tuple[asyncpg.Record, Profile]]) -> dict[str, Any]:
    opened: Opened = {}
    for row, one in of:
        opened |= await _opened(at.daybook, looking, row, one)
    found = combined(who, [one for _, one in of])
    versions = {one.customer_id: row["stream_version"] for row, one in of}
    body: dict[str, Any] = {
        "version": versions.get(who.canonical_id),
        "name": _field(opened, found.name, "name"),
        **{name: getattr(found, name) for name in _PLAIN},
        "customers": [
            {"customer_id": one.customer_id, "version": versions[one.customer_id], "status": one.status}
            for one in sorted((one for _, one in of), key=lambda one: one.customer_id)
        ],
    }
    body["contact_points"] = [
        {
            "customer_id": point.customer_id,
            "contact_point_id": point.contact_point_id,
            "kind": point.kind,
            "verified": point.verified,
            "value": _field(opened, point.value, "value"),
        }
        for point in found.contact_points
    ]
    body["pending_corrections"] = [
        {
            "customer_id": one.customer_id,
            "correction_id": one.correction_id,
            "reason": one.reason,
            "requested_by": one.requested_by,
            "requested_at": one.requested_at,
            "changes": one.changes,
            "name": _field(opened, one.name, "name"),
        }
        for one in found.pending_corrections
    ]
    body["documents"] = [
        {
            "customer_id": one.customer_id,
            "document_id": one.document_id,
            "kind": one.kind,
            "country": one.country,
            "expires_on": one.expires_on,
            "contested": one.contested,
            "number": _field(opened, one.number, "number"),
        }
        for one in found.documents
    ]
    return body


async def _opened(daybook: Daybook, looking: Looker, row: asyncpg.Record, found: Profile) -> Opened:
    wanted = {point.value: ("value",) for point in found.contact_points if point.value is not None}
    for name in (found.name, *(one.name for one in found.pending_corrections)):
        if name is not None:
            wanted[name] = ("name",)
    wanted |= {one.number: ("number",) for one in found.documents if one.number is not None}
    blobs = [SealedBlob(*one) for one in row["sealed"]]
    return await daybook.opener.open(looking, row["partition"], wanted, blobs)


def _field(opened: Opened, at: SealedAt | None, name: str) -> Any:  # noqa: ANN401  # a personal field's value
    return None if at is None else told(opened[at].get(name))
