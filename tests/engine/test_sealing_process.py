"""The process that seals beside the server: it gives way, is watched, is started again, and outlives nobody."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.errors import SealingStopped
from audit.giving_way import NICENESS
from audit.guard import ForkGuard
from audit.logs import LogName, current, read_logs
from engine.log_status import log_status
from engine.sealing_process import PROCESS, SealingProcess
from engine.settings import Settings
from engine.wiring import Daybook
from tests.audit.made import append

ROOT = Path(__file__).parents[2]
STARTER = """
import asyncio, json, sys
from engine.sealing_process import SealingProcess
from engine.settings import Settings
from engine.wiring import Databases

async def work():
    settings = Settings(**json.loads(sys.stdin.readline()))
    sealing = await SealingProcess.start(settings, Databases(settings.database_url, "", None))
    print(sealing.pid, flush=True)
    await asyncio.sleep(600)

asyncio.run(work())
"""


@pytest.fixture
def settings(daybook: Daybook) -> Settings:
    sealer = daybook.databases.application.replace("daybook_app", "daybook_sealer")
    return daybook.settings.model_copy(update={"sealer_url": sealer, "log_id": "bank.example/x"})


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def signed(daybook: Daybook, size: int) -> None:
    """Wait until the log of partition 1 is signed so far."""
    async with asyncio.timeout(60):
        while True:
            logs = {log.name: log for log in current(await read_logs(daybook.record.pool))}
            if logs[LogName(1, "event")].signed_size == size:
                return
            await asyncio.sleep(0.05)


async def started(settings: Settings, daybook: Daybook) -> SealingProcess:
    sealing = await SealingProcess.start(settings, daybook.databases)
    assert sealing is not None
    return sealing


async def test_it_gives_way_and_is_started_again_when_it_is_killed(daybook: Daybook, settings: Settings, app) -> None:
    async with await started(settings, daybook) as sealing:
        pid = sealing.pid
        await append(daybook.record, 1, 3)
        await signed(daybook, 3)
        assert (pid, sealing.troubles) == (sealing.pid, {})
        assert os.getpriority(os.PRIO_PROCESS, pid or 0) == NICENESS
        for row in await app.fetch("select pid from pg_stat_activity where usename = 'daybook_sealer'"):
            assert os.getpriority(os.PRIO_PROCESS, row["pid"]) == NICENESS
        os.kill(pid or 0, signal.SIGKILL)
        await until(lambda: PROCESS in sealing.troubles)
        assert f"ended with {-signal.SIGKILL}" in sealing.troubles[PROCESS]
        await append(daybook.record, 1, 2)
        await signed(daybook, 5)  # under leases of the same holder: nobody waits until they expire
        assert (sealing.troubles, sealing.pid != pid) == ({}, True)
        held = [one.held for one in await log_status(daybook.record.pool, (0, 0, 0, 0))]
    idle = await log_status(daybook.record.pool, (0, 0, 0, 0))
    assert (any(held), [one.held for one in idle]) == (True, [False] * len(held))
    assert "no process seals it now" in idle[0].text()


async def test_what_it_may_not_sign_is_told(daybook: Daybook, settings: Settings) -> None:
    async with await started(settings, daybook):
        await append(daybook.record, 1, 3)
        await signed(daybook, 3)
    guard = ForkGuard(settings.guard)
    for origin in guard.origins():
        guard._path(origin).unlink()
    async with await started(settings, daybook) as sealing:
        await until(lambda: "bank.example/x/1/0" in sealing.troubles)
        assert "the fork guard of log bank.example/x/1/0 is missing" in sealing.troubles["bank.example/x/1/0"]
        assert sealing.pid is not None
    with pytest.raises(SealingStopped, match="could not begin: the logs of this record are called"):
        await started(settings.model_copy(update={"log_id": "bank.example/y"}), daybook)
    assert await SealingProcess.start(settings.model_copy(update={"seal": False}), daybook.databases) is None


async def test_it_ends_with_whoever_started_it(daybook: Daybook, settings: Settings) -> None:
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdin is not None
    assert starter.stdout is not None
    starter.stdin.write(settings.model_dump_json().encode() + b"\n")
    pid = int(await starter.stdout.readline())
    starter.kill()
    await starter.wait()
    await until(lambda: not Path(f"/proc/{pid}").exists())
    assert not any(one.held for one in await log_status(daybook.record.pool, (0, 0, 0, 0)))


async def test_serve_stops_at_start_where_the_sealers_role_is_not_fit(
    daybook: Daybook, settings: Settings, warm: tuple[str, ...]
) -> None:
    """As the application's role, which may not seal: the child finds it, and whoever starts `serve` is told."""
    unfit = settings.model_copy(update={"sealer_url": daybook.databases.application})
    with pytest.raises(SealingStopped, match="DAYBOOK_SEALER_URL logs in as daybook_app, which is not fit"):
        await started(unfit, daybook)
    environment = {
        **os.environ,
        "DAYBOOK_DATABASE_URL": unfit.database_url or "",
        "DAYBOOK_SEALER_URL": unfit.sealer_url or "",
        "DAYBOOK_DATA_DIR": str(unfit.data_dir),
        "DAYBOOK_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *warm, "engine", "serve", env=environment, cwd=ROOT, stdout=-1, stderr=-1
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    told = (out + err).decode()
    assert process.returncode not in {0, None}, told
    assert "the process that seals could not begin: DAYBOOK_SEALER_URL logs in as daybook_app, which is not fit" in told
    assert "Traceback" not in told
