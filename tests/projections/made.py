"""A small read model with every kind of table, and events to fold into it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.kernel import Event
from projections.fact import Fact
from projections.follower import HELD_MAX, Follower
from projections.held import Lines, Rows, Sums
from projections.leases import Claim
from projections.models import ReadModels
from projections.projection import Projection
from projections.table import NIL, Table
from replay import filling
from store.envelope import AppendRequest, NewEvent, RecordedEvent
from store.errors import NewerSchema
from store.identity import new_id
from store.record import Record

OCCURRED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POISON = "poison"
REFUSED = "no such\x00text"  # folds well, but PostgreSQL cannot store it
IGNORED = "ignored"


class Noted(Event, name="thing.noted"):
    """A customer's stream notes a word."""

    word: str


class Passed(Event, name="thing.passed"):
    """Nothing that the read model cares for."""

    word: str


@dataclass(slots=True)
class WordsRow:
    """What a customer has noted, in order."""

    partition: int
    customer_id: UUID
    words: list[str] = field(default_factory=list[str])
    last: str = ""
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class StreamRow:
    """How often a stream has noted something."""

    partition: int
    stream_id: UUID
    notes: int = 0
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class CountRow:
    """How often a word was noted."""

    partition: int
    word: str
    notes: int = 0
    position: int = -1


class NoteLine(NamedTuple):
    """One note."""

    partition: int
    position: int
    word: str


WORDS = Table(
    "test_words", "rows", WordsRow, keyed_by="customer", key=("customer_id",),
)  # fmt: skip
STREAMS = Table(
    "test_streams", "rows", StreamRow, keyed_by="stream", key=("stream_id",),
)  # fmt: skip
COUNTS = Table(
    "test_counts", "sums", CountRow, key=("word",),
)  # fmt: skip
LINES = Table(
    "test_lines", "lines", NoteLine, key=("position",),
    indexes={"word": "(partition, word, position)"},
)  # fmt: skip


class Held(NamedTuple):
    """The held tables."""

    words: Rows[WordsRow]
    streams: Rows[StreamRow]
    counts: Sums[CountRow]
    lines: Lines


cured: set[str] = set()
"""Words that fold after all, as after a mended program."""


def _noted(rows: Held, event: Noted, fact: Fact) -> None:
    recorded = fact.recorded
    rows.counts.add_to((event.word,), recorded).notes += 1
    rows.lines.added.append((recorded.partition, recorded.position, event.word))
    row = rows.words.begin(recorded.customer_id or recorded.stream_id, recorded)
    row.words.append(event.word)
    row.last = event.word
    if recorded.version == 0:
        rows.streams.begin(recorded.stream_id, recorded)
    rows.streams.change(recorded.stream_id, recorded).notes += 1
    # Raised last, when all tables are half changed.
    if event.word == POISON and POISON not in cured:
        raise ZeroDivisionError("a poison word")


NOTES = Projection("test_notes", 1, (WORDS, STREAMS, COUNTS, LINES), Held, {Noted: _noted})
OTHER_LINES = Table("test_others", "lines", NoteLine, key=("position",))


def _also_noted(rows: tuple[Lines], event: Noted, fact: Fact) -> None:
    rows[0].added.append((fact.recorded.partition, fact.recorded.position, event.word))


OTHER_NOTES = Projection("test_others", 1, (OTHER_LINES,), lambda *tables: tables, {Noted: _also_noted})


def decode(recorded: RecordedEvent) -> Fact:
    """As the engine's mapper does it."""
    if recorded.schema > 1:
        raise NewerSchema(f"schema {recorded.schema}")
    cls = {Noted.type: Noted, Passed.type: Passed}[recorded.type]
    return Fact(recorded, cls(occurred_at=recorded.occurred_at, **orjson.loads(recorded.state)), ())


@dataclass
class Writer:
    """Appends notes of made-up customers, and knows what a read model must show."""

    record: Record
    customers: dict[str, UUID] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    noted: list[tuple[str, str]] = field(default_factory=list)

    def customer(self, name: str, partition: int = 1) -> UUID:
        """A customer by name; their stream has their id."""
        while name not in self.customers:
            fresh = new_id()
            if self.record.partition_of(fresh) == partition:
                self.customers[name] = fresh
        return self.customers[name]

    async def note(self, *notes: tuple[str, str], schema: int = 1, kind: type[Event] = Noted) -> int:
        """Append (customer, word) in order; the position after the last of their partition."""
        end = 0
        for partition in range(self.record.partitions):
            mine = [one for one in notes if self.record.partition_of(self.customer(one[0])) == partition]
            if mine:
                end = (await self.record.append(self._request(partition, mine, schema, kind))).last + 1
        self.noted.extend(notes)
        return end

    def _request(self, partition: int, notes: list[tuple[str, str]], schema: int, kind: type[Event]) -> AppendRequest:
        """All in one request, so that they are recorded in this order."""
        events: list[NewEvent] = []
        expected: dict[UUID, int] = {}
        for name, word in notes:
            stream = self.customers[name]
            version = self.versions.get(stream, -1) + 1
            expected.setdefault(stream, version - 1)
            self.versions[stream] = version
            events.append(
                NewEvent(
                    new_id(beside=stream),
                    stream,
                    version,
                    stream,
                    kind.type,
                    schema,
                    OCCURRED,
                    "clerk-7",
                    new_id(),
                    None,
                    orjson.dumps({"word": word}),
                    b"{}",
                )
            )
        return AppendRequest(partition, events, expected)

    def words(self, *without: str) -> dict[str, list[str]]:
        """What every customer has noted, but customers `without`."""
        found: dict[str, list[str]] = {}
        for name, word in self.noted:
            if name not in without:
                found.setdefault(name, []).append(word)
        return found


async def shown(models: ReadModels, writer: Writer, version: int | None = None) -> dict[str, list[str]]:
    """What the read model shows of each customer, after checking that its tables agree with each other."""
    version = version or await models.version("test_notes")
    rows = await models.writers.fetch(f"select * from read_model.test_words_v{version}")
    names = {key: name for name, key in writer.customers.items()}
    words = {names[row["customer_id"]]: orjson.loads(row["words"]) for row in rows}
    await _check_agreement(models, version, words)
    return words


async def _check_agreement(models: ReadModels, version: int, words: dict[str, list[str]]) -> None:
    flat = sorted(word for one in words.values() for word in one)
    lines = await models.writers.fetch(f"select word from read_model.test_lines_v{version}")
    assert sorted(row["word"] for row in lines) == flat
    counts = await models.writers.fetch(f"select word, sum(notes) n from read_model.test_counts_v{version} group by 1")
    assert {row["word"]: row["n"] for row in counts} == {word: flat.count(word) for word in flat}
    notes = await models.writers.fetchval(f"select coalesce(sum(notes), 0) from read_model.test_streams_v{version}")
    assert notes == len(flat)


async def follower_of(models: ReadModels, partition: int = 1, holder: str = "me", **options: Any) -> Follower:
    """A follower with the lease of a partition; options are the claim's, and `held_max`."""
    held_max = options.pop("held_max", HELD_MAX)
    found = await Follower.open(models, Claim(partition, holder, **options), held_max=held_max)
    assert found is not None, "another has the lease"
    return found


async def catch_up(followers: Sequence[Follower]) -> None:
    """Let followers read all there is."""
    for follower in followers:
        while await follower.step():
            pass


def setup():
    """What another process needs."""
    return decode, [NOTES, OTHER_NOTES]


def setup_in_small_pages():
    """What a process needs that shall be killed between two writes."""
    filling.PAGE, filling.PAGES = 50, 1
    return setup()
