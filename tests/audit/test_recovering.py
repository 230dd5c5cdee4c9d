"""Real restores: the database goes back, the fork guard does not; the logs go on as their next shards."""

import asyncio
import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pytest

from audit.entries import LeavesLost, decided, parse_entry
from audit.errors import DecisionRefused, SealingStopped
from audit.exporting import export
from audit.guard import ForkGuard
from audit.guard_rebuilding import rebuild_guard
from audit.logs import LogName, ensure_logs, read_logs
from audit.recovering import begin_shards, ended
from audit.rotating import rotate
from audit.sealer import Hands
from audit.sealing import Sealing, open_pool
from audit.serving import read_entries
from audit.signing import FileKeys
from audit.verifying import verify
from store.initialising import create_partitions
from store.postgres_programs import run
from store.record import Record
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, as_superuser, seal_all

ONE, TWO = LogName(1, "event"), LogName(1, "event", 1)
RECORD_LOG = LogName(0, "checkpoint", 1)
WHY = decided("op:li", "op:wu", "disk of the primary failed")


class Bank(NamedTuple):
    """A database with what is kept beside it."""

    record: Record
    hands: Hands
    dsn: str

    async def findings(self, vkeys=None, guard: ForkGuard | None = None) -> list[str]:
        return [str(one) for one in (await verify(self.record.pool, guard or self.hands.guard, vkeys)).findings]

    async def recover(self, tiles: Path | None = None):
        stopped = await ended(self.hands.pool, self.hands.guard)
        return await begin_shards(self.hands.pool, self.hands.guard, self.hands.keys, stopped, WHY, tiles=tiles)


@pytest.fixture
def place(tmp_path: Path):
    """Opens a database with the guard and the keys of this test."""

    @asynccontextmanager
    async def opened(dsn: str) -> AsyncGenerator[Bank]:
        pool = await open_pool(dsn.replace("postgres@", "daybook_sealer@"))
        hands = Hands(pool, ForkGuard(tmp_path / "guard"), FileKeys(tmp_path / "signing"), "here")
        async with pool, await Record.open(dsn.replace("postgres@", "daybook_app@")) as record:
            await ensure_logs(pool, hands.keys, LOG_ID)
            yield Bank(record, hands, dsn)

    return opened


@pytest.fixture
async def source(database) -> str:
    for schema in ("record", "reads"):
        await create_partitions(database.admin_dsn, 2, schema=schema)
    return database.admin_dsn


@pytest.fixture
async def other(server) -> AsyncGenerator[str]:
    """The name of a database that is yet to be made."""
    name = f"test_{uuid.uuid4().hex}"
    yield name
    connection = await asyncpg.connect(server.admin_dsn())
    await connection.execute(f"drop database if exists {name} with (force)")
    await connection.close()


async def copied(server, source: str, name: str, way: str, tmp_path: Path) -> str:
    """The database as it is now, under another name: what a restore brings back."""
    whole = way == "template"
    connection = await asyncpg.connect(server.admin_dsn())
    try:
        await connection.execute(f"create database {name}" + f" template {urlsplit(source).path[1:]}" * whole)
    finally:
        await connection.close()
    if not whole:
        dump = tmp_path / "daybook.dump"
        run([str(server.bin_dir / "pg_dump"), "--format=custom", f"--file={dump}", source], None)
        restore = ["--exit-on-error", f"--dbname={server.admin_dsn(name)}", str(dump)]
        run([str(server.bin_dir / "pg_restore"), *restore], None)
    return server.admin_dsn(name)


@pytest.mark.parametrize("way", ["template", "dump"])
async def test_a_restored_record_goes_on_as_the_next_shards(server, source, other, place, tmp_path, way: str) -> None:
    async with place(source) as bank:
        await append(bank.record, 1, 300)
        first = {log.origin: log.vkey for log in (await seal_all(bank.hands)).values()}
    restored = await copied(server, source, other, way, tmp_path)
    async with place(source) as bank:
        await append(bank.record, 1, 50)
        lost = (await seal_all(bank.hands))[ONE]
        await export(bank.record.pool, tmp_path / "tiles")
    async with place(restored) as bank:
        await append(bank.record, 1, 7)
        with pytest.raises(SealingStopped, match="it was restored"):
            await seal_all(bank.hands)
        assert any("was set back" in one for one in await bank.findings())
        begun = await bank.recover(tmp_path / "tiles")
        assert {one.origin for one in begun} == {f"{LOG_ID}/1/1", f"{LOG_ID}/record/1"}
        with pytest.raises(DecisionRefused, match="no log is stopped"):
            await bank.recover()
        sealed = await seal_all(bank.hands)
        assert (sealed[TWO].signed_size, sealed[ONE].signed_size) == (307, 300)
        assert await bank.findings() == []
        assert await bank.findings(first) == []
        entries = await read_entries(bank.record.pool, sealed[RECORD_LOG], 0, 100)
        told = [one for one in map(parse_entry, entries) if isinstance(one, LeavesLost)]
        leaves = [(one.origin, one.start, len(one.leaves)) for one in told]
        assert (lost.origin, 300, 50) in leaves
        await append(bank.record, 1, 1)
        await rotate(bank.hands.pool, bank.hands.keys, [f"{LOG_ID}/1/1", f"{LOG_ID}/record/1"], WHY)
        await seal_all(bank.hands)
        assert (await seal_all(bank.hands))[TWO].signed_size == 308
        assert await bank.findings() == []


