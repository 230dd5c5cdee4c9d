"""The check at start that each database role may do what its work needs, and nothing beyond it.

What that is stands in one place: the GRANT lines of `migrations/schema.sql`, which the migrations make.
"""

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Final

from store.migrate import MIGRATIONS_DIR
from store.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record

OWNER: Final = "daybook_owner"
APPLICATION: Final = "daybook_app"
SEALER: Final = "daybook_sealer"
ERASER: Final = "daybook_eraser"

SETTINGS: Final = {APPLICATION: "DAYBOOK_DATABASE_URL", SEALER: "DAYBOOK_SEALER_URL", ERASER: "DAYBOOK_ERASER_URL"}
"""Where it is said how to log in as each."""
SCHEMA_FILE: Final = "schema.sql"
SCHEMAS: Final = ("daybook", "intake", "read_model", "reads", "record", "seal", "vault")
OTHERS: Final = ("pg_execute_server_program", "pg_read_all_data", "pg_write_all_data", "pg_write_server_files")
"""Roles of PostgreSQL's own that see past every grant."""
_TOLD_MAX: Final = 5
_GRANT: Final = re.compile(r"^GRANT (.+) ON (SCHEMA|TABLE) (\S+) TO (\w+);$", re.MULTILINE)
_PRIVILEGE: Final = re.compile(r"(\w+)(?:\(([^)]+)\))?")


class RoleUnfit(ValueError):
    """A database role may do too much, such as change what is recorded, or too little for its work."""

    def __init__(self, role: str, user: str, too_much: Collection[str], missing: Collection[str]) -> None:
        self.too_much, self.missing = sorted(too_much), sorted(missing)
        faults = [f"{name}: {_told(of)}" for name, of in (("too much", too_much), ("missing", missing)) if of]
        super().__init__(
            f"{SETTINGS[role]} logs in as {user}, which is not fit for the work of {role} ({'; '.join(faults)}): "
            f"log in as {role} with the grants that the migrations make"
            + (", and put the URL of the role that migrates into DAYBOOK_MIGRATE_URL" if role == APPLICATION else "")
        )


async def require_fit_role(pool: "Pool[Record]", role: str) -> None:
    """Refuse whoever may do more than `role` or less, be it by grants, by membership or as superuser.

    Raises:
        RoleUnfit: the message names the powers that are too much or missing.
    """
    others = [one for one in (OWNER, *SETTINGS, *OTHERS) if one != role]
    async with pool.acquire() as connection:
        user: str = await connection.fetchval("select session_user")
        rows = await connection.fetch(statement("role_powers"), SCHEMAS, others)
    held = {power for power, holds in rows if holds}
    if "SUPERUSER" in held:
        raise RoleUnfit(role, user, ["SUPERUSER"], ())
    wanted, there = powers_of(role), {power for power, _ in rows}
    too_much = held - wanted
    missing = {one for one in (wanted & there) - held if _of_table(one) not in held}
    if too_much or missing:
        raise RoleUnfit(role, user, too_much, missing)


@cache
def powers_of(role: str) -> frozenset[str]:
    """What the migrations grant a role, each as `SELECT on table record.event`; of a schema `USAGE` and `CREATE`."""
    text = (MIGRATIONS_DIR / SCHEMA_FILE).read_text(encoding="utf-8")
    found: set[str] = set()
    for privileges, kind, name, grantee in _GRANT.findall(text):
        if grantee != role or (kind == "TABLE" and name.startswith("read_model.")):  # made and dropped as it runs
            continue
        told = "USAGE,CREATE" if privileges == "ALL" else privileges
        for privilege, column in _PRIVILEGE.findall(told):
            where = f"column {name}.{column}" if column else f"{kind.lower()} {name}"
            found.add(f"{privilege} on {where}")
    return frozenset(found)


def _of_table(power: str) -> str:
    """The power over the whole table that one over a column is part of."""
    privilege, _, column = power.partition(" on column ")
    return f"{privilege} on table {column.rpartition('.')[0]}"


def _told(powers: Collection[str]) -> str:
    shown = sorted(powers)[:_TOLD_MAX]
    return ", ".join(shown) + (f" and {len(powers) - _TOLD_MAX} more" if len(powers) > _TOLD_MAX else "")
