"""Sealing on a real database: growth, crashes at every point, fencing, and everything the guard must notice."""

import asyncio
import dataclasses
from pathlib import Path

import asyncpg
import pytest

from audit.checkpoint import Checkpoint
from audit.errors import CountersignatureMissing, GuardMoved, SealingStopped, SealLeaseLost
from audit.guard import ForkGuard
from audit.leaf import leaf_hashes
from audit.logs import LogName, ensure_logs, read_logs
from audit.merkle import root
from audit.notes import COSIGNATURE, KeySigner, Note, Verifier, cosign, parse, verified
from audit.record_log import bind, heads_of, signed_head
from audit.sealer import LogSealer
from audit.sealing import Sealing
from audit.signing import FileKeys
from audit.statements import statement
from audit.tiles import TileHashes, grown
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, as_superuser, held, seal_all

ONE = LogName(1, "event")
RECORD_LOG = LogName(0, "checkpoint")


async def root_of_record(hands, partition: int) -> tuple[int, bytes]:
    leaves = leaf_hashes(await hands.pool.fetch(statement("read_leaves"), partition, 0, 1_000_000))
    return len(leaves), root(len(leaves), TileHashes(grown({}, 0, leaves)))


async def test_logs_are_begun_once_under_their_names(hands, logs) -> None:
    assert {log.origin for log in logs} == {
        f"{LOG_ID}/0/0", f"{LOG_ID}/1/0", f"{LOG_ID}/reads/0/0", f"{LOG_ID}/reads/1/0", f"{LOG_ID}/record/0",
    }  # fmt: skip
    assert await ensure_logs(hands.pool, hands.keys, LOG_ID) == logs
    with pytest.raises(SealingStopped, match="DAYBOOK_LOG_ID"):
        await ensure_logs(hands.pool, hands.keys, "another")
    with pytest.raises(ValueError, match="no log id"):
        await ensure_logs(hands.pool, hands.keys, "two words")


async def test_a_log_in_steps_has_the_root_of_the_record(record, hands, logs) -> None:
    for count in (1, 255, 1, 300, 7):
        await append(record, 1, count)
        sealed = await seal_all(hands, limit=100)
        log = sealed[ONE]
        assert (log.size, log.root) == await root_of_record(hands, 1)
        note = parse(log.checkpoint or "")
        assert verified(note, [Verifier.parse(log.vkey)])
        assert Checkpoint.parse(note.text) == (log.origin, log.size, log.root)
        assert hands.guard.head(log.origin) == Checkpoint.parse(note.text)


async def test_the_record_log_binds_every_log_and_adds_nothing_when_nothing_grew(record, hands, logs) -> None:
    await append(record, 0, 3)
    first = await seal_all(hands)
    entries = [row["entry"] for row in await hands.pool.fetch(statement("read_entries"), 0, 0, 10, 0)]
    expected = sorted(signed_head(log) for name, log in first.items() if name != RECORD_LOG)
    assert [heads_of(entry) for entry in entries] == [expected]
    assert (await seal_all(hands))[RECORD_LOG] == first[RECORD_LOG]._replace(
        signed_at=(await seal_all(hands))[RECORD_LOG].signed_at
    )


async def test_only_one_holds_the_lease_and_who_lost_it_writes_nothing(record, hands, logs) -> None:
    log = next(one for one in logs if one.name == ONE)
    first = await held(hands, log)
    other = dataclasses.replace(hands, holder="there")
    assert await LogSealer.open(other, log) is None
    await hands.pool.execute(statement("release_log"), *ONE, first.epoch, None)
    second = await held(other, log)
    await append(record, 1, 3)
    with pytest.raises(SealLeaseLost):
        await first.step()
    assert await second.step() == 3


@pytest.mark.parametrize("crash", ["grow_log", "advance", "publish"])
async def test_a_crash_at_any_point_is_no_alarm(record, hands, logs, monkeypatch, crash: str) -> None:
    await append(record, 1, 300)
    await seal_all(hands)
    await append(record, 1, 300)
    log = next(one for one in await read_logs(hands.pool) if one.name == ONE)
    sealer = await held(hands, log)
    with monkeypatch.context() as patched:
        if crash == "advance":
            patched.setattr(ForkGuard, "advance", _crash)
        else:
            patched.setattr(
                "audit.sealer.statement", lambda name, *more: _crash() if name == crash else statement(name, *more)
            )
        with pytest.raises(ConnectionError):
            await sealer.step()
    sealed = await seal_all(hands)
    assert (sealed[ONE].signed_size, sealed[ONE].root) == await root_of_record(hands, 1)


def _crash(*_: object) -> None:
    raise ConnectionError


