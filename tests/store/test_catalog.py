"""The live schema is compared with what the migrations make, on every server version, and each change is named."""

import json

import asyncpg
import pytest

from store.catalog import CATALOG_FILE, catalog, compare_schema
from store.migrate import MIGRATIONS_DIR


async def test_the_file_is_what_the_migrations_make(admin: asyncpg.Connection, request: pytest.FixtureRequest) -> None:
    path = MIGRATIONS_DIR / CATALOG_FILE
    if request.config.getoption("--write-schema"):
        path.write_text(json.dumps(await catalog(admin), indent=0, sort_keys=True) + "\n", encoding="utf-8")
    assert await compare_schema(admin) == [], "run: make schema"


async def test_the_application_may_compare(app: asyncpg.Connection) -> None:
    assert await compare_schema(app) == []


REPLACE = (
    "create or replace function record.refuse_change() returns trigger language plpgsql as $$ begin return new; end $$"
)


@pytest.mark.parametrize(
    ("sql", "name", "why"),
    [
        ("drop trigger refuse_change on record.event", "trigger record.event.refuse_change", "was dropped"),
        ("alter table record.event disable trigger refuse_change", "trigger record.event.refuse_change", "was changed"),
        ("grant update (actor) on record.event to daybook_app",
         "grant on column record.event.actor to daybook_app", "was added"),
        ("grant delete on record.sealed to public", "grant on table record.sealed to public", "was added"),
        ("grant execute on function seal.refuse_change() to daybook_app",
         "grant on function seal.refuse_change() to daybook_app", "was added"),
        (REPLACE, "function record.refuse_change()", "was changed"),
        ("create function record.own() returns int language sql return 1", "function record.own()", "was added"),
        ("create rule quietly as on insert to reads.event do instead nothing", "rule reads.event.quietly", "was added"),
        ("create trigger also before insert on record.event for each row execute function record.refuse_change()",
         "trigger record.event.also", "was added"),
        ("alter table vault.tombstone owner to postgres", "table vault.tombstone", "was changed"),
        ("alter table record.event drop constraint event_pkey", "constraint record.event.event_pkey", "was dropped"),
        ("alter table seal.log alter column vkey set default 'x'", "column seal.log.vkey", "was changed"),
        ("create table record.elsewhere (partition smallint)", "table record.elsewhere", "was added"),
        ("alter table record.event enable row level security", "table record.event", "was changed"),
    ],
)  # fmt: skip
async def test_a_change_is_named(admin: asyncpg.Connection, sql: str, name: str, why: str) -> None:
    await admin.execute(sql.replace("postgres", f'"{await admin.fetchval("select current_user")}"'))
    assert (name, why) in await compare_schema(admin)
