"""Histories of several customers: random valid commands of every aggregate, interleaved."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from domain import AGGREGATES
from domain.customer import CUSTOMER
from domain.kernel import Event
from engine.mapping import EventMapper
from projections.fact import Fact, SealedRef
from projections.held import Lines
from projections.projection import Holding
from projections.registry import PROJECTIONS
from store.envelope import AppendRequest, NewEvent, recorded
from store.identity import new_id
from store.record import Record
from tests.domain.generate import Reached, reachable
from vault.vault import Sealed

MAPPER = EventMapper()
CUSTOMERS = 4


@dataclass(frozen=True)
class Happened:
    """An event with its stream and customer."""

    stream_id: UUID
    version: int
    customer_id: UUID | None
    event_id: UUID
    event: Event


@dataclass(frozen=True)
class Lives:
    """What happened with each customer (and with campaigns, which have none), each in its own order."""

    of_customer: tuple[tuple[Happened, ...], ...]

    def interleaved(self, seed: int) -> list[Happened]:
        """One order in which all of it may have been recorded."""
        return _interleaved(self.of_customer, Random(seed))


def _interleaved(sequences: Sequence[Sequence[Any]], random: Random) -> list[Any]:
    """Merge sequences at random, each staying in its order."""
    turns = [n for n, sequence in enumerate(sequences) for _ in sequence]
    random.shuffle(turns)
    left = [iter(sequence) for sequence in sequences]
    return [next(left[n]) for n in turns]


@st.composite
def lives(draw: st.DrawFn) -> Lives:
    """Up to four customers, each with up to five streams of any kind."""
    chosen = draw(st.lists(st.lists(st.sampled_from(AGGREGATES), max_size=5), min_size=1, max_size=CUSTOMERS))
    random = Random(draw(st.integers(0, 2**32)))
    found: list[tuple[Happened, ...]] = []
    for kinds in chosen:
        customer_id = new_id()
        # A customer has one stream of their own.
        once = [kind for n, kind in enumerate(kinds) if kind is not CUSTOMER or CUSTOMER not in kinds[:n]]
        streams = [stream(kind.name, draw(reachable(kind)), customer_id) for kind in once]
        found.append(tuple(_interleaved(streams, random)))
    return Lives(tuple(found))


def stream(kind: str, reached: Reached, customer_id: UUID) -> list[Happened]:
    """The events as those of this customer, in a stream of its own."""
    stream_id = new_id(beside=customer_id)
    aggregate = next(one for one in AGGREGATES if one.name == kind)
    state, found = aggregate.initial, []
    for version, given in enumerate(reached.events):
        mine = {"customer_id": customer_id} if getattr(given, "customer_id", None) is not None else {}
        event = given.model_copy(update=mine)
        state = aggregate.evolve(state, event)
        found.append(Happened(stream_id, version, aggregate.customer_of(state), new_id(beside=stream_id), event))
    return found


def facts(history: Sequence[Happened], positions: dict[UUID, int] | None = None) -> list[Fact]:
    """The history as followers get it; `positions` by event id, else in its own order."""
    return [_fact(one, n if positions is None else positions[one.event_id]) for n, one in enumerate(history)]


def _fact(one: Happened, position: int) -> Fact:
    event = one.event
    row = (
        0, position, one.event_id, one.stream_id, one.version, one.customer_id, event.type, event.class_version,
        event.occurred_at, event.occurred_at, "clerk-7", one.stream_id, None, b"", b"", b"{}",
    )  # fmt: skip
    sealed = tuple(SealedRef(part.record_class, part.subject_id, part.fields, "00") for part in MAPPER.personal(event))
    return Fact(recorded(row), event, sealed)


def requests(partition: int, history: Sequence[Happened]) -> list[AppendRequest]:
    """The history as it is appended."""
    return [AppendRequest(partition, [_new(one)], {one.stream_id: one.version - 1}) for one in history]


def _new(one: Happened) -> NewEvent:
    event = one.event
    sealed = [
        (part, Sealed(one.event_id, part.subject_id, part.record_class, one.stream_id, b"", bytes(32)))
        for part in MAPPER.personal(event)
    ]
    return NewEvent(
        one.event_id, one.stream_id, one.version, one.customer_id, event.type, event.class_version, event.occurred_at,
        "clerk-7", one.stream_id, None, MAPPER.data(event, sealed), b"{}",
    )  # fmt: skip


async def append(record: Record, history: Sequence[Happened]) -> None:
    """Append a history, each customer's part in its own partition."""
    for partition in range(record.partitions):
        mine = [one for one in history if record.partition_of(one.stream_id) == partition]
        for outcome in await record.append_copy(partition, requests(partition, mine)) if mine else ():
            assert not isinstance(outcome, Exception), outcome


def folded(history: Sequence[Fact]) -> list[Holding]:
    """All read models, folded in memory from nothing."""
    holdings = [Holding(projection, 1, 0, 0) for projection in PROJECTIONS]
    for fact in history:
        for holding in holdings:
            fold = holding.projection.fold_of(type(fact.event))
            if fold is not None:
                fold(holding.rows, fact.event, fact)
    return holdings


def contents(holdings: Sequence[Holding]) -> dict[str, list[Any]]:
    """All rows that these holdings would write, by table."""
    found: dict[str, list[Any]] = {}
    for holding in holdings:
        for held in holding.tables:
            if isinstance(held, Lines):
                rows = held.added
            else:
                rows = [held.table.record_of(one) for one in held.changed.values()]
            found[held.table.name] = sorted(map(list, rows), key=repr)
    return found
