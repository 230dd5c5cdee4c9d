"""Blobs go only under a tombstone, without a hold, and by no way but this; nothing is appended under a tombstone."""

import asyncio
import shutil
from uuid import UUID

import asyncpg
import pytest

from store.canonical import canonical_json
from store.envelope import Appended, AppendRequest, SealedBlob
from store.erasing import SealedBlobs
from store.errors import KeyGone
from store.identity import new_id
from store.migrate import MIGRATIONS_DIR, migrate, read_migrations
from tests.store.made import event, ids_in
from vault.shredding import Tombstone

CONTACT = "contact"
NOTED = "0093_shredded.sql"


def sealed_request(stream: UUID, key_id: UUID) -> AppendRequest:
    sent = event(stream)
    return AppendRequest(0, [sent], {stream: -1}, sealed=[SealedBlob(sent.event_id, stream, CONTACT, key_id, b"blob")])


async def entomb(eraser: asyncpg.Connection, subject: UUID, key_id: UUID) -> Tombstone:
    at = await eraser.fetchval(
        "insert into vault.tombstone (partition, key_id, subject_id, record_class) values (0, $1, $2, $3)"
        " returning created_at",
        key_id, subject, CONTACT,
    )  # fmt: skip
    return Tombstone(key_id, subject, CONTACT, None, at)


@pytest.fixture
async def pool(database):
    dsn = database.app_dsn.replace("daybook_app", "daybook_eraser")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        yield pool


async def test_what_a_destroyed_key_has_sealed_goes_and_nothing_else(record, eraser, pool, app):
    one, other = ids_in(record, 0, 2)
    keys = new_id(), new_id()
    await asyncio.gather(*(record.append(sealed_request(*pair)) for pair in zip((one, other), keys, strict=True)))
    tombstone = await entomb(eraser, one, keys[0])
    blobs = SealedBlobs(pool)
    assert await blobs.left(0) == 1
    assert await blobs.delete(0, [tombstone, tombstone._replace(subject_id=other, key_id=new_id())]) == 1
    assert await blobs.left(0) == 0
    assert await app.fetch("select subject_id from record.sealed") == [(other,)]
    assert await app.fetch("select partition, subject_id, record_class from vault.shredded") == [(0, one, CONTACT)]
    with pytest.raises(asyncpg.PostgresError, match="no tombstone") as caught:
        await eraser.execute("delete from record.sealed")
    assert caught.value.sqlstate == "DB005"


async def test_what_is_held_is_neither_entombed_nor_deleted(record, eraser, pool, app):
    (stream,) = ids_in(record, 0, 1)
    key_id = new_id()
    await record.append(sealed_request(stream, key_id))
    hold = "insert into vault.hold (partition, hold_id, subject_id, record_class) values (0, $1, $2, '*')"
    await app.execute(hold, new_id(), stream)
    with pytest.raises(asyncpg.PostgresError, match="legal hold"):
        await entomb(eraser, stream, key_id)
    for statement in ("delete from vault.hold", "update vault.hold set record_class = 'other'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    await eraser.execute("delete from vault.hold")
    tombstone = await entomb(eraser, stream, key_id)
    await app.execute(hold, new_id(), stream)
    with pytest.raises(asyncpg.PostgresError, match="legal hold") as caught:
        await SealedBlobs(pool).delete(0, [tombstone])
    assert caught.value.sqlstate == "DB007"
    assert await app.fetchval("select count(*) from record.sealed") == 1


async def test_the_owner_releases_no_hold_and_opens_no_tombstone(admin, app, eraser):
    await app.execute("insert into vault.hold (partition, hold_id, subject_id, record_class) values (0, $1, $1, '*')",
                      new_id())  # fmt: skip
    await entomb(eraser, new_id(), new_id())
    await admin.execute("set role daybook_owner")
    for statement in (
        "delete from vault.hold",
        "update vault.hold set record_class = 'other'",
        "delete from vault.tombstone",
        "update vault.tombstone set subject_id = null",
        "truncate vault.hold",
        "truncate vault.tombstone",
        "truncate vault.erasure",
        "truncate vault.shredded",
    ):
        with pytest.raises(asyncpg.PostgresError, match="is refused") as caught:
            await admin.execute(statement)
        assert caught.value.sqlstate == "DB005", statement


@pytest.mark.parametrize("copy", [False, True])
async def test_nothing_is_appended_under_a_destroyed_key_and_others_in_the_batch_are(record, eraser, copy):
    *streams, late = ids_in(record, 0, 8)
    gone, alive = new_id(), new_id()
    await entomb(eraser, streams[3], gone)
    requests = [sealed_request(stream, gone if n == 3 else alive) for n, stream in enumerate(streams)]
    if copy:
        outcomes = await record.append_copy(0, requests)
    else:
        outcomes = await asyncio.gather(*map(record.append, requests), return_exceptions=True)
    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, KeyGone)] == [3]
    assert sorted(one.position for one in outcomes if isinstance(one, Appended)) == list(range(6))
    assert (await record.append(sealed_request(late, alive))).position == 6


async def test_an_append_under_way_is_waited_for(record, eraser, pool, app):
    """It holds the head lock, so who deletes comes after it has committed, and finds what it has written."""
    (stream,) = ids_in(record, 0, 1)
    key_id = new_id()
    transaction = app.transaction()
    await transaction.start()
    await app.execute("select record.lock_head(0::smallint)")
    await app.execute("insert into record.sealed values (0, $1, $2, 'contact', $3, 'blob')", new_id(), stream, key_id)
    tombstone = await entomb(eraser, stream, key_id)
    deleting = asyncio.create_task(SealedBlobs(pool).delete(0, [tombstone]))
    await asyncio.sleep(0.05)
    assert not deleting.done()
    await transaction.commit()
    assert await deleting == 1


async def test_what_was_deleted_before_it_was_noted_is_found_by_the_events(empty_database, tmp_path):
    """A blob that is there, or that is missing without an erasure, was not shredded."""
    for one in read_migrations():
        if one.name < NOTED:
            shutil.copy(MIGRATIONS_DIR / one.name, tmp_path)
    await migrate(empty_database.admin_dsn, directory=tmp_path)
    connection = await asyncpg.connect(empty_database.admin_dsn)
    gone, there, lost = (new_id() for _ in range(3))
    try:
        await connection.execute("insert into record.partition_head values (0)")
        await connection.execute("set session_replication_role = replica")
        for position, subject in enumerate((gone, there, lost)):
            named = [{"class": CONTACT, "fields": ["value"], "sha256": "00", "subject": subject}]
            await connection.execute(
                "insert into record.event (partition, position, event_id, stream_id, version, type, schema,"
                " occurred_at, recorded_at, actor, correlation_id, salt, data, meta)"
                " values (0, $1, $2, $2, 0, 'thing.noted', 1, now(), now(), 'x', $2, $3, $4, '{}')",
                position, subject, bytes(16), canonical_json({"sealed": named}),
            )  # fmt: skip
        for subject in (gone, there):
            key = "insert into vault.tombstone (partition, key_id, subject_id, record_class) values (0, $1, $1, $2)"
            await connection.execute(key, subject, CONTACT)
        await connection.execute("insert into record.sealed values (0, $1, $1, $2, $1, 'blob')", there, CONTACT)
        await migrate(empty_database.admin_dsn)
        rows = await connection.fetch("select * from vault.shredded")
    finally:
        await connection.close()
    assert rows == [(0, gone, gone, CONTACT)]
