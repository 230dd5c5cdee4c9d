"""What moves clocks, told neutrally: one fact per event that matters, in the order of the complaint's stream."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from domain.clock_rules import Moment
from domain.codes import Code

Change = Literal[
    "regime", "asserted-answer", "withdrawn", "reopened", "merged", "paused", "resumed", "extended", "new-facts",
    "escalated", "breached",
]  # fmt: skip
"""Changes that start and stop no clock by themselves."""


@dataclass(frozen=True, slots=True)
class ClockFact:
    """A moment or a change. `event_id` names the event that told it; `at` when it took place.

    `on`: the local day, where the source states a day instead of a time. Of a change, `key` is what it concerns: the
    pause, the regime, the clock. Of a pause, `code` is its reason; of an answer that
    is only asserted, the moment; of an extension, the step, or `length` the length
    that is wanted, with the `level` of the approver and when `notice_at` was given; of a clock's own events `run` and
    `threshold` (100 for the breach) tell which.
    """

    told: Moment | Change
    at: datetime
    event_id: UUID
    on: date | None = None
    key: str | None = None
    code: Code | None = None
    length: int | None = None
    level: Code | None = None
    notice_at: datetime | None = None
    run: int = 0
    threshold: int = 0