async def test_a_second_restore_to_before_the_first_one_is_noticed_and_recovered(
    server, source, other, place, tmp_path
) -> None:
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        await seal_all(bank.hands)
    restored = await copied(server, source, other, "template", tmp_path)
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        await seal_all(bank.hands)
        head = bank.hands.guard.head(f"{LOG_ID}/1/0")
        assert head is not None
    async with place(restored) as bank:
        await bank.recover()
        await append(bank.record, 1, 5)
        await seal_all(bank.hands)
    async with place(source) as bank:  # which has all that the guard knows of shard 0
        await append(bank.record, 1, 1)
        with pytest.raises(SealingStopped, match="later shard"):
            await seal_all(bank.hands)
        assert {one.origin for one in await bank.recover()} >= {f"{LOG_ID}/1/2", f"{LOG_ID}/record/2"}
        sealed = await seal_all(bank.hands)
        assert sealed[LogName(1, "event", 2)].signed_size == 21
        assert [one for one in await bank.findings() if "/reads/" not in one] == []


async def test_whoever_seals_goes_on_with_the_new_shard_by_itself(server, source, other, place, tmp_path) -> None:
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        await seal_all(bank.hands)
    restored = await copied(server, source, other, "template", tmp_path)
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        await seal_all(bank.hands)
    async with place(restored) as bank:
        dsn = restored.replace("postgres@", "daybook_sealer@")
        async with await Sealing.start(dsn, bank.hands.guard, bank.hands.keys, LOG_ID, interval_s=0.01) as sealing:
            await until(lambda: f"{LOG_ID}/1/0" in sealing.troubles)
            listed = {log.origin: log.trouble for log in await read_logs(bank.hands.pool)}
            assert "restored" in (listed[f"{LOG_ID}/1/0"] or "")
            await bank.recover()
            await until(lambda: not sealing.troubles)
            async with asyncio.timeout(30):
                while not {TWO, RECORD_LOG} <= await signed_whole(bank):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert await bank.findings() == []


async def signed_whole(bank: Bank) -> set[LogName]:
    """The logs whose checkpoint covers all entries: until the record log's does, nothing vouches for a new shard."""
    return {log.name for log in await read_logs(bank.hands.pool) if log.checkpoint and log.size == log.signed_size}


async def until(holds) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_copy_of_another_history_is_refused(server, source, other, place, tmp_path) -> None:
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        await seal_all(bank.hands)
    restored = await copied(server, source, other, "template", tmp_path)
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        await seal_all(bank.hands)
        await export(bank.record.pool, tmp_path / "tiles")
    async with place(restored) as bank:
        with pytest.raises(DecisionRefused, match="the copy lacks"):
            await bank.recover(tmp_path)
        tile = tmp_path / "tiles" / LOG_ID / "1/0/tile/0/000.p/20"
        content = tile.read_bytes()
        tile.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(DecisionRefused, match="does not lead to the head"):
            await bank.recover(tmp_path / "tiles")
        tile.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        with pytest.raises(DecisionRefused, match="another history than the database"):
            await bank.recover(tmp_path / "tiles")


async def test_a_shard_that_nobody_began_is_found(source, place, database) -> None:
    async with place(source) as bank:
        await append(bank.record, 1, 5)
        await seal_all(bank.hands)
        async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=1) as admin_pool:
            await as_superuser(
                admin_pool,
                "insert into seal.log (partition, kind, shard, origin, vkey) select partition, kind, 1, $1, vkey "
                "from seal.log where kind = 'event' and partition = 1",
                f"{LOG_ID}/1/1",
            )
        assert any("begun by no entry" in one for one in await bank.findings())


# A guard that is lost


async def test_a_lost_guard_is_rebuilt_against_a_checkpoint_from_outside_only(source, place, tmp_path: Path) -> None:
    async with place(source) as bank:
        await append(bank.record, 1, 10)
        kept = (await seal_all(bank.hands))[LogName(0, "checkpoint")].checkpoint or ""
        await append(bank.record, 1, 10)
        sealed = await seal_all(bank.hands)
        pool, guard = bank.hands.pool, ForkGuard(tmp_path / "new-guard")
        with pytest.raises(DecisionRefused, match="nothing to rebuild"):
            await rebuild_guard(bank.record.pool, pool, bank.hands.guard, [kept], WHY)
        with pytest.raises(DecisionRefused, match="name a checkpoint"):
            await rebuild_guard(bank.record.pool, pool, guard, [], WHY)
        with pytest.raises(DecisionRefused, match="not the record log"):
            await rebuild_guard(bank.record.pool, pool, guard, [sealed[ONE].checkpoint or ""], WHY)
        with pytest.raises(DecisionRefused, match="does not fit"):
            await rebuild_guard(bank.record.pool, pool, guard, ["nonsense"], WHY)
        with pytest.raises(DecisionRefused, match="not signed by the key"):
            await rebuild_guard(bank.record.pool, pool, guard, [kept.replace("\n1\n", "\n2\n", 1)], WHY)
        assert guard.origins() == []
        rebuilt = await rebuild_guard(bank.record.pool, pool, guard, [kept], WHY)
        assert {head.origin: head.size for head in rebuilt.heads}[f"{LOG_ID}/1/0"] == 20
        assert guard.head(f"{LOG_ID}/1/0") == bank.hands.guard.head(f"{LOG_ID}/1/0")
        again = bank._replace(hands=Hands(pool, guard, bank.hands.keys, "here"))
        await append(bank.record, 1, 1)
        assert (await seal_all(again.hands))[ONE].signed_size == 21
        assert await again.findings() == []
