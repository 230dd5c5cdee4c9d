"""Break-glass grants as they are used: read from the record itself, so that what was closed opens nothing any more."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from domain.break_glass import BREAK_GLASS, BreakGlassOpened
from engine.access import Grant
from engine.mapping import EventMapper
from store.record import Record

EVENTS_MAX: Final = 10
"""A grant is opened, closed and reviewed; one with more events is none."""


async def grant_in_force(
    record: Record, mapper: EventMapper, actor: str, grant_id: UUID, now: datetime
) -> Grant | None:
    """The grant of this id, if this actor took it and it is not over; None says nothing of why."""
    events = await record.read_stream(grant_id, limit=EVENTS_MAX)
    if not events or events[0].topic != BreakGlassOpened.type:
        return None
    state = BREAK_GLASS.initial
    for one in events:
        state = BREAK_GLASS.evolve(state, mapper.fact(one).event)
    opened = mapper.fact(events[0]).event
    if not isinstance(opened, BreakGlassOpened) or state.status != "open" or opened.opened_by != actor:
        return None
    # The time of the record's own clock, whatever the command said.
    if now >= events[0].recorded_at + timedelta(minutes=opened.minutes):
        return None
    return Grant(grant_id, opened.customer_id, frozenset(opened.record_classes), opened.matter_id)
