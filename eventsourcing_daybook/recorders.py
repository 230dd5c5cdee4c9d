"""The library's four recorders."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Notification,
    ProcessRecorder,
    Recorder,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)

from eventsourcing_daybook.connections import Connection
from eventsourcing_daybook.datastore import DaybookDatastore
from eventsourcing_daybook.originators import originator_of, stream_of
from eventsourcing_daybook.requests import append_request
from eventsourcing_daybook.statements import statement
from eventsourcing_daybook.subscription import DaybookSubscription
from store.envelope import Appended, AppendRequest
from store.errors import VersionConflict

NO_END: Final = (1 << 63) - 1


class DaybookRecorder(Recorder):
    """A recorder of one partition: that of an application's events, or of its snapshots."""

    def __init__(self, datastore: DaybookDatastore, *, application: str, purpose: str = "events") -> None:
        self.datastore = datastore
        self.partition = datastore.partition(application, purpose)

    def create_table(self) -> None:
        """For tables of a sub-class; the factory calls it when `CREATE_TABLE` says so."""

    def _fetch(self, name: str, *arguments: object) -> list[asyncpg.Record]:
        return self.datastore.fetch(statement(name, self.datastore.schema), self.partition, *arguments)


class DaybookAggregateRecorder(DaybookRecorder, AggregateRecorder):
    """Events of aggregates, or snapshots: versions of one originator are unique, and may have gaps."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int] | None:
        """Insert all of the events or none.

        Raises:
            IntegrityError: a version of an originator is there already.
        """
        if stored_events:
            # No expected version: between two snapshots is a gap.
            self.datastore.append(append_request(self.partition, stored_events)._replace(expected={}))
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of an originator in the order of their versions, or in the reverse one."""
        rows = self._fetch(
            "select_events_descending" if desc else "select_events",
            stream_of(originator_id),
            -1 if gt is None else gt,
            NO_END if lte is None else lte,
            limit,
        )
        return [StoredEvent(originator_id, *row) for row in rows]


class DaybookApplicationRecorder(DaybookAggregateRecorder, ApplicationRecorder):
    """Events of an application in the order in which they were committed, numbered from 1 without a gap."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int] | None:
        """Insert all of the events or none; their notification ids follow each other.

        Raises:
            IntegrityError: a version of an originator is there already.
        """
        if not stored_events:
            return []
        return _ids(self._append(append_request(self.partition, stored_events)))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """At most `limit` notifications from `start` (or after it) to `stop`, of these topics (none: of all)."""
        first = 0 if start is None else start - 1 if inclusive_of_start else start
        span = (first, NO_END if stop is None else stop, limit)
        if topics:
            rows = self._fetch("select_notifications_of_topics", *span, list(topics))
        else:
            rows = self._fetch("select_notifications", *span)
        return [_notification(row) for row in rows]

    def max_notification_id(self) -> int | None:
        """The id of the last notification, None before the first."""
        rows = self._fetch("last_position")
        return rows[0][0] + 1 if rows else None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> DaybookSubscription:
        """Iterate over notifications after `gt`, also those to come."""
        return DaybookSubscription(self, gt, topics)

    def _append(self, request: AppendRequest) -> Appended:
        """Judged by the expected version first: a version that is taken then costs the others of a batch nothing."""
        try:
            return self.datastore.append(request)
        except VersionConflict:
            if self._any_taken(request):
                raise
        # There is a gap in the sequence. The library lets it be.
        return self.datastore.append(request._replace(expected={}))

    def _any_taken(self, request: AppendRequest) -> bool:
        streams = [event.stream_id for event in request.events]
        versions = [event.version for event in request.events]
        return self._fetch("find_versions", streams, versions)[0][0]


class DaybookTrackingRecorder(DaybookRecorder, TrackingRecorder):
    """How far the notifications of other applications have been processed.

    A materialised view extends this class, makes its tables in `create_table`, and writes with `execute`. They belong
    in the schema `view_schema`: in that of the events the application may make none.
    """

    @property
    def view_schema(self) -> str:
        """Where the application may make tables."""
        return f"{self.datastore.schema}_view"

    def insert_tracking(self, tracking: Tracking) -> None:
        """Record that a notification has been processed.

        Raises:
            IntegrityError: it has been before, or a later one has.
        """
        self.datastore.use(lambda connection: self._track(connection, tracking))

    def max_tracking_id(self, application_name: str) -> int | None:
        """The last notification of an application that has been processed."""
        rows = self._fetch("max_tracking_id", application_name)
        return rows[0][0] if rows else None

    def execute(self, tracking: Tracking | None, *statements: tuple[Any, ...]) -> None:
        """Run statements, each (SQL with $1, $2..., arguments...), and track, all in one transaction.

        Raises:
            IntegrityError: the notification, or a later one, has been processed before; nothing was done.
        """

        async def work(connection: Connection) -> None:
            async with connection.transaction():
                if tracking is not None:
                    await self._track(connection, tracking)
                for sql, *arguments in statements:
                    await connection.execute(sql, *arguments)

        self.datastore.use(work)

    def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Rows of a query (SQL with $1, $2...)."""
        return self.datastore.fetch(sql, *arguments)

    async def _track(self, connection: Connection, tracking: Tracking) -> None:
        track = statement("track", self.datastore.schema)
        await connection.fetchval(track, self.partition, tracking.application_name, tracking.notification_id)


class DaybookProcessRecorder(DaybookTrackingRecorder, DaybookApplicationRecorder, ProcessRecorder):
    """Events of an application that processes notifications; events and tracking commit together."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> Sequence[int] | None:
        """Insert events, and the `tracking` object where one is given: all or nothing.

        Raises:
            IntegrityError: a version of an originator is there already, or the notification, or a later one,
                has been processed before.
        """
        tracking = kwargs.get("tracking")
        if not isinstance(tracking, Tracking):
            return super().insert_events(stored_events)
        if not stored_events:
            self.insert_tracking(tracking)
            return []
        request = append_request(self.partition, stored_events)._replace(expected={})
        return _ids(self.datastore.append_tracked(request, tracking))


def _ids(appended: Appended) -> list[int]:
    first = appended.position + 1
    return list(range(first, first + appended.count))


def _notification(row: asyncpg.Record) -> Notification:
    position, stream_id, version, topic, state, meta = row
    return Notification(originator_of(stream_id, meta), version, topic, state, position + 1)
