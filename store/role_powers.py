"""The check at start that the program is not logged in as somebody who could undo the record."""

from typing import TYPE_CHECKING

from store.statements import statement

if TYPE_CHECKING:
    from asyncpg import Pool, Record


class RoleTooPowerful(ValueError):
    """The database role of the program could change what is recorded."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"DAYBOOK_DATABASE_URL logs in as {why}, which could change what is recorded: log in as daybook_app, and "
            "put the URL of the role that migrates into DAYBOOK_MIGRATE_URL"
        )


async def require_modest_role(pool: "Pool[Record]") -> None:
    """Refuse a superuser, a member of the owner's role, and whoever may update or delete events.

    Raises:
        RoleTooPowerful: the message says which of these it is.
    """
    powers = await pool.fetchrow(statement("role_powers"))
    if powers is None:
        return
    for name, why in _TOO_MUCH.items():
        if powers[name]:
            raise RoleTooPowerful(why)


_TOO_MUCH = {
    "superuser": "a superuser",
    "owner": "the owner of the tables",
    "may_change": "a role that may update or delete events",
}
