"""Chosen by `PERSISTENCE_MODULE=eventsourcing_daybook`."""

from types import TracebackType
from typing import Any, Final, TypeVar, cast

from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from eventsourcing_daybook.datastore import DaybookDatastore
from eventsourcing_daybook.recorders import (
    DaybookAggregateRecorder,
    DaybookApplicationRecorder,
    DaybookProcessRecorder,
    DaybookRecorder,
    DaybookTrackingRecorder,
)
from eventsourcing_daybook.settings import Settings

NAMELESS: Final = "stored"  # what the library's tables are named for where there is no application

R = TypeVar("R", bound=DaybookRecorder)
TDaybookTrackingRecorder = TypeVar("TDaybookTrackingRecorder", bound=DaybookTrackingRecorder)


class DaybookFactory(InfrastructureFactory[DaybookTrackingRecorder]):
    """Constructs recorders that share one datastore; close it, or the application that has it."""

    CREATE_TABLE = "CREATE_TABLE"

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Read the environment; see `Settings` for the variables.

        Raises:
            OSError: a variable is missing or makes no sense.
        """
        super().__init__(env)
        self.datastore = DaybookDatastore(Settings.from_environment(self.env))

    def close(self) -> None:
        """Disconnect, once what waits is written."""
        self.datastore.close()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()
        super().__exit__(exc_type, exc_val, exc_tb)

    def aggregate_recorder(self, purpose: str = "events") -> DaybookAggregateRecorder:
        """For events without notifications, and for snapshots, which have a partition of their own."""
        return self._construct(DaybookAggregateRecorder, purpose)

    def application_recorder(self) -> DaybookApplicationRecorder:
        """For an application's events; `APPLICATION_RECORDER_TOPIC` may name a sub-class."""
        return self._construct(self._class(self.APPLICATION_RECORDER_TOPIC, DaybookApplicationRecorder))

    def tracking_recorder(
        self, tracking_recorder_class: type[TDaybookTrackingRecorder] | None = None
    ) -> TDaybookTrackingRecorder:
        """For a projection's view: a class given here or by `TRACKING_RECORDER_TOPIC`."""
        default = self._class(self.TRACKING_RECORDER_TOPIC, DaybookTrackingRecorder)
        return self._construct(tracking_recorder_class or cast("type[TDaybookTrackingRecorder]", default))

    def process_recorder(self) -> DaybookProcessRecorder:
        """For an application that processes notifications; `PROCESS_RECORDER_TOPIC` may name a sub-class."""
        return self._construct(self._class(self.PROCESS_RECORDER_TOPIC, DaybookProcessRecorder))

    def _class(self, variable: str, default: type[R]) -> type[R]:
        topic = self.env.get(variable)
        if not topic:
            return default
        named: Any = resolve_topic(topic)
        if not (isinstance(named, type) and issubclass(named, default)):
            raise OSError(f"{variable} is {topic!r}; expected a sub-class of {default.__name__}")
        return named

    def _construct(self, recorder_class: type[R], purpose: str = "events") -> R:
        create = strtobool(self.env.get(self.CREATE_TABLE) or "yes")
        if create:
            self.datastore.create_schema()
        application = self.env.name.lower() or NAMELESS
        recorder = recorder_class(self.datastore, application=application, purpose=purpose)
        if create:
            recorder.create_table()
        return recorder
