"""What moves clocks, told neutrally: the facts of each event that matters, in the order of the complaint's stream.

Events are known by their stable names. A time that was told late is a claim: it counts until another person rejects
it; `late="told"` counts every such event from when it was told, `late="unjudged"` as it was claimed, whoever rejected
it: so each clock can be had both ways.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from domain.clock_rules import Moment
from domain.codes import Code
from domain.counting import Unit
from domain.kernel import Event

Change = Literal[
    "regime", "asserted-answer", "withdrawn", "reopened", "merged", "paused", "resumed", "extended", "agreed",
    "new-facts", "escalated", "breached",
]  # fmt: skip
"""Changes that start and stop no clock by themselves."""
Late = Literal["claimed", "told", "unjudged"]


@dataclass(frozen=True, slots=True)
class ClockFact:
    """A moment or a change. `event_id` names the event that told it; `at` when it took place.

    `on`: the local day, where the source states a day. Of a change, `key` is what it concerns: the pause, the regime,
    the clock. `code` is the reason of a pause or an extension, or the moment of an answer that is only asserted. An
    extension is so much `more` in `unit`, or `until` a time; `level` is the approver's, `notice_at` when the
    complainant was told. An agreement is on the day `due_on`. Of a clock's own events `run` and `threshold` (100 for
    the breach) tell which.
    """

    told: Moment | Change
    at: datetime
    event_id: UUID
    on: date | None = None
    key: str | None = None
    code: Code | None = None
    more: int | None = None
    unit: Unit | None = None
    until: datetime | None = None
    due_on: date | None = None
    level: Code | None = None
    notice_at: datetime | None = None
    run: int = 0
    threshold: int = 0


Telling = Callable[[Any, UUID], list[ClockFact]]
"""The facts of an event, which has the fields that its name promises."""


def facts_of(events: Iterable[tuple[UUID, Event]], late: Late = "claimed") -> list[ClockFact]:
    """The facts of a complaint's events, given with their ids in the order of the stream."""
    found: list[list[ClockFact]] = []
    numbered: dict[int, tuple[int, datetime]] = {}
    for event_id, event in events:
        if event.type == _CLAIMED:
            claim: Any = event
            numbered[claim.number] = (len(found) - 1, claim.given_at)
            if late == "told":
                _tell_at(found, *numbered[claim.number])
        elif event.type == _REJECTED:
            rejected: Any = event
            if rejected.number in numbered and late != "unjudged":
                _tell_at(found, *numbered[rejected.number])
        else:
            telling = _TOLD.get(event.type)
            found.append([] if telling is None else telling(event, event_id))
    return [fact for facts in found for fact in facts]


_CLAIMED: Final = "complaint.backdating-recorded"
"""It stands after the event whose time it is about."""
_REJECTED: Final = "complaint.backdating-rejected"


def _tell_at(found: list[list[ClockFact]], place: int, at: datetime) -> None:
    if place >= 0:
        found[place] = [replace(one, at=at, on=None) for one in found[place]]


# Events, by name


def _moment(told: Moment | Change) -> Telling:
    return lambda event, event_id: [ClockFact(told, event.occurred_at, event_id)]


def _received(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401  # see `Telling`
    received = ClockFact("received", event.occurred_at, event_id, on=event.received_on)
    return [received, *_regime(event, event_id)]


def _regime(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [] if event.regime is None else [ClockFact("regime", event.occurred_at, event_id, key=event.regime)]


def _forwarded(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [ClockFact("sent-to-company", event.occurred_at, event_id, on=event.sent_on)]


def _final_response(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    if event.timely_asserted is not None:
        answers: tuple[Moment, ...] = ("final-response-sent", "decision-notified")
        return [ClockFact("asserted-answer", event.occurred_at, event_id, code=one) for one in answers]
    sent = [ClockFact("final-response-sent", event.occurred_at, event_id)]
    if event.notified_at is not None:
        sent.append(ClockFact("decision-notified", event.notified_at, event_id))
    return sent


def _notified(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    """Sending or dialling is notice, whether or not anybody was reached; it arrived if somebody was."""
    found: list[ClockFact] = []
    if event.what in _NOTICES:
        found.append(ClockFact(_NOTICES[event.what], event.at, event_id))
    if event.what == "decision" and event.outcome == "reached":
        found.append(ClockFact("decision-received", event.at, event_id))
    return found


_NOTICES: Final[Mapping[str, Moment]] = MappingProxyType(
    {"decision": "decision-notified", "review-decision": "review-notified"}
)


def _review_requested(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    requested = ClockFact("review-requested", event.occurred_at, event_id)
    if event.decision_received_on is None:
        return [requested]
    return [replace(requested, told="decision-received", on=event.decision_received_on), requested]


def _referred(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [ClockFact("referred", event.at, event_id)] if event.to == "ombudsman" else []


def _regulator_received(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    """The regulator has forwarded it once the bank knows."""
    received = ClockFact("regulator-received", event.at, event_id)
    return [received, ClockFact("forwarded", event.occurred_at, event_id)]


def _paused(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [ClockFact("paused", event.since, event_id, key=str(event.pause_id), code=event.reason)]


def _resumed(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [ClockFact("resumed", event.occurred_at, event_id, key=str(event.pause_id))]


def _extended(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [
        ClockFact(
            "extended", event.occurred_at, event_id, key=event.clock, code=event.reason, more=event.length,
            unit=event.unit, until=event.until, level=event.approver_level, notice_at=event.notice_sent_at,
        )
    ]  # fmt: skip


def _agreed(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [ClockFact("agreed", event.occurred_at, event_id, key=event.clock, due_on=event.due_on)]


def _escalated(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    told = {"key": event.clock, "run": event.run, "threshold": event.threshold}
    return [ClockFact("escalated", event.occurred_at, event_id, **told)]


def _breached(event: Any, event_id: UUID) -> list[ClockFact]:  # noqa: ANN401
    return [ClockFact("breached", event.occurred_at, event_id, key=event.clock, run=event.run, threshold=100)]


_TOLD: Final[Mapping[str, Telling]] = MappingProxyType(
    {
        "complaint.received": _received,
        "complaint.assessed": _regime,
        "complaint.forwarded": _forwarded,
        "complaint.holding-response-sent": _moment("holding-response-sent"),
        "complaint.final-response-issued": _final_response,
        "complaint.summary-resolution-sent": _moment("final-response-sent"),
        "complaint.resolution-accepted": _moment("acceptance-indicated"),
        "complaint.notified": _notified,
        "complaint.closed": _moment("closed"),
        "complaint.withdrawn": _moment("withdrawn"),
        "complaint.merged": _moment("merged"),
        "complaint.reopened": _moment("reopened"),
        "complaint.paused": _paused,
        "complaint.resumed": _resumed,
        "complaint.extended": _extended,
        "complaint.time-agreed": _agreed,
        "complaint.restarted": _moment("new-facts"),
        "complaint.referred": _referred,
        "complaint.review-requested": _review_requested,
        "complaint.regulator-received": _regulator_received,
        "complaint.clock-escalated": _escalated,
        "complaint.clock-breached": _breached,
    }
)

MOVING: Final = frozenset({*_TOLD, _CLAIMED, _REJECTED})
"""Names of the events after which a complaint's clocks are counted anew."""
