"""Rows that were written beside events, against those events: participants and answers of commands.

No leaf of a log holds them, because all that they say can be made again from events, whose leaves are sealed. So
whoever edits them changes what is found, and not what happened; this is what shows it. Answers that have no events
(refusals, commands that changed nothing), the fingerprint of a request, the day on which an answer expires, and answers
that are gone cannot be made again: of those nothing is said.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, cast
from uuid import UUID

import orjson

from replay.statements import statement
from store.canonical import canonical_json
from store.envelope import RecordedEvent, recorded
from store.statements import statement as of_record

if TYPE_CHECKING:
    from asyncpg import Connection, Record

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

    snapshot: "Connection[Record]"
    schema: str
    number: int
    differences: list[Difference] = field(default_factory=list[Difference])

    async def rows(self, name: str, *arguments: object) -> Sequence[Any]:
        return await self.snapshot.fetch(statement(name, self.schema), self.number, *arguments)

    async def events(self, name: str, *arguments: object) -> list[RecordedEvent]:
        rows = await self.snapshot.fetch(of_record(name, self.schema), self.number, *arguments)
        return [recorded(row) for row in rows]

    async def end(self) -> int:
        last = await self.snapshot.fetchval(of_record("last_position", self.schema), self.number)
        return 0 if last is None else last + 1

    def differs(self, table: str, where: object, why: str) -> None:
        self.differences.append(Difference(table, f"{self.schema}/{self.number} {where}", why))


async def compare(
    snapshot: "Connection[Record]",
    partitions: int,
    participants_of: Participants,
    schema: str = "record",
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Difference]:
    """Every side row that is not what its event says, is missing, or belongs to no event.

    `snapshot`: a connection in a transaction that sees one moment. `schema`: `record`, or `reads` for looks.
    """
    compared = [_Partition(snapshot, schema, number) for number in range(partitions)]
    ends = [await partition.end() for partition in compared]
    for partition, end in zip(compared, ends, strict=True):
        for start in range(0, end, PAGE):
            progress(sum(ends[: partition.number]) + start, sum(ends))
            await _missing(partition, start, participants_of)
        await _added(partition, participants_of)
        await _compare_answers(partition)
    if compared:
        await _strays(compared[-1])
    progress(sum(ends), sum(ends))
    return [one for partition in compared for one in partition.differences]


async def _missing(partition: _Partition, start: int, participants_of: Participants) -> None:
    """Participants that events name, and that have no row."""
    events = await partition.events("read_partition", start, PAGE)
    expected = [(event.position, *other) for event in events for other in set(participants_of(event) or ())]
    if expected:
        for row in await partition.rows("participants_missing", *map(list, zip(*expected, strict=True))):
            partition.differs("participant", row["position"], f"{row['role']} {row['customer_id']} is missing")


async def _added(partition: _Partition, participants_of: Participants) -> None:
    """Rows of participants that their events do not name."""
    last: tuple[UUID, int, str] = (UUID(int=0), -1, "")
    while rows := await partition.rows("participants_after", *last, PAGE):
        there = await partition.events("read_events", list({row["position"] for row in rows}))
        told = {event.position: participants_of(event) for event in there}
        for row in rows:
            last = (row["customer_id"], row["position"], row["role"])
            others = told.get(row["position"], ())
            if others is not None and (row["customer_id"], row["role"]) not in others:
                partition.differs("participant", row["position"], f"{row['role']} {row['customer_id']} was added")


async def _strays(last: _Partition) -> None:
    """Rows in partitions that there are not."""
    for row in await last.snapshot.fetch(statement("stray_side_rows", last.schema), last.number + 1):
        where = f"{last.schema}/{row['partition']} {row['place']}"
        last.differences.append(Difference(row["what"], where, "is in a partition that there is not"))


async def _compare_answers(partition: _Partition) -> None:
    after = UUID(int=0)
    while rows := await partition.rows("answers_after", after, PAGE):
        answered = {row["command_id"]: (_told(row["answer"]), row["position"]) for row in rows}
        named = [one[0] for told, _ in answered.values() for one in told or ()]
        events = {row["event_id"]: row for row in await partition.rows("answered_events", named)}
        for command_id, (told, position) in answered.items():
            why = "has an answer that is none" if told is None else _wrong(command_id, told, position, events)
            if why:
                partition.differs("command", command_id, why)
        after = rows[-1]["command_id"]


def _wrong(command_id: UUID, told: Sequence[tuple[Any, ...]], last: int, events: Mapping[UUID, Any]) -> str:
    """What an answer says that its events do not; nothing if it is right."""
    for place, one in enumerate(told, last - len(told) + 1):
        event = events.get(one[0])
        if event is None:
            return f"is answered with event {one[0]}, which there is not"
        if _command_of(event["meta"]) != command_id:
            return f"is answered with event {one[0]} of another command"
        if one != (event["event_id"], event["stream_id"], event["type"], event["version"]):
            return f"is answered with another event than {one[0]}"
        if event["position"] != place:
            return f"is answered with event {one[0]} in another place than {place}"
    if told and _command_of(events[told[0][0]]["meta_before"]) == command_id:
        return "is not answered with all of its events"
    return ""


def _told(answer: bytes) -> list[tuple[Any, ...]] | None:
    """The events that an answer names (event, stream, type, version); None: it is no answer."""
    try:
        told = cast("dict[str, Any]", orjson.loads(answer))
        if told.keys() == {"refusal"}:
            return [] if canonical_json(told) == answer else None
        events = [(UUID(event), UUID(stream), kind, version) for event, stream, kind, version in told["events"]]
        stream, version = UUID(told["stream"]), told["version"]
        told_anew = canonical_json({"stream": stream, "version": version, "events": events})
        if told_anew != answer or bool in map(type, [version, *(one[3] for one in events)]):
            return None  # an id can be written in other ways, and true equals 1
        last = {of: version for _, of, _, version in events}
        if last.get(stream, version) != version:
            return None
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return events


def _command_of(meta: bytes | None) -> UUID | None:
    """The command that an event says it came from; an edited `meta` is told by the event's leaf."""
    try:
        return UUID(cast("dict[str, str]", orjson.loads(meta or b""))["command"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
