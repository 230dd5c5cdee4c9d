"""What commands print: progress and prose for people on stderr, the result on stdout."""

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from store.canonical import canonical_json

people = Console(stderr=True, highlight=False, soft_wrap=True)
"""Breaks no lines: what it prints may be a command to copy."""

PLAIN_EVERY_S = 5.0


class Steps:
    """Progress of one long piece of work: a bar on a terminal, a line now and then elsewhere."""

    def __init__(self, title: str, bar: Progress | None) -> None:
        self._title = title
        self._bar = bar
        self._task = None if bar is None else bar.add_task(title, total=None)
        self._said_at = time.monotonic()

    def __call__(self, done: int, total: int | None = None) -> None:
        """So much is done, of so much (None: not known)."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif time.monotonic() - self._said_at > PLAIN_EVERY_S:
            self._said_at = time.monotonic()
            people.print(f"{self._title}: {done:,}" + (f" of {total:,}" if total else ""))

    def named(self, _name: str, done: int, total: int) -> None:
        """The same for work that names its steps."""
        self(done, total)


@contextmanager
def steps(title: str) -> Generator[Steps]:
    """Show the progress of a piece of work while the block runs."""
    if not people.is_terminal:
        people.print(title)
        yield Steps(title, None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=people, transient=True) as bar:
        yield Steps(title, bar)


def result(value: dict[str, Any], *, as_json: bool, text: str) -> None:
    """The outcome of a command: prose, or with `--json` one JSON object on the last line."""
    line = canonical_json(value).decode() if as_json else text
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
