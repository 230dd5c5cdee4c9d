"""How rows point back into the record."""

from typing import Any, NamedTuple
from uuid import UUID

import orjson

from projections.fact import Fact


class LastEvent(NamedTuple):
    """The event that last changed a row."""

    partition: int
    position: int
    event_id: UUID


class SealedAt(NamedTuple):
    """Where personal data can be opened, by who may: beside this event of the row's partition.

    `sha256` (hex) is what the event committed to, so that whoever opens the blob knows it for the right one.
    """

    event_id: UUID
    subject_id: UUID
    record_class: str
    sha256: str


def sealed_at(fact: Fact, record_class: str) -> list[str] | None:
    """The reference to an event's personal data of a class as a JSON column keeps it; None: it has none."""
    for reference in fact.sealed:
        if reference.record_class == record_class:
            return [str(fact.recorded.event_id), str(reference.subject_id), record_class, reference.sha256]
    return None


def read_sealed_at(kept: Any) -> SealedAt | None:  # noqa: ANN401  # what a JSON column keeps
    """The reference that a JSON column keeps."""
    return None if kept is None else SealedAt(UUID(kept[0]), UUID(kept[1]), kept[2], kept[3])


def from_json(value: str | None) -> Any:  # noqa: ANN401  # any JSON value
    """A JSON column as asyncpg gives it, where no codec is set."""
    return None if value is None else orjson.loads(value)
