"""What the database said of a batch, request by request."""

from datetime import datetime
from typing import NamedTuple, TypeAlias

import asyncpg
from eventsourcing.persistence import DatabaseError, DataError, IntegrityError, OperationalError, PersistenceError

from store.batch import Batch
from store.envelope import Appended
from store.errors import (
    ClockBehind,
    CommandAnswered,
    ConditionFailed,
    EventExists,
    KeyGone,
    OutcomeUnknown,
    RecordUnreachable,
    VersionConflict,
)

Outcome: TypeAlias = Appended | PersistenceError


class Verdict(NamedTuple):
    """What `record.append` answers: where the good requests begin, and which were refused why."""

    base: int
    stamp: datetime
    refused: list[int] | None
    reason: list[int] | None
    detail: list[int] | None
    item: list[int] | None


def outcomes(batch: Batch, partition: int, verdict: Verdict) -> list[Outcome]:
    """Each request's outcome."""
    base, stamp, refused, *_ = verdict
    refusals = _refusals(batch, verdict) if refused is not None else {}
    answers: list[Outcome] = []
    position = base
    for ordinal, request in enumerate(batch.requests, 1):
        if refusals and (refusal := refusals.get(ordinal)) is not None:
            answers.append(refusal)
        elif count := len(request.events):
            answers.append(Appended(partition, position, count, stamp))
            position += count
        else:  # decided on what was there before the batch
            answers.append(Appended(partition, base, 0, stamp))
    return answers


def _refusals(batch: Batch, verdict: Verdict) -> dict[int, PersistenceError]:
    """By ordinal; of several reasons the first one counts."""
    refusals: dict[int, PersistenceError] = {}
    expected = batch.expected()
    columns = (verdict.refused or (), verdict.reason or (), verdict.detail or (), verdict.item or ())
    for ordinal, reason, detail, item in zip(*columns, strict=True):
        if ordinal in refusals:
            continue
        match reason:
            case 1:
                _, stream, version = expected[item - 1]
                refusals[ordinal] = VersionConflict(version, detail, stream)
            case 2:
                refusals[ordinal] = ConditionFailed(detail)
            case 3:
                refusals[ordinal] = CommandAnswered("a command with this id has been answered before")
            case _:
                refusals[ordinal] = EventExists("an event with this id or stream version is in the record already")
    return refusals


def translated(error: Exception) -> PersistenceError:
    """The library's error for one of the database or its client."""
    match error:
        case PersistenceError():
            return error
        case asyncpg.PostgresError(sqlstate="DB002" | "DB006"):
            return (ClockBehind if error.sqlstate == "DB002" else KeyGone)(str(error))
        case asyncpg.IntegrityConstraintViolationError():
            return IntegrityError(str(error))
        case asyncpg.OperatorInterventionError() | asyncpg.LockNotAvailableError():
            return OperationalError(f"the append was given up: {error}")
        case asyncpg.PostgresError() if not isinstance(error, asyncpg.DataError):
            return DatabaseError(str(error))
        case _:  # a value that the client or the server did not take
            return DataError(str(error))


def unreachable(error: BaseException, *, in_doubt: bool) -> PersistenceError:
    """The error of a batch after the last attempt to reach the database; `in_doubt`: it may have committed."""
    if in_doubt:
        return OutcomeUnknown(f"the connection was lost at commit and the record cannot be reached: {error!r}")
    return RecordUnreachable(f"the record cannot be reached: {error!r}")
