from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from store.record import Record
from tests.store.made import ids_in, make_partitions

PARTITIONS = 4


@pytest.fixture
async def open_record(database) -> AsyncGenerator[Callable[..., Awaitable[Record]]]:
    """Opens the test's record, each time as another process would."""
    await make_partitions(database.admin_dsn, PARTITIONS)
    async with AsyncExitStack() as stack:

        async def open_one(dsn: str = database.app_dsn, **options: Any) -> Record:
            return await stack.enter_async_context(await Record.open(dsn, **options))

        yield open_one


@pytest.fixture
async def eraser(database) -> AsyncGenerator[asyncpg.Connection]:
    """A connection as the role of erasure."""
    connection = await asyncpg.connect(database.app_dsn.replace("daybook_app", "daybook_eraser"))
    yield connection
    await connection.close()


@pytest.fixture
async def record(open_record) -> Record:
    """An open record of four partitions."""
    return await open_record()


@pytest.fixture
def streams(record) -> Callable[[int], list[UUID]]:
    """Fresh stream ids of partition 1."""
    return lambda count: ids_in(record, 1, count)
