"""The state of streams as decisions need it: folded from the record, kept while it is committed state."""

from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple
from uuid import UUID

from domain import aggregate_of
from domain.kernel import Aggregate, Refusal
from engine.mapping import EventMapper
from projections.fact import Disposed
from store.envelope import NO_STREAM, RecordedEvent
from store.record import Record
from vault.lane import Lanes

STREAMS_IN_ONE_LOOKUP = 500


class Versioned(NamedTuple):
    """A stream's state after its event `version` (-1: before the first)."""

    version: int
    state: Any


class States:
    """Loads and remembers states. Only what is committed is remembered, least recently used goes first."""

    def __init__(self, record: Record, mapper: EventMapper, *, most: int = 100_000) -> None:
        self._mapper = mapper
        self._most = most
        self._known: OrderedDict[UUID, Versioned] = OrderedDict()
        self._lookups = Lanes(record.read_streams, STREAMS_IN_ONE_LOOKUP)

    async def load(self, partition: int, streams: Collection[tuple[UUID, Aggregate[Any]]]) -> dict[UUID, Versioned]:
        """The state of each stream. A remembered one may be behind the record: appending finds out."""
        states: dict[UUID, Versioned] = {}
        missing: dict[UUID, Aggregate[Any]] = {}
        for stream_id, aggregate in streams:
            known = self._known.get(stream_id)
            if known is None:
                missing[stream_id] = aggregate
            else:
                self._known.move_to_end(stream_id)
                states[stream_id] = known
        if missing:
            found = await self._lookups.get(partition, missing.keys())
            for stream_id, aggregate in missing.items():
                states[stream_id] = self._folded(aggregate, found.get(stream_id, ()))
        return states

    def remember(self, stream_id: UUID, versioned: Versioned) -> None:
        """Keep a state that has just been committed, unless a later one is known."""
        known = self._known.get(stream_id)
        if known is not None and known.version > versioned.version:
            return
        self._known[stream_id] = versioned
        self._known.move_to_end(stream_id)
        if len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self, stream_ids: Iterable[UUID]) -> None:
        """Read these streams anew next time: somebody else has appended to them."""
        for stream_id in stream_ids:
            self._known.pop(stream_id, None)

    def _folded(self, aggregate: Aggregate[Any], events: Iterable[RecordedEvent]) -> Versioned:
        state, version = aggregate.initial, NO_STREAM
        for recorded in events:
            event = self._mapper.fact(recorded).event
            if isinstance(event, Disposed):
                raise StreamDisposed(recorded.stream_id)
            if aggregate_of(type(event)) is not aggregate:
                raise StreamOfAnotherKind(recorded.stream_id, aggregate.name, recorded.type)
            state, version = aggregate.evolve(state, event), recorded.version
        return Versioned(version, state)


class StreamDisposed(Refusal):
    """The stream is over and its data disposed of: nothing can be decided on it any more."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__("stream.disposed", f"{stream_id} was disposed of at the end of its retention")


class StreamOfAnotherKind(Refusal):
    """The id names a stream, but one of another kind than the command is for."""

    def __init__(self, stream_id: UUID, wanted: str, found: str) -> None:
        super().__init__("stream.of-another-kind", f"{stream_id} is no {wanted}: its events are like {found!r}")
