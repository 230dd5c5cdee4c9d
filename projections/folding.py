"""Folding a page of events into the rows of several read models at once."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from domain.kernel import Event
from projections.fact import Fact
from projections.held import Rows
from projections.projection import Decode, Fold, Holding, Parked, Projection, key_of
from projections.tally import counted
from store.envelope import RecordedEvent
from store.errors import NewerSchema, UnknownType

ERROR_CHARACTERS_MAX = 2000

Condemned: TypeAlias = Mapping[tuple[str, int], str]
"""(read model, position) of events that the database refused to write, and why."""


class Undecodable(NamedTuple):
    """An event that cannot be read at all: poison for every read model."""

    recorded: RecordedEvent
    error: Exception


Item: TypeAlias = Fact | Undecodable


class PoisonMet(Exception):  # not an error: the events are folded again, carefully
    """An event cannot be folded; what is held is now of no use. `clean`: so many events before it can."""

    def __init__(self, clean: int = 0) -> None:
        super().__init__(clean)
        self.clean = clean


class Decoded(NamedTuple):
    """A page as far as this program can read it; `stopper` says why it ends there."""

    items: list[Item]
    stopper: NewerSchema | UnknownType | None


def decode_page(decode: Decode, events: Sequence[RecordedEvent]) -> Decoded:
    """Decode events up to the first that a newer program wrote."""
    items: list[Item] = []
    for recorded in events:
        try:
            items.append(decode(recorded))
        except (NewerSchema, UnknownType) as error:
            return Decoded(items, error)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with one event must not stop the others
            items.append(Undecodable(recorded, error))
    return Decoded(items, None)


def wanted_keys(projection: Projection, rows: Rows[Any], items: Sequence[Item]) -> list[UUID]:
    """Keys of the rows that these events touch and that are not held."""
    if rows.complete:
        return []
    touched_by = rows.table.touched_by or projection.folds
    touching = [one.recorded for one in items if isinstance(one, Fact) and type(one.event) in touched_by]
    if rows.table.keyed_by == "customer":
        return rows.unknown(recorded.customer_id for recorded in touching if recorded.customer_id is not None)
    # A stream's first event makes the row.
    return rows.unknown(recorded.stream_id for recorded in touching if recorded.version > 0)


@dataclass(slots=True)
class _Route:
    """Where events of one class go: who folds them, who passes them over, and which have gone."""

    folds: tuple[tuple[Fold, Holding], ...]
    passing: tuple[Holding, ...]
    gone: list[RecordedEvent] = field(default_factory=list[RecordedEvent])


class Folder:
    """Folds into some holdings; knows by class which of them care."""

    def __init__(self, holdings: Sequence[Holding]) -> None:
        self._holdings = holdings
        self._known: dict[type[Event], _Route] = {}
        self._narrowed: dict[tuple[type[Event], tuple[str, ...]], _Route] = {}

    def fold(self, items: Sequence[Item]) -> None:
        """Fold events at full speed; what is behind a parked event queues.

        Raises:
            PoisonMet: one cannot be folded; forget what is held and fold again with `fold_carefully`.
        """
        parked = any(holding.parked for holding in self._holdings)
        known = self._known
        try:
            for fact in items:
                if isinstance(fact, Undecodable):
                    raise fact.error  # noqa: TRY301  # it ends as any other poison
                event = fact.event
                event_class = type(event)
                route = known.get(event_class)
                if route is None:
                    route = known[event_class] = self._route(event_class)
                if parked:
                    route = self._not_queued(route, fact)
                for fold, holding in route.folds:
                    fold(holding.rows, event, fact)
                route.gone.append(fact.recorded)
        except Exception as error:
            raise PoisonMet from error

    def fold_carefully(self, items: Sequence[Item], condemned: Condemned) -> None:
        """Fold events one by one; park what cannot be folded and all behind it."""
        for holding in self._holdings:
            for item in items:
                fold_or_park(holding, item, condemned)

    def tally(self) -> None:
        """Let every holding count what `fold` has given it since the last time."""
        for route in (*self._known.values(), *self._narrowed.values()):
            counts = counted(route.gone)
            route.gone.clear()
            for _, holding in route.folds:
                holding.met(counts, folded=True)
            for holding in route.passing:
                holding.met(counts, folded=False)

    def _route(self, event_class: type[Event]) -> _Route:
        found = [(holding.projection.fold_of(event_class), holding) for holding in self._holdings]
        return _Route(
            tuple((fold, holding) for fold, holding in found if fold is not None),
            tuple(holding for fold, holding in found if fold is None),
        )

    def _not_queued(self, route: _Route, fact: Fact) -> _Route:
        """To the read models in which nothing is parked before this event; in the others it queues."""
        recorded = fact.recorded
        key = key_of(recorded)
        left = tuple(one for one in route.folds if key not in one[1].parked)
        if len(left) == len(route.folds):
            return route
        for _, holding in route.folds:
            if key in holding.parked:
                holding.parking.append(Parked(key, recorded.position, None))
        narrow = (type(fact.event), tuple(holding.name for _, holding in left))
        return self._narrowed.setdefault(narrow, _Route(left, route.passing))


def fold_or_park(holding: Holding, item: Item, condemned: Condemned) -> None:
    """Fold an event into one read model, or park it."""
    recorded = item.recorded
    fold = holding.projection.fold_of(type(item.event)) if isinstance(item, Fact) else None
    if isinstance(item, Fact) and fold is None:
        holding.met_one(recorded, folded=False)
        return
    key = key_of(recorded)
    if key in holding.parked:
        holding.parking.append(Parked(key, recorded.position, None))
        return
    try:
        _fold_one(holding, fold, item, condemned)
    except Exception as error:  # noqa: BLE001  # whatever a fold raises makes its event poison
        holding.parked.add(key)
        holding.parking.append(
            Parked(key, recorded.position, f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX])
        )
    else:
        holding.met_one(recorded, folded=True)


def _fold_one(holding: Holding, fold: Fold | None, item: Item, condemned: Condemned) -> None:
    if isinstance(item, Undecodable):
        raise item.error
    why = condemned.get((holding.name, item.recorded.position))
    if why is not None:
        raise WriteRefused(why)
    if fold is not None:
        with undone_on_error(holding):
            fold(holding.rows, item.event, item)


class WriteRefused(Exception):  # it is kept as the reason, never raised to callers
    """The database refused the rows that this event gave."""


@contextmanager
def undone_on_error(holding: Holding) -> Generator[None]:
    """What one event changed is taken back when its fold raises."""
    for held in holding.tables:
        held.begin_journal()
    try:
        yield
    except BaseException:
        for held in holding.tables:
            held.undo()
        raise
    finally:
        for held in holding.tables:
            held.end_journal()
