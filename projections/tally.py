"""The tally of a read model: what it has met of each day and event type, written with its rows.

It is counted where the fold is called and not from the record, so that the two can be compared: an event that was
missed, or folded twice, shows. `sum` tells which events they were: of each its position plus one times its id as a
number of 128 bits. It is for finding faults and no secret: whoever can write the rows can write the tally.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from store.envelope import RecordedEvent

_NOWHERE: Final = (1 << 63) - 1


class TallyKey(NamedTuple):
    """A UTC day of `recorded_at` as ordinal, an event type, and whether the read model folds it or passes it over."""

    day: int
    type: str
    folded: bool

    @property
    def date(self) -> date:
        """The day."""
        return date.fromordinal(self.day)


@dataclass(slots=True)
class Tally:
    """How many events, which, and between which positions."""

    events: int = 0
    sum: int = 0
    first: int = _NOWHERE
    last: int = -1

    def add(self, other: "Tally") -> None:
        """Add what another has counted."""
        self.events += other.events
        self.sum += other.sum
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)


def weight(position: int, event_id: UUID) -> int:
    """What an event adds to the sum."""
    return (position + 1) * event_id.int


def counted(events: Iterable[RecordedEvent]) -> Mapping[tuple[int, str], Tally]:
    """Tallies by day and type."""
    found: dict[tuple[int, str], Tally] = {}
    for event in events:
        key = (event.recorded_at.toordinal(), event.topic)
        tally = found.get(key)
        if tally is None:
            tally = found[key] = Tally()
        position = event.position
        tally.events += 1
        tally.sum += (position + 1) * event.event_id.int  # `weight`, without the call: this runs for every event
        tally.first = min(position, tally.first)
        tally.last = max(position, tally.last)
    return found
