"""Telling endless answers that the server stops.

A server that is asked to stop waits for its answers to end before it ends the lifespan, and a feed
never ends by itself: so the signal itself must reach it.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_of_shutdown(tell: Callable[[], None]) -> Generator[None]:
    """Call `tell` in the event loop when the process is asked to stop, before the server's own handler."""
    if threading.current_thread() is not threading.main_thread():
        yield  # an embedded server: who embeds it stops it in another way
        return
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        if callable(before[number]):
            before[number](number, frame)

    installed = [number for number in _SIGNALS if callable(before[number])]
    for number in installed:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in installed:
            if signal.getsignal(number) is handle:
                signal.signal(number, before[number])
