"""The limit: FastAPI routes that only validate the same body, or only run the same query."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import FastAPI, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.codes import Code
from domain.customer_messages import Preference
from projections.statements import statement
from store.collecting import collect_seldom
from store.identity import partition_of


class Body(BaseModel):
    """What the command's body has."""

    model_config = ConfigDict(extra="forbid")

    preference: Preference
    value: Code | None
    occurred_at: AwareDatetime | None = None


def app() -> FastAPI:
    """The bare application; BARE_DSN names the database of the query."""

    @asynccontextmanager
    async def lifespan(made: FastAPI) -> AsyncGenerator[None]:
        made.state.pool = await asyncpg.create_pool(os.environ["BARE_DSN"], min_size=1, max_size=8)
        collect_seldom()  # as ours does
        yield
        await made.state.pool.close()

    made = FastAPI(lifespan=lifespan)

    @made.post("/customers/{customer_id}/set-preference")
    async def set_preference(customer_id: UUID, body: Body) -> dict[str, Any]:
        return {"stream_id": customer_id, "version": 1, "preference": body.preference}

    sql = statement("customer_profile", int(os.environ["BARE_VERSION"]))

    @made.get("/customers/{customer_id}")
    async def profile(customer_id: UUID, request: Request) -> Response:
        row = await request.app.state.pool.fetchrow(sql, partition_of(customer_id, 4), customer_id)
        return Response(orjson.dumps(dict(row), default=str), media_type="application/json")

    return made
