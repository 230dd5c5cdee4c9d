"""From the errors of the layers below to problems."""

from typing import Final

import asyncpg
from eventsourcing.persistence import DataError, IntegrityError, OperationalError, PersistenceError

from api.problems import FieldError, Problem
from domain.kernel import Refusal
from engine.answers import CommandReused
from engine.looking import LookNotRecorded
from projections.errors import ReadModelError
from store import errors as store
from vault.errors import KeyDestroyed, SubjectErased, VaultError

UNREACHABLE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    OSError,
    TimeoutError,
)
"""What asyncpg raises while the database is away or overloaded."""

EXPECTED: Final = (Problem, Refusal, CommandReused, PersistenceError, VaultError, ReadModelError, *UNREACHABLE)
"""Whatever is told to the caller as a problem of its own; the rest is a fault of this program."""


# The first that fits. The text of the error is told where it holds nothing of the request.
_CODES: Final[tuple[tuple[tuple[type[Exception], ...], str, bool], ...]] = (
    ((CommandReused,), "idempotency-key-reused", False),
    ((LookNotRecorded,), "look-not-recorded", False),
    ((store.VersionConflict, store.ConditionFailed, store.EventExists), "version-conflict", False),
    ((store.LaneFull,), "lane-full", False),
    ((store.OutcomeUnknown,), "outcome-unknown", False),
    ((store.ClockBehind,), "clock-behind", False),
    ((store.RequestTooLarge,), "request-too-large", True),
    ((store.CursorInvalid,), "cursor-invalid", True),
    ((store.StaleCursor,), "cursor-stale", False),
    ((store.NewerSchema, store.UnknownType), "schema-newer", False),
    ((OperationalError, *UNREACHABLE), "record-unreachable", False),
    ((DataError, IntegrityError), "value-refused", False),
    ((KeyDestroyed, SubjectErased), "subject-erased", False),
    ((VaultError,), "personal-data-unreadable", False),
    ((ReadModelError,), "read-model-unready", True),
)


def problem_of(error: BaseException) -> Problem:
    """The problem to answer with."""
    match error:
        case Problem():
            return error
        case Refusal():
            errors = (FieldError("body", f"/{error.field}", error.message),) if error.field else ()
            return Problem(error.code, error.message, errors)
        case _:
            code, told = next(((code, told) for types, code, told in _CODES if isinstance(error, types)), _UNEXPECTED)
            return Problem(code, str(error) if told else None, headers=_headers(error), extra=_extra(error))


_UNEXPECTED: Final = ("internal", False)


def _headers(error: BaseException) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after_s)} if isinstance(error, store.LaneFull) else {}


def _extra(error: BaseException) -> dict[str, str | int]:
    match error:
        case store.VersionConflict():
            return {"version": error.found}
        case store.StaleCursor():
            return {"resume": error.resume}
        case _:
            return {}
