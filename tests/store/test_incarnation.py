"""Copies of a record: cursors made in the original are refused, and resume where both are the same."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from store.cursor import Cursor
from store.embedded import EmbeddedServer
from store.errors import NotInitialised, RecordMismatch, StaleCursor
from store.identity import new_id
from store.postgres_programs import run
from store.record import Record
from tests.store.made import ids_in, request, stored


async def fill(record: Record, *counts: int) -> None:
    for partition, count in enumerate(counts):
        for stream in ids_in(record, partition, count):
            await record.append(request(stream, partition=partition))


async def contents(dsn: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    try:
        return await stored(connection, "*")
    finally:
        await connection.close()


async def ask(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def clone(server, database) -> AsyncGenerator[Callable[[], Awaitable[str]]]:
    """Copies the test's database within its cluster; gives the copy's name."""
    names: list[str] = []

    async def copy(of: str = database.name) -> str:
        name = f"clone_{uuid4().hex}"
        await ask(
            server.admin_dsn(),
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{of}'",
            f"create database {name} template {of} strategy file_copy",
        )
        names.append(name)
        return name

    yield copy
    for name in names:
        await ask(server.admin_dsn(), f"drop database if exists {name} with (force)")


async def test_a_record_opened_again_is_the_same_incarnation(open_record):
    first, second = await open_record(), await open_record()
    assert first.incarnation.id == second.incarnation.id
    second.incarnation.check(await first.end())


async def test_opening_again_waits_for_nobody(open_record, app):
    await open_record()
    async with app.transaction():
        for partition in range(4):
            await app.fetchval("select record.lock_head($1)", partition)
        async with asyncio.timeout(5):
            await open_record()


async def test_several_that_open_a_new_record_at_once_agree(open_record, app):
    records = await asyncio.gather(*(open_record() for _ in range(5)))
    assert len({record.incarnation.id for record in records}) == 1
    rows = await app.fetch("select partition, ordinal from record.incarnation order by partition")
    assert [tuple(row) for row in rows] == [(partition, 0) for partition in range(4)]


async def test_the_number_of_partitions_is_fixed(open_record, empty_database, database):
    assert (await open_record(partitions=4)).partitions == 4
    with pytest.raises(RecordMismatch, match="has 4 partitions, not 8"):
        await open_record(partitions=8)


async def test_a_database_without_a_record_says_what_to_do(database):
    with pytest.raises(NotInitialised, match="daybook init"):
        await Record.open(database.app_dsn)


async def test_a_clone_refuses_cursors_and_says_where_to_resume(open_record, server, database, clone):
    original = await open_record()
    await fill(original, 3, 5, 0, 2)
    early = original.incarnation.start().advanced(0, 2).advanced(1, 1)
    name = await clone()
    await fill(original, 4)
    late = await original.end()
    copy = await open_record(server.dsn(name, "daybook_app"))
    for cursor, positions in ((early, (2, 1, 0, 0)), (late, (3, 5, 0, 2))):
        with pytest.raises(StaleCursor) as caught:
            copy.incarnation.check(Cursor.parse(str(cursor)))
        resumed = Cursor.parse(caught.value.resume)
        assert resumed.next_positions == positions
        copy.incarnation.check(resumed)
        assert caught.value.resume in str(caught.value)
        with pytest.raises(StaleCursor):
            await anext(copy.follow(cursor))
    original.incarnation.check(late)
    with pytest.raises(StaleCursor) as caught:
        original.incarnation.check(await copy.end())
    assert Cursor.parse(caught.value.resume) == original.incarnation.start(), "the original never heard of the copy"


async def test_a_cursor_is_followed_through_several_copies(open_record, server, clone):
    first = await open_record()
    await fill(first, 5, 5)
    cursors = [await first.end()]
    name = None
    for lost in (2, 1):
        name = await clone() if name is None else await clone(name)
        record = await open_record(server.dsn(name, "daybook_app"))
        await fill(record, lost, 2)
        cursors.append(await record.end())
    last = await open_record(server.dsn(await clone(name), "daybook_app"))
    resumed: list[tuple[int, ...]] = []
    for cursor in cursors:
        with pytest.raises(StaleCursor) as caught:
            last.incarnation.check(cursor)
        resumed.append(Cursor.parse(caught.value.resume).next_positions)
    assert resumed == [(5, 5, 0, 0), (7, 7, 0, 0), (8, 9, 0, 0)]


async def test_a_cursor_of_another_number_of_partitions_starts_anew(record):
    for cursor in (Cursor(record.incarnation.id, (1, 2)), Cursor(new_id(), (1, 2, 3, 4))):
        with pytest.raises(StaleCursor) as caught:
            record.incarnation.check(cursor)
        assert Cursor.parse(caught.value.resume) == record.incarnation.start()


async def test_a_restore_under_a_running_process_is_noticed(open_record, server, database, clone):
    """The copy takes the original's name, as after a restore in place."""
    record = await open_record()
    await fill(record, 6)
    before = await record.end()
    following = record.follow(before, poll_s=0.01, idle=True)
    assert (await anext(following)).events == ()
    name = await clone()
    await fill(record, 3)
    lost = record.incarnation
    await ask(
        server.admin_dsn(),
        f"drop database {database.name} with (force)",
        f"alter database {name} rename to {database.name}",
    )
    with pytest.raises(StaleCursor) as caught:
        await anext(following)
    assert Cursor.parse(caught.value.resume).next_positions == (6, 0, 0, 0)
    (stream,) = ids_in(record, 0, 1)
    assert (await record.append(request(stream, partition=0))).position == 6
    assert record.incarnation.id != lost.id


