"""Several processes that do their shares of a work at the same time."""

import multiprocessing
import time
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from multiprocessing.connection import Connection
from typing import Any

import uvloop

from store.collecting import collect_seldom

Run = Callable[[], Awaitable[Any]]
Prepare = Callable[[Any], Awaitable[Run]]
"""Of a share; what it gives is what is timed."""
Opened = Callable[..., AbstractAsyncContextManager[Prepare]]
"""What a process opens once, from its arguments; must be found under its name in its module."""


class Processes:
    """Processes that wait for shares. Made by `processes`."""

    def __init__(self, pipes: Sequence["Connection[Any, Any]"]) -> None:
        self._pipes = pipes

    def run(self, shares: Iterable[Any]) -> tuple[float, list[Any]]:
        """Seconds from the common beginning until the last has done its share, and what each said."""
        for pipe, share in zip(self._pipes, shares, strict=True):
            pipe.send(share)
        for pipe in self._pipes:
            pipe.recv()
        started = time.perf_counter()
        for pipe in self._pipes:
            pipe.send("go")
        said = [pipe.recv() for pipe in self._pipes]
        return time.perf_counter() - started, said


@contextmanager
def processes(count: int, opened: Opened, *arguments: Any) -> Generator[Processes]:  # noqa: ANN401  # the opener's own
    """So many processes, each with what it has opened."""
    context = multiprocessing.get_context("spawn")
    pipes: list[Any] = []
    workers = []
    for _ in range(count):
        ours, theirs = multiprocessing.Pipe()
        worker = context.Process(target=_work, args=(theirs, opened, arguments))
        worker.start()
        theirs.close()  # so that a worker that dies is told of here
        pipes.append(ours)
        workers.append(worker)
    try:
        yield Processes(pipes)
    finally:
        for pipe in pipes:
            pipe.close()
        for worker in workers:
            worker.join()


def _work(pipe: "Connection[Any, Any]", opened: Opened, arguments: tuple[Any, ...]) -> None:
    async def work() -> None:
        async with opened(*arguments) as prepare:
            collect_seldom()
            while True:
                try:
                    share = pipe.recv()
                except EOFError:
                    return
                run = await prepare(share)
                pipe.send("ready")
                pipe.recv()
                pipe.send(await run())

    uvloop.run(work())
