"""What goes into the record and what comes out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import Notification

NO_STREAM = -1
"""Expected version of a stream that must not exist yet."""


class NewEvent(NamedTuple):
    """An event to append; the fields stand in the order in which `record.append` takes them."""

    event_id: UUID
    stream_id: UUID
    version: int
    customer_id: UUID | None
    type: str
    schema: int
    occurred_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    data: bytes
    meta: bytes


class SealedBlob(NamedTuple):
    """Personal fields of one (subject, record class) of an event, sealed."""

    event_id: UUID
    subject_id: UUID
    record_class: str
    key_id: UUID
    blob: bytes


class Participant(NamedTuple):
    """A customer of an event beside its first; `event` is the event's index in the request."""

    event: int
    customer_id: UUID
    role: str


class CustomerCondition(NamedTuple):
    """Holds while no event of the customer, of these types, was recorded after `after` (a position)."""

    customer_id: UUID
    types: frozenset[str]
    after: int


class StoredAnswer(NamedTuple):
    """The answer to a command, kept so that a repeat of the command gets the same one."""

    command_id: UUID
    request_hmac: bytes
    answer: bytes
    expires_at: datetime


class AppendRequest(NamedTuple):
    """What one decision appends, all of it or nothing, in one partition.

    `expected` gives the version each touched stream must have (-1: none yet). A request without
    events stores an answer only.
    """

    partition: int
    events: Sequence[NewEvent] = ()
    expected: Mapping[UUID, int] = MappingProxyType({})
    conditions: Sequence[CustomerCondition] = ()
    answer: StoredAnswer | None = None
    sealed: Sequence[SealedBlob] = ()
    participants: Sequence[Participant] = ()
    cause_recorded_at: datetime | None = None


class Appended(NamedTuple):
    """Where a request's events stand: `position` of the first, the rest follow without a gap.

    With no events, `position` is the partition's next one.
    """

    partition: int
    position: int
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]  # of tuple, which nobody calls here
    recorded_at: datetime

    @property
    def last(self) -> int:
        """Position to have seen in order to have seen this request's outcome (-1: empty partition)."""
        return self.position + self.count - 1


class FoundAnswer(NamedTuple):
    """A stored answer, found again."""

    request_hmac: bytes
    answer: bytes
    position: int


@dataclass(frozen=True)
class RecordedEvent(Notification):
    """An event of the record, in the library's vocabulary and with the record's own columns.

    The library's names say: `id` is position + 1, `originator_id` the stream, `originator_version`
    its version, `topic` the type, `state` the data.
    """

    partition: int
    position: int
    event_id: UUID
    customer_id: UUID | None
    schema: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    salt: bytes
    meta: bytes

    @property
    def type(self) -> str:
        """The stable name of the event type."""
        return self.topic

    @property
    def stream_id(self) -> UUID:
        """The stream that the event belongs to."""
        return self.originator_id  # pyright: ignore[reportReturnType]  # ours are always UUIDs

    @property
    def version(self) -> int:
        """The event's place in its stream, from 0."""
        return self.originator_version


COLUMNS = (
    "partition", "position", "event_id", "originator_id", "originator_version", "customer_id", "topic",
    "schema", "occurred_at", "recorded_at", "actor", "correlation_id", "causation_id", "salt", "state", "meta",
)  # fmt: skip
_new = object.__new__


def recorded(row: Iterable[object]) -> RecordedEvent:
    """The event of a row of the reading statements, whose columns are those of `COLUMNS`.

    Fills the instance at once: the generated constructor of a frozen dataclass sets 17 fields one by
    one through `object.__setattr__`, three times the cost, and rebuilding reads a million of them.
    """
    event = _new(RecordedEvent)
    fields = event.__dict__
    fields.update(zip(COLUMNS, row, strict=False))
    fields["id"] = fields["position"] + 1
    return event