async def test_tables_made_anew_in_the_same_database_are_another_incarnation(open_record, server, database, tmp_path):
    record = await open_record()
    await fill(record, 4)
    dump = tmp_path / "record.dump"
    run([str(server.bin_dir / "pg_dump"), "--format=custom", f"--file={dump}", database.admin_dsn], None)
    await fill(record, 4)
    late = await record.end()
    await record.close()
    restore = ["--clean", "--exit-on-error", "--schema=record", f"--dbname={database.admin_dsn}"]
    await ask(database.admin_dsn, "drop schema record cascade", "create schema record authorization daybook_owner")
    await ask(database.admin_dsn, "grant usage on schema record to daybook_app")
    restore.remove("--clean")
    run([str(server.bin_dir / "pg_restore"), *restore, str(dump)], None)
    again = await open_record()
    with pytest.raises(StaleCursor) as caught:
        again.incarnation.check(late)
    assert Cursor.parse(caught.value.resume).next_positions == (4, 0, 0, 0)


@pytest.fixture
def other_cluster(server, run_dir):
    other = EmbeddedServer.start(
        run_dir / f"restored-{uuid4().hex[:8]}", server.bin_dir, settings={"fsync": "off", "shared_buffers": "64MB"}
    )
    yield other
    other.stop()


async def test_dump_and_restore_into_a_new_cluster(open_record, server, database, other_cluster, tmp_path: Path):
    original = await open_record()
    await fill(original, 7, 1, 0, 12)
    dump = tmp_path / "record.dump"
    run([str(server.bin_dir / "pg_dump"), "--format=custom", f"--file={dump}", database.admin_dsn], None)
    dumped = await contents(database.admin_dsn)
    cut = (await original.read_partition(0, 6))[0].recorded_at
    await fill(original, 2)
    late = await original.end()

    roles = ("daybook_owner nologin", "daybook_app login", "daybook_sealer login", "daybook_eraser login")
    await ask(other_cluster.admin_dsn(), *(f"create role {role}" for role in roles))
    other_cluster.ensure_database("restored")
    restored_dsn = other_cluster.admin_dsn("restored")
    run([str(server.bin_dir / "pg_restore"), "--exit-on-error", f"--dbname={restored_dsn}", str(dump)], None)

    assert await contents(restored_dsn) == dumped, "the feed is the same, salts and times included"
    restored = await open_record(other_cluster.dsn("restored", "daybook_app"))
    with pytest.raises(StaleCursor) as caught:
        await anext(restored.follow(late))
    resumed = Cursor.parse(caught.value.resume)
    assert resumed.next_positions == (7, 1, 0, 12)
    (stream,) = ids_in(restored, 0, 1)
    assert (await restored.append(request(stream, partition=0))).position == 7, "positions go on without a gap"
    assert [e.stream_id for e in (await anext(restored.follow(resumed))).events] == [stream]
    assert (await restored.recorded_at(cut)).next_positions[0] == 7
    connection = await asyncpg.connect(restored_dsn)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await connection.execute("delete from record.event")
    await connection.close()
