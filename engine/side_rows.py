"""What the rows beside an event must say: of the record's events by their aggregates, of looks by who was looked at."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import orjson

from domain import aggregate_of
from engine.looking import SCHEMA as READS
from engine.mapping import EventMapper
from engine.wiring import Daybook
from replay.side_rows import Difference, Participants, Role, compare
from store.envelope import RecordedEvent
from store.errors import NewerSchema, UnknownType

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def compare_side_rows(daybook: Daybook, progress: Callable[[int, int], None]) -> list[Difference]:
    """Side rows of the record and of the looks that are not what their events say."""
    async with (
        daybook.record.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await side_rows_at(cast("Connection[Record]", connection), daybook.record.partitions, progress)


async def side_rows_at(
    snapshot: "Connection[Record]",
    partitions: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Difference]:
    """The same at the moment that a transaction sees."""
    of_events = await compare(snapshot, partitions, participants_of_events(EventMapper()), progress=progress)
    return of_events + await compare(snapshot, partitions, participants_of_look, READS, progress)


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
