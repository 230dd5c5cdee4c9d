"""The library's own cases for an infrastructure factory."""

import os

from eventsourcing.tests import persistence as cases
from eventsourcing.utils import Environment

from eventsourcing_daybook import (
    DaybookAggregateRecorder,
    DaybookApplicationRecorder,
    DaybookFactory,
    DaybookProcessRecorder,
    DaybookTrackingRecorder,
)


class View(DaybookTrackingRecorder):
    """A view of the user's own."""


class TestFactory(cases.InfrastructureFactoryTestCase[DaybookFactory]):
    def setUp(self) -> None:
        self.env = Environment("TestCase", dict(os.environ))
        super().setUp()

    def expected_factory_class(self) -> type[DaybookFactory]:
        return DaybookFactory

    def expected_aggregate_recorder_class(self) -> type[DaybookAggregateRecorder]:
        return DaybookAggregateRecorder

    def expected_application_recorder_class(self) -> type[DaybookApplicationRecorder]:
        return DaybookApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[DaybookTrackingRecorder]:
        return DaybookTrackingRecorder

    def tracking_recorder_subclass(self) -> type[DaybookTrackingRecorder]:
        return View

    def expected_process_recorder_class(self) -> type[DaybookProcessRecorder]:
        return DaybookProcessRecorder
