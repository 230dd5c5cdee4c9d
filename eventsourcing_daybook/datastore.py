"""A schema with the record's tables, for callers in threads."""

import weakref
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from eventsourcing.persistence import PersistenceError, ProgrammingError, Tracking

from eventsourcing_daybook.background import BackgroundLoop
from eventsourcing_daybook.connections import Connection, Connections
from eventsourcing_daybook.errors import translated
from eventsourcing_daybook.schema import migrate, missing
from eventsourcing_daybook.settings import Settings
from eventsourcing_daybook.statements import statement
from store.batch import Batch
from store.envelope import Appended, AppendRequest
from store.judging import Verdict, outcomes

T = TypeVar("T")


class DaybookDatastore:
    """Shared by the recorders of one factory, and by the threads that use them.

    Has one thread, in which an event loop does all that is asked of it. That ends at `close`, or when nothing refers
    to the datastore any more: the library's projection runner drops the factory of its view without closing it.
    """

    def __init__(self, settings: Settings) -> None:
        """Without effect on the database; connects at the first call."""
        self.settings = settings
        self.schema = settings.schema
        self._connections = Connections(settings)
        self._loop = BackgroundLoop()
        self._end = weakref.finalize(self, self._loop.close, self._connections.close)

    def close(self) -> None:
        """Write what waits, disconnect and end the thread; later calls raise InterfaceError."""
        self._end()

    def create_schema(self) -> None:
        """Make the schema or bring it up to date; nothing where it is.

        Raises:
            ProgrammingError: the login may not, or a newer or changed program made the schema.
        """
        with translated():
            self._loop.run(self._create_schema())

    def partition(self, application: str, purpose: str) -> int:
        """The partition of an application's events or snapshots; the first to ask makes it."""
        return self.fetch(statement("application_partition", self.schema), application, purpose)[0][0]

    def append(self, request: AppendRequest) -> Appended:
        """Append all or nothing, together with what other threads append at the moment."""
        with translated():
            return self._loop.call(self._connections.append, request)

    def append_tracked(self, request: AppendRequest, tracking: Tracking) -> Appended:
        """Append and track, all or nothing, by a call of its own.

        Nothing is lost by that: an application processes one notification after the other.
        """
        return self.use(lambda connection: self._append_tracked(connection, request, tracking))

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of a statement that may be repeated: it is, when the connection is lost."""
        with translated():
            return self._loop.run(self._connections.fetch(sql, *arguments))

    def use(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """What the work gives, done once on one connection, which is in no transaction."""
        with translated():
            return self._loop.run(self._connections.use(work))

    async def _create_schema(self) -> None:
        if not await self._connections.use(lambda connection: missing(connection, self.schema)):
            return
        role: str = (await self._connections.fetch(statement("quoted_user", self.schema)))[0][0]
        connection = await asyncpg.connect(self.settings.migrate_url or self.settings.database_url)
        try:
            await migrate(connection, self.schema, role)
        except asyncpg.InsufficientPrivilegeError as error:
            raise ProgrammingError(
                f"the login may not make schema {self.schema} ({error}): set DAYBOOK_MIGRATE_URL to one that may"
            ) from error
        finally:
            await connection.close()

    async def _append_tracked(self, connection: Connection, request: AppendRequest, tracking: Tracking) -> Appended:
        batch = Batch.of([request])
        row = await connection.fetchrow(
            statement("append_tracked", self.schema),
            request.partition,
            *batch.append_arguments(careful=True),
            tracking.application_name,
            tracking.notification_id,
        )
        verdict = Verdict(*(row or ())[: len(Verdict._fields)])
        outcome = outcomes(batch, request.partition, verdict)[0]
        if isinstance(outcome, PersistenceError):
            raise outcome
        return outcome
