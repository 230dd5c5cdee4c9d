"""Nothing in the record can be changed: the application's role lacks the right, and triggers refuse the owner."""

import asyncpg
import pytest

from store.envelope import AppendRequest, Participant, SealedBlob
from store.identity import new_id
from tests.store.made import answer, event, ids_in

TABLES = ("partition_head", "incarnation", "event", "sealed", "participant", "command", "closed_cut")
CHANGES = (
    "update record.{} set partition = partition",
    "delete from record.{}",
    "truncate record.{}",
    "truncate record.{} cascade",
)
PRIVILEGE_MISSING = "42501"
REFUSED = "DB005"


@pytest.fixture
async def filled(record, app) -> None:
    """A row in every table."""
    (stream,) = ids_in(record, 0, 1)
    sent = event(stream)
    blob = SealedBlob(sent.event_id, stream, "interaction", new_id(), b"sealed")
    people = [Participant(0, stream, "guarantor")]
    await record.append(AppendRequest(0, [sent], {stream: -1}, (), answer("c"), [blob], people))
    await record.recorded_at(await app.fetchval("select clock_timestamp()"))


@pytest.fixture
async def owner(admin):
    await admin.execute("set role daybook_owner")
    return admin


async def contents(connection: asyncpg.Connection) -> dict[str, list[str]]:
    return {t: sorted(map(str, await connection.fetch(f"select * from record.{t}"))) for t in TABLES}


async def test_every_table_of_the_record_is_tried_here(app):
    rows = await app.fetch("select relname from pg_class where relnamespace = 'record'::regnamespace and relkind = 'r'")
    assert {row[0] for row in rows} == set(TABLES)


@pytest.mark.usefixtures("filled")
async def test_the_application_lacks_the_privilege(app):
    before = await contents(app)
    for table in TABLES:
        assert before[table], table
        for change in CHANGES:
            with pytest.raises(asyncpg.InsufficientPrivilegeError) as caught:
                await app.execute(change.format(table))
            assert caught.value.sqlstate == PRIVILEGE_MISSING
    assert await contents(app) == before


@pytest.mark.usefixtures("filled")
async def test_triggers_refuse_the_owner(owner):
    before = await contents(owner)
    for table in TABLES:
        for change in CHANGES:
            with pytest.raises(asyncpg.PostgresError, match=r"is refused|foreign key") as caught:
                await owner.execute(change.format(table))
            # A plain TRUNCATE of a table that others refer to never reaches the trigger.
            referred = (table, change) == ("partition_head", CHANGES[2])
            assert caught.value.sqlstate == ("0A000" if referred else REFUSED), (table, change)
    assert await contents(owner) == before


@pytest.mark.usefixtures("filled")
async def test_the_eraser_gets_no_further(eraser, admin):
    """The one thing it may delete, a blob under a tombstone, is tried in `test_erasing`."""
    before = await contents(admin)
    for table in TABLES:
        for change in CHANGES:
            with pytest.raises(asyncpg.PostgresError) as caught:
                await eraser.execute(change.format(table))
            deletes_blobs = (table, change) == ("sealed", CHANGES[1])
            assert caught.value.sqlstate == (REFUSED if deletes_blobs else PRIVILEGE_MISSING), (table, change)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await eraser.execute(f"insert into record.{table} select * from record.{table}")
    assert await contents(admin) == before


@pytest.mark.usefixtures("filled")
async def test_an_upsert_does_not_go_round_the_trigger(owner):
    with pytest.raises(asyncpg.PostgresError) as caught:
        await owner.execute(
            "insert into record.event select * from record.event on conflict (partition, position)"
            " do update set actor = 'somebody else'"
        )
    assert caught.value.sqlstate == REFUSED
    with pytest.raises(asyncpg.PostgresError) as caught:
        await owner.execute(
            "merge into record.event e using (select 0 as p) s on e.partition = s.p when matched then delete"
        )
    assert caught.value.sqlstate == REFUSED


@pytest.mark.usefixtures("filled")
async def test_a_stored_answer_goes_when_its_time_is_over_and_not_before(owner, record):
    (stream,) = ids_in(record, 0, 1)
    await record.append(AppendRequest(0, [event(stream)], {stream: -1}, (), answer("old", days=-1)))
    assert await owner.execute("delete from record.command where expires_at < now()") == "DELETE 1"
    with pytest.raises(asyncpg.PostgresError) as caught:
        await owner.execute("update record.command set expires_at = now() - interval '1 day'")
    assert caught.value.sqlstate == REFUSED


async def test_the_application_can_do_nothing_with_a_head_but_wait_for_it(record, app):
    for statement in (
        "select * from record.partition_head for update",
        "select * from record.partition_head for share",
        "select * from record.event for update",
        "lock table record.partition_head in share mode",
        "lock table record.event in exclusive mode",
        "insert into record.partition_head values (99)",
        "alter table record.event disable trigger all",
        "drop trigger refuse_change on record.event",
        "create or replace function record.refuse_change() returns trigger language plpgsql as 'begin return old; end'",
        "set session_replication_role = replica",
        "create table record.other ()",
        "set role daybook_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(f"begin; {statement}")
        await app.execute("rollback")
    async with app.transaction():
        assert await app.fetchval("select record.lock_head(0::smallint)") is True
        assert await app.fetchval("select record.lock_head(99::smallint)") is False


async def test_the_application_owns_nothing(app):
    assert await app.fetchval("select current_user") == "daybook_app"
    assert await app.fetchval("select rolsuper or rolcreatedb or rolcreaterole from pg_roles where rolname = $1",
                              "daybook_app") is False  # fmt: skip
    for query in (
        "select count(*) from pg_class where pg_get_userbyid(relowner) = 'daybook_app'",
        "select count(*) from pg_proc where pg_get_userbyid(proowner) = 'daybook_app'",
        "select count(*) from pg_namespace where pg_get_userbyid(nspowner) = 'daybook_app'",
        "select count(*) from pg_auth_members where pg_get_userbyid(member) = 'daybook_app'",
    ):
        assert await app.fetchval(query) == 0, query


async def test_others_than_the_application_get_nothing(admin, database):
    """Any role may connect by PostgreSQL's default; the record is not for any role."""
    await admin.execute("do $$ begin create role daybook_stranger login; exception when duplicate_object then end $$")
    stranger = await asyncpg.connect(database.app_dsn.replace("daybook_app", "daybook_stranger"))
    for statement in ("select * from record.event", "select record.lock_head(0::smallint)", "table record.event_json"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.execute(statement)
    await stranger.close()


async def test_the_view_decodes_data_for_people(record, app):
    (stream,) = ids_in(record, 0, 1)
    await record.append(AppendRequest(0, [event(stream, data=b'{"amount":7}')], {stream: -1}))
    assert await app.fetchval("select data->>'amount' from record.event_json") == "7"
