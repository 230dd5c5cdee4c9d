"""What of an event can be searched for, and the blind index filled from what was recorded before there was one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from domain import event_types
from domain.kernel import Event, Personal, personal_fields
from domain.search_terms import ByField, SearchKind, normalised
from engine.deciding import Decided
from engine.mapping import EventMapper
from projections.fact import Fact
from store.record import Record
from vault.blind_index import BlindIndex, IndexedValue
from vault.vault import Missing, Reference, Sealed, Vault

PAGE: Final = 1000


def indexed_values(index: BlindIndex, events: Iterable[Decided], sealed: Iterable[Sealed]) -> list[IndexedValue]:
    """The tokens of the searchable values of events, each with the key that its value is sealed under."""
    searchable = [decided for decided in events if searched_fields(type(decided.event))]
    if not searchable:
        return []
    keys = {(one.event_id, one.subject_id, one.record_class): one.key_id for one in sealed}
    return [
        value
        for decided in searchable
        for value in _values(index, decided.event_id, decided.event, vars(decided.event), keys)
    ]


@cache
def searched_fields(event: type[Event]) -> tuple[tuple[str, Personal], ...]:
    """The fields of an event class by which its subject can be found."""
    return tuple((name, mark) for name, mark in personal_fields(event) if mark.search is not None)


def _values(
    index: BlindIndex,
    event_id: UUID,
    event: Event,
    personal: Mapping[str, Any],
    keys: Mapping[tuple[UUID, UUID, str], UUID],
) -> Iterator[IndexedValue]:
    for name, mark in searched_fields(type(event)):
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
    types = [name for name, cls in event_types().items() if searched_fields(cls)]
    ends = [await record.next_position(partition) for partition in range(record.partitions)]
    events = opened = before = 0
    for partition, end in enumerate(ends):
        start = 0
        while page := await record.read_types(partition, types, start, end, PAGE):
            start = page[-1].position + 1
            known = await vault.index.events_indexed(partition, [one.event_id for one in page])
            facts = [mapper.fact(one) for one in page if one.event_id not in known]
            searched = [fact for fact in facts if fact.sealed and _is_searched(fact.event)]
            opened += await _put(record, vault, partition, searched)
            events += len(page)
            progress(before + start, sum(ends))
        before += end
    return Refilled(events, opened)


async def _put(record: Record, vault: Vault, partition: int, facts: Sequence[Fact]) -> int:
    """Open what these events have sealed and put its tokens; how many had something to open."""
    blobs = {blob[:3]: blob for blob in await record.read_sealed(partition, [one.recorded.event_id for one in facts])}
    references = [
        Reference(*at, blob.key_id, blob.blob, bytes.fromhex(ref.sha256))
        for fact in facts
        for ref in fact.sealed
        if (blob := blobs.get(at := (fact.recorded.event_id, ref.subject_id, ref.record_class))) is not None
    ]
    texts = await vault.open_many(partition, references)
    personal: dict[UUID, dict[str, Any]] = {}
    keys: dict[tuple[UUID, UUID, str], UUID] = {}
    for at, text in zip(references, texts, strict=True):
        if not isinstance(text, Missing) and at.key_id is not None:
            personal.setdefault(at.event_id, {}).update(orjson.loads(text))
            keys[at.event_id, at.subject_id, at.record_class] = at.key_id
    values = [
        value
        for fact in facts
        for value in _values(
            vault.index, fact.recorded.event_id, fact.event, personal.get(fact.recorded.event_id, {}), keys
        )
    ]
    await vault.index.put(partition, values)
    return len(personal)
