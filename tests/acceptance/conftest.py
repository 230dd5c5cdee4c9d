"""The real files imported once, for all tests that only ask."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from engine.following import Following
from engine.importing import run_import
from engine.settings import Settings
from engine.status import caught_up
from engine.wiring import Databases, Daybook, initialise
from tests.acceptance.files import Imported, all_files, small_files
from tests.acceptance.loans import first_of


def imported_into(database, folder: Path, shared_data: Path, *, everything: bool) -> Imported:
    """Import files into an empty database, and let every read model see all of it."""
    complaints = all_files(shared_data) if everything else small_files(shared_data)
    databases = Databases(database.app_dsn, database.admin_dsn, None)
    settings = Settings(database_url=database.app_dsn, data_dir=folder)
    loans = shared_data / "loans" / "bpi2012-train.xes.gz"
    if not everything:
        loans = first_of(loans, 300, folder / "loans.xes")

    async def work() -> None:
        await initialise(databases, 4, progress=lambda *_: None)
        daybook = await Daybook.open(settings, databases)
        for path in complaints:
            await run_import("cfpb", path, daybook)
        await run_import("bank-marketing", shared_data / "bank-marketing" / "bank-additional.csv", daybook)
        await run_import("loans", loans, daybook)
        async with await Following.start(daybook.models):
            await caught_up(daybook)
        await daybook.close()

    asyncio.run(work())
    return Imported(databases, settings, complaints, shared_data / "bank-marketing" / "bank-additional.csv", loans)


@pytest.fixture(scope="session", params=["small", pytest.param("all", marks=pytest.mark.long)])
def imported(
    request: pytest.FixtureRequest, scratch_database, tmp_path_factory: pytest.TempPathFactory, shared_data: Path
) -> Generator[Imported]:
    """A record of the smaller files (all of them in the long run); nobody may append to it."""
    with scratch_database() as database:
        folder = tmp_path_factory.mktemp("imported")
        yield imported_into(database, folder, shared_data, everything=request.param == "all")


@pytest.fixture
async def asked(imported: Imported) -> AsyncGenerator[Daybook]:
    """An open Daybook over the imported record."""
    opened = await Daybook.open(imported.settings, imported.databases)
    yield opened
    await opened.close()
