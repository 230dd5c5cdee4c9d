"""What the rows beside an event must say: of the record's events by their aggregates, of looks by who was looked at."""

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

import orjson

from domain import aggregate_of
from engine.looking import SCHEMA as READS
from engine.mapping import EventMapper
from engine.wiring import Daybook
from replay.side_rows import Difference, Participants, Role, compare
from store.envelope import RecordedEvent
from store.errors import NewerSchema, UnknownType


async def compare_side_rows(daybook: Daybook, progress: Callable[[int, int], None]) -> list[Difference]:
    """Side rows of the record and of the looks that are not what their events say."""
    of_events = await compare(daybook.record, participants_of_events(daybook.mapper), progress=progress)
    return of_events + await compare(daybook.looks.record, participants_of_look, READS, progress)


def participants_of_events(mapper: EventMapper) -> Participants:
    """By the aggregate of each event."""

    def participants_of(recorded: RecordedEvent) -> set[Role] | None:
        if not recorded.state:  # disposed of
            return None
        try:
            event = mapper.fact(recorded).event
        except (UnknownType, NewerSchema):
            return None
        return set(aggregate_of(type(event)).participants_of(event))

    return participants_of


def participants_of_look(recorded: RecordedEvent) -> set[Role]:
    """Every subject of a look but the first, in whose timeline it stands."""
    told = cast("dict[str, Any]", orjson.loads(recorded.state))
    subjects = {UUID(one["subject"]) for one in told["looked"]}
    return {(subject, "subject") for subject in subjects if subject != recorded.customer_id}
