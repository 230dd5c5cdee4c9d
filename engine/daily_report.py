"""The loop that sees to it that every day has its verification report; it runs beside sealing.

The report reads the whole record, so a process of its own makes it: whoever is served here does not wait for it.
"""

import asyncio
import logging
import multiprocessing
import os
from datetime import date
from multiprocessing import parent_process
from typing import Any, Final, Self

import uvloop

from audit.guard import ForkGuard
from audit.logs import current, read_logs
from engine.certificates import certifier_of
from engine.logs import guard_if_there
from engine.settings import Settings
from engine.statements import statement
from engine.verification_report import report_status, verification_report
from engine.wiring import read_model_setup
from projections.models import ReadModels
from store.record import Record

CHECK_S: Final = 30.0
SETTLE_S: Final = 600.0
"""How long to wait for sealer and read models to reach the day's end; then the report says that they have not."""
POLL_S: Final = 0.2

_log = logging.getLogger(__name__)


class DailyReport:
    """Makes the report of yesterday when it is missing. A context manager."""

    def __init__(self, settings: Settings, record: Record, models: ReadModels, check_s: float = CHECK_S) -> None:
        self._settings = settings
        self._record = record
        self._models = models
        self._check_s = check_s
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        self._task = asyncio.create_task(self._keep(), name="daily report")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop; a report that is being made is given up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            try:
                found = await report_status(self._record.pool)
                if found is not None and found.issued_at is None:
                    await self._settled()
                    await self._make(found.day)
            except Exception as error:  # noqa: BLE001  # a lost connection: go on when it is over
                _log.warning("the verification report could not be made, trying again: %r", error)
            await asyncio.sleep(self._check_s)

    async def _settled(self) -> None:
        """Wait until what was recorded is sealed, bound and read; not for ever."""
        ends = (await self._record.end()).next_positions
        waited = 0.0
        while waited < SETTLE_S:
            logs = {
                log.name.partition: log.signed_size
                for log in current(await read_logs(self._record.pool))
                if log.name.kind == "event"
            }
            read = [one.next_positions for one in (await self._models.all_progress()).values()]
            if all(logs.get(n, 0) >= end and all(one[n] >= end for one in read) for n, end in enumerate(ends)):
                await asyncio.sleep(self._check_s / 10)  # for the record log to bind what was just signed
                return
            await asyncio.sleep(self._check_s / 10)
            waited += self._check_s / 10

    async def _make(self, day: date) -> None:
        arguments = (self._record.dsn, self._settings, day)
        process = multiprocessing.get_context("spawn").Process(target=work, args=arguments, daemon=True)
        process.start()
        try:
            while process.is_alive():  # noqa: ASYNC110  # a process tells nobody that it has ended
                await asyncio.sleep(POLL_S)
        finally:
            process.terminate()
            process.join()
        if process.exitcode:
            _log.warning("the verification report of %s was not made (exit code %s)", day, process.exitcode)
            return
        found = await report_status(self._record.pool)
        if found is not None and found.day == day and found.trouble:
            _log.error("%s: `daybook certificates show verification-report/1 %s`", found.trouble, day)


def work(dsn: str, settings: Settings, day: date) -> None:
    """Make a report as a process of its own, which ends with the one that started it."""
    uvloop.run(_work(dsn, settings, guard_if_there(settings), day))


async def _work(dsn: str, settings: Settings, guard: ForkGuard | None, day: date) -> None:
    parent: Any = parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, os._exit, 1)
    async with (
        await Record.open(dsn, readers=4) as record,
        await ReadModels.open(record, *read_model_setup(), writers=2, statement_timeout_s=0) as models,
        record.pool.acquire() as connection,
    ):
        if not await connection.fetchval(statement("try_report_lock")):
            return  # another process makes it
        try:
            found = await report_status(record.pool)
            if found is None or found.day != day or found.issued_at is None:
                certifier = await certifier_of(settings, record.pool)
                await verification_report(models, certifier, guard, day)
        finally:
            await connection.execute(statement("release_report_lock"))
