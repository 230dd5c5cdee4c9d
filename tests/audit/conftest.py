"""A record with events, and hands to seal its logs with; exports of one that were made once."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from audit.guard import ForkGuard
from audit.logs import Log, ensure_logs
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from store.embedded import EmbeddedServer
from store.initialising import create_partitions
from store.record import Record
from tests.audit.evidence import Evidence, make_evidence

LOG_ID = "bank.example/test"


@pytest.fixture
async def record(database) -> AsyncGenerator[Record]:
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 2, schema=schema)
    async with await Record.open(database.app_dsn) as opened:
        yield opened


@pytest.fixture
async def hands(database, record: Record, tmp_path: Path) -> AsyncGenerator[Hands]:
    pool = await open_pool(database.app_dsn.replace("daybook_app", "daybook_sealer"))
    yield Hands(pool, ForkGuard(tmp_path / "guard"), FileKeys(tmp_path / "signing"), "here")
    await pool.close()


@pytest.fixture
async def logs(hands: Hands) -> list[Log]:
    return await ensure_logs(hands.pool, hands.keys, LOG_ID)


@pytest.fixture
async def admin_pool(database) -> AsyncGenerator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=2) as pool:
        yield pool


@pytest.fixture(scope="session")
def evidence(server: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Exports of one record, made once. Nobody may change them: `copy` gives what may be changed."""
    return asyncio.run(_evidence(server, template, tmp_path_factory.mktemp("evidence")))


async def _evidence(server: EmbeddedServer, template: str, folder: Path) -> Evidence:
    name = f"evidence_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server.admin_dsn())
    try:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
        made = await make_evidence(server.dsn(name, "daybook_app"), server.admin_dsn(name), folder)
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()
    return made
