"""What of an event can be searched for, and the blind index filled from what was recorded before there was one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import orjson

from domain import event_types
from domain.kernel import Event, Personal, personal_fields
from domain.search_terms import ByField, SearchKind, normalised
from engine.deciding import Decided
from engine.mapping import EventMapper
from projections.fact import Fact
from projections.put_in_force import put_in_force
from store.record import Record
from vault.blind_index import BlindIndex, IndexedValue
from vault.vault import Missing, Reference, Sealed, Vault

PAGE: Final = 1000

Fields: TypeAlias = tuple[tuple[str, Personal], ...]


class Findable(NamedTuple):
    """An event with searchable values, and the one from which its subject is found by them: mostly itself."""

    event_id: UUID
    fact: Fact


def indexed_values(index: BlindIndex, events: Iterable[Decided], sealed: Iterable[Sealed]) -> list[IndexedValue]:
    """The tokens of the searchable values of events, each with the key that its value is sealed under."""
    searchable = [decided for decided in events if searched_fields(type(decided.event))]
    if not searchable:
        return []
    keys = {(one.event_id, one.subject_id, one.record_class): one.key_id for one in sealed}
    return [
        value
        for decided in searchable
        for value in _values(
            index, decided.event_id, decided.event, searched_fields(type(decided.event)), vars(decided.event), keys
        )
    ]


@cache
def searched_fields(event: type[Event]) -> Fields:
    """The fields of an event class by which its subject can be found from the event on."""
    return tuple((name, mark) for name, mark in personal_fields(event) if mark.search is not None and not mark.waits)


@cache
def waiting_fields(event: type[Event]) -> Fields:
    """Those by which its subject is found only once a later event puts them in force."""
    return tuple((name, mark) for name, mark in personal_fields(event) if mark.search is not None and mark.waits)


def _values(  # noqa: PLR0913, PLR0917  # of which event, of what of it, under which keys
    index: BlindIndex,
    event_id: UUID,
    event: Event,
    fields: Fields,
    personal: Mapping[str, Any],
    keys: Mapping[tuple[UUID, UUID, str], UUID],
) -> Iterator[IndexedValue]:
    for name, mark in fields:
        kind, value = _kind(mark, event), personal.get(name)
        text = normalised(kind, value) if kind is not None and value is not None else ""
        subject_id: UUID = getattr(event, mark.subject)
        key_id = keys.get((event_id, subject_id, mark.record_class))
        if kind is not None and text and key_id is not None:
            yield IndexedValue(event_id, kind, index.token(kind, text), subject_id, key_id)


def _is_searched(event: Event) -> bool:
    return any(_kind(mark, event) is not None for _, mark in searched_fields(type(event)))


def _kind(mark: Personal, event: Event) -> SearchKind | None:
    if isinstance(mark.search, ByField):
        return dict(mark.search.kinds).get(getattr(event, mark.search.field))
    return mark.search


class Refilled(NamedTuple):
    """What a run over the record did: events that may have searchable values, and those that it opened."""

    events: int
    opened: int


async def refill(
    record: Record, mapper: EventMapper, vault: Vault, progress: Callable[[int, int | None], None]
) -> Refilled:
    """Put the tokens that are missing, also while everything runs. Started again it opens only what has none yet.

    What it opens it shows to nobody and keeps nowhere, so no look is recorded.

    Raises:
        EnvelopeCorrupt, KeyUnknown, ...: a sealed value does not open, see `Vault.open_many`.
    """
    types = [name for name, cls in event_types().items() if searched_fields(cls) or _puts_searched_in_force(cls)]
    ends = [await record.next_position(partition) for partition in range(record.partitions)]
    events = opened = before = 0
    for partition, end in enumerate(ends):
        start = 0
        while page := await record.read_types(partition, types, start, end, PAGE):
            start = page[-1].position + 1
            known = await vault.index.events_indexed(partition, [one.event_id for one in page])
            facts = [mapper.fact(one) for one in page if one.event_id not in known]
            searched = [found for fact in facts if (found := await _findable(record, mapper, fact)) is not None]
            opened += await _put(record, vault, partition, searched)
            events += len(page)
            progress(before + start, sum(ends))
        before += end
    return Refilled(events, opened)


async def index_approved(
    record: Record, mapper: EventMapper, vault: Vault, partition: int, events: Iterable[Decided]
) -> None:
    """Make findable what these events put in force, which others have sealed; durable when this returns.

    They are about to be recorded. As long as a value only waited, or if it was rejected, nobody is found by it.

    Raises:
        EnvelopeCorrupt, KeyUnknown, ...: a sealed value does not open, see `Vault.open_many`.
    """
    for decided in events:
        if _puts_searched_in_force(type(decided.event)):
            found = await put_in_force(record, mapper.fact, decided.stream_id, decided.event)
            if found is not None and found.sealed:
                await _put(record, vault, partition, [Findable(decided.event_id, found)])


def _puts_searched_in_force(event: type[Event]) -> bool:
    return event.puts_in_force is not None and bool(waiting_fields(event.puts_in_force[0]))


async def _findable(record: Record, mapper: EventMapper, fact: Fact) -> Findable | None:
    """What there is to open of an event; None: nothing by which anybody is found."""
    if _puts_searched_in_force(type(fact.event)):
        found = await put_in_force(record, mapper.fact, fact.recorded.stream_id, fact.event)
        return Findable(fact.recorded.event_id, found) if found is not None and found.sealed else None
    return Findable(fact.recorded.event_id, fact) if fact.sealed and _is_searched(fact.event) else None


async def _put(record: Record, vault: Vault, partition: int, searched: Sequence[Findable]) -> int:
    """Open what these events have sealed and put its tokens; how many had something to open."""
    ids = [one.fact.recorded.event_id for one in searched]
    blobs = {blob[:3]: blob for blob in await record.read_sealed(partition, ids)}
    references = [
        Reference(*at, blob.key_id, blob.blob, bytes.fromhex(ref.sha256))
        for one in searched
        for ref in one.fact.sealed
        if (blob := blobs.get(at := (one.fact.recorded.event_id, ref.subject_id, ref.record_class))) is not None
    ]
    texts = await vault.open_many(partition, references)
    personal: dict[UUID, dict[str, Any]] = {}
    keys: dict[tuple[UUID, UUID, str], UUID] = {}
    for at, text in zip(references, texts, strict=True):
        if not isinstance(text, Missing) and at.key_id is not None:
            personal.setdefault(at.event_id, {}).update(orjson.loads(text))
            keys[at.event_id, at.subject_id, at.record_class] = at.key_id
    values = [
        value._replace(event_id=one.event_id)
        for one in searched
        for value in _values(vault.index, *_opened(one.fact, personal), keys)
    ]
    await vault.index.put(partition, values)
    return len(personal)


def _opened(fact: Fact, personal: Mapping[UUID, dict[str, Any]]) -> tuple[UUID, Event, Fields, dict[str, Any]]:
    """An event's id, the event, its searchable fields and their values."""
    event_id, kind = fact.recorded.event_id, type(fact.event)
    return event_id, fact.event, searched_fields(kind) or waiting_fields(kind), personal.get(event_id, {})
