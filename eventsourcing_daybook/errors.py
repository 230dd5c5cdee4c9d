"""The library's errors for what goes wrong below it."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

import asyncpg
from eventsourcing.persistence import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)

# The first that fits; sub-classes come before their bases.
TRANSLATIONS: Final[Mapping[type[Exception], type[PersistenceError]]] = {
    asyncpg.IntegrityConstraintViolationError: IntegrityError,
    asyncpg.DataError: DataError,
    asyncpg.SyntaxOrAccessError: ProgrammingError,
    asyncpg.InvalidSchemaNameError: ProgrammingError,
    asyncpg.FeatureNotSupportedError: NotSupportedError,
    asyncpg.InternalServerError: InternalError,
    asyncpg.PostgresConnectionError: OperationalError,
    asyncpg.OperatorInterventionError: OperationalError,
    asyncpg.InsufficientResourcesError: OperationalError,
    asyncpg.TransactionRollbackError: OperationalError,
    asyncpg.ObjectNotInPrerequisiteStateError: OperationalError,  # a lock was not to be had in time
    asyncpg.InvalidAuthorizationSpecificationError: OperationalError,
    asyncpg.PostgresError: DatabaseError,
    asyncpg.InterfaceError: InterfaceError,
    OSError: OperationalError,  # TimeoutError is one
}


@contextmanager
def translated() -> Generator[None]:
    """Raise the library's error for one of asyncpg or of the network; the library's own pass."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        kind = next(ours for theirs, ours in TRANSLATIONS.items() if isinstance(error, theirs))
        raise kind(str(error) or type(error).__name__) from error
