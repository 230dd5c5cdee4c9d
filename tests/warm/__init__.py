"""Starts programs of the product without its imports, which cost some seconds of CPU each time."""

import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

CLIENT = Path(__file__).with_name("client.py")
PROJECT = CLIENT.parents[2]
KILL_AND_WAIT = signal.SIGQUIT
"""Sent to the command it ends the program by -9, and the command once that is over. After -9 it ends at once, and the
program a moment later."""


@contextmanager
def warm_python(socket: Path, modules: Sequence[str]) -> Generator[tuple[str, ...]]:
    """A command for `python -m` (a module and its arguments follow) in a process that has the modules imported."""
    command = [sys.executable, "-m", "tests.warm.server", str(socket), *modules]
    server = subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"
    try:
        yield sys.executable, "-I", "-S", str(CLIENT), str(socket)
    finally:
        server.communicate()  # its end of the programs, and of itself
