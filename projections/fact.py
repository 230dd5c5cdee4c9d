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


class Disposed(Event):
    """Stands for an event whose data is disposed of: what it was is not known any more, only that it was.

    Folds that take every event (the audit trail) still get it; all others pass it over.
    """


class Fact(NamedTuple):
    """The envelope, the event lifted to its newest schema (personal fields None), and what is sealed."""

    recorded: RecordedEvent
    event: Event
    sealed: tuple[SealedRef, ...]
