"""Honest runs with crashes: sealers that are killed between any two steps, fight for leases and lose connections.

Whatever happens to the processes, the logs go on, nothing raises an alarm, and the database verifies afterwards.
"""

import asyncio
import dataclasses
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audit.entries import decided
from audit.logs import LogName, read_logs
from audit.rotating import rotate
from audit.sealer import Hands
from audit.verifying import verify
from tests.audit.conftest import LOG_ID
from tests.audit.made import append, seal_all

RUNS_LONG = 200
WHY = decided("op:li", "op:wu", "yearly change")
POINTS = (
    "take_log", "read_tiles", "read_leaves", "grow_log", "entry_hashes", "leaf_hashes", "advance", "advanced",
    "publish", "publish_record_log", "log_keys", "put_entry", "read_entries", "renew_log", "release_log",
)  # fmt: skip


def sealer(dsn: str, folder: Path, point: str, after: int) -> subprocess.Popen[bytes]:
    """A process that seals, and that kills itself the so-many-th time it comes to a point."""
    command = [sys.executable, "-m", "tests.audit.crashing", dsn, str(folder), LOG_ID, point, str(after)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


async def honest_run(record, hands: Hands, dsn: str, folder: Path, luck: random.Random) -> list[str]:
    """Two sealers, of which one dies; a third takes over. What they said that is an alarm."""
    started = [
        sealer(dsn, folder, luck.choice(POINTS), luck.randint(1, 12)),
        sealer(dsn, folder, luck.choice((*POINTS, "never")), luck.randint(1, 12)),
    ]
    for _ in range(luck.randint(1, 4)):
        await append(record, luck.randrange(2), luck.choice((1, 3, 255, 300)))
        await asyncio.sleep(luck.random() / 2)
    if luck.random() < 0.3:
        await cut_connections(hands)
    await asyncio.sleep(0.5)
    said = []
    for process in started:
        process.send_signal(luck.choice((signal.SIGKILL, signal.SIGTERM)))
        _, words = await asyncio.to_thread(process.communicate)
        said += [line for line in words.decode().splitlines() if "ALARM" in line]
    return said


async def cut_connections(hands: Hands) -> None:
    sql = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1"
    async with hands.pool.acquire() as connection:
        await connection.fetch(f"{sql} and pid <> pg_backend_pid()", "daybook_sealer")


async def rounds(record, hands: Hands, database, folder: Path, runs: int) -> None:
    dsn = database.app_dsn.replace("daybook_app", "daybook_sealer")
    for run in range(runs):
        luck = random.Random(run)
        assert await honest_run(record, hands, dsn, folder, luck) == [], f"run {run}"
        if luck.random() < 0.2 and all(log.next_vkey is None for log in await read_logs(hands.pool)):
            await expire_leases(hands)
            await seal_all(hands)
            await rotate(hands.pool, hands.keys, [f"{LOG_ID}/1/0", f"{LOG_ID}/record/0"], WHY)
        await expire_leases(hands)
        await seal_all(hands)
        await seal_all(hands)
        found = await verify(record.pool, hands.guard)
        assert [str(one) for one in found.findings] == [], f"run {run}"
        ends = (await record.end()).next_positions
        logs = {log.name: log for log in await read_logs(hands.pool)}
        assert [logs[LogName(at, "event")].signed_size for at in range(2)] == list(ends), f"run {run}"
        assert not [log.trouble for log in logs.values() if log.trouble], f"run {run}"


async def expire_leases(hands: Hands) -> None:
    """A killed sealer's lease runs out after ten seconds, which nobody here waits for."""
    await hands.pool.execute("update seal.log set expires_at = '-infinity'")


async def test_some_honest_runs(record, hands, logs, database, tmp_path: Path) -> None:
    await rounds(record, hands, database, tmp_path, 2)


@pytest.mark.long
async def test_two_hundred_honest_runs(record, hands, logs, database, tmp_path: Path) -> None:
    await rounds(record, hands, database, tmp_path, RUNS_LONG)


async def test_a_guard_that_cannot_be_written_is_no_alarm_and_shows(record, hands, logs, monkeypatch) -> None:
    await append(record, 1, 5)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("audit.guard.replace", full)
        with pytest.raises(OSError, match="No space"):
            await seal_all(hands)
    await expire_leases(hands)
    assert (await seal_all(dataclasses.replace(hands, holder="there")))[LogName(1, "event")].signed_size == 5
    assert (await verify(record.pool, hands.guard)).findings == ()
