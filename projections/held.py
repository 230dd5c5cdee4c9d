"""Rows in memory between two writes.

Only the holder of a partition's lease writes its rows, so what is held is what the table says. A fold
changes held rows; `projections.writing` writes the changed ones with the bookmark. When anything goes
wrong what is held is dropped and loaded anew.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from projections.table import Table
from store.envelope import RecordedEvent

R = TypeVar("R")


class MissingRow(LookupError):
    """A fold needs a row that the stream's first event should have made."""


class Rows(Generic[R]):
    """Rows of one customer or stream each.

    `complete`: all rows of the partition are held, so that a row not held does not exist.
    """

    __slots__ = ("changed", "complete", "held", "journal", "make", "partition", "stored", "table")

    def __init__(self, table: Table, partition: int, *, complete: bool) -> None:
        self.table = table
        self.partition = partition
        self.complete = complete
        self.make: Callable[[int, UUID], R] = table.row
        self.held: dict[UUID, R] = {}
        self.stored: set[UUID] = set()
        self.changed: dict[UUID, R] = {}
        self.journal: dict[UUID, tuple[Any, bool]] | None = None

    def begin(self, key: UUID, recorded: RecordedEvent) -> R:
        """The row, made if there is none, to be changed by this event."""
        row: Any = self.held.get(key)
        if self.journal is not None:
            self._keep(self.journal, key)
        if row is None:
            row = self.held[key] = self.make(self.partition, key)
        self.changed[key] = row
        row.position = recorded.position
        row.event_id = recorded.event_id
        return row

    def change(self, key: UUID, recorded: RecordedEvent) -> R:
        """The row, to be changed by this event.

        Raises:
            MissingRow: there is none.
        """
        if key not in self.held:
            raise MissingRow(f"{self.table.name} has no row {key}")
        return self.begin(key, recorded)

    def read(self, key: UUID) -> R:
        """The row, not to be changed.

        Raises:
            MissingRow: there is none.
        """
        row = self.held.get(key)
        if row is None:
            raise MissingRow(f"{self.table.name} has no row {key}")
        return row

    def unknown(self, keys: Iterable[UUID]) -> list[UUID]:
        """Keys whose rows must be loaded before they are folded into."""
        return [] if self.complete else list(set(keys).difference(self.held))

    def add_loaded(self, row: R, key: UUID) -> None:
        """Hold a row as the table has it."""
        self.held[key] = row
        self.stored.add(key)

    def take_new(self) -> list[R]:
        """Changed rows that the table does not have yet."""
        return [row for key, row in self.changed.items() if key not in self.stored]

    def take_stored(self) -> list[R]:
        """Changed rows that the table has."""
        return [row for key, row in self.changed.items() if key in self.stored]

    def written(self, keep_max: int) -> None:
        """All changes are in the table; of too many held rows the younger half stays."""
        self.stored.update(self.changed)
        self.changed.clear()
        if len(self.held) > keep_max:
            self.held = dict(islice(self.held.items(), len(self.held) - keep_max // 2, None))
            self.stored.intersection_update(self.held)
            self.complete = False

    # Undoing one event's fold

    def begin_journal(self) -> None:
        """Remember from now on what `undo` needs."""
        self.journal = {}

    def end_journal(self) -> None:
        """Remember no more."""
        self.journal = None

    def _keep(self, journal: "dict[UUID, tuple[Any, bool]]", key: UUID) -> None:
        if key not in journal:
            row = self.held.get(key)
            journal[key] = (None if row is None else self.table.copy_of(row), key in self.changed)

    def undo(self) -> None:
        """Take back what was changed since the journal was begun."""
        for key, (before, was_changed) in (self.journal or {}).items():
            if before is None:
                self.held.pop(key, None)
                self.changed.pop(key, None)
                continue
            self.held[key] = before
            if was_changed:
                self.changed[key] = before
            else:
                self.changed.pop(key, None)


class Sums(Generic[R]):
    """What a page adds to sums that are kept in the table: nothing needs loading."""

    __slots__ = ("changed", "journal", "make", "partition", "table")

    def __init__(self, table: Table, partition: int) -> None:
        self.table = table
        self.partition = partition
        self.make: Callable[..., R] = table.row
        self.changed: dict[tuple[Any, ...], R] = {}
        self.journal: dict[tuple[Any, ...], Any] | None = None

    def add_to(self, key: tuple[Any, ...], recorded: RecordedEvent) -> R:
        """The row of additions, to be added to by this event."""
        row: Any = self.changed.get(key)
        if self.journal is not None and key not in self.journal:
            self.journal[key] = None if row is None else self.table.copy_of(row)
        if row is None:
            row = self.changed[key] = self.make(self.partition, *key)
        row.position = max(row.position, recorded.position)
        return row

    def begin_journal(self) -> None:
        """Remember from now on what `undo` needs."""
        self.journal = {}

    def end_journal(self) -> None:
        """Remember no more."""
        self.journal = None

    def undo(self) -> None:
        """Take back what was added since the journal was begun."""
        for key, before in (self.journal or {}).items():
            if before is None:
                self.changed.pop(key, None)
            else:
                self.changed[key] = before


class Lines:
    """Rows that are written once."""

    __slots__ = ("added", "journal", "partition", "table")

    def __init__(self, table: Table, partition: int) -> None:
        self.table = table
        self.partition = partition
        self.added: list[tuple[Any, ...]] = []
        self.journal: int | None = None

    def begin_journal(self) -> None:
        """Remember from now on what `undo` needs."""
        self.journal = len(self.added)

    def end_journal(self) -> None:
        """Remember no more."""
        self.journal = None

    def undo(self) -> None:
        """Take back what was added since the journal was begun."""
        if self.journal is not None:
            del self.added[self.journal :]


Held: TypeAlias = Rows[Any] | Sums[Any] | Lines


def hold(table: Table, partition: int, *, complete: bool) -> Held:
    """Begin to hold rows of a table."""
    if table.kind == "rows":
        return Rows(table, partition, complete=complete)
    return Sums(table, partition) if table.kind == "sums" else Lines(table, partition)
