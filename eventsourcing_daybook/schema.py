"""Makes the schema: the record's own migrations, told to be in another schema, and then the adapter's."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from eventsourcing.persistence import ProgrammingError

from eventsourcing_daybook.connections import Connection
from eventsourcing_daybook.statements import statement
from store.migrate import Migration, read_migrations
from store.record_schema import RECORD_MIGRATIONS
from store.statements import in_schema

ADAPTER_DIR: Final = Path(__file__).resolve().parent / "migrations"
APPLICATION_ROLE: Final = re.compile(r"\bdaybook_app\b")
LOCK_TIMEOUT: Final = "10s"


def migrations() -> list[Migration]:
    """All that the schema is made by, in order; the adapter's names say so."""
    of_record = {migration.name: migration for migration in read_migrations()}
    own = [migration._replace(name=f"adapter/{migration.name}") for migration in read_migrations(ADAPTER_DIR)]
    return [*(of_record[name] for name in RECORD_MIGRATIONS), *own]


async def missing(connection: Connection, schema: str) -> list[Migration]:
    """What the schema still lacks.

    Raises:
        ProgrammingError: it was made by a newer or a changed program.
    """
    applied: dict[str, str] = {}
    if await connection.fetchval(statement("find_migration_table", schema)):
        rows = await connection.fetch(statement("read_migrations", schema))
        applied = {row["name"]: row["sha256"] for row in rows}
    return _missing(migrations(), applied, schema)


async def migrate(connection: Connection, schema: str, application_role: str) -> None:
    """Bring the schema up to date, in one transaction; processes that do so at the same time take turns.

    `application_role` (quoted) gets what the application needs, and no more; the connection's role owns all.

    Raises:
        ProgrammingError: the schema was made by a newer or a changed program.
    """
    async with connection.transaction():
        await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'; set local statement_timeout = 0")
        # Every name is qualified: what a file means must not depend on who applies it.
        await connection.execute("set local search_path = pg_catalog")
        await connection.execute(statement("lock_migrations", schema), schema)
        lacking = await missing(connection, schema)
        for migration in lacking:
            sql = in_schema(migration.sql, schema)
            await connection.execute(APPLICATION_ROLE.sub(lambda _: application_role, sql))
        insert = statement("insert_migration", schema)  # last: the table may be among what was lacking
        await connection.executemany(insert, [(migration.name, migration.sha256) for migration in lacking])


def _missing(known: Sequence[Migration], applied: dict[str, str], schema: str) -> list[Migration]:
    if unknown := sorted(applied.keys() - {migration.name for migration in known}):
        raise ProgrammingError(f"a newer program made schema {schema} ({', '.join(unknown)}): use that program")
    for migration in known:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise ProgrammingError(f"{migration.name} was changed after schema {schema} was made with it: undo that")
    return [migration for migration in known if migration.name not in applied]
