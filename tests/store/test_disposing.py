"""Disposal at the end of retention: whole streams, by one role, with a reason; hashes stay."""

import hashlib
from uuid import UUID

import asyncpg
import pytest

from store.disposing import dispose_of_stream
from store.envelope import AppendRequest, Participant, SealedBlob
from store.errors import DisposalRefused
from store.identity import new_id
from tests.store.made import event, ids_in

RIGHT = "data = null, data_sha256 = sha256(data), disposal_id = $2, disposed_at = now()"
DATA = b'{"amount":7}'


@pytest.fixture
async def pool(database):
    dsn = database.app_dsn.replace("daybook_app", "daybook_eraser")
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        yield pool


@pytest.fixture
async def decided(record) -> UUID:
    """The event that says why."""
    (stream,) = ids_in(record, 0, 1)
    sent = event(stream)
    await record.append(AppendRequest(0, [sent], {stream: -1}))
    return sent.event_id


async def append(record, **parts) -> UUID:
    (stream,) = ids_in(record, 0, 1)
    events = [event(stream, version=n, customer_id=stream, data=DATA) for n in range(2)]
    sealed = (
        [SealedBlob(events[0].event_id, stream, "contact", new_id(), b"blob")] if parts.pop("sealed", False) else []
    )
    await record.append(AppendRequest(0, events, {stream: -1}, sealed=sealed, **parts))
    return stream


async def test_data_goes_and_its_hash_stays(record, pool, app, decided):
    stream = await append(record)
    before = [tuple(row)[:14] for row in await app.fetch("select * from record.event where stream_id = $1", stream)]
    assert await dispose_of_stream(pool, 0, stream, decided) == 2
    assert await dispose_of_stream(pool, 0, stream, decided) == 0
    rows = await app.fetch("select * from record.event where stream_id = $1", stream)
    assert [tuple(row)[:14] for row in rows] == before
    digest = hashlib.sha256(DATA).digest()
    assert [(row["data"], row["data_sha256"], row["disposal_id"]) for row in rows] == [(None, digest, decided)] * 2
    assert [one.state for one in await record.read_stream(stream)] == [None, None]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("data = null", "DB005"),
        ("data = null, data_sha256 = sha256('x'), disposal_id = $2, disposed_at = now()", "DB005"),
        ("data = null, data_sha256 = sha256(data), disposed_at = now()", "DB005"),
        ("data = '{}', data_sha256 = sha256(data), disposal_id = $2, disposed_at = now()", "DB005"),
        ("data_sha256 = sha256(data)", "DB005"),
        ("actor = 'x', data = null", "42501"),
        ("data = null, data_sha256 = sha256(data), disposal_id = stream_id, disposed_at = now()", "DB011"),
    ],
)
async def test_the_eraser_changes_an_event_in_no_other_way(record, pool, app, decided, change, state):
    stream = await append(record)
    arguments = (stream, decided)[: 2 if "$2" in change else 1]
    with pytest.raises(asyncpg.PostgresError) as caught:
        await pool.execute(f"update record.event set {change} where stream_id = $1", *arguments)
    assert caught.value.sqlstate == state
    assert await app.fetchval("select count(*) from record.event where data is null") == 0


async def test_nobody_else_disposes_and_nothing_comes_back(record, pool, app, admin, decided):
    stream = await append(record)
    sql = f"update record.event set {RIGHT} where stream_id = $1"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(sql, stream, decided)
    await admin.execute("set role daybook_owner")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await admin.execute(sql, stream, decided)
    await dispose_of_stream(pool, 0, stream, decided)
    for change in ("data = '{}'", "disposal_id = stream_id", "data_sha256 = null"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await pool.execute(f"update record.event set {change} where stream_id = $1", stream)


async def test_half_a_stream_is_refused(record, pool, decided):
    stream = await append(record)
    half = f"update record.event set {RIGHT} where stream_id = $1 and version = 1"
    with pytest.raises(asyncpg.PostgresError, match="as a whole") as caught:
        await pool.execute(half, stream, decided)
    assert caught.value.sqlstate == "DB013"


async def test_what_is_held_or_has_personal_data_stays(record, pool, app, decided):
    with_blob = await append(record, sealed=True)
    with pytest.raises(DisposalRefused, match="personal data"):
        await dispose_of_stream(pool, 0, with_blob, decided)
    other = new_id()
    held = await append(record), await append(record, participants=[Participant(1, other, "heir")])
    hold = "insert into vault.hold (partition, hold_id, subject_id, record_class) values (0, $1, $2, '*')"
    for stream, customer in zip(held, (held[0], other), strict=True):
        await app.execute(hold, new_id(), customer)
        with pytest.raises(DisposalRefused, match="legal hold"):
            await dispose_of_stream(pool, 0, stream, decided)
    await pool.execute("delete from vault.hold")
    assert [await dispose_of_stream(pool, 0, stream, decided) for stream in held] == [2, 2]
