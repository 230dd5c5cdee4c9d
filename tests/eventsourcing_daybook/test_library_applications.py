"""The library's own cases for applications and projections, run on the adapter by what the environment says."""

import os
from typing import Any, ClassVar

import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.tests import application as applications
from eventsourcing.tests import projection as projections
from eventsourcing.utils import Environment, get_topic

from eventsourcing_daybook import DaybookFactory, DaybookTrackingRecorder


class EventCounters(DaybookTrackingRecorder, projections.EventCountersView):
    """A view as a user of the library would write it: its rows and the tracking commit together."""

    def create_table(self) -> None:
        table = f"create table if not exists {self.view_schema}.event_counter (name text primary key, n bigint)"
        self.execute(None, (table,))

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _count(self, name: str) -> int:
        rows = self.fetch(f"select n from {self.view_schema}.event_counter where name = $1", name)
        return rows[0]["n"] if rows else 0

    def _increment(self, name: str, tracking: Tracking) -> None:
        upsert = (
            f"insert into {self.view_schema}.event_counter as c values ($1, 1)"
            " on conflict (name) do update set n = c.n + 1"
        )
        self.execute(tracking, (upsert, name))


@pytest.mark.filterwarnings("always:'log' is deprecated:DeprecationWarning")  # a case looks for the warning
class TestApplication(applications.ApplicationTestCase):
    pass


class TestExampleApplication(applications.ExampleApplicationTestCase):
    expected_factory_topic = get_topic(DaybookFactory)


class TestEventCountersView(projections.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> projections.EventCountersView:
        factory = DaybookFactory(Environment("", dict(os.environ)))
        self.addCleanup(factory.close)
        return factory.tracking_recorder(EventCounters)


class TestEventCountersProjection(projections.AggregateEventCountersProjectionTestCase):
    view_class: type[Any] = EventCounters
    env: ClassVar[dict[str, str]] = {}


class TestEventSourcedProjection(projections.EventSourcedProjectionTestCase):
    env: ClassVar[dict[str, str]] = {}
