"""An API over an open Daybook on a database of the test's own."""

import uuid
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from store.initialising import create_partitions


@pytest.fixture
async def daybook(database, tmp_path: Path) -> AsyncGenerator[Daybook]:
    await create_partitions(database.admin_dsn, 4)
    settings = Settings(database_url=database.app_dsn, data_dir=tmp_path, wait_s_max=2)
    opened = await Daybook.open(settings, Databases(database.app_dsn, database.admin_dsn, None))
    yield opened
    await opened.close()


@pytest.fixture
async def app(daybook: Daybook) -> AsyncGenerator[FastAPI]:
    made = create_app(daybook)
    async with made.router.lifespan_context(made):
        yield made


class Client(httpx.AsyncClient):
    """Sends what every command needs unless the test says otherwise."""

    async def command(self, path: str, body=None, *, key: str | None = None, actor: str = "staff-1", **headers: str):
        """POST a command; a header named `if_match` is sent as If-Match; one that is None not at all."""
        sent = {"Idempotency-Key": f'"{key or uuid.uuid4()}"', "Daybook-Actor": actor}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.post(path, json=body or {}, headers=sent)


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[Client]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with Client(transport=transport, base_url="http://127.0.0.1:8000") as made:
        yield made
