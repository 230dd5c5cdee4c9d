"""A process of ours beside this one, as its starter sees it.

The two talk in lines: the starter on the child's standard input, the child in JSON on its standard output. The child
leaves when its input ends: so it outlives nobody, however its starter ended.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any, Final, NamedTuple, Self, cast

import orjson

LINE_BYTES_MAX: Final = 1 << 22


class ChildProcess(NamedTuple):
    """A child with its pipes. Made by `start`, ended by `end`."""

    process: Process
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader

    @classmethod
    async def start(cls, module: str, first: bytes, *, own_session: bool = False) -> Self:
        """Run a module, with a first line that is no argument, for arguments can be read by anybody on the host.

        `own_session`: what the keyboard interrupts leaves it alone, and its priority is its own.
        """
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", module, stdin=PIPE, stdout=PIPE, limit=LINE_BYTES_MAX, start_new_session=own_session
        )
        child = cls(made, cast("asyncio.StreamWriter", made.stdin), cast("asyncio.StreamReader", made.stdout))
        with suppress(ConnectionError):  # then it has ended, and its output says so
            child.stdin.write(first + b"\n")
            await child.stdin.drain()
        return child

    async def hear(self) -> dict[str, Any] | None:
        """What it tells next; None: it has ended."""
        line = await self.stdout.readline()
        return orjson.loads(line) if line.endswith(b"\n") else None

    async def end(self, leave_s_max: float) -> int:
        """Let it leave, or else kill it; its exit code."""
        self.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(leave_s_max):
                return await self.process.wait()
        self.process.kill()
        return await self.process.wait()
