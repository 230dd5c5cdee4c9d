"""Every test here has a database of its own, named in the environment as an application's owner would name it.

The library's own cases are unittest's: they cannot ask for a fixture, and read the environment.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import asyncpg
import pytest
from eventsourcing.utils import Environment

from eventsourcing_daybook import DaybookFactory

Sql: TypeAlias = Callable[..., list[asyncpg.Record]]
MakeFactory: TypeAlias = Callable[..., DaybookFactory]


@pytest.fixture(autouse=True)
def environment(database: Any, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """The variables; afterwards no thread may be left."""
    before = set(threading.enumerate())
    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing_daybook")
    monkeypatch.setenv("DAYBOOK_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("DAYBOOK_MIGRATE_URL", database.admin_dsn)
    yield
    left = [thread.name for thread in threading.enumerate() if thread not in before]
    assert not left, "threads left behind"


@pytest.fixture
def make_factory(environment: None) -> Generator[MakeFactory]:
    """A factory for an application's name, and variables beside those of the environment; closed at the end."""
    made: list[DaybookFactory] = []

    def make(name: str = "", **variables: str) -> DaybookFactory:
        made.append(DaybookFactory(Environment(name, {**os.environ, **variables})))
        return made[-1]

    yield make
    for factory in made:
        factory.close()


@pytest.fixture
def factory(make_factory: MakeFactory) -> DaybookFactory:
    """A factory of no application."""
    return make_factory()


@pytest.fixture
def sql(database: Any, environment: None) -> Sql:
    """Rows of a statement run as the superuser."""

    async def fetch(text: str, arguments: tuple[object, ...]) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(database.admin_dsn)
        try:
            return await connection.fetch(text, *arguments)
        finally:
            await connection.close()

    return lambda text, *arguments: asyncio.run(fetch(text, arguments))