async def test_a_sealer_that_dies_before_it_seals_an_entry_leaves_it_for_the_next(record, hands, logs) -> None:
    log = next(one for one in logs if one.name == RECORD_LOG)
    assert await bind(hands.pool, await held(hands, log))
    assert (await seal_all(hands))[RECORD_LOG].signed_size == 1


# What the guard and the second path must notice


async def test_a_changed_event_that_is_committed_but_not_signed_yet_stops_the_log(
    record, hands, logs, admin_pool, monkeypatch
) -> None:
    await append(record, 1, 10)
    sealer = await held(hands, next(one for one in logs if one.name == ONE))
    with monkeypatch.context() as patched:
        patched.setattr(ForkGuard, "advance", _crash)
        with pytest.raises(ConnectionError):
            await sealer.step()
    await as_superuser(admin_pool, "update record.event set actor = 'x' where partition = 1 and position = 4")
    with pytest.raises(SealingStopped, match="between 0 and 10"):
        await seal_all(hands)


@pytest.mark.parametrize("level", [0, 1])
async def test_a_flipped_bit_in_a_stored_hash_stops_the_log(record, hands, logs, admin_pool, level: int) -> None:
    await append(record, 1, 600)
    await seal_all(hands)
    await as_superuser(
        admin_pool,
        "update seal.tile set hashes = set_byte(hashes, 5, get_byte(hashes, 5) # 1) where kind = 'event' "
        "and partition = 1 and level = $1 and number = (select max(number) from seal.tile where kind = 'event' "
        "and partition = 1 and level = $1)",
        level,
    )
    await append(record, 1, 1)
    with pytest.raises(SealingStopped, match=f"{LOG_ID}/1/0"):
        await seal_all(hands)


async def test_a_database_that_was_restored_stops_the_log(record, hands, logs, admin_pool) -> None:
    await append(record, 1, 10)
    before = (await seal_all(hands))[ONE]
    await append(record, 1, 10)
    await seal_all(hands)
    await as_superuser(admin_pool, "delete from record.event where partition = 1 and position >= 10")
    await as_superuser(
        admin_pool,
        "update seal.log set size = 10, signed_size = 10, root = $1, checkpoint = $2 "
        "where kind = 'event' and partition = 1",
        before.root, before.checkpoint,
    )  # fmt: skip
    with pytest.raises(SealingStopped, match="it was restored"):
        await seal_all(hands)


async def test_another_history_of_the_same_length_stops_the_log(record, hands, logs, tmp_path: Path) -> None:
    await append(record, 1, 10)
    await seal_all(hands)
    head = hands.guard.head(f"{LOG_ID}/1/0")
    hands.guard.advance(head, head._replace(root=bytes(32)))
    with pytest.raises(SealingStopped, match="another history"):
        await seal_all(hands)


async def test_a_guard_that_is_gone_or_old_or_damaged_stops_the_log(record, hands, logs, tmp_path: Path) -> None:
    origin = f"{LOG_ID}/1/0"
    await append(record, 1, 10)
    await seal_all(hands)
    path = hands.guard._path(origin)
    old = path.read_bytes()
    await append(record, 1, 10)
    await seal_all(hands)
    path.write_bytes(old)
    with pytest.raises(SealingStopped, match="the guard is old"):
        await seal_all(hands)
    path.write_bytes(b"nonsense")
    with pytest.raises(SealingStopped, match="damaged"):
        await seal_all(hands)
    path.unlink()
    with pytest.raises(SealingStopped, match="is missing"):
        await seal_all(hands)


async def test_a_key_that_is_gone_or_another_stops_the_log(record, hands, logs, tmp_path: Path) -> None:
    path = hands.keys._path(f"{LOG_ID}/1/0")
    seed = path.read_bytes()
    path.write_bytes(bytes(32))
    with pytest.raises(SealingStopped, match="another than the one"):
        await seal_all(hands)
    path.write_bytes(seed[:31])
    with pytest.raises(SealingStopped, match="damaged"):
        await seal_all(hands)
    path.chmod(0o644)
    with pytest.raises(SealingStopped, match="chmod 600"):
        await seal_all(hands)
    path.unlink()
    with pytest.raises(SealingStopped, match="is missing"):
        await seal_all(hands)


def test_the_guard_moves_only_from_where_it_is(tmp_path: Path) -> None:
    guard = ForkGuard(tmp_path / "guard")
    first, second = Checkpoint("a/b", 1, bytes(32)), Checkpoint("a/b", 2, bytes(32))
    with pytest.raises(GuardMoved):
        guard.advance(first, second)
    guard.advance(None, second)
    with pytest.raises(GuardMoved, match="not at nothing"):
        guard.advance(None, second)
    with pytest.raises(SealingStopped, match="does not go back"):
        guard.advance(second, first)
    assert ForkGuard(tmp_path / "guard").head("a/b") == second


