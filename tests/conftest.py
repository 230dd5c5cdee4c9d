"""One embedded server per run, one migrated template, and a fresh clone of it for each test that asks.

- `database`: a `Database` of the test's own: `.admin_dsn` (superuser), `.app_dsn` (user daybook_app), `.name`. Where a
  test also asks for an open `daybook`, four partitions and the tables of all read models are there
- `app`, `admin`: an open asyncpg connection to it as that user
- `empty_database`: the same without migrations; `server`: the `EmbeddedServer`; `shared_data`: the real files

`DAYBOOK_TEST_POSTGRES=15 make test` runs the same tests on another server version.
"""

import asyncio
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import asyncpg
import hypothesis
import hypothesis.configuration
import pytest
from hypothesis.database import DirectoryBasedExampleDatabase

from engine.hardware_token import HardwareToken
from projections import versions
from projections.registry import PROJECTIONS
from store.embedded import EmbeddedServer
from store.incarnation import Incarnation, enter
from store.initialising import create_partitions
from store.migrate import migrate
from store.postgres_programs import POSTGRES_16, POSTGRES_18, packaged_bin_dir
from tests import softhsm
from tests.warm import warm_python

PROJECT = Path(__file__).resolve().parents[1]
CACHE = PROJECT / ".cache"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
RUN_DIR = "DAYBOOK_TEST_RUN_DIR"
RUN_PREFIX = "daybook-tests-"
RUNNING = pytest.StashKey[IO[bytes]]()
POSTGRES_OLDEST = 15
TEMPLATE = "daybook_template"
BEGUN = "daybook_begun"
PARTITIONS = 4
MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps files in memory
MEMORY_FREE_MIN = 4 * 2**30
# The machine does not lose power during a test; a killed server loses nothing without fsync either.
SERVER_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_wal_size": "1GB"}

hypothesis.configuration.set_hypothesis_home_dir(CACHE / "hypothesis")
hypothesis.settings.register_profile(
    "local", deadline=None, database=DirectoryBasedExampleDatabase(CACHE / "hypothesis" / "examples")
)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.load_profile("ci" if IN_CI else "local")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-schema", action="store_true", help="write migrations/schema.sql from the migrations")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # the one process that starts the others; they inherit this
        # A database is hundreds of files, made and removed for each test; a disk has work with that without fsync, too.
        roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_FREE_MIN
        _sweep()
        run_dir = tempfile.mkdtemp(prefix=RUN_PREFIX, dir=MEMORY if roomy else None)
        Path(run_dir).chmod(0o711)  # as root the server runs as another user, who must get in
        os.environ[RUN_DIR] = run_dir
        config.stash[RUNNING] = _held(Path(run_dir))


def _held(run_dir: Path) -> IO[bytes]:
    """A lock on the directory, which ends with the run, also when that is killed. Named once it is held."""
    unnamed = run_dir / "running.new"
    lock = unnamed.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    unnamed.rename(run_dir / "running")
    return lock


