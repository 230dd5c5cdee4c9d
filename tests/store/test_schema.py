"""migrations/schema.sql is the whole schema in one file, and the same as what the migrations make."""

import asyncio
import difflib
import re
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from store.embedded import EmbeddedServer
from store.postgres_programs import POSTGRES_18, run

SCHEMA = Path(__file__).resolve().parents[2] / "migrations" / "schema.sql"
HEAD = "-- The whole schema, written by `make schema` from the migrations. To be read, not applied.\n\n"
# Lines of pg_dump that say nothing about the schema, or differ between its versions.
NOISE = re.compile(
    r"^--\n-- .*\n--\n|^--$|^-- (?:Dumped|PostgreSQL database dump).*$|^\\(?:un)?restrict .*$"
    r"|^SET (?!check_function_bodies).*;$|^SELECT pg_catalog\.set_config.*;$",
    re.MULTILINE,
)


@pytest.fixture
def dump(server: EmbeddedServer, postgres_bin: Callable[[int], Path]) -> Callable[[str], str]:
    """The schema of a database as text, owners and grants included."""

    def text(dsn: str) -> str:
        # One pg_dump for all servers, so that one file is right for all.
        pg_dump = str(postgres_bin(POSTGRES_18) / "pg_dump")
        dumped = run([pg_dump, "--schema-only", "--exclude-schema=public", dsn], None)
        return HEAD + re.sub(r"\n{3,}", "\n\n", NOISE.sub("", dumped)).strip() + "\n"

    return text


def test_the_file_is_what_the_migrations_make(database, dump, request: pytest.FixtureRequest) -> None:
    if _server_major(database.admin_dsn) != POSTGRES_18:
        return  # older servers write views out in other words; the next test holds there too
    made = dump(database.admin_dsn)
    if request.config.getoption("--write-schema"):
        SCHEMA.write_text(made, encoding="utf-8")
    difference = difflib.unified_diff(SCHEMA.read_text(encoding="utf-8").splitlines(), made.splitlines(), lineterm="")
    assert "\n".join(difference) == "", "run: make schema"


def test_a_database_made_of_the_file_is_the_same(database, empty_database, dump) -> None:
    asyncio.run(_fetch_after(empty_database.admin_dsn, SCHEMA.read_text(encoding="utf-8"), "select 1"))
    assert dump(empty_database.admin_dsn) == dump(database.admin_dsn)


def _server_major(dsn: str) -> int:
    return int(asyncio.run(_fetch_after(dsn, "", "select split_part(current_setting('server_version'), '.', 1)")))


async def _fetch_after(dsn: str, script: str, question: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        if script:
            await connection.execute(script)
        return await connection.fetchval(question)
    finally:
        await connection.close()
