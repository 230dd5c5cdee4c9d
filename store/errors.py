"""What can go wrong with the record, in the `eventsourcing` library's tree of errors."""

from uuid import UUID

from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)


class VersionConflict(IntegrityError):
    """The stream is not at the version that the request expected."""

    def __init__(self, expected: int, found: int, stream_id: UUID | None = None) -> None:
        super().__init__(f"expected stream {stream_id or ''} at version {expected}, found {found} (-1: no events)")
        self.expected = expected
        self.found = found
        self.stream_id = stream_id


class ConditionFailed(IntegrityError):
    """An event of the customer, of a type that the decision depends on, was recorded since."""

    def __init__(self, position: int) -> None:
        super().__init__(f"the event at position {position} was recorded after the decision read the customer")
        self.position = position


class CommandAnswered(IntegrityError):
    """A command with this id has been answered before; read its stored answer."""


class EventExists(IntegrityError):
    """An event with this id, or at this version of the stream, is in the record already."""


class KeyGone(IntegrityError):
    """A blob was sealed under a data key that has been destroyed since; seal it anew."""


class DisposalRefused(IntegrityError):
    """A stream is not disposed of: a legal hold, personal data beside it, or nothing that says why."""


class LaneFull(OperationalError):
    """Too many appends are waiting; try again after `retry_after_s` seconds."""

    def __init__(self, waiting: int, retry_after_s: int = 1) -> None:
        super().__init__(f"{waiting} appends are waiting for this partition; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class ClockBehind(OperationalError):
    """The database host's clock is more than a second behind the last event."""


class RecordUnreachable(OperationalError):
    """The database could not be reached; nothing was appended."""


class OutcomeUnknown(OperationalError):
    """The connection was lost at commit and the record cannot be reached to settle the outcome.

    Repeat the request with the same command id: it is answered from the record if it was appended.
    """


class RequestTooLarge(DataError):
    """One append request is larger than a batch may be."""


class NewerSchema(DataError):
    """An event has a newer schema than this program knows; update the program."""


class UnknownType(DataError):
    """An event has a type that this program does not know; it is kept and shown as it is."""


class CutInFuture(DataError):
    """A cut "as recorded at" a moment that has not passed yet."""


class RecordMismatch(ProgrammingError):
    """The record was initialised otherwise than this process is configured."""


class NotInitialised(ProgrammingError):
    """The database has no record yet; run `daybook init`."""


class StaleCursor(InterfaceError):
    """The cursor names another incarnation of the record (a restore lies between).

    `resume` is the cursor from which to go on: what the reader holds after it may differ from what
    is in the record now and must be dropped.
    """

    def __init__(self, resume: str) -> None:
        super().__init__(f"this cursor was made before the record was restored; resume from {resume}")
        self.resume = resume


class CursorInvalid(DataError):
    """The text is no cursor of a record."""
