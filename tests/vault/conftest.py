from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import asyncpg
import pytest

from vault import FileKeyProvider, Keyring
from vault.key_file import Epoch, KeyFile

CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def key_file() -> KeyFile:
    return KeyFile((Epoch(1, CREATED, b"\x01" * 32),), b"\x02" * 32)


@pytest.fixture
def provider(key_file: KeyFile) -> FileKeyProvider:
    return FileKeyProvider(key_file)


@pytest.fixture
async def pool(database) -> AsyncGenerator[asyncpg.Pool]:
    """As the application's role."""
    async with asyncpg.create_pool(database.app_dsn, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
async def owner(database) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


@pytest.fixture
def keyring(pool: asyncpg.Pool, provider: FileKeyProvider) -> Keyring:
    return Keyring(pool, provider)
