"""Before and after: what one event changed, found by folding its stream up to it."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel

from domain import aggregate_of
from domain.correcting import Approving, Requesting
from projections.fact import Fact
from projections.models import ReadModels
from projections.statements import statement
from projections.timeline import Entry, entry
from store.envelope import recorded

PAGE = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """One field of the stream's state, as JSON values before and after; names of inner fields follow a dot."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class AuditDetail:
    """An event, what it changed, and why. `changes` is None where a newer program wrote the stream.

    Of what is sealed `changes` tells nothing. `put_in_force` is the event whose sealed values this one puts in force;
    `stood_before` are the events that had given the sealed values which it corrects.
    """

    entry: Entry
    changes: tuple[Changed, ...] | None
    reason: str | None
    put_in_force: Entry | None = None
    stood_before: tuple[Entry, ...] = ()


async def find_event(models: ReadModels, event_id: UUID) -> Entry | None:
    """An event by its id, which mostly lies in the partition that it names."""
    likely = models.record.partition_of(event_id)
    for partition in sorted(range(models.record.partitions), key=lambda one: one != likely):
        row = await models.record.pool.fetchrow(statement("event_by_id"), partition, event_id)
        if row is not None:
            return entry(models.decode, recorded(tuple(row)))
    return None


async def changes_of(models: ReadModels, fact: Fact) -> tuple[Changed, ...] | None:
    """What an event changed in the state of its stream."""
    aggregate = aggregate_of(type(fact.event))
    state = aggregate.initial
    after = -1
    while after < fact.recorded.version:
        events = await models.record.read_stream(fact.recorded.stream_id, after, PAGE)
        for one in events:
            if one.version == fact.recorded.version:
                return tuple(differences(plain(state), plain(aggregate.evolve(state, fact.event))))
            earlier = entry(models.decode, one).fact
            if earlier is None:
                return None
            state = aggregate.evolve(state, earlier.event)
        after = events[-1].version
    return None


async def sealed_before(models: ReadModels, fact: Fact) -> tuple[Entry, ...]:
    """The events that had given the sealed values which a correction gives anew, each once."""
    corrected: tuple[str, ...] = getattr(fact.event, "corrected_personal", ())
    if not corrected:
        return ()
    given: dict[str, Fact] = {}
    asked: dict[UUID, Fact] = {}
    after = -1
    while page := await models.record.read_stream(fact.recorded.stream_id, after, PAGE):
        for one in page:
            if one.version >= fact.recorded.version:
                return tuple({of.recorded.event_id: Entry(of.recorded, of) for of in given.values()}.values())
            earlier = entry(models.decode, one).fact
            if earlier is None:
                continue
            event = earlier.event
            if isinstance(event, Requesting):
                asked[event.correction_id] = earlier
                continue
            if isinstance(event, Approving) and event.correction_id in asked:
                earlier = asked[event.correction_id]
            given |= {name: earlier for ref in earlier.sealed for name in ref.fields if name in corrected}
        after = page[-1].version
    return ()


def plain(value: Any) -> Any:  # noqa: ANN401  # states hold anything
    """A state as JSON values; a set is sorted."""
    if isinstance(value, BaseModel):
        return {name: plain(one) for name, one in value if one is not None}
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {_name(key): plain(one) for key, one in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, AbstractSet):
        return sorted((plain(one) for one in cast("AbstractSet[Any]", value)), key=str)
    if isinstance(value, list | tuple):
        return [plain(one) for one in cast("list[Any]", value)]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def _name(key: Any) -> str:  # noqa: ANN401
    return " ".join(map(str, cast("tuple[Any, ...]", key))) if isinstance(key, tuple) else str(key)


def differences(before: Any, after: Any, name: str = "") -> Iterator[Changed]:  # noqa: ANN401  # JSON values
    """Fields that differ, the innermost that have names."""
    if isinstance(before, dict) and isinstance(after, dict):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in sorted({*old, *new}):
            yield from differences(old.get(key), new.get(key), f"{name}.{key}" if name else key)
    elif before != after:
        yield Changed(name, before, after)
