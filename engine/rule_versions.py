"""Versions of rules that were put in force, as the record tells them: access tables, schedules, policies, maps."""

from datetime import date, datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

import asyncpg
from eventsourcing.persistence import PersistenceError

from domain.kernel import Event
from engine.mapping import EventMapper
from projections import audit_trail
from projections.errors import ReadModelError
from projections.models import ReadModels

E = TypeVar("E", bound=Event)

UNREADABLE: Final = (
    PersistenceError, ReadModelError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError,
)  # fmt: skip
"""What a look may meet; who knows versions goes on with them."""
PAGE: Final = 500
_FARTHEST_EAST: Final = timedelta(hours=14)
"""Of all time zones: what took effect is later than the day of its recording everywhere on earth."""


class ActiveVersion(NamedTuple, Generic[E]):
    """A version that was activated at a moment, with the event that proposed it."""

    stream_id: UUID
    proposed: E
    activated_at: datetime


class ActiveVersions(Generic[E]):
    """The versions of one kind that were activated, kept: a version never changes once it was proposed.

    So a look asks only where activations stand and reads those that it has not seen. It does not go on from the last
    one seen: the read model may show an earlier one later, when it was parked.
    """

    def __init__(self, models: ReadModels, mapper: EventMapper, proposed: type[E], activated: type[Event]) -> None:
        self._models = models
        self._mapper = mapper
        self._proposed = proposed
        self._activated = activated
        self._seen: dict[tuple[UUID, int, int], ActiveVersion[E]] = {}
        self._found: tuple[ActiveVersion[E], ...] = ()

    async def look(self) -> tuple[ActiveVersion[E], ...]:
        """All that are active now, in the order of their activation; the same object where none came.

        Of two at one moment everybody takes the same first.
        """
        record = self._models.record
        positions = await audit_trail.positions_of(self._models, self._activated.type)
        here = record.incarnation.id
        at = {(here, partition, one) for partition, of in enumerate(positions) for one in of}
        if at == self._seen.keys():
            return self._found
        seen = {key: one for key, one in self._seen.items() if key in at}
        for partition in range(record.partitions):
            missing = [key[2] for key in at.difference(seen) if key[1] == partition]
            for event in await record.read_events(partition, missing) if missing else ():
                seen[here, partition, event.position] = await self._read(event.stream_id, event.recorded_at)
        self._found = tuple(sorted(seen.values(), key=lambda one: (one.activated_at, one.stream_id)))
        self._seen = seen
        return self._found

    async def _read(self, stream_id: UUID, activated_at: datetime) -> ActiveVersion[E]:
        event = await last_proposed(self._models, self._mapper, stream_id, self._proposed)
        if event is None:
            activated = self._activated.type
            raise TypeError(f"stream {stream_id} is no {self._proposed.type}, though {activated} stands in it")
        return ActiveVersion(stream_id, event, activated_at)


async def last_proposed(models: ReadModels, mapper: EventMapper, stream_id: UUID, *kinds: type[E]) -> E | None:
    """What was proposed last in a stream, whether or not anybody agreed to it; None: nothing of these kinds was."""
    last: E | None = None
    after = -1
    while True:
        page = await models.record.read_stream(stream_id, after, PAGE)
        last = next((of for one in reversed(page) if isinstance(of := mapper.fact(one).event, kinds)), last)
        if len(page) < PAGE:
            return last
        after = page[-1].version


def in_force_since(wanted: date, activated_at: datetime, *, first: bool) -> date:
    """From which day a version holds that names this day.

    The first of its kind reaches back as far as it says. A later one never holds before the day after its activation:
    so what was worked out by the one before is worked out the same again.
    """
    return wanted if first else max(wanted, (activated_at + _FARTHEST_EAST).date() + timedelta(days=1))
