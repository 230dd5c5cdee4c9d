from collections.abc import AsyncGenerator

import asyncpg
import pytest

from audit.certificates import Certifier
from audit.guard import ForkGuard
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from projections.models import ReadModels
from store.record import Record
from store.statements import statement
from tests.projections import made
from tests.projections.made import Writer, setup
from tests.replay.sealed import begin


@pytest.fixture
async def record(database) -> AsyncGenerator[Record]:
    """An open record of four partitions."""
    connection = await asyncpg.connect(database.admin_dsn)
    await connection.execute(statement("init_partitions"), 4)
    await connection.close()
    async with await Record.open(database.app_dsn) as record:
        yield record


@pytest.fixture
async def models(record) -> AsyncGenerator[ReadModels]:
    """Two small read models of a record."""
    made.cured.clear()
    async with await ReadModels.open(record, *setup()) as models:
        yield models


@pytest.fixture
def writer(record) -> Writer:
    return Writer(record)


@pytest.fixture
async def hands(database, record, tmp_path) -> AsyncGenerator[Hands]:
    pool = await open_pool(database.app_dsn.replace("daybook_app", "daybook_sealer"))
    yield Hands(pool, ForkGuard(tmp_path / "guard"), FileKeys(tmp_path / "signing"), "here")
    await pool.close()


@pytest.fixture
async def certifier(hands) -> Certifier:
    return await begin(hands)


@pytest.fixture
async def admin_pool(database) -> AsyncGenerator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=2) as pool:
        yield pool
