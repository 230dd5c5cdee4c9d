from collections.abc import AsyncGenerator

import asyncpg
import pytest

from projections.models import ReadModels
from projections.registry import PROJECTIONS
from store.record import Record
from store.statements import statement
from tests.projections import made
from tests.projections.bank import Bank
from tests.projections.histories import MAPPER
from tests.projections.made import NOTES, OTHER_NOTES, Writer, decode


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
    async with await ReadModels.open(record, decode, [NOTES, OTHER_NOTES]) as models:
        yield models


@pytest.fixture
def writer(record) -> Writer:
    return Writer(record)


@pytest.fixture
async def bank(record) -> AsyncGenerator[Bank]:
    """All read models of a record, and a bank to tell events of."""
    async with await ReadModels.open(record, MAPPER.fact, PROJECTIONS) as models:
        yield Bank(models)
