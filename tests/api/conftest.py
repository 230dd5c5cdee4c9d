"""An API over an open Daybook on a database of the test's own.

Its routes are made once for a process, which takes as long as a small test: each test's Daybook is put behind them.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from tests.api import bearer


@pytest.fixture
async def daybook(database, tmp_path: Path) -> AsyncGenerator[Daybook]:
    bearer.install(tmp_path)
    settings = Settings(
        database_url=database.app_dsn, data_dir=tmp_path, wait_s_max=2, clocks=False, handovers=False, contacts=False
    )
    opened = await Daybook.open(settings, Databases(database.app_dsn, database.admin_dsn, None))
    yield opened
    await opened.close()


class Current:
    """Stands for the Daybook of the test that is being run."""

    daybook: Daybook

    def __getattr__(self, name: str) -> Any:
        return getattr(self.daybook, name)


@pytest.fixture(scope="session")
def routes() -> tuple[FastAPI, Current]:
    current = Current()
    return create_app(cast("Daybook", current)), current


@pytest.fixture
async def app(daybook: Daybook, routes: tuple[FastAPI, Current]) -> AsyncGenerator[FastAPI]:
    made, current = routes
    current.daybook = daybook
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncGenerator[bearer.Client]:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with bearer.Client(transport=transport, base_url="http://127.0.0.1:8000") as made:
        yield made
