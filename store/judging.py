"""What the database said of a batch, request by request."""

from collections.abc import Sequence
from typing import TypeAlias

import asyncpg
from eventsourcing.persistence import DatabaseError, OperationalError, PersistenceError

from store.batch import Batch
from store.envelope import Appended, AppendRequest
from store.errors import (
    ClockBehind,
    CommandAnswered,
    ConditionFailed,
    EventExists,
    OutcomeUnknown,
    RecordUnreachable,
    VersionConflict,
)

Outcome: TypeAlias = Appended | PersistenceError


def outcomes(batch: Batch, partition: int, row: asyncpg.Record) -> Sequence[Outcome]:
    """Each request's outcome from the answer of `record.append`."""
    base, stamp, refused, reasons, details = row
    refusals: dict[int, Outcome] = {}
    if refused is not None:
        for ordinal, reason, detail in zip(refused, reasons, details, strict=True):
            refusals.setdefault(ordinal, _refusal(batch.requests[ordinal - 1], reason, detail))
    answers: list[Outcome] = []
    for ordinal, request in enumerate(batch.requests, 1):
        if (refusal := refusals.get(ordinal)) is not None:
            answers.append(refusal)
            continue
        count = len(request.events)
        answers.append(Appended(partition, base, count, stamp))
        base += count
    return answers


def _refusal(request: AppendRequest, reason: int, detail: int) -> PersistenceError:
    match reason:
        case 1:
            return VersionConflict(next(iter(request.expected.values()), -1), detail)
        case 2:
            return ConditionFailed(detail)
        case 3:
            return CommandAnswered("a command with this id has been answered before")
        case _:
            return EventExists("an event with this id or stream version is in the record already")


def translated(error: asyncpg.PostgresError) -> PersistenceError:
    """The library's error for one of the database."""
    if error.sqlstate == "DB002":
        return ClockBehind(str(error))
    if isinstance(error, asyncpg.OperatorInterventionError | asyncpg.LockNotAvailableError):
        return OperationalError(f"the append was given up: {error}")
    return DatabaseError(str(error))


def unreachable(error: BaseException, *, sent: bool) -> PersistenceError:
    """The error of a batch after the last attempt to reach the database; `sent`: it may have committed."""
    if sent:
        return OutcomeUnknown(f"the connection was lost at commit and the record cannot be reached: {error}")
    return RecordUnreachable(f"the record cannot be reached: {error}")
