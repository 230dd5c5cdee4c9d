"""No process runs as somebody who could undo the record, or who lacks what its work needs."""

import asyncpg
import pytest

from engine.logs import start_sealing
from engine.settings import Settings
from engine.shredding import open_eraser
from engine.wiring import Databases, Daybook, initialise
from store.embedded import EmbeddedServer
from store.role_powers import APPLICATION, ERASER, SEALER, RoleUnfit, powers_of, require_fit_role

ROLE = "daybook_test_powers"
ROLES = (APPLICATION, SEALER, ERASER)


async def check(dsn: str, role: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        await require_fit_role(pool, role)


@pytest.fixture
async def nobody(admin, database, server: EmbeddedServer):
    """The address of the database as a role of the test's own, which has no grant of its own yet."""
    await admin.execute(f"create role {ROLE} login")
    yield server.dsn(database.name, ROLE)
    await admin.execute(f"drop owned by {ROLE}; drop role {ROLE}")


def test_what_each_role_needs_is_read_from_the_schema():
    assert {"INSERT on table record.event", "CREATE on schema read_model"} <= powers_of(APPLICATION)
    assert "UPDATE on column record.event.data" in powers_of(ERASER)
    assert "UPDATE on table seal.log" in powers_of(SEALER)
    for role in ROLES:
        assert not any(one.startswith(("TRUNCATE", "TRIGGER", "UPDATE on table record")) for one in powers_of(role))


@pytest.mark.parametrize("role", ROLES)
async def test_the_roles_that_the_migrations_make_are_fit_and_the_superuser_is_not(database, server, role):
    await check(server.dsn(database.name, role), role)
    with pytest.raises(RoleUnfit, match="SUPERUSER"):
        await check(database.admin_dsn, role)


@pytest.mark.parametrize("role", ROLES)
async def test_a_login_of_the_banks_own_is_fit_as_a_member(admin, nobody, role):
    await admin.execute(f"grant {role} to {ROLE}")
    await check(nobody, role)


@pytest.mark.parametrize(
    ("role", "grant", "power"),
    [
        (APPLICATION, "grant daybook_owner to {role}", "MEMBER of daybook_owner"),
        (APPLICATION, "grant delete on record.event to {role}", "DELETE on table record.event"),
        (APPLICATION, "alter role {role} createrole", "CREATEROLE"),
        (SEALER, "grant daybook_eraser to {role}", "MEMBER of daybook_eraser"),
        (SEALER, "grant select on vault.data_key to {role}", "SELECT on table vault.data_key"),
        (SEALER, "grant trigger on seal.log to {role}", "TRIGGER on table seal.log"),
        (ERASER, "grant update (salt) on record.event to {role}", "UPDATE on column record.event.salt"),
        (ERASER, "grant create on schema vault to {role}", "CREATE on schema vault"),
        (ERASER, "grant pg_write_all_data to {role}", "MEMBER of pg_write_all_data"),
    ],
)
async def test_a_power_too_many_is_named(admin, nobody, role, grant, power):
    await admin.execute(f"grant {role} to {ROLE}")
    await admin.execute(grant.format(role=ROLE))
    with pytest.raises(RoleUnfit, match="too much") as refused:
        await check(nobody, role)
    assert power in refused.value.too_much
    assert not refused.value.missing


@pytest.mark.parametrize(
    ("role", "revoke", "power"),
    [
        (APPLICATION, "revoke insert on record.command from daybook_app", "INSERT on table record.command"),
        (SEALER, "revoke update on seal.log from daybook_sealer", "UPDATE on table seal.log"),
        (ERASER, "revoke update (data) on record.event from daybook_eraser", "UPDATE on column record.event.data"),
        (ERASER, "revoke usage on schema intake from daybook_eraser", "USAGE on schema intake"),
    ],
)
async def test_a_missing_power_is_named(admin, database, server, role, revoke, power):
    await admin.execute(revoke)  # of this database alone
    with pytest.raises(RoleUnfit, match="missing") as refused:
        await check(server.dsn(database.name, role), role)
    assert refused.value.missing == [power]
    assert not refused.value.too_much


async def test_nothing_starts_as_superuser(database, tmp_path):
    databases = Databases(database.admin_dsn, database.admin_dsn, None)
    await initialise(databases, 4, progress=lambda *_: None)
    everywhere = database.admin_dsn
    settings = Settings(database_url=everywhere, sealer_url=everywhere, eraser_url=everywhere, data_dir=tmp_path)
    with pytest.raises(RoleUnfit, match=r"DAYBOOK_DATABASE_URL.*daybook_app"):
        await Daybook.open(settings, databases)
    with pytest.raises(RoleUnfit, match=r"DAYBOOK_SEALER_URL.*daybook_sealer"):
        await start_sealing(settings, databases)
    with pytest.raises(RoleUnfit, match=r"DAYBOOK_ERASER_URL.*daybook_eraser"):
        async with open_eraser(settings, databases):
            pass
