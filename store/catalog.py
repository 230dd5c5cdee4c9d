"""The live schema against what the migrations make: a trigger gone, a function changed, one grant more.

The record refuses changes by triggers and grants, and the logs' second code path is a function. Whoever is superuser
can change all of these; here is what shows it.
"""

import hashlib
import json
from typing import TYPE_CHECKING, Final, NamedTuple

from store.migrate import MIGRATIONS_DIR
from store.statements import statement

if TYPE_CHECKING:
    from asyncpg import Connection, Pool, Record

CATALOG_FILE: Final = "catalog.json"
"""Beside the migrations: every object's name, and the SHA-256 of its definition."""
SCHEMAS: Final = ("daybook", "intake", "reads", "record", "seal", "vault")


class SchemaDifference(NamedTuple):
    """An object that is not as the migrations make it."""

    name: str
    why: str


async def catalog(database: "Pool[Record] | Connection[Record]") -> dict[str, str]:
    """Every object of the schema by name, with the SHA-256 of its definition in hex."""
    rows = await database.fetch(statement("catalog"), SCHEMAS)
    return {name: hashlib.sha256(definition.encode()).hexdigest() for name, definition in rows}


def expected_catalog() -> dict[str, str]:
    """What the migrations of this program make."""
    return json.loads((MIGRATIONS_DIR / CATALOG_FILE).read_bytes())


async def compare_schema(database: "Pool[Record] | Connection[Record]") -> list[SchemaDifference]:
    """What was changed, added or dropped in the schema since it was migrated, by name.

    Of a database that this program has migrated to its newest; others differ by what is not migrated.
    """
    expected, found = expected_catalog(), await catalog(database)
    return [
        SchemaDifference(
            name, "was dropped" if name not in found else "was added" if name not in expected else "was changed"
        )
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
    ]
