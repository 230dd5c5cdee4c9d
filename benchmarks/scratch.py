"""A server of its own for a benchmark, and fresh databases on it."""

import asyncio
import statistics
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from engine.wiring import Databases, initialise
from store.embedded import EmbeddedServer
from store.role_powers import APPLICATION

PARTITIONS = 4
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "min_wal_size": "8GB", "checkpoint_timeout": "30min"}


@contextmanager
def scratch_server() -> Generator[EmbeddedServer]:
    """An embedded server in a temporary folder, gone afterwards; durability as in production."""
    with tempfile.TemporaryDirectory(
        prefix="daybook-bench-", dir="/var/tmp", ignore_cleanup_errors=True
    ) as folder:  # PostgreSQL must be able to enter it
        Path(folder).chmod(0o755)
        server = EmbeddedServer.start(Path(folder) / "data", settings=SETTINGS)
        try:
            yield server
        finally:
            server.stop()


async def fresh_record(server: EmbeddedServer, name: str, partitions: int = PARTITIONS) -> Databases:
    """An empty record in a database of its own."""
    await asyncio.to_thread(server.ensure_database, name)
    databases = Databases(server.dsn(name, APPLICATION), server.admin_dsn(name), None)
    await initialise(databases, partitions, progress=_silent)
    return databases


async def write_through_log(dsn: str, files: int) -> None:
    """Let the server make so many files of its log (16 MB each), which it uses again from then on.

    A server that has run for a while has them. On a new one every append waits for each of them to be written and
    synced, which takes longer than anything else and would be most of a 99th percentile.
    """
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(files):
            await connection.execute("select pg_logical_emit_message(false, 'benchmark', '')")
            await connection.execute("select pg_switch_wal()")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


async def query(dsn: str, sql: str) -> object:
    """One value from one statement."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def median(values: Sequence[float]) -> float:
    """The median, rounded to whole figures where they are rates."""
    return round(statistics.median(values), 1)


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _silent(_name: str, _done: int, _total: int) -> None:
    """Nobody watches migrations here."""
