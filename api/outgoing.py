"""Events as CloudEvents 1.0 on their way out: the clear data as it was recorded, never personal data."""

from collections.abc import Collection
from typing import Any, Final, cast
from uuid import UUID

import orjson

from projections.naming import refers, without
from store.envelope import RecordedEvent

SOURCE: Final = "urn:daybook:record"
TYPE_PREFIX: Final = "daybook."
SCHEMA_PREFIX: Final = "urn:daybook:schema:"
_NO_DATA: Final = orjson.Fragment(b"null")


def cloud_event(event: RecordedEvent, hidden: Collection[UUID] = ()) -> dict[str, Any]:
    """An event with its extension attributes; ids that are `hidden` from the reader are left out of its data.

    `sequence` is the position, as text that sorts like the number; it counts within `partition`.
    `streamversion` and `subject` (the stream) say where it stands in its stream.
    """
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "id": event.event_id,
        "source": SOURCE,
        "type": TYPE_PREFIX + event.topic,
        "subject": event.originator_id,
        "time": event.occurred_at,
        "datacontenttype": "application/json",
        "dataschema": f"{SCHEMA_PREFIX}{event.topic}:{event.schema}",
        "recordedtime": event.recorded_at,
        "partition": event.partition,
        "sequence": f"{event.position:019d}",
        "streamversion": event.originator_version,
        "correlationid": event.correlation_id,
        "authtype": "unknown",  # people and programs have ids of one kind
        "authid": event.actor,
        "dataclassification": "internal",
    }
    if event.causation_id is not None:
        attributes["causationid"] = event.causation_id
    if event.customer_id is not None:
        attributes["customerid"] = event.customer_id
    state = cast("bytes | None", event.state)  # disposed of at the end of retention
    attributes["data"] = _data(event, state, hidden)
    return attributes


def _data(event: RecordedEvent, state: bytes | None, hidden: Collection[UUID]) -> Any:  # noqa: ANN401  # JSON
    if state is None:
        return _NO_DATA
    return without(orjson.loads(state), hidden) if hidden and refers(event) else orjson.Fragment(state)


def packed(value: object) -> bytes:
    """JSON of what answers hold: dataclasses, named tuples, ids of any UUID class; times in UTC with `Z`."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _plain(value: Any) -> Any:  # noqa: ANN401  # whatever orjson does not take
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "_asdict"):
        return value._asdict()
    raise TypeError(f"{type(value).__name__} is not JSON")
