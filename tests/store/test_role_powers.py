"""The program does not run as somebody who could undo the record."""

import asyncpg
import pytest

from engine.settings import Settings
from engine.wiring import Databases, Daybook, initialise
from store.embedded import EmbeddedServer
from store.role_powers import RoleTooPowerful, require_modest_role

ROLE = "daybook_test_powers"


async def check(dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        await require_modest_role(pool)


async def test_the_application_is_modest_and_the_superuser_is_not(database):
    await check(database.app_dsn)
    with pytest.raises(RoleTooPowerful, match="a superuser"):
        await check(database.admin_dsn)


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        ("grant daybook_owner to {role}", "the owner"),
        ("grant usage on schema record to {role}; grant delete on record.event to {role}", "update or delete"),
    ],
)
async def test_roles_that_could_change_the_record_are_refused(database, admin, server: EmbeddedServer, grant, told):
    await admin.execute(f"create role {ROLE} login")
    try:
        await admin.execute(grant.format(role=ROLE))
        with pytest.raises(RoleTooPowerful, match=told):
            await check(server.dsn(database.name, ROLE))
    finally:
        await admin.execute(f"drop owned by {ROLE}; drop role {ROLE}")


async def test_daybook_does_not_open_as_superuser(database, tmp_path):
    databases = Databases(database.admin_dsn, database.admin_dsn, None)
    await initialise(databases, 4, progress=lambda *_: None)
    with pytest.raises(RoleTooPowerful, match="daybook_app"):
        await Daybook.open(Settings(database_url=database.admin_dsn, data_dir=tmp_path), databases)
