"""Rows that were written beside events, against those events: participants and answers of commands.

No leaf of a log holds them, because all that they say can be made again from events, whose leaves are sealed. So
whoever edits them changes what is found, and not what happened; this is what shows it. Answers that have no events
(refusals, commands that changed nothing) and answers that are gone cannot be made again: of those nothing is said.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple, TypeAlias, cast
from uuid import UUID

import orjson

from store.envelope import RecordedEvent
from store.record import Record
from store.statements import in_schema

PAGE: Final = 4000

Role: TypeAlias = tuple[UUID, str]
Participants: TypeAlias = Callable[[RecordedEvent], Collection[Role] | None]
"""Who else takes part in an event, with their roles; None: its type is not known or its data gone, nobody can say."""


class Difference(NamedTuple):
    """A row that is not what its event says: which table, where, and how it shows."""

    what: str
    where: str
    why: str


@dataclass(slots=True)
class _Partition:
    """A partition that is being compared."""

    record: Record
    schema: str
    number: int
    end: int
    differences: list[Difference] = field(default_factory=list[Difference])

    async def rows(self, name: str, *arguments: object) -> Sequence[Any]:
        return await self.record.pool.fetch(_statement(name, self.schema), self.number, *arguments)

    def differs(self, table: str, position: object, why: str) -> None:
        self.differences.append(Difference(table, f"{self.schema}/{self.number} {position}", why))


async def compare(
    record: Record,
    participants_of: Participants,
    schema: str = "record",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Difference]:
    """Every side row that is not what its event says, is missing, or belongs to no event.

    Events that are appended meanwhile are left for the next time. `schema`: `record`, or `reads` for looks.
    """
    found: list[Difference] = []
    ends = [await record.next_position(number) for number in range(record.partitions)]
    for number, end in enumerate(ends):
        partition = _Partition(record, schema, number, end)
        for start in range(0, end, PAGE):
            progress(sum(ends[:number]) + start, sum(ends))
            await _missing(partition, start, min(start + PAGE, end), participants_of)
        await _added(partition, participants_of)
        await _compare_answers(partition)
        found += partition.differences
    progress(sum(ends), sum(ends))
    return found


async def _missing(partition: _Partition, start: int, stop: int, participants_of: Participants) -> None:
    """Participants that events name, and that have no row."""
    events = await partition.record.read_partition(partition.number, start, stop - start)
    expected = [(event.position, *other) for event in events for other in set(participants_of(event) or ())]
    if expected:
        for row in await partition.rows("participants_missing", *map(list, zip(*expected, strict=True))):
            partition.differs("participant", row["position"], f"{row['role']} {row['customer_id']} is missing")


async def _added(partition: _Partition, participants_of: Participants) -> None:
    """Rows of participants that their events do not name."""
    last: tuple[UUID, int, str] = (UUID(int=0), -1, "")
    while rows := await partition.rows("participants_after", *last, PAGE):
        there = await partition.record.read_events(partition.number, {row["position"] for row in rows})
        told = {event.position: participants_of(event) for event in there}
        for row in rows:
            last = (row["customer_id"], row["position"], row["role"])
            others = told.get(row["position"], ())
            if others is not None and (row["customer_id"], row["role"]) not in others:
                partition.differs("participant", row["position"], f"{row['role']} {row['customer_id']} was added")


async def _compare_answers(partition: _Partition) -> None:
    after = UUID(int=0)
    while rows := await partition.rows("answers_after", after, PAGE):
        answers = {row["command_id"]: row["answer"] for row in rows if row["position"] < partition.end}
        answered = {command_id: _events_of(answer) for command_id, answer in answers.items()}
        named = [event_id for events in answered.values() for event_id in events or ()]
        commands = {row["event_id"]: _command_of(row["meta"]) for row in await partition.rows("commands_of", named)}
        for command_id, events in answered.items():
            _compare_answer(partition, command_id, events, commands)
        after = rows[-1]["command_id"]


def _compare_answer(
    partition: _Partition, command_id: UUID, events: list[UUID] | None, commands: Mapping[UUID, UUID | None]
) -> None:
    if events is None:
        partition.differs("command", command_id, "has an answer that is none")
    for event_id in events or ():
        if event_id not in commands:
            partition.differs("command", command_id, f"is answered with event {event_id}, which there is not")
        elif commands[event_id] != command_id:
            partition.differs("command", command_id, f"is answered with event {event_id} of another command")


def _events_of(answer: bytes) -> list[UUID] | None:
    """The events that an answer names; None: it is no answer."""
    try:
        told = cast("dict[str, Any]", orjson.loads(answer))
        return [] if "refusal" in told else [UUID(one[0]) for one in told["events"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _command_of(meta: bytes) -> UUID | None:
    """The command that an event says it came from; an edited `meta` is told by the event's leaf."""
    try:
        return UUID(cast("dict[str, str]", orjson.loads(meta))["command"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


@cache
def _statement(name: str, schema: str) -> str:
    return in_schema((files("replay") / "sql" / f"{name}.sql").read_text(encoding="utf-8"), schema)
