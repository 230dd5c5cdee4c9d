"""Subscriptions to an application's notifications.

They poll: a NOTIFY in the append would take a lock on the whole cluster at commit. Position order is commit order,
so that nothing can appear behind what has been seen.
"""

from collections.abc import Sequence
from threading import Event
from typing import TYPE_CHECKING

from eventsourcing.persistence import Notification, Subscription

if TYPE_CHECKING:
    from eventsourcing_daybook.recorders import DaybookApplicationRecorder

PAGE = 500


class DaybookSubscription(Subscription["DaybookApplicationRecorder"]):
    """Reads in the thread that iterates, and has none of its own; may be stopped from any other."""

    def __init__(
        self, recorder: "DaybookApplicationRecorder", gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._seen = gt or 0
        self._page: list[Notification] = []  # the next one last
        self._stopped = Event()

    def stop(self) -> None:
        """End the iteration, also one that is waiting."""
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        """The next notification, waited for."""
        while not self._stopped.is_set():
            if self._page or self._read():
                return self._page.pop()
            self._stopped.wait(self._recorder.datastore.settings.poll_interval_s)
        raise StopIteration

    def _read(self) -> bool:
        end = None
        if self._topics:
            # What is of other topics must not be gone through again at every poll.
            end = self._recorder.max_notification_id() or 0
            if end <= self._seen:
                return False
        found = self._recorder.select_notifications(
            self._seen, PAGE, stop=end, topics=self._topics, inclusive_of_start=False
        )
        if end is not None and len(found) < PAGE:
            self._seen = end
        elif found:
            self._seen = found[-1].id
        self._page = list(reversed(found))
        return bool(found)
