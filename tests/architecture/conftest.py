"""What the tests of this folder look at: the packages and files of the project, as they are."""

import asyncio
import shutil
import socket
import subprocess
import tomllib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from api.app import create_app
from engine.settings import Settings
from engine.simulation import SimulatedBank, recorded
from engine.wiring import Databases, Daybook
from store.initialising import create_partitions
from tests.architecture.pages import Served

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT


@pytest.fixture(scope="session")
def settings() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def packages() -> list[Path]:
    """Folders of Python code at the top level, but tests and benchmarks."""
    found = sorted(path.parent for path in PROJECT.glob("*/__init__.py"))
    return [path for path in found if path.name not in {"benchmarks", "tests"}]


@pytest.fixture(scope="session")
def product_files(packages: list[Path]) -> list[Path]:
    """Python files of the product."""
    return sorted(path for package in packages for path in package.rglob("*.py"))


@pytest.fixture(scope="session")
def tree() -> list[Path]:
    """Every file that is, or would be, under version control."""
    git = shutil.which("git")
    if git is None or not (PROJECT / ".git").exists():
        hidden = (".venv", ".cache", "__pycache__")
        return [p for p in PROJECT.rglob("*") if p.is_file() and not any(part in hidden for part in p.parts)]
    command = [git, "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := PROJECT / name).is_file()]


@pytest.fixture
async def served(database, tmp_path: Path, warm: tuple[str, ...]) -> AsyncGenerator[Served]:
    """A server over a small simulated bank."""
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 4, schema=schema)
    settings = Settings(database_url=database.app_dsn, data_dir=tmp_path)
    daybook = await Daybook.open(settings, Databases(database.app_dsn, database.admin_dsn, None))
    async for _ in recorded(daybook, SimulatedBank(daybook.vault.keyed_hmac, customers=5)):
        pass
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(daybook), log_config=None))
        serving = asyncio.create_task(server.serve([listener]))
        environment = {"DAYBOOK_DATABASE_URL": database.app_dsn, "DAYBOOK_DATA_DIR": str(tmp_path)}
        yield Served(listener.getsockname()[1], environment, warm)
        server.should_exit = True
        await serving
    await daybook.close()
