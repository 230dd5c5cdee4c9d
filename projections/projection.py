"""What a read model is made of, apart from its queries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from uuid import UUID

from domain.kernel import Event
from projections.fact import Fact
from projections.held import Held, hold
from projections.table import Table
from projections.tally import Tally, TallyKey, counted
from store.envelope import RecordedEvent

Fold: TypeAlias = Callable[[Any, Any, Fact], None]
"""`fold(rows, event, fact)`; the event is the fact's."""
Decode: TypeAlias = Callable[[RecordedEvent], Fact]


@dataclass(frozen=True)
class Projection:
    """A read model: how it folds events into rows.

    `code` rises with every change of tables or folds; another code needs a rebuild. `rows` is a named
    tuple of the held tables, in the order of `tables`; folds get it. A fold under `Event` takes the
    classes that have none of their own.
    """

    name: str
    code: int
    tables: tuple[Table, ...]
    rows: Callable[..., Any]
    folds: Mapping[type[Event], Fold] = field(repr=False)

    def fold_of(self, event: type[Event]) -> Fold | None:
        """The fold of an event class, if the read model cares for it."""
        return self.folds.get(event) or self.folds.get(Event)


def key_of(recorded: RecordedEvent) -> UUID:
    """What queues together behind an event that cannot be folded: the customer, else the stream."""
    return recorded.customer_id or recorded.stream_id


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that is not folded yet: itself poison (`error`), or queued behind one."""

    key: UUID
    position: int
    error: str | None


class Holding:
    """One version of a read model, held for one partition by who has the lease."""

    __slots__ = ("parked", "parking", "position", "projection", "rows", "tables", "tallies", "version")

    def __init__(self, projection: Projection, version: int, partition: int, position: int) -> None:
        self.projection = projection
        self.version = version
        self.position = position
        self.parked: set[UUID] = set()
        self.parking: list[Parked] = []
        self.tables: list[Held] = []
        self.rows: Any = None
        self.tallies: dict[TallyKey, Tally] = {}
        self.forget(partition)

    @property
    def name(self) -> str:
        """The read model's name."""
        return self.projection.name

    def forget(self, partition: int) -> None:
        """Drop what is held and what is to be parked; the tables have what was committed."""
        complete = self.position == 0
        self.tables = [hold(table, partition, complete=complete) for table in self.projection.tables]
        self.rows = self.projection.rows(*self.tables)
        self.parking = []
        self.tallies = {}

    def met(self, counts: Mapping[tuple[int, str], Tally], *, folded: bool) -> None:
        """Count events that were folded, or that this read model passes over."""
        for (day, kind), tally in counts.items():
            self.tallies.setdefault(TallyKey(day, kind, folded), Tally()).add(tally)

    def met_one(self, recorded: RecordedEvent, *, folded: bool) -> None:
        """Count one event."""
        self.met(counted((recorded,)), folded=folded)
