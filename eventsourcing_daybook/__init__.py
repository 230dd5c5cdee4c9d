"""Runs a stock `eventsourcing.Application` on the record's technique: set `PERSISTENCE_MODULE=eventsourcing_daybook`.

The events lie in a schema of their own with the record's tables, functions and refusals, one application per
partition. So notification ids are dense and in commit order, what concurrent threads save is written together, and
the database refuses to change an event. See docs/how-to/use-with-eventsourcing.md.
"""

from eventsourcing_daybook.datastore import DaybookDatastore
from eventsourcing_daybook.factory import DaybookFactory
from eventsourcing_daybook.recorders import (
    DaybookAggregateRecorder,
    DaybookApplicationRecorder,
    DaybookProcessRecorder,
    DaybookTrackingRecorder,
)
from eventsourcing_daybook.settings import Settings
from eventsourcing_daybook.subscription import DaybookSubscription

Factory = DaybookFactory

__all__ = [
    "DaybookAggregateRecorder",
    "DaybookApplicationRecorder",
    "DaybookDatastore",
    "DaybookFactory",
    "DaybookProcessRecorder",
    "DaybookSubscription",
    "DaybookTrackingRecorder",
    "Factory",
    "Settings",
]