# The loops


async def test_two_processes_that_seal_make_one_history(record, hands, logs, database, tmp_path: Path) -> None:
    dsn = database.app_dsn.replace("daybook_app", "daybook_sealer")
    guard, keys = ForkGuard(tmp_path / "guard"), FileKeys(tmp_path / "signing")
    async with (
        await Sealing.start(dsn, guard, keys, LOG_ID, interval_s=0.01) as one,
        await Sealing.start(dsn, guard, keys, LOG_ID, interval_s=0.01) as two,
    ):
        for _ in range(5):
            await append(record, 0, 100)
            await append(record, 1, 50)
        await _until_sealed(hands, {ONE: 250, LogName(0, "event"): 500})
        assert not {**one.troubles, **two.troubles}
    bound = await hands.pool.fetch(statement("read_entries"), 0, 0, 1000, 0)
    sizes = [sum(head.size for head in heads_of(row["entry"])) for row in bound]
    assert sizes == sorted(sizes)


async def test_a_stopped_log_says_so_and_the_others_go_on(record, hands, logs, database, tmp_path: Path) -> None:
    await append(record, 1, 1)
    await seal_all(hands)
    hands.guard._path(f"{LOG_ID}/1/0").unlink()
    dsn = database.app_dsn.replace("daybook_app", "daybook_sealer")
    async with await Sealing.start(dsn, hands.guard, hands.keys, LOG_ID, interval_s=0.01) as sealing:
        await append(record, 0, 5)
        await _until_sealed(hands, {LogName(0, "event"): 5})
        assert set(sealing.troubles) == {f"{LOG_ID}/1/0"}


class Witnessed:
    """Adds a signature once it is there."""

    def __init__(self) -> None:
        self.there, self.told = False, list[Note]()

    async def countersign(self, sealer: LogSealer, note: Note) -> Note:
        assert sealer.name == RECORD_LOG
        if not self.there:
            raise CountersignatureMissing("the witness does not answer")
        cosignature = cosign(note.text, KeySigner("w", bytes(32), COSIGNATURE), 1)
        return note._replace(signatures=(*note.signatures, cosignature))

    def due(self, text: str) -> bool:
        return not text

    async def close(self) -> None:
        self.closed = True

    async def published(self, sealer: LogSealer, note: Note) -> None:
        assert sealer.signed_size == Checkpoint.parse(note.text).size
        self.told.append(note)


async def test_the_record_log_waits_for_countersignatures_and_no_other_log_does(record, hands, logs, database) -> None:
    dsn, witness = database.app_dsn.replace("daybook_app", "daybook_sealer"), Witnessed()
    async with await Sealing.start(
        dsn, hands.guard, hands.keys, LOG_ID, interval_s=0.01, countersigner=witness
    ) as sealing:
        await append(record, 0, 5)
        await _until_sealed(hands, {LogName(0, "event"): 5})
        async with asyncio.timeout(30):
            while f"{LOG_ID}/record/0" not in sealing.troubles:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            assert not witness.told
            witness.there = True
            while not witness.told or sealing.troubles:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    found = {log.name: log for log in await read_logs(hands.pool)}[RECORD_LOG]
    assert [one.name for one in parse(found.checkpoint or "").signatures] == [found.origin, "w"]
    assert (witness.told[-1].format(), found.trouble) == (found.checkpoint, None)


async def _until_sealed(hands, sizes: dict[LogName, int]) -> None:
    async with asyncio.timeout(30):
        while True:
            logs = {log.name: log for log in await read_logs(hands.pool)}
            if all(logs[name].signed_size == size for name, size in sizes.items()):
                return
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "sql",
    [
        "update seal.tile set hashes = decode(repeat('00', 32), 'hex')",
        "delete from seal.tile",
        "delete from seal.log",
        "update seal.log set size = 0, signed_size = 0 where size > 0",
        "update seal.log set origin = 'x'",
        "truncate seal.tile",
        "update seal.entry set entry = ''",
        "delete from seal.entry",
        "update seal.identity set log_id = 'x'",
    ],
)
async def test_the_database_itself_refuses_to_change_a_log(record, hands, logs, admin, sql: str) -> None:
    await append(record, 1, 3)
    await seal_all(hands)
    with pytest.raises(asyncpg.PostgresError, match="is refused"):
        await admin.execute(sql)


async def test_the_application_seals_nothing(hands, logs, app) -> None:
    for sql in ("update seal.log set epoch = epoch + 1", "insert into seal.entry values (0, 0, 0, '')"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(sql)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await hands.pool.execute("insert into record.partition_head values (9)")
