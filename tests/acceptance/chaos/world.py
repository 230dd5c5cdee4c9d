"""What the processes of the chaos test share: customers, commands, the read model, and how processes are told apart."""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from domain.kernel import Event
from projections.fact import Fact
from projections.held import Lines, Sums
from projections.projection import Projection
from projections.table import Table
from store.envelope import AppendRequest, NewEvent, RecordedEvent, StoredAnswer
from store.identity import derive_id

PARTITIONS = 4
CUSTOMERS = 300
OCCURRED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EXPIRES = datetime(2100, 1, 1, tzinfo=UTC)
ACTOR = "chaos-clerk"
ERRORS_BEFORE_GIVING_UP = 1000


@dataclass(frozen=True)
class Part:
    """What a process is told: its name, where the record is, its journal, its seed, and how many commands to do."""

    name: str
    dsn: str
    journal: Path
    seed: int
    commands: int = 0

    def arguments(self) -> list[str]:
        return [json.dumps([self.name, self.dsn, str(self.journal), self.seed, self.commands])]

    @classmethod
    def of_arguments(cls) -> "Part":
        name, dsn, journal, seed, commands = json.loads(sys.argv[1])
        return cls(name, dsn, Path(journal), seed, commands)


class Journal:
    """Lines of JSON that survive the process's being killed; a line cut short does not count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            content = path.read_bytes()
            path.write_bytes(content[: content.rfind(b"\n") + 1])
        self._file = path.open("ab", buffering=0)

    def write(self, *values: Any) -> None:
        self._file.write(json.dumps(values).encode() + b"\n")

    @staticmethod
    def read(path: Path) -> Iterator[list[Any]]:
        if path.exists():
            for line in path.read_bytes().split(b"\n")[:-1]:
                yield json.loads(line)


def customer(number: int) -> UUID:
    """Each has one stream, under the same id."""
    return derive_id(f"customer {number}".encode(), at=OCCURRED)


class Command(NamedTuple):
    """What a writer does under a number: so many events for one customer. The same whenever it is asked for."""

    command_id: UUID
    stream_id: UUID
    event_ids: tuple[UUID, ...]

    @classmethod
    def of(cls, writer: str, number: int) -> "Command":
        rng = Random(f"{writer}/{number}")
        stream = customer(rng.randrange(CUSTOMERS))
        name = f"{writer}/{number}"
        ids = [derive_id(f"{name}/{n}".encode(), at=OCCURRED, beside=stream) for n in range(rng.choice((1, 1, 2, 4)))]
        return cls(derive_id(name.encode(), at=OCCURRED, beside=stream), stream, tuple(ids))

    def request(self, partition: int, version: int) -> AppendRequest:
        """To append at a version of the stream."""
        events = [
            NewEvent(
                event_id, self.stream_id, version + 1 + n, self.stream_id, "chaos.happened", 1, OCCURRED, ACTOR,
                self.command_id, None, b"{}", b"{}",
            )
            for n, event_id in enumerate(self.event_ids)
        ]  # fmt: skip
        stored = StoredAnswer(self.command_id, b"hmac", json.dumps([version, len(events)]).encode(), EXPIRES)
        return AppendRequest(partition, events, {self.stream_id: version}, (), stored)


class Happened(Event, name="chaos.happened"):
    """Something happened to a customer."""


class SeenLine(NamedTuple):
    """An event as a follower has seen it."""

    partition: int
    position: int
    event_id: UUID
    customer_id: UUID
    version: int


@dataclass(slots=True)
class SeenCount:
    """How often a follower has seen something of a customer: more than there is, if a page is folded twice."""

    partition: int
    customer_id: UUID
    events: int = 0
    position: int = -1


class Held(NamedTuple):
    """The held tables."""

    lines: Lines
    counts: Sums[SeenCount]


def _happened(rows: Held, _event: Happened, fact: Fact) -> None:
    recorded = fact.recorded
    customer_id = recorded.customer_id or recorded.stream_id
    rows.lines.added.append((recorded.partition, recorded.position, recorded.event_id, customer_id, recorded.version))
    rows.counts.add_to((customer_id,), recorded).events += 1


SEEN = Projection(
    "chaos_seen",
    1,
    (
        Table("chaos_line", "lines", SeenLine, key=("position",)),
        Table("chaos_count", "sums", SeenCount, key=("customer_id",)),
    ),
    Held,
    {Happened: _happened},
)


def decode(recorded: RecordedEvent) -> Fact:
    """The event holds nothing but its time."""
    return Fact(recorded, Happened(occurred_at=recorded.occurred_at), ())
