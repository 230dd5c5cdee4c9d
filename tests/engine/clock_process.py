"""A process that keeps clocks until it is killed: `python -m tests.engine.clock_process DSN FOLDER`."""

import asyncio
import sys
from pathlib import Path

from engine.clock_keeping import ClockKeeping
from engine.settings import Settings
from engine.wiring import Databases, Daybook


async def main(dsn: str, folder: str) -> None:
    settings = Settings(database_url=dsn, data_dir=Path(folder))
    daybook = await Daybook.open(settings, Databases(dsn, dsn, None))
    async with ClockKeeping(daybook, idle_s=0.02, ttl_s=1):
        sys.stdout.write("keeping\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
