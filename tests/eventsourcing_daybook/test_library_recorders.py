"""The library's own cases for recorders, with UUIDs and with text as ids; only the hooks they ask for are given."""

import os
from uuid import uuid4

from eventsourcing.tests import persistence as cases
from eventsourcing.utils import Environment

from eventsourcing_daybook import (
    DaybookAggregateRecorder,
    DaybookApplicationRecorder,
    DaybookFactory,
    DaybookProcessRecorder,
    DaybookTrackingRecorder,
)


class WithFactory:
    """Makes the factory when a case asks for its recorder, and closes it after the case."""

    def factory(self) -> DaybookFactory:
        factory = DaybookFactory(Environment("", dict(os.environ)))
        self.addCleanup(factory.close)  # pyright: ignore[reportAttributeAccessIssue]
        return factory


class TestAggregateRecorder(WithFactory, cases.AggregateRecorderTestCase):
    def create_recorder(self) -> DaybookAggregateRecorder:
        return self.factory().aggregate_recorder()


class TestApplicationRecorder(WithFactory, cases.ApplicationRecorderTestCase[DaybookApplicationRecorder]):
    def create_recorder(self) -> DaybookApplicationRecorder:
        return self.factory().application_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTrackingRecorder(WithFactory, cases.TrackingRecorderTestCase):
    def create_recorder(self) -> DaybookTrackingRecorder:
        return self.factory().tracking_recorder()


class TestProcessRecorder(WithFactory, cases.ProcessRecorderTestCase):
    def create_recorder(self) -> DaybookProcessRecorder:
        return self.factory().process_recorder()


class TestNonInterleavingNotificationIDs(WithFactory, cases.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> DaybookApplicationRecorder:
        return self.factory().application_recorder()


class WithTextIds:
    """Originator ids that are no UUIDs."""

    def new_originator_id(self) -> str:
        return f"kunde-{uuid4()}"


class TestAggregateRecorderWithTextIds(WithTextIds, TestAggregateRecorder):
    pass


class TestApplicationRecorderWithTextIds(WithTextIds, TestApplicationRecorder):
    pass


class TestProcessRecorderWithTextIds(WithTextIds, TestProcessRecorder):
    pass


class TestNonInterleavingNotificationIDsWithTextIds(WithTextIds, TestNonInterleavingNotificationIDs):
    pass


class TestApplicationRecorderFromZero(TestApplicationRecorder):
    INITIAL_VERSION = 0
