"""A day of a read model is certified only if the tally is what the log's events make it; each field is held."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from random import Random

import pytest

from audit.certificate import read
from audit.certificates import certificate_keys
from audit.leaf_range import LeafRange
from audit.notes import NoteRefused
from projections.parking import unpark
from replay.no_miss import examine
from replay.no_miss_again import check_again
from replay.rebuild import rebuild
from store.errors import CutInFuture
from tests.audit.made import as_superuser
from tests.projections import made
from tests.projections.made import NOTES, POISON, REFUSED, Noted, Passed, follower_of, setup
from tests.replay.sealed import BEFORE, LOG_ID, TODAY, TYPES, YESTERDAY, follow_all, past, seal

TABLES = ("read_model.tally", "read_model.parked", "record.event", "seal.tile", "seal.log", "read_model.bookmark")


@asynccontextmanager
async def changed(admin_pool, change: str) -> AsyncGenerator[None]:
    """While somebody has changed this as superuser."""
    for table in TABLES:
        await as_superuser(admin_pool, f"create table if not exists {table}_kept as select * from {table}")
    await as_superuser(admin_pool, change)
    yield
    for table in TABLES:
        back = f"delete from {table}; insert into {table} select * from {table}_kept; drop table {table}_kept"
        for sql in back.split("; "):
            await as_superuser(admin_pool, sql)


@pytest.fixture
async def two_days(database, models, writer, hands, certifier):
    """Two days, with one customer parked on the second."""
    for partition in (0, 1):
        for name in ("a", "b", "c"):
            writer.customer(f"{name}{partition}", partition)
    await past(database.admin_dsn, writer, BEFORE, ("a1", "x"), ("b1", "x"), ("a0", "y"))
    await past(
        database.admin_dsn, writer, YESTERDAY, ("a1", "1"), ("b1", POISON), ("a0", "2"), ("b1", "3"), ("a1", "4")
    )
    await past(database.admin_dsn, writer, YESTERDAY, ("c1", "5"), ("c0", "6"), kind=Passed)
    await follow_all(models)
    await seal(hands)
    return models


@pytest.fixture
async def filled(two_days, writer, hands):
    """And events of today."""
    await writer.note(("a1", "now"), ("c0", "now"))
    await follow_all(two_days)
    await seal(hands)
    return two_days


async def of(models, partition=1, name="test_notes", day=YESTERDAY):
    (found,) = [one for one in await examine(models, TYPES, day, [name]) if one.partition == partition]
    return found


async def test_what_is_certified_is_told_by_type(filled):
    found = await of(filled)
    assert found.findings == ()
    assert found.content is not None
    assert found.content["types"] == [
        {"type": "thing.noted", "recorded": 4, "folded": 2, "passed_over": 0, "parked": 2},
        {"type": "thing.passed", "recorded": 1, "folded": 0, "passed_over": 1, "parked": 0},
    ]
    assert found.content["parked"] == [{"position": 3, "type": "thing.noted"}, {"position": 4, "type": "thing.noted"}]
    assert found.content["folded"]["events"] == 2
    leaves = LeafRange.read(found.content["leaves"])
    leaves.check()
    assert (leaves.start, leaves.end, leaves.head.origin, leaves.head.size) == (2, 7, f"{LOG_ID}/1/0", 8)
    everything = await examine(filled, TYPES, YESTERDAY)
    assert [(one.projection, one.partition, one.findings) for one in everything] == [
        (name, partition, ()) for partition in range(4) for name in ("test_notes", "test_others")
    ]


async def test_a_day_without_events_is_certified_as_empty(filled):
    found = await of(filled, day=BEFORE - timedelta(days=5))
    assert found.content is not None
    assert (found.content["types"], found.content["folded"]) == ([], {"events": 0, "sum": "0"})


async def test_today_is_not_over(filled):
    with pytest.raises(CutInFuture):
        await of(filled, day=TODAY)


async def test_what_was_unparked_is_folded_in_the_next_certificate(filled, writer):
    made.cured.add(POISON)
    assert await unpark(filled, NOTES.name, 1, writer.customers["b1"]) == 0
    found = await of(filled)
    assert found.content is not None
    assert found.content["parked"] == []
    assert found.content["types"][0]["folded"] == 4


TALLY = "where projection = 'test_notes' and partition = 1 and day = (now() at time zone 'UTC')::date - 1"
COPY = (
    "insert into read_model.tally select partition, projection, version, day, 'new', folded, events, sum, "
    "first_position, last_position from read_model.tally"
)
EDITS = [
    (f"update read_model.tally set events = events + 1 {TALLY}", "counted twice"),
    (f"update read_model.tally set events = events - 1 {TALLY} and folded", "were missed"),
    (f"update read_model.tally set sum = sum + 1 {TALLY}", "not the same"),
    (f"update read_model.tally set first_position = first_position - 1 {TALLY}", "between positions"),
    (f"update read_model.tally set last_position = last_position + 1 {TALLY}", "between positions"),
    (f"update read_model.tally set folded = false {TALLY} and folded", "folded: the log has 2"),
    (f"update read_model.tally set day = day - 9 {TALLY} and folded", "2 were missed"),
    (f"update read_model.tally set type = 'thing.done' {TALLY} and folded", "thing.done"),
    (f"update read_model.tally set partition = 3 {TALLY}", "were missed"),
    (f"update read_model.tally set version = 9 {TALLY}", "were missed"),
    (f"update read_model.tally set projection = 'x' {TALLY}", "were missed"),
    (f"delete from read_model.tally {TALLY} and not folded", "passed over: the log has 1"),
    (f"{COPY} {TALLY} and folded", "new: folded"),
    ("delete from read_model.parked where partition = 1 and position = 4", "position 4"),
    ("update read_model.parked set position = 5 where partition = 1 and position = 4", "tally"),
    ("update read_model.parked set position = 2 where partition = 1 and position = 4", "tally"),
    ("insert into read_model.parked values (1, 'test_notes', 1, gen_random_uuid(), 5)", "counted twice"),
]


async def test_every_edit_of_a_tally_is_found_and_named(filled, admin_pool):
    for change, told in EDITS:
        async with changed(admin_pool, change):
            found = await of(filled)
            assert found.content is None, change
            assert any(told in str(finding) for finding in found.findings), (change, found.findings)
            assert (await of(filled, name="test_others")).findings == (), "the other read model is as it was"
    assert (await of(filled)).findings == ()


async def test_an_event_that_was_missed_is_named(two_days, writer, hands, database, monkeypatch):
    """As by a follower that passes over one."""
    filled = two_days
    await past(database.admin_dsn, writer, YESTERDAY, *[("a1", f"w{n}") for n in range(6)])
    await as_follower(filled, monkeypatch, lambda events: [event for event in events if event.position != 10])
    await seal(hands)
    assert "1 were missed (position 10)" in str((await of(filled)).findings[0])


async def test_an_event_that_was_folded_twice_is_named(two_days, writer, hands, database, monkeypatch, admin):
    for table in ("lines", "others"):  # else the database itself refuses the second line
        await admin.execute(f"drop index read_model.test_{table}_v1_key")
    await past(database.admin_dsn, writer, YESTERDAY, *[("a1", f"w{n}") for n in range(6)])
    await as_follower(two_days, monkeypatch, lambda events: [*events[:3], *events[2:]])
    await seal(hands)
    found = await of(two_days)
    assert "1 were counted twice, or are not the log's (position 9)" in str(found.findings[0])


async def as_follower(models, monkeypatch, other) -> None:
    """Follow partition 1, by a program that makes other pages of those it reads."""
    read_partition = models.record.read_partition

    async def read_others(*asked):
        return other(await read_partition(*asked))

    monkeypatch.setattr(models.record, "read_partition", read_others)
    follower = await follower_of(models, 1, steal=True)
    await follower.step()
    await follower.close()
    monkeypatch.setattr(models.record, "read_partition", read_partition)


EVENT = "update record.event set {} where partition = 1 and position = {}"
EVENTS = [
    (EVENT.format("type = 'thing.passed'", 2), "1/0 2"),
    (EVENT.format("event_id = gen_random_uuid()", 6), "1/0 6"),
    ("delete from record.event where partition = 1 and position = 3", "1/0 3: is missing"),
    (EVENT.format("recorded_at = recorded_at + interval '1 day'", 4), "1/0 4"),
    (EVENT.format("recorded_at = recorded_at - interval '1 day'", 2), "1/0 2"),
    ("update seal.tile set hashes = set_byte(hashes, 99, 1) where partition = 1 and kind = 'event'", "1/0 3"),
]


async def test_nothing_is_certified_over_events_that_are_not_as_sealed(filled, admin_pool):
    for change, told in EVENTS:
        async with changed(admin_pool, change):
            found = await of(filled)
            assert found.content is None, change
            assert told in " ".join(map(str, found.findings)), (change, found.findings)
    assert (await of(filled)).findings == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update read_model.version set tallied = false", "before there were tallies"),
        ("update read_model.version set code = 7", "filled by code 7"),
        ("update read_model.bookmark set position = 5", "has read up to 5"),
        ("update read_model.bookmark set incarnation = gen_random_uuid(), position = position + 9", "restore"),
    ],
)
async def test_a_read_model_that_is_not_ready_is_told_apart(filled, admin_pool, change, told):
    await as_superuser(admin_pool, change)
    found = await of(filled)
    assert found.content is None
    assert [finding.what for finding in found.findings] == ["unready"]
    assert told in str(found.findings[0])


async def test_what_is_not_sealed_yet_is_not_certified(two_days, database, writer, hands):
    filled = two_days
    await past(database.admin_dsn, writer, YESTERDAY, ("a1", "late"))
    await follow_all(filled)
    found = await of(filled)
    assert "are not bound by the record log yet" in str(found.findings[0])
    await seal(hands)
    assert (await of(filled)).findings == ()


# Again, later


async def certificate(filled, certifier):
    found = await of(filled)
    note = await certifier.sign(filled.record.pool, "no-miss/1", found.content)
    return read(note, *await certificate_keys(filled.record.pool)).content


async def test_a_certificate_still_holds_when_the_record_has_grown(filled, certifier, writer, hands):
    content = await certificate(filled, certifier)
    assert await check_again(filled, TYPES, content) == []
    await writer.note(*[("a1", f"n{n}") for n in range(9)])
    await follow_all(filled)
    await seal(hands)
    assert await check_again(filled, TYPES, content) == []
    await rebuild(filled, setup)
    assert await check_again(filled, TYPES, content) == []
    await rebuild(filled, setup)  # now the version that it speaks of is dropped
    assert await check_again(filled, TYPES, content) == []


def changes(content: dict) -> list[dict]:
    """Every field changed, one at a time."""
    found = []
    leaves = content["leaves"]
    other = "A" * 43 + "="
    for name, value in leaves.items():
        if isinstance(value, int):
            found += [{"leaves": {**leaves, name: value + 1}}, {"leaves": {**leaves, name: value - 1}}]
        elif isinstance(value, str):
            found.append({"leaves": {**leaves, name: other}})
        elif isinstance(value, list):
            found += [{"leaves": {**leaves, name: [*value, other]}}, {"leaves": {**leaves, name: value[1:]}}]
    found += [{"leaves": {**leaves, "log": {**leaves["log"], name: value}}}
              for name, value in (("origin", f"{LOG_ID}/0/0"), ("size", 7), ("size", 99), ("root", other))]  # fmt: skip
    for n, one in enumerate(content["types"]):
        for name, value in one.items():
            changed = {**one, name: "thing.other" if isinstance(value, str) else value + 1}
            found.append({"types": [*content["types"][:n], changed, *content["types"][n + 1 :]]})
        found.append({"types": [*content["types"][:n], *content["types"][n + 1 :]]})
    found += [{"folded": {**content["folded"], "events": 3}}, {"folded": {**content["folded"], "sum": "5"}}]
    found += [{"parked": content["parked"][1:]}, {"parked": [*content["parked"], {"position": 2, "type": Noted.type}]}]
    found += [{"parked": [{"position": 3, "type": Passed.type}, content["parked"][1]]}]
    found += [{"day": str(BEFORE)}, {"partition": 0}, {"partition": 9}]
    return [{**content, **change} for change in found]


async def test_every_field_of_a_certificate_is_held(filled, certifier):
    """Even one that our own key had signed."""
    content = await certificate(filled, certifier)
    for changed in changes(content):
        with suppress(NoteRefused):
            assert await check_again(filled, TYPES, changed) != [], changed
    for name in content.keys() - {"record_log"}:
        with pytest.raises(NoteRefused):
            await check_again(filled, TYPES, {key: value for key, value in content.items() if key != name})


async def test_a_record_that_was_changed_since_no_longer_is_what_was_certified(filled, certifier, admin_pool):
    content = await certificate(filled, certifier)
    await as_superuser(admin_pool, "update read_model.tally set events = events + 1 where projection = 'test_notes'")
    assert any(finding.what == "tally" for finding in await check_again(filled, TYPES, content))
    await as_superuser(admin_pool, "update record.event set actor = 'x' where partition = 1 and position = 5")
    assert any("1/0 5" in finding.where for finding in await check_again(filled, TYPES, content))
    await as_superuser(admin_pool, "delete from seal.log where kind = 'event' and partition = 1")
    assert any(finding.why == "is gone" for finding in await check_again(filled, TYPES, content))


# Any history


@pytest.mark.parametrize("seed", [0, 1, *[pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 40)]])
async def test_no_false_alarm_over_any_history(database, models, writer, hands, certifier, seed):
    """Customers parked and unparked, followers replaced in the middle of pages, rebuilds; then days are certified."""
    random = Random(seed)
    names = [f"p{partition}c{n}" for partition in range(3) for n in range(3)]
    for name in names:
        writer.customer(name, int(name[1]))
    for day in (BEFORE, YESTERDAY):
        for _ in range(4):
            words = [random.choice(["a", "b", "c", POISON, REFUSED]) for _ in range(random.randrange(1, 15))]
            notes = [(random.choice(names), word) for word in words]
            await past(database.admin_dsn, writer, day, *notes, kind=random.choice([Noted, Noted, Passed]))
            await follow_a_bit(models, random)
        if random.random() < 0.5:
            made.cured.add(POISON)
            for one in await models.parked():
                await unpark(models, one.projection, one.partition, one.key, limit=random.choice([1, 100]))
        if random.random() < 0.4:
            await rebuild(models, setup)
    await follow_all(models, "last")
    await seal(hands)
    for day in (BEFORE, YESTERDAY):
        found = await examine(models, TYPES, day)
        assert [one.findings for one in found] == [()] * 8
        for one in found:
            assert one.content is not None
            assert await check_again(models, TYPES, one.content) == []


async def follow_a_bit(models, random) -> None:
    for partition in range(3):
        follower = await follower_of(models, partition, holder=f"h{random.random()}", steal=True)
        for _ in range(random.randrange(3)):
            await follower.step(limit=random.choice([1, 2, 40]))
