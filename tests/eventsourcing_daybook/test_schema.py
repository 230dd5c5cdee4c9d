"""The schema: made once, the record's in all but name, and refusing change."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import asyncpg
import pytest
from eventsourcing.persistence import ProgrammingError, StoredEvent, Tracking

import eventsourcing_daybook
from eventsourcing_daybook.statements import statement
from store.migrate import read_migrations
from store.record import Record
from store.record_schema import BANK_MIGRATIONS, RECORD_MIGRATIONS

DEFINES = re.compile(
    r"^\s*(?:create|alter|drop|comment on)\s[^;(]*?\b(?:schema record\b|record\.\w)", re.IGNORECASE | re.MULTILINE
)
STATEMENTS = sorted(path.stem for path in (Path(eventsourcing_daybook.__file__).parent / "sql").glob("*.sql"))
APPEND_ONLY = ("event", "partition_head", "application")
T = TypeVar("T")
COLUMNS = """
    select table_name, column_name, data_type, is_nullable
      from information_schema.columns where table_schema = $1 order by table_name, ordinal_position
"""


def stored(count: int = 1) -> list[StoredEvent]:
    account = uuid4()
    return [StoredEvent(account, number, "opened", b"{}") for number in range(count)]


def test_every_migration_of_the_record_is_among_the_schemas():
    of_record = {migration.name for migration in read_migrations() if DEFINES.search(migration.sql)}
    assert of_record == {*RECORD_MIGRATIONS, *BANK_MIGRATIONS}


def test_its_tables_are_the_records(factory, sql):
    factory.application_recorder()
    ours = sql(COLUMNS, "eventsourcing")
    own = {"migration", "application", "tracking"}
    of_disposal = {"data_sha256", "disposal_id", "disposed_at"}
    banks = {"confidential"}  # tells of the bank's own event types
    of_record = [row for row in sql(COLUMNS, "record") if row["table_name"] not in banks]
    records = [tuple(row) for row in of_record if row["column_name"] not in of_disposal]
    assert [tuple(row) for row in ours if row["table_name"] not in own] == records


def test_nothing_in_it_refers_to_the_record(factory, sql):
    factory.application_recorder()
    bodies = sql("select prosrc, proname from pg_proc where pronamespace = 'eventsourcing'::regnamespace")
    assert bodies
    assert [row["proname"] for row in bodies if re.search(r"\brecord\.", row["prosrc"])] == []


def test_applications_that_start_together_make_one_schema_and_partitions_of_their_own(make_factory, sql):
    names = ["payments", "cards", "loans", "savings"] * 2
    with ThreadPoolExecutor(len(names)) as threads:
        recorders = list(threads.map(lambda name: make_factory(name).application_recorder(), names))
    assert {(recorder.partition, name) for recorder, name in zip(recorders, names, strict=True)} == {
        (row["partition"], row["name"]) for row in sql("select * from eventsourcing.application")
    }
    heads = sql("select partition from eventsourcing.partition_head order by partition")
    assert [row["partition"] for row in heads] == [0, 1, 2, 3]
    assert [recorder.insert_events(stored()) for recorder in recorders].count([1]) == 4


def test_schemas_are_apart(make_factory):
    for schema in ("one", "two"):
        assert make_factory(DAYBOOK_SCHEMA=schema).application_recorder().insert_events(stored()) == [1]


@pytest.fixture
def solo(database, sql) -> Generator[str]:
    """URL of a login that may make schemas and is no superuser."""
    name = f"solo_{database.name}"
    sql(f"create role {name} login")
    sql(f"grant create on database {database.name} to {name}")
    yield database.app_dsn.replace("daybook_app", name)
    sql(f"drop owned by {name} cascade")
    sql(f"drop role {name}")


def test_one_login_for_all_will_do(solo, make_factory):
    one = {"DAYBOOK_DATABASE_URL": solo, "DAYBOOK_MIGRATE_URL": ""}
    assert make_factory(**one).application_recorder().insert_events(stored(2)) == [1, 2]
    recorder = make_factory("later", **one).process_recorder()
    assert recorder.insert_events(stored(2), tracking=Tracking("stored", 2)) == [1, 2]


def test_a_login_that_may_not_make_it_is_told_what_to_do(make_factory):
    with pytest.raises(ProgrammingError, match="DAYBOOK_MIGRATE_URL"):
        make_factory(DAYBOOK_MIGRATE_URL="").application_recorder()


def test_without_create_table_it_must_be_there(make_factory):
    with pytest.raises(ProgrammingError, match="eventsourcing"):
        make_factory(CREATE_TABLE="no").application_recorder()
    make_factory().application_recorder()
    assert make_factory("new", CREATE_TABLE="no").application_recorder().insert_events(stored()) == [1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("insert into eventsourcing.migration values ('0999_later.sql', '')", "newer program"),
        (
            "update eventsourcing.migration set sha256 = '' where name = '0003_append.sql'",
            "0003_append.sql was changed",
        ),
    ],
)
def test_a_schema_of_another_program_is_refused(make_factory, sql, change, words):
    make_factory().application_recorder()
    sql(change)
    with pytest.raises(ProgrammingError, match=words):
        make_factory().application_recorder()


def run(url: str, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """What the work gives on a connection of its own."""

    async def connected() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(connected())


@pytest.mark.parametrize(("who", "state"), [("admin_dsn", "DB005"), ("app_dsn", "42501")])
def test_the_database_refuses_change(factory, database, who, state):
    factory.application_recorder().insert_events(stored())
    verbs = ("update {} set partition = partition", "delete from {}", "truncate {} cascade")
    attempts = [verb.format(f"eventsourcing.{table}") for table in APPEND_ONLY for verb in verbs]

    async def attempt(connection: asyncpg.Connection) -> list[str]:
        states: list[str] = []
        for text in attempts:
            with pytest.raises(asyncpg.PostgresError) as caught:
                await connection.execute(text)
            states.append(caught.value.sqlstate)
        return states

    assert run(getattr(database, who), attempt) == [state] * len(attempts)


def test_every_statement_prepares(factory, database):
    factory.application_recorder()

    async def prepare(connection: asyncpg.Connection) -> None:
        for name in STATEMENTS:
            await connection.prepare(statement(name, "eventsourcing"))

    run(database.app_dsn, prepare)


OF_STREAM = "smallint, uuid, bigint, bigint, bigint", "0, gen_random_uuid(), -1, 9, 5"
OF_PARTITION = "smallint, bigint, bigint, bigint", "0, 5, 9, 5"
OF_TOPICS = f"{OF_PARTITION[0]}, text[]", f"{OF_PARTITION[1]}, '{{a}}'"
HOT = {
    "select_events": (*OF_STREAM, "stream_id_version"),
    "select_events_descending": (*OF_STREAM, "stream_id_version"),
    "select_notifications": (*OF_PARTITION, "event_pkey"),
    "select_notifications_of_topics": (*OF_TOPICS, "event_pkey"),
    "last_position": ("smallint", "0", "event_pkey"),
    "find_versions": ("smallint, uuid[], bigint[]", "0, array[gen_random_uuid()], '{1}'", "stream_id_version"),
}


@pytest.mark.parametrize("events", [0, 2000])
def test_hot_statements_use_an_index_however_early_they_were_planned(factory, database, events):
    # asyncpg keeps the plans of a connection, and nothing makes them anew when the table grows.
    factory.application_recorder().insert_events(stored(events))

    async def explain(connection: asyncpg.Connection) -> dict[str, str]:
        plans: dict[str, str] = {}
        await connection.execute("set plan_cache_mode = force_generic_plan")
        for name, (types, arguments, _) in HOT.items():
            await connection.execute(f"prepare {name}({types}) as {statement(name, 'eventsourcing')}")
            lines = await connection.fetch(f"explain execute {name}({arguments})")
            plans[name] = "\n".join(row[0] for row in lines)
        return plans

    for name, plan in run(database.app_dsn, explain).items():
        assert HOT[name][2] in plan, name
        assert "Seq Scan" not in plan, name


async def test_what_an_application_records_can_be_followed_as_a_record(make_factory, database):
    recorder = await asyncio.to_thread(make_factory("bank").application_recorder)
    events = stored(3)
    await asyncio.to_thread(recorder.insert_events, events)
    async with await Record.open(database.app_dsn, schema="eventsourcing") as record:
        page = await anext(record.follow())
    assert [(event.id, event.originator_id, event.version, event.topic) for event in page.events] == [
        (number, event.originator_id, event.originator_version, "opened") for number, event in enumerate(events, 1)
    ]
