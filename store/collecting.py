"""Python's cyclic garbage collector, suited to processes that make and drop millions of objects."""

import gc
from typing import Final

_THRESHOLDS: Final = (200_000, 20, 10)


def collect_seldom() -> None:
    """Look for cycles some three hundred times less often than Python does, and never among what exists by now.

    Events, rows and requests die when their last reference goes; only what refers to itself waits for the
    collector. With Python's own thresholds it went through all cached states and keys again and again, which
    took half of the time of imports and of bulk intake, and every 50,000 objects still a twentieth. For a process
    of our own, once it has started: the setting is that of the whole process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
