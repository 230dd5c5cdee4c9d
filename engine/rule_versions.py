"""Versions of rules that were put in force, as the record tells them: access tables, schedules, policies, maps."""

from datetime import date, datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import UUID

from domain.kernel import Event
from engine.mapping import EventMapper
from projections import audit_trail
from projections.audit_trail import AuditFilter
from projections.models import ReadModels
from projections.seeing import EVERYTHING

E = TypeVar("E", bound=Event)

PAGE: Final = 500
_FARTHEST_EAST: Final = timedelta(hours=14)
"""Of all time zones: what took effect is later than the day of its recording everywhere on earth."""


class ActiveVersion(NamedTuple, Generic[E]):
    """A version that was activated at a moment, with the event that proposed it."""

    stream_id: UUID
    proposed: E
    activated_at: datetime


async def active_versions(
    models: ReadModels, mapper: EventMapper, proposed: type[E], activated: type[Event]
) -> list[ActiveVersion[E]]:
    """In the order of their activation; of two at one moment everybody takes the same first."""
    found: list[ActiveVersion[E]] = []
    after: str | None = None
    while True:
        page = await audit_trail.search(models, AuditFilter(type=activated.type), EVERYTHING, after=after, limit=PAGE)
        for entry in page.entries:
            (first,) = await models.record.read_stream(entry.stream_id, -1, 1)
            event = mapper.fact(first).event
            if not isinstance(event, proposed):
                raise TypeError(f"stream {entry.stream_id} is no {proposed.type}, though {activated.type} stands in it")
            found.append(ActiveVersion(entry.stream_id, event, entry.recorded_at))
        after = page.next
        if after is None:
            return sorted(found, key=lambda one: (one.activated_at, one.stream_id))


def in_force_since(wanted: date, activated_at: datetime, *, first: bool) -> date:
    """From which day a version holds that names this day.

    The first of its kind reaches back as far as it says. A later one never holds before the day after its activation:
    so what was worked out by the one before is worked out the same again.
    """
    return wanted if first else max(wanted, (activated_at + _FARTHEST_EAST).date() + timedelta(days=1))
