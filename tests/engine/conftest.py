from collections.abc import AsyncGenerator

import pytest

from engine.settings import Settings
from engine.wiring import Databases, Daybook


@pytest.fixture
async def daybook(database, tmp_path) -> AsyncGenerator[Daybook]:
    """An open Daybook over a database of its own, with four partitions."""
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    opened = await Daybook.open(Settings(database_url=database.app_dsn, data_dir=tmp_path), databases)
    yield opened
    await opened.close()
