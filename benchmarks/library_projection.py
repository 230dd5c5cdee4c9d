"""A projection as the `eventsourcing` library runs it: one event, one transaction, tracking included."""

import time
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, DomainEventProtocol, event
from eventsourcing.persistence import Tracking, TrackingRecorder
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner

INTERACTIONS = 20


class Contact(Aggregate):
    """A customer with so many contacts."""

    @event("Contacted")
    def contacted(self, channel: str) -> None:
        """One contact."""
        self.channel = channel


class Desk(Application[UUID]):
    """The application whose events are projected."""


class ProfileView(TrackingRecorder):
    """One row a customer: how many contacts."""

    def count(self, customer_id: UUID, tracking: Tracking) -> None:
        """Add one."""


class PostgresProfileView(PostgresTrackingRecorder, ProfileView):
    """The same on PostgreSQL, in the transaction that moves the tracking."""

    def create_table(self) -> None:
        """Make the tables."""
        super().create_table()
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute("create table if not exists peer_profile (customer_id uuid primary key, contacts int)")

    def count(self, customer_id: UUID, tracking: Tracking) -> None:
        """Add one, once."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(
                "insert into peer_profile values (%s, 1)"
                " on conflict (customer_id) do update set contacts = peer_profile.contacts + 1",
                (customer_id,),
            )
            self._insert_tracking(cursor, tracking)


class Profiles(Projection[ProfileView]):
    """Counts contacts."""

    name = "profiles"

    @singledispatchmethod
    def process_event(self, domain_event: DomainEventProtocol[UUID], tracking: Tracking) -> None:
        """Fold one event."""
        self.view.count(domain_event.originator_id, tracking)


def projection_per_s(dsn: str, events: int) -> float:
    """Events a second that the library's runner projects, catching up with what is recorded."""
    parts = urlsplit(dsn)
    where = parse_qs(parts.query)
    environment = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres", "POSTGRES_DBNAME": parts.path.removeprefix("/"),
        "POSTGRES_HOST": where["host"][0], "POSTGRES_PORT": where["port"][0], "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": "none",
    }  # fmt: skip
    desk = Desk(env=environment)
    for _ in range(events // (INTERACTIONS + 1)):
        contact = Contact()
        for _ in range(INTERACTIONS):
            contact.contacted("phone")
        desk.save(contact)
    last = desk.recorder.max_notification_id()
    desk.close()
    started = time.perf_counter()
    with ProjectionRunner(
        application_class=Desk, projection_class=Profiles, view_class=PostgresProfileView, env=environment
    ) as runner:
        runner.wait(last, timeout=600)
        return (last or 0) / (time.perf_counter() - started)
