"""Seals in a process of its own that kills itself, without a word, when it comes to a point for the so-many-th time."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from audit import log_tiles, record_log, sealer
from audit.guard import ForkGuard
from audit.sealing import Sealing
from audit.signing import FileKeys
from audit.statements import statement


class Crash:
    """Counts how often the point was reached."""

    def __init__(self, point: str, after: int) -> None:
        self.point, self.left = point, after

    def at(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, name: str, *more: str) -> str:
        self.at(name)
        return statement(name, *more)


class CrashingGuard(ForkGuard):
    """Dies before or after the head was moved."""

    crash: Crash

    def advance(self, before: Any, after: Any) -> None:
        self.crash.at("advance")
        super().advance(before, after)
        self.crash.at("advanced")


class Alarms(logging.Handler):
    """Only what is logged as an error is an alarm; the rest is what honest crashes lead to."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            sys.stderr.write(f"ALARM {record.getMessage()}\n")


async def main(dsn: str, folder: Path, log_id: str, point: str, after: int) -> None:
    """Seal until killed."""
    crash = Crash(point, after)
    for module in (sealer, record_log, log_tiles):
        module.statement = crash.statement  # pyright: ignore[reportAttributeAccessIssue]
    guard = CrashingGuard(folder / "guard")
    guard.crash = crash
    logging.getLogger("audit").addHandler(Alarms())
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with await Sealing.start(dsn, guard, FileKeys(folder / "signing"), log_id, interval_s=0.01):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])))
