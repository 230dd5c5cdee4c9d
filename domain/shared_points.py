"""What is seen of a number or address that customers share: who has a place there, and whether there is room."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.contact_rules import SharedWindow


class Taken(NamedTuple):
    """A place: until when it counts, the event that says so, and whether its holder has acted on it."""

    until: datetime
    event_id: UUID
    confirmed: bool


class Room(NamedTuple):
    """The events by which places are taken, and when one is free again (None: one is)."""

    events: tuple[UUID, ...]
    free_at: datetime | None


@dataclass(frozen=True, slots=True)
class SharedSeen:
    """Who has places of a contact point's number or address, at a version of the reservation's stream (-1: nobody yet).

    `reservation_id` None: the value cannot be found, so nobody can count. `mine`: the touch's own place.
    """

    contact_point_id: UUID
    reservation_id: UUID | None = None
    version: int = -1
    others: tuple[Taken, ...] = ()
    mine: Taken | None = None

    def covers(self, window: SharedWindow, moment: datetime) -> bool:
        """Whether the touch has a place that counts as long as a touch of this moment does.

        Who was held up between claiming and judging has not, and claims again.
        """
        return self.mine is not None and self.mine.until >= moment + window.lasts

    def room(self, window: SharedWindow, moment: datetime, again: datetime) -> Room:
        """Whether the touch has a place or could have one; `again`: when to look again for what may happen any time."""
        standing = sorted(one for one in self.others if one.until > moment)
        events = tuple([one.event_id for one in standing])
        if self.mine is not None:
            return Room((*events, self.mine.event_id), None)
        if len(standing) < window.limit:
            return Room(events, None)
        free_at = standing[len(standing) - window.limit].until
        # A claim may be given back, which is told in another partition.
        return Room(events, free_at if all(one.confirmed for one in standing) else min(free_at, again))
