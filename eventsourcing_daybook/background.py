"""An asyncio event loop in a thread of its own, for callers in other threads."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from threading import Lock, Thread, current_thread
from typing import Any, TypeVar

import uvloop
from eventsourcing.persistence import InterfaceError

T = TypeVar("T")


class BackgroundLoop:
    """Runs until it is closed; the thread is a daemon, so that a program that forgot to close it can end."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._pid = os.getpid()
        self._closed = False
        # Nothing may be handed to the loop once its end is: it would wait for ever.
        self._handing_over = Lock()
        # A function, not a method: the thread must not keep this object, or those that hold it, alive.
        self._thread = Thread(target=_run, args=(self._loop,), name="daybook", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for what comes out of it."""
        with self._handing_over:
            try:
                self._check()
            except InterfaceError:
                coroutine.close()
                raise
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        return future.result()

    def call(self, function: Callable[..., "asyncio.Future[T]"], *arguments: object) -> T:
        """Call a function in the loop and wait for the future that it returns. A third cheaper than a coroutine."""
        outcome: Future[T] = Future()
        with self._handing_over:
            self._check()
            self._loop.call_soon_threadsafe(_call, outcome, function, arguments)
        return outcome.result()

    def close(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the farewell after all that was handed over before, end the loop and wait for its thread."""
        with self._handing_over:
            if self._closed or os.getpid() != self._pid:
                return
            self._closed = True
            asyncio.run_coroutine_threadsafe(_end(farewell), self._loop)
        # The garbage collector may get here in the loop's own thread, which cannot wait for itself.
        if current_thread() is not self._thread:
            self._thread.join()

    def _check(self) -> None:
        if self._closed:
            raise InterfaceError("the application, or its factory, has been closed; construct it anew")
        if os.getpid() != self._pid:
            raise InterfaceError("the application was constructed before this process was forked; construct it after")


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


async def _end(farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await farewell()
    finally:
        asyncio.get_running_loop().stop()


def _call(outcome: Future[T], function: Callable[..., "asyncio.Future[T]"], arguments: tuple[object, ...]) -> None:
    try:
        future = function(*arguments)
    except Exception as error:  # noqa: BLE001 - it is the caller's
        outcome.set_exception(error)
    else:
        future.add_done_callback(lambda done: _deliver(done, outcome))


def _deliver(done: "asyncio.Future[T]", outcome: Future[T]) -> None:
    if done.cancelled():
        outcome.cancel()
    elif (error := done.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(done.result())
