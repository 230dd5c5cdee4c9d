"""A recorded event as read models and other readers get it."""

from typing import NamedTuple
from uuid import UUID

from domain.kernel import Event
from store.envelope import RecordedEvent


class SealedRef(NamedTuple):
    """Where an event's personal fields of one subject and record class are: beside it, sealed."""

    record_class: str
    subject_id: UUID
    fields: tuple[str, ...]
    sha256: str


class Fact(NamedTuple):
    """The envelope, the event lifted to its newest schema (personal fields None), and what is sealed."""

    recorded: RecordedEvent
    event: Event
    sealed: tuple[SealedRef, ...]
