"""Forward-only migrations: `migrations/NNNN_name.sql`, applied once each in name order.

A "down" would destroy evidence, so there is none. Every file is one transaction; its name and SHA-256 are kept in
`daybook.migration`, and a file that changed after it was applied is refused, as is a database that a newer program
has migrated. All objects belong to the role `daybook_owner`, who logs in nowhere; the application logs in as
`daybook_app`, who seals the logs as `daybook_sealer`, who erases as `daybook_eraser`, and they own nothing. All roles
are made first where they are missing.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg

from store.record_schema import expanded
from store.statements import statement

MIGRATIONS_DIR = Path(__file__).resolve().parents[1] / "migrations"
SCHEMA_FILE = "schema.sql"  # the whole schema, for readers; not applied
FILE_NAME = re.compile(r"\d{4}_[a-z0-9_]+\.sql")
LOCK_TIMEOUT = "10s"  # a migration that waits for a lock makes everybody behind it wait

DBA_SQL = """\
create role daybook_owner nologin;
create role daybook_app login;
create role daybook_sealer login;
create role daybook_eraser login;
grant daybook_owner to {user};
grant create on database {database} to daybook_owner;"""


class MigrationError(RuntimeError):
    """The database cannot be migrated; the message says what to do."""


class Migration(NamedTuple):
    """One file: its name, its text with what it includes, and the SHA-256 of its own bytes in hex."""

    name: str
    sql: str
    sha256: str


def read_migrations(directory: Path = MIGRATIONS_DIR) -> list[Migration]:
    """All migrations in the order of application."""
    migrations: list[Migration] = []
    for path in sorted(directory.glob("*.sql")):
        if path.name == SCHEMA_FILE:
            continue
        if not FILE_NAME.fullmatch(path.name):
            raise MigrationError(f"migration file {path.name}: name it NNNN_name.sql, in lower case")
        if migrations and migrations[-1].name[:4] == path.name[:4]:
            raise MigrationError(f"migration files {migrations[-1].name} and {path.name} have one number: renumber one")
        content = path.read_bytes()
        sql = expanded(content.decode(), directory)
        migrations.append(Migration(path.name, sql, hashlib.sha256(content).hexdigest()))
    return migrations


async def migrate(
    admin_dsn: str,
    *,
    directory: Path = MIGRATIONS_DIR,
    progress: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
) -> list[str]:
    """Apply what is missing and return the names applied.

    `admin_dsn` is a superuser's, or that of the database's owner where a DBA has made the roles; it must reach the
    server directly, not through a pooler. `progress(name, done, total)` is called before each file. Raises
    MigrationError; files before the failing one stay applied.
    """
    migrations = read_migrations(directory)
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(statement("lock_migrations"))
        await _become_owner(connection)
        await _ensure_table(connection)
        missing = unapplied(migrations, await _applied(connection))
        for done, migration in enumerate(missing):
            progress(migration.name, done, len(missing))
            await _apply(connection, migration)
    finally:
        await connection.close()
    return [migration.name for migration in missing]


async def pending(dsn: str, *, directory: Path = MIGRATIONS_DIR) -> list[str]:
    """Names of the migrations that the database still lacks, without changing it. Raises MigrationError."""
    connection = await asyncpg.connect(dsn)
    try:
        applied = await _applied(connection) if await connection.fetchval(statement("find_migration_table")) else {}
    finally:
        await connection.close()
    return [migration.name for migration in unapplied(read_migrations(directory), applied)]


def unapplied(migrations: Sequence[Migration], applied: dict[str, str]) -> list[Migration]:
    """Those not among the applied ones (name to SHA-256), which must be the first of them, unchanged."""
    if unknown := sorted(set(applied) - {migration.name for migration in migrations}):
        raise MigrationError(f"a newer program has migrated this database ({', '.join(unknown)}): use that program")
    for migration in migrations:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise MigrationError(f"{migration.name} was changed after it was applied: undo that, add a new migration")
    missing = [migration for migration in migrations if migration.name not in applied]
    if missing and applied and missing[0].name < max(applied):
        raise MigrationError(f"{missing[0].name} comes before {max(applied)}, which is applied: give it a later number")
    return missing


async def _ensure_table(connection: asyncpg.Connection) -> None:
    if await connection.fetchval(statement("find_migration_table")):
        return
    async with connection.transaction():
        for name in (
            "create_migration_schema",
            "create_migration_table",
            "grant_migration_schema",
            "grant_migration_table",
        ):
            await connection.execute(statement(name))


async def _applied(connection: asyncpg.Connection) -> dict[str, str]:
    return {row["name"]: row["sha256"] for row in await connection.fetch(statement("read_migrations"))}


async def _become_owner(connection: asyncpg.Connection) -> None:
    names = await connection.fetchrow("select session_user::text, current_database()::text")
    user, database = (_identifier(name) for name in names or ())
    try:
        await connection.execute(statement("create_owner_role"))
        await connection.execute(statement("create_app_role"))
        await connection.execute(statement("create_sealer_role"))
        await connection.execute(statement("create_eraser_role"))
        if not await connection.fetchval(statement("owner_may_create")):
            await connection.execute(f"grant create on database {database} to daybook_owner")
        await _set_owner(connection, user)
    except asyncpg.InsufficientPrivilegeError as error:
        sql = DBA_SQL.format(user=user, database=database)
        raise MigrationError(
            f"user {user} may not migrate database {database} ({error}). Let a DBA run:\n{sql}"
        ) from error


async def _set_owner(connection: asyncpg.Connection, user: str) -> None:
    """Act as daybook_owner. From PostgreSQL 16 on even who made a role must be granted that."""
    try:
        await connection.execute("set role daybook_owner")
    except asyncpg.InsufficientPrivilegeError:
        await connection.execute(f"grant daybook_owner to {user}")
        await connection.execute("set role daybook_owner")


def _identifier(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'; set local statement_timeout = 0")
            # Every name is qualified: what a file means must not depend on who applies it.
            await connection.execute("set local search_path = pg_catalog")
            await connection.execute(migration.sql)
            await connection.execute(statement("insert_migration"), migration.name, migration.sha256)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{migration.name}{_line(migration.sql, error)}: {error}") from error


def _line(sql: str, error: asyncpg.PostgresError) -> str:
    position: str | None = getattr(error, "position", None)
    if position is None:
        return ""
    newlines = sql.count("\n", 0, int(position))
    return f", line {newlines + 1}"
