"""Tamper campaign: as superuser, past every trigger, change what is sealed; each change must be found and named.

Two generators, written apart: one edits rows by what they mean, one takes any column of any table and flips bits.
Each manipulation happens in a transaction that is rolled back.
"""

import os
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, NamedTuple

import asyncpg
import pytest

from audit import verifying
from audit.logs import read_logs
from audit.notes import KeySigner, signed
from audit.record_log import signed_head
from audit.tiles import WIDTH
from audit.verifying import Finding, Verified, verify
from store.envelope import SealedBlob
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, seal_all
from tests.store.made import ids_in, request

EVENTS = 600
SEED = 20_261_124


class Tampering(NamedTuple):
    """A statement that changes one thing, and what a finding about it must say."""

    sql: str
    arguments: tuple[Any, ...]
    what: set[str]
    where: str


async def sealed_record(record, hands) -> None:
    for partition in (0, 1):
        await append(record, partition, EVENTS)
        await seal_all(hands, limit=250)
    (stream,) = ids_in(record, 1, 1)
    made = request(stream, partition=1)
    event = made.events[0]
    blob = SealedBlob(event.event_id, stream, "contact", stream, b"sealed")
    data = (
        b'{"n":1,"sealed":[{"class":"contact","fields":["name"],"sha256":"%s","subject":"%s"}]}'
        % (sha256(blob.blob).hexdigest().encode(), str(stream).encode())
    )  # fmt: skip
    await record.append(made.__class__(1, (event._replace(data=data),), made.expected, sealed=[blob]))
    await append(record, 1, 2)
    await seal_all(hands)


@asynccontextmanager
async def tampered(admin_pool, tampering: Tampering) -> AsyncGenerator[asyncpg.Connection]:
    async with admin_pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("set local session_replication_role = replica")
            await connection.execute(tampering.sql, *tampering.arguments)
            yield connection
        finally:
            await transaction.rollback()


