"""Events that name a stream of another kind: a name of what does not exist for the viewer is left out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import orjson

from domain import CONFIDABLE, event_types
from domain.matters import Sight
from projections.seeing import hidden_streams
from store.envelope import RecordedEvent
from store.record import Record

FIELDS: Final = frozenset({*CONFIDABLE, "into_complaint_id", "matter_id"})
"""Fields that may hold the id of a stream that can be confidential."""

_REFERRING: Final = frozenset(
    name for name, event in event_types().items() if not FIELDS.isdisjoint(event.model_fields)
)


async def hidden_references(record: Record, sight: Sight, events: Sequence[RecordedEvent]) -> set[UUID]:
    """The ids that these events name of streams that do not exist for the viewer."""
    told = [cast("dict[str, Any]", orjson.loads(one.state)) for one in events if refers(one)]
    return await hidden_streams(record, sight, list(named(told))) if told else set()


def refers(event: RecordedEvent) -> bool:
    """Whether an event may name a stream that can be confidential."""
    state = cast("bytes | None", event.state)  # disposed of at the end of retention
    return event.topic in _REFERRING and state is not None


def named(told: Iterable[Mapping[str, Any]]) -> Iterable[UUID]:
    """The ids of other streams in the data of events."""
    return (UUID(str(one[name])) for one in told for name in FIELDS & one.keys() if one[name] is not None)


def without(data: Mapping[str, Any], hidden: Collection[UUID]) -> dict[str, Any]:
    """The data of an event without the ids that are hidden."""
    return {
        name: None if name in FIELDS and value is not None and UUID(str(value)) in hidden else value
        for name, value in data.items()
    }
