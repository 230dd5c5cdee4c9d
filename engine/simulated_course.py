"""The course of a simulated customer: what happens with them in the order of time, some of it because of a decision."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple, TypeAlias

from domain.kernel import Event
from engine.handling import Unit

Then: TypeAlias = Callable[[Sequence[Event]], None]
"""Told the events of a command that a policy or plan has judged; what follows from them joins the course."""


class Happening(NamedTuple):
    """A unit of commands; with `then` it is one that is judged."""

    unit: Unit
    then: Then | None = None


class Course:
    """Holds what is to happen with one customer. What would happen after the bank's last moment never does."""

    def __init__(self, until: datetime) -> None:
        self._until = until
        self._ahead: list[tuple[datetime, int, Happening | Callable[[], None]]] = []
        self._added = 0

    def add(self, units: Iterable[Unit]) -> None:
        """Let these units happen, each at the time of its first command."""
        for unit in units:
            self._push(unit.commands[0].occurred_at, Happening(unit))

    def ask(self, unit: Unit, then: Then) -> None:
        """Let a command be judged, and tell what came of it."""
        self._push(unit.commands[0].occurred_at, Happening(unit, then))

    def look(self, at: datetime, action: Callable[[], None]) -> None:
        """Have it seen at a moment what there is to do then."""
        self._push(at, action)

    def step(self, before: datetime) -> list[Happening]:
        """What comes next before a moment, as far as something that is judged, which is the last; empty: nothing."""
        found: list[Happening] = []
        while self._ahead and self._ahead[0][0] < before:
            following = heappop(self._ahead)[2]
            if not isinstance(following, Happening):
                following()
                continue
            found.append(following)
            if following.then is not None:
                break
        return found

    def _push(self, at: datetime, what: Happening | Callable[[], None]) -> None:
        if at < self._until:
            self._added += 1
            heappush(self._ahead, (at, self._added, what))