def by_meaning(dice: random.Random) -> Tampering:
    """One change that somebody with a motive would make."""
    partition, at, other = dice.randrange(2), dice.randrange(EVENTS), dice.randrange(EVENTS)
    event = f"{LOG_ID}/{partition}/0 {at}"
    edit = "update record.event set {} where partition = $1 and position = $2"
    tile = f"{LOG_ID}/{partition}/0 tile/0/{at // 256:03d}"
    choices = [
        Tampering(edit.format("customer_id = gen_random_uuid()"), (partition, at), {"event"}, event),
        Tampering(edit.format("actor = actor || 'x'"), (partition, at), {"event"}, event),
        Tampering(edit.format("recorded_at = recorded_at - interval '1 hour'"), (partition, at), {"event"}, event),
        Tampering(edit.format("occurred_at = occurred_at + interval '1 us'"), (partition, at), {"event"}, event),
        Tampering(edit.format("data = data || ' '::bytea"), (partition, at), {"event"}, event),
        Tampering(edit.format("type = 'thing.undone'"), (partition, at), {"event"}, event),
        Tampering("delete from record.event where partition = $1 and position = $2", (partition, at), {"event"}, event),
        Tampering("delete from record.event where partition = $1 and position >= $2",
                  (partition, at), {"event"}, event),
        Tampering(
            "with a as (select event_id from record.event where partition = $1 and position = $2), "
            "gone as (select data, salt from record.event where partition = $1 and position = $3) "
            "update record.event e set data = gone.data, salt = gone.salt from gone "
            "where e.partition = $1 and e.position = $2",
            (partition, at, (other + 1) % EVENTS if other == at else other), {"event"}, event,
        ),
        Tampering("delete from seal.tile where kind = 'event' and partition = $1 and level = 0 and number = $2",
                  (partition, at // 256), {"tile"}, tile),
        Tampering("update seal.tile t set hashes = o.hashes from seal.tile o where t.kind = 'event' "
                  "and o.kind = t.kind and t.partition = $1 and o.partition = $1 and t.level = 0 and o.level = 0 "
                  "and t.number = $2 "
                  "and o.number = ($2 + 1) % 2",
                  (partition, at % 2), {"tile"}, f"{LOG_ID}/{partition}/0 tile/0/{at % 2:03d}"),
        Tampering("update seal.log set checkpoint = (select checkpoint from seal.log where kind = 'event' "
                  "and partition = 1 - $1::int) where kind = 'event' and partition = $1",
                  (partition,), {"checkpoint"}, f"{LOG_ID}/{partition}/0"),
        Tampering("update seal.log set checkpoint = null where kind = 'event' and partition = $1",
                  (partition,), {"checkpoint"}, f"{LOG_ID}/{partition}/0"),
        Tampering("delete from seal.log where kind = 'event' and partition = $1",
                  (partition,), {"log"}, f"{LOG_ID}/{partition}/0"),
        Tampering("delete from seal.entry where position = $1", (dice.randrange(3),), {"entry"}, f"{LOG_ID}/record/0"),
        Tampering("update record.sealed set blob = blob || 'x'::bytea where partition = $1",
                  (1,), {"blob"}, f"{LOG_ID}/1/0"),
        Tampering("delete from record.sealed where partition = $1", (1,), {"blob"}, f"{LOG_ID}/1/0"),
        Tampering("insert into record.sealed select partition, event_id, stream_id, 'contact', stream_id, 'x' "
                  "from record.event where partition = $1 and position = $2", (partition, at), {"blob"}, event),
    ]  # fmt: skip
    return dice.choice(choices)


COLUMNS = {
    "record.event": "partition position event_id stream_id version customer_id type schema occurred_at recorded_at "
    "actor correlation_id causation_id salt data meta",
    "seal.tile": "hashes",
    "seal.log": "root checkpoint size",
    "seal.entry": "entry",
}
FLIPS = {
    "bytea": "set_byte({0}, $3 % octet_length({0}), get_byte({0}, $3 % octet_length({0})) # (1 << ($3 % 8)))",
    "uuid": "coalesce(overlay({0}::text placing case substr({0}::text, 1 + $3 % 8, 1) when 'a' then 'b' else 'a' end "
    "from 1 + $3 % 8 for 1)::uuid, '00000000-0000-0000-0000-000000000000')",
    "text": "overlay({0} placing case substr({0}, 1 + $3 % length({0}), 1) when 'x' then 'y' else 'x' end "
    "from 1 + $3 % length({0}) for 1)",
    "smallint": "{0} # (1 << ($3 % 8))",
    "bigint": "{0} # (1::bigint << ($3 % 40))",
    "timestamp with time zone": "{0} + interval '1 us' * (1 << ($3 % 20))",
}


async def by_bits(connection: asyncpg.Connection, dice: random.Random) -> Tampering:
    """Flip something in any column of any row of the record and of the logs."""
    table = dice.choices(list(COLUMNS), weights=[8, 2, 1, 1])[0]
    column = dice.choice(COLUMNS[table].split())
    kind = await connection.fetchval(
        "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = $1::regclass and attname = $2",
        table, column,
    )  # fmt: skip
    row = await connection.fetchrow(
        f"select ctid::text, * from {table} where partition < 2 order by random() limit 1"
        if table != "seal.log"
        else f"select ctid::text, * from {table} where signed_size > 0 order by random() limit 1"
    )
    sql = f"update {table} set {column} = {FLIPS[kind].format(column)} where ctid = $1::tid and $2::int is not null"
    assert row is not None
    log = {"event": f"{row.get('partition')}", "checkpoint": "record"}.get(row.get("kind", ""), "")
    what, where = {
        "record.event": ({"event"}, f"{row['partition']}/0 {row.get('position')}"),
        "seal.entry": ({"entry"}, f"record/0 {row.get('position')}"),
        "seal.log": ({"log", "checkpoint"}, row.get("origin", "").removeprefix(f"{LOG_ID}/")),
        "seal.tile": ({"tile"}, f"{log}/0 tile/{row.get('level')}/{row.get('number', 0):03d}"),
    }[table]
    arguments = (row["ctid"], 0, dice.randrange(1 << 30))
    return Tampering(sql.replace("$1::tid", "$1::text::tid"), arguments, what, f"{LOG_ID}/{where}")


def named(tampering: Tampering, verified: Verified) -> bool:
    return any(
        finding.what in tampering.what and finding.where.startswith(tampering.where) for finding in verified.findings
    )


async def campaign(record, hands, admin_pool, rounds: int) -> list[tuple[Tampering, tuple[Finding, ...]]]:
    """The manipulations that were not found, or not named."""
    vkeys = {log.origin: log.vkey for log in await read_logs(hands.pool)}
    dice = random.Random(SEED)
    missed: list[tuple[Tampering, tuple[Finding, ...]]] = []
    for number in range(rounds):
        tampering = by_meaning(dice) if number % 2 else await by_bits(admin_pool, dice)
        try:
            async with tampered(admin_pool, tampering) as connection:
                found = await verify(connection, hands.guard, vkeys)
        except asyncpg.IntegrityConstraintViolationError:
            continue  # even a superuser would have to drop the constraint first
        if not named(tampering, found):
            missed.append((tampering, found.findings))
    return missed


async def test_an_honest_record_has_no_findings(record, hands, logs) -> None:
    await sealed_record(record, hands)
    found = await verify(record.pool, hands.guard, {log.origin: log.vkey for log in logs})
    assert found.findings == ()
    assert found.sizes[f"{LOG_ID}/0/0"] == EVENTS


async def test_every_manipulation_is_found_and_named(record, hands, logs, admin_pool, monkeypatch) -> None:
    monkeypatch.setattr(verifying, "PAGE", WIDTH)  # the logs have several pages then
    await sealed_record(record, hands)
    assert await campaign(record, hands, admin_pool, 60) == []


@pytest.mark.long
async def test_two_thousand_manipulations_are_found_and_named(record, hands, logs, admin_pool) -> None:
    await sealed_record(record, hands)
    assert await campaign(record, hands, admin_pool, int(os.environ.get("DAYBOOK_TEST_TAMPERINGS", "2400"))) == []


async def test_a_lost_tile_hides_no_change(record, hands, logs, admin_pool, monkeypatch) -> None:
    monkeypatch.setattr(verifying, "PAGE", WIDTH)
    await sealed_record(record, hands)
    tile = "delete from seal.tile where partition = 0 and kind = 'event' and level = 0 and number = 1"
    event = "update record.event set actor = 'x' where partition = 0 and position = "
    lost = Finding("tile", f"{LOG_ID}/0/0 tile/0/001", "is missing")
    why = "or its tile is not what was sealed"
    async with tampered(admin_pool, Tampering(tile, (), {"tile"}, "")) as connection:
        assert (await verify(connection, hands.guard)).findings == (lost,)
        await connection.execute(f"{event} 300")
        under_it = (await verify(connection, hands.guard)).findings
        await connection.execute(f"{event} 10")
        elsewhere = (await verify(connection, hands.guard)).findings
    assert under_it[:-1] == tuple(Finding("event", f"{LOG_ID}/0/0 {at}", why) for at in range(256, 356))
    assert elsewhere == (Finding("event", f"{LOG_ID}/0/0 10", why), lost)
    assert under_it[-1] == lost


async def test_a_database_set_back_to_an_older_state_is_found(record, hands, logs, admin_pool) -> None:
    """Everything set back consistently: only what is outside of the database can tell."""
    await append(record, 1, 10)
    before = await seal_all(hands)
    await append(record, 1, 10)
    await seal_all(hands)
    origin, note = f"{LOG_ID}/1/0", next(log for log in before.values() if log.origin == f"{LOG_ID}/1/0")
    sql = (
        "with gone as (delete from record.event where partition = 1 and position >= 10) "
        "update seal.log set size = 10, signed_size = 10, root = $1, checkpoint = $2 where origin = $3"
    )
    tampering = Tampering(sql, (note.root, note.checkpoint, origin), {"log"}, origin)
    async with tampered(admin_pool, tampering) as connection:
        without_guard = await verify(connection)
        with_guard = await verify(connection, hands.guard)
        await connection.execute("delete from seal.entry where position > 0")
        await connection.execute("update seal.log set size = 1, signed_size = 1 where kind = 'checkpoint'")
        later = await verify(connection, hands.guard)
    assert any("the record log bound" in finding.why for finding in without_guard.findings)
    assert any("set back" in finding.why and finding.where == origin for finding in with_guard.findings)
    assert any("the fork guard knows" in finding.why for finding in later.findings)


async def test_a_history_signed_anew_with_another_key_is_found(record, hands, logs, admin_pool) -> None:
    """Who can write everything in the database signs everything anew, with a key of his own."""
    await append(record, 1, 3)
    sealed = await seal_all(hands)
    forger = KeySigner(f"{LOG_ID}/1/0", bytes(32))
    log = next(log for log in sealed.values() if log.origin == f"{LOG_ID}/1/0")
    note = signed(signed_head(log).text(), [forger]).format()
    sql = "update seal.log set checkpoint = $1, vkey = $2 where origin = $3"
    tampering = Tampering(sql, (note, forger.verifier.vkey, log.origin), {"checkpoint"}, log.origin)
    vkeys = {one.origin: one.vkey for one in sealed.values()}
    async with tampered(admin_pool, tampering) as connection:
        assert named(tampering, await verify(connection, hands.guard, vkeys))


async def test_what_is_not_sealed_yet_is_counted_apart(record, hands, logs, admin_pool) -> None:
    await append(record, 1, 3)
    await seal_all(hands)
    await append(record, 1, 3)
    edit = Tampering("update record.event set actor = 'x' where partition = 1 and position = 4", (), {"event"}, "")
    async with tampered(admin_pool, edit) as connection:
        found = await verify(connection, hands.guard)
    assert found.findings == ()
    assert found.sizes[f"{LOG_ID}/1/0"] == 3
