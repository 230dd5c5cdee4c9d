"""Prometheus metrics of a running API."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from starlette.types import Scope

from engine.log_status import LogStatus
from engine.vouching import Vouching
from projections.models import Progress
from projections.privacy_search import Standing
from store.record import Record

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_NO_ROUTE: Final = "(none)"


disable_created_metrics()  # a second series beside each, which nobody asks for


class Metrics:
    """Counts what happens, and shows how the record and the read models stand when asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "daybook_http_request_seconds",
            "Time from request to the end of the answer, by route.",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=SECONDS,
        )
        self._commands = Counter("daybook_commands", "Commands by outcome.", ("way", "outcome"), registry=self.registry)
        self._events = Counter("daybook_events_appended", "Events appended by this process.", registry=self.registry)
        self._children: dict[tuple[str, str, int], Histogram] = {}

    def request_done(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request; what led to no route is counted as one, whatever the path."""
        route = scope.get("daybook.route") or getattr(scope.get("route"), "path", _NO_ROUTE)
        key = (scope["method"] if route != _NO_ROUTE else "(any)", route, status)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(*key)
        child.observe(seconds)

    def command_done(self, way: str, outcome: str, *, events: int = 0, commands: int = 1) -> None:
        """Count commands: `way` is one, bulk or cloudevents."""
        self._commands.labels(way, outcome).inc(commands)
        if events:
            self._events.inc(events)

    def text(  # noqa: PLR0913, PLR0917  # how everything stands
        self,
        record: Record,
        progress: Iterable[Progress],
        ends: Iterable[int],
        vouching: Vouching,
        logs: Iterable[LogStatus] = (),
        privacy: Standing | None = None,
    ) -> bytes:
        """All metrics in Prometheus' text format."""
        gauges = _Gauges(record, list(progress), list(ends), vouching, list(logs), privacy)
        return generate_latest(self.registry) + generate_latest(gauges)  # pyright: ignore[reportArgumentType]


class _Gauges:
    """How the record and the read models stand, as a collector for one scrape."""

    def __init__(  # noqa: PLR0913, PLR0917  # how everything stands
        self,
        record: Record,
        progress: list[Progress],
        ends: list[int],
        vouching: Vouching,
        logs: list[LogStatus],
        privacy: Standing | None,
    ) -> None:
        self._vouching = vouching
        self._sealed = logs
        self._privacy = privacy
        self._record = record
        self._progress = progress
        self._ends = ends

    def collect(self) -> Iterable[Metric]:
        """The families of this scrape."""
        waiting = GaugeMetricFamily("daybook_lane_waiting", "Appends waiting.", labels=["partition"])
        for partition, depth in self._record.waiting().items():
            waiting.add_metric([str(partition)], depth)
        yield waiting
        end = GaugeMetricFamily("daybook_record_next_position", "Next position.", labels=["partition"])
        for partition, position in enumerate(self._ends):
            end.add_metric([str(partition)], position)
        yield end
        yield from self._followers()
        yield from self._logs()
        yield from self._vouchers()
        if self._privacy is not None:
            standing = GaugeMetricFamily("daybook_privacy", "Privacy requests, erasures and holds.", labels=["what"])
            for name in Standing.__slots__:
                standing.add_metric([name], getattr(self._privacy, name))
            yield standing

    def _logs(self) -> Iterable[Metric]:
        signed = GaugeMetricFamily("daybook_log_signed_entries", "Entries under a checkpoint.", labels=["origin"])
        lag = GaugeMetricFamily("daybook_log_lag_events", "Events not yet under a checkpoint.", labels=["origin"])
        stopped = GaugeMetricFamily("daybook_log_stopped", "1: the log is not signed now.", labels=["origin"])
        held = GaugeMetricFamily("daybook_log_held", "1: a process has the lease to seal the log.", labels=["origin"])
        for one in self._sealed:
            held.add_metric([one.origin], float(one.held))
            signed.add_metric([one.origin], one.signed)
            stopped.add_metric([one.origin], float(one.trouble is not None))
            if one.lag is not None:
                lag.add_metric([one.origin], one.lag)
        yield from (signed, lag, stopped, held)

    def _vouchers(self) -> Iterable[Metric]:
        size = GaugeMetricFamily(
            "daybook_witness_size", "Entries of the record log that a witness cosigned.", labels=["witness"]
        )
        trouble = GaugeMetricFamily(
            "daybook_witness_trouble", "1: the witness did not cosign when asked last.", labels=["witness"]
        )
        for one in self._vouching.witnesses:
            size.add_metric([one.name], one.size)
            trouble.add_metric([one.name], one.trouble is not None)
        yield size
        yield trouble
        anchored = GaugeMetricFamily("daybook_anchor_timestamp_seconds", "Time of the record log's newest anchor.")
        missing = GaugeMetricFamily("daybook_anchor_trouble", "1: no timestamp could be had when asked last.")
        for one in self._vouching.anchoring:
            anchored.add_metric([], 0 if one.at is None else one.at.timestamp())
            missing.add_metric([], one.trouble is not None)
        yield anchored
        yield missing
        absent = GaugeMetricFamily("daybook_verification_report_missing", "1: yesterday has no verification report.")
        findings = GaugeMetricFamily("daybook_verification_findings", "Findings of yesterday's verification report.")
        if self._vouching.report is not None:
            absent.add_metric([], self._vouching.report.issued_at is None)
            findings.add_metric([], self._vouching.report.findings)
        yield absent
        yield findings

    def _followers(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily(
            "daybook_follower_lag_events", "Events not yet folded.", labels=["projection", "partition"]
        )
        parked = GaugeMetricFamily("daybook_parked", "Customers and streams parked.", labels=["projection"])
        for one in self._progress:
            parked.add_metric([one.projection], one.parked)
            for partition, (position, end) in enumerate(zip(one.next_positions, self._ends, strict=True)):
                lag.add_metric([one.projection, str(partition)], max(end - position, 0))
        yield lag
        yield parked
