"""Migrations: forward only, once each, told apart by their bytes, and owned by nobody who logs in."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from store.migrate import MigrationError, migrate, pending, read_migrations

FIRST = "create schema ledger; create table ledger.entry (number int primary key);"
SECOND = "alter table ledger.entry add column text text;"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes migrations, `_0001_first=FIRST` and so on, and gives back their directory."""

    def files(**sql: str) -> Path:
        for name, text in sql.items():
            (tmp_path / f"{name.removeprefix('_')}.sql").write_text(text)
        return tmp_path

    return files


async def fetch(dsn: str, sql: str, *args: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(sql, *args)
    finally:
        await connection.close()


async def test_each_is_applied_once_in_the_order_of_names(empty_database, write: Write) -> None:
    told: list[tuple[str, int, int]] = []
    directory = write(_0002_second=SECOND, _0001_first=FIRST, schema="this is not applied")
    dsn = empty_database.admin_dsn
    assert await pending(dsn, directory=directory) == ["0001_first.sql", "0002_second.sql"]
    applied = await migrate(dsn, directory=directory, progress=lambda *step: told.append(step))
    assert applied == ["0001_first.sql", "0002_second.sql"]
    assert told == [("0001_first.sql", 0, 2), ("0002_second.sql", 1, 2)]
    assert await migrate(dsn, directory=directory) == []
    assert await pending(empty_database.app_dsn, directory=directory) == []
    rows = await fetch(dsn, "select name, length(sha256) from daybook.migration order by name")
    assert [tuple(row) for row in rows] == [("0001_first.sql", 64), ("0002_second.sql", 64)]


async def test_a_changed_file_is_refused(empty_database, write: Write) -> None:
    await migrate(empty_database.admin_dsn, directory=write(_0001_first=FIRST))
    changed = write(_0001_first=FIRST + "\n")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed after it was applied"):
        await migrate(empty_database.admin_dsn, directory=changed)


async def test_a_database_of_a_newer_program_is_refused(empty_database, write: Write) -> None:
    directory = write(_0001_first=FIRST, _0002_second=SECOND)
    await migrate(empty_database.admin_dsn, directory=directory)
    (directory / "0002_second.sql").unlink()
    for refused in (migrate, pending):
        with pytest.raises(MigrationError, match=r"newer program has migrated this database \(0002_second\.sql\)"):
            await refused(empty_database.admin_dsn, directory=directory)


async def test_a_file_before_an_applied_one_is_refused(empty_database, write: Write) -> None:
    await migrate(empty_database.admin_dsn, directory=write(_0002_first=FIRST))
    with pytest.raises(MigrationError, match=r"0001_late\.sql comes before 0002_first\.sql"):
        await migrate(empty_database.admin_dsn, directory=write(_0001_late="select 1;"))


@pytest.mark.parametrize(
    ("name", "reason"),
    [("1_first", "NNNN_name.sql"), ("0002_Upper", "NNNN_name.sql"), ("0001_again", "have one number")],
)
def test_a_file_of_a_bad_name_is_refused(write: Write, name: str, reason: str) -> None:
    with pytest.raises(MigrationError, match=reason):
        read_migrations(write(_0001_first=FIRST, **{f"_{name}": SECOND}))


async def test_a_failing_file_changes_nothing_and_tells_its_line(empty_database, write: Write) -> None:
    directory = write(_0001_first=FIRST, _0002_second="create table ledger.half ();\n\nselect nonsense;\n")
    with pytest.raises(MigrationError, match=r'0002_second\.sql, line 3: column "nonsense" does not exist'):
        await migrate(empty_database.admin_dsn, directory=directory)
    assert await fetch(empty_database.admin_dsn, "select 1 where to_regclass('ledger.half') is not null") == []
    assert await pending(empty_database.admin_dsn, directory=directory) == ["0002_second.sql"]
    assert await migrate(empty_database.admin_dsn, directory=write(_0002_second=SECOND)) == ["0002_second.sql"]


async def test_names_must_be_qualified(empty_database, write: Write) -> None:
    with pytest.raises(MigrationError, match=r"0001_loose\.sql"):
        await migrate(empty_database.admin_dsn, directory=write(_0001_loose="create table loose ();"))


async def test_several_at_once_apply_each_file_once(empty_database, write: Write) -> None:
    directory = write(_0001_first=FIRST, _0002_second=SECOND)
    applied = await asyncio.gather(*(migrate(empty_database.admin_dsn, directory=directory) for _ in range(4)))
    assert sorted(name for names in applied for name in names) == ["0001_first.sql", "0002_second.sql"]


async def test_the_application_owns_nothing(admin: asyncpg.Connection) -> None:
    owned = await admin.fetch(
        "select c.oid::regclass::text as name, c.relowner::regrole::text as owner from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
    )
    assert owned
    assert {row["owner"] for row in owned} == {"daybook_owner"}
    assert not await admin.fetchval("select rolcanlogin or rolsuper from pg_roles where rolname = 'daybook_owner'")
    assert not await admin.fetchval("select pg_has_role('daybook_app', 'daybook_owner', 'member')")
    assert not await admin.fetchval("select rolsuper or rolcreaterole from pg_roles where rolname = 'daybook_app'")
    assert not await admin.fetchval("select has_table_privilege('daybook_app', 'daybook.migration', 'insert')")


@pytest.fixture
async def dba(admin: asyncpg.Connection) -> AsyncIterator[str]:
    """Name of a login role without any right, dropped at the end."""
    name = f"dba_{uuid.uuid4().hex[:8]}"
    await admin.execute(f"create role {name} login")
    yield name
    await admin.execute(f"reassign owned by {name} to postgres; drop owned by {name}; drop role {name}")


async def test_the_owner_of_the_database_migrates_without_being_superuser(server, dba: str, write: Write) -> None:
    server.ensure_database(dba)
    admin_dsn = server.admin_dsn(dba)
    await fetch(admin_dsn, f"alter database {dba} owner to {dba}")
    await fetch(admin_dsn, f"grant daybook_owner to {dba}")
    try:
        assert await migrate(server.dsn(dba, dba), directory=write(_0001_first=FIRST)) == ["0001_first.sql"]
        owner = await fetch(
            admin_dsn, "select relowner::regrole::text from pg_class where oid = 'ledger.entry'::regclass"
        )
        assert owner[0][0] == "daybook_owner"
    finally:
        await fetch(server.admin_dsn(), f"drop database {dba} with (force)")


async def test_a_user_without_rights_is_told_what_a_dba_must_run(
    server, empty_database, admin: asyncpg.Connection, dba: str, write: Write
) -> None:
    dsn = server.dsn(empty_database.name, dba)
    directory = write(_0001_first=FIRST)
    with pytest.raises(MigrationError, match="Let a DBA run") as refused:
        await migrate(dsn, directory=directory)
    sql = str(refused.value).partition("Let a DBA run:\n")[2]
    assert f'grant daybook_owner to "{dba}";' in sql
    # The roles are there already: they belong to the whole server.
    for line in re.findall(r"^grant.*", sql, re.MULTILINE):
        await admin.execute(line)
    assert await migrate(dsn, directory=directory) == ["0001_first.sql"]


async def test_a_user_who_may_create_roles_needs_no_dba(
    run_dir: Path, postgres_bin: Callable[[int], Path], write: Write
) -> None:
    """On a server that has never seen Daybook, hence one of its own."""
    from store.embedded import EmbeddedServer  # noqa: PLC0415 - with its reaper, for this test alone

    server = EmbeddedServer.start(run_dir / uuid.uuid4().hex[:8], postgres_bin(16))
    try:
        await fetch(server.admin_dsn(), "create role operator login createrole createdb")
        await fetch(server.admin_dsn(), "create database bank owner operator")
        assert await migrate(server.dsn("bank", "operator"), directory=write(_0001_first=FIRST)) == ["0001_first.sql"]
    finally:
        server.stop()
