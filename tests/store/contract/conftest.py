"""What stands in this folder is run on every supported major version that is to be had."""

import asyncio
import uuid
from collections.abc import Generator
from types import SimpleNamespace

import asyncpg
import pytest

from store.embedded import EmbeddedServer
from store.migrate import migrate

MAJORS = (18, pytest.param(16, marks=pytest.mark.long), 15)
"""The newest and the oldest; what is between them, in the long run."""
SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
TABLES = ("event", "sealed", "participant", "command", "closed_cut", "incarnation", "partition_head")


@pytest.fixture(scope="session", params=MAJORS, ids=lambda major: f"postgres{major}")
def contract_server(request, run_dir, postgres_bin) -> Generator[EmbeddedServer]:
    server = EmbeddedServer.start(run_dir / f"contract-{request.param}", postgres_bin(request.param), settings=SETTINGS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def contract_database(contract_server) -> SimpleNamespace:
    name = f"contract_{uuid.uuid4().hex}"
    contract_server.ensure_database(name)
    asyncio.run(migrate(contract_server.admin_dsn(name)))
    return SimpleNamespace(
        name=name, admin_dsn=contract_server.admin_dsn(name), app_dsn=contract_server.dsn(name, "daybook_app")
    )


@pytest.fixture
def database(contract_database) -> SimpleNamespace:
    """Emptied, which a replica's role may: a tenth of the time of a clone, and these tests are many."""
    asyncio.run(_empty(contract_database.admin_dsn))
    return contract_database


@pytest.fixture
def fresh_database(contract_server) -> Generator[SimpleNamespace]:
    """For tests to whom it matters what was there before."""
    name = f"contract_{uuid.uuid4().hex}"
    contract_server.ensure_database(name)
    admin_dsn = contract_server.admin_dsn(name)
    asyncio.run(migrate(admin_dsn))
    yield SimpleNamespace(name=name, admin_dsn=admin_dsn, app_dsn=contract_server.dsn(name, "daybook_app"))
    asyncio.run(_drop(contract_server.admin_dsn(), name))


async def _drop(admin_dsn: str, name: str) -> None:
    connection = await asyncpg.connect(admin_dsn)
    await connection.execute(f"drop database {name} with (force)")
    await connection.close()


async def _empty(admin_dsn: str) -> None:
    connection = await asyncpg.connect(admin_dsn)
    await connection.execute("set session_replication_role = replica")
    for table in TABLES:
        await connection.execute(f"delete from record.{table}")
    await connection.close()