def _sweep() -> None:
    """Free the memory of runs that were killed."""
    for lock_file in MEMORY.glob(f"{RUN_PREFIX}*/running"):
        with suppress(OSError), lock_file.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock_file.parent, ignore_errors=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(RUN_DIR), ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """CI has all that the tests need: there a skipped test is a failed one."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"use_uvloop": True}  # what the product runs on


@pytest.fixture(scope="session")
def warm(run_dir: Path) -> Generator[tuple[str, ...]]:
    """`python -m` in a process that has the product imported: `[*warm, "engine", "status"]` starts in no time."""
    with warm_python(run_dir / f"warm-{os.getpid()}", ["engine.cli", "api.app"]) as command:
        yield command


@dataclass(frozen=True)
class Database:
    """A database of one test."""

    name: str
    admin_dsn: str
    app_dsn: str


@pytest.fixture(scope="session")
def run_dir() -> Path:
    """A directory of this run, shared by its processes and removed at the end; any user may enter it."""
    return Path(os.environ[RUN_DIR])


@pytest.fixture(scope="session")
def postgres_bin() -> Callable[[int], Path]:
    """Programs of a PostgreSQL major version: the package's 16 and 18, others from Debian's place."""

    def find(major: int) -> Path:
        if major in (POSTGRES_16, POSTGRES_18):
            return packaged_bin_dir(major)
        bin_dir = Path(f"/usr/lib/postgresql/{major}/bin")
        if not bin_dir.is_dir():
            pytest.skip(f"PostgreSQL {major} is not installed (Debian: apt-get install postgresql-{major})")
        return bin_dir

    return find


@pytest.fixture(scope="session")
def system_postgres_bin() -> Path:
    """Programs of the newest PostgreSQL, 15 or later, that the system has installed (Debian, Ubuntu)."""
    found = sorted(Path("/usr/lib/postgresql").glob("[1-9][0-9]/bin/initdb"))
    if not found or int(found[-1].parts[-3]) < POSTGRES_OLDEST:
        pytest.skip("no PostgreSQL is installed here (Debian: apt-get install postgresql)")
    return found[-1].parent


@pytest.fixture(scope="session")
def server(run_dir: Path, postgres_bin: Callable[[int], Path]) -> Generator[EmbeddedServer]:
    major = int(os.environ.get("DAYBOOK_TEST_POSTGRES", POSTGRES_18))
    server = EmbeddedServer.start(run_dir / "server", postgres_bin(major), settings=SERVER_SETTINGS)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(run_dir: Path, server: EmbeddedServer) -> str:
    """Name of the migrated database, made by whichever process comes first."""
    with _first(run_dir, TEMPLATE) as first:
        if first:
            server.ensure_database(TEMPLATE)
            asyncio.run(migrate(server.admin_dsn(TEMPLATE)))
    return TEMPLATE


@pytest.fixture(scope="session")
def begun(run_dir: Path, server: EmbeddedServer, template: str) -> str:
    """Name of the same with a record, and with the first version of every read model."""
    with _first(run_dir, BEGUN) as first:
        if first:
            asyncio.run(_execute(server, f"create database {BEGUN} template {template}"))
            asyncio.run(_begin(server.admin_dsn(BEGUN), server.dsn(BEGUN, "daybook_app")))
    return BEGUN


@contextmanager
def _first(run_dir: Path, name: str) -> Generator[bool]:
    """Whether this process is the first to make it; the others wait until it is there."""
    with (run_dir / f"{name}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not (run_dir / name).exists()
        (run_dir / name).touch()


async def _begin(admin_dsn: str, app_dsn: str) -> None:
    """Make the record and the read models. Nobody enters the record, so that each clone is an incarnation by itself."""
    for schema in ("record", "reads"):
        await create_partitions(admin_dsn, PARTITIONS, schema=schema)
    connection = await asyncpg.connect(app_dsn)
    await versions.ensure(connection, PROJECTIONS, Incarnation(BEGUN, {}, PARTITIONS))
    await connection.close()


async def _enter(app_dsn: str) -> None:
    """Have the read models' bookmarks count in the clone."""
    connection = await asyncpg.connect(app_dsn)
    here = await enter(connection, PARTITIONS, "record")
    await connection.execute("update read_model.bookmark set incarnation = $1", here.id)
    await connection.close()


@pytest.fixture
def database(request: pytest.FixtureRequest, server: EmbeddedServer, template: str) -> Generator[Database]:
    if "daybook" not in request.fixturenames:
        with _scratch_database(server, template) as made:
            yield made
        return
    with _scratch_database(server, request.getfixturevalue("begun")) as made:
        asyncio.run(_enter(made.app_dsn))
        yield made


@pytest.fixture
def empty_database(server: EmbeddedServer) -> Generator[Database]:
    with _scratch_database(server, "template0") as made:
        yield made


@pytest.fixture(scope="session")
def scratch_database(server: EmbeddedServer, template: str) -> Callable[[], AbstractContextManager[Database]]:
    """Makes a migrated database that several tests share, none of which changes it."""
    return partial(_scratch_database, server, template)


@contextmanager
def _scratch_database(server: EmbeddedServer, template: str) -> Generator[Database]:
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(_execute(server, f"create database {name} template {template} strategy file_copy"))
    try:
        yield Database(name, server.admin_dsn(name), server.dsn(name, "daybook_app"))
    finally:
        asyncio.run(_execute(server, f"drop database {name} with (force)"))


async def _execute(server: EmbeddedServer, sql: str) -> None:
    connection = await asyncpg.connect(server.admin_dsn())
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def app(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.app_dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def admin(database: Database) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.admin_dsn)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real files (see the README for where they can be had): beside the project, never in it."""
    path = PROJECT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"the real data files are not at {path}")
    return path


@pytest.fixture(scope="session")
def token_module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Library of a PKCS#11 token in software, `softhsm.LABEL`."""
    found = softhsm.module()
    softhsm.make_token(tmp_path_factory.mktemp("softhsm"))
    return found


@pytest.fixture
def token(token_module: Path) -> HardwareToken:
    """That token, emptied."""
    opened = HardwareToken(token_module, softhsm.LABEL, softhsm.PIN)
    opened.run(softhsm.empty)
    return opened
