"""What a clock is, as data: when it starts, how it counts, what stops, pauses, extends or restarts it, and whose it is.

Nothing here is law by itself: each rule names its source, and what the source leaves open is a parameter, marked
`counsel` where a lawyer should confirm the choice.
"""

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from domain.codes import Code, Label
from domain.counting import Roll, Unit

Moment = Literal[
    "received",
    "sent-to-company",
    "decision-notified",
    "decision-received",
    "holding-response-sent",
    "final-response-sent",
    "acceptance-indicated",
    "closed",
    "forwarded",
    "regulator-received",
    "referred",
    "review-requested",
    "review-notified",
    "request-received",
    "request-answered",
]
"""What can start or stop a clock. A decision is notified when it is sent or dialled, and received when it arrives."""

Missed = Literal["breach", "lapse"]
"""What a clock that nobody stopped has come to: the bank is in breach, or a right or a short way has lapsed."""

LENGTH_MAX: Final = 3660
VERSION_MAX: Final = 1_000_000
Version = Annotated[int, Field(ge=1, le=VERSION_MAX)]
Length = Annotated[int, Field(ge=1, le=LENGTH_MAX)]
TimeOfDay = Annotated[str, StringConstraints(max_length=5, pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*){0,2}$")]
"""A name of the IANA time zone database."""

# Values are dataclasses with their fields in alphabetical order, as in `domain.codes`.
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class CalendarDay:
    """A day that the weekend rule alone would get wrong: a named holiday, or a working day at a weekend."""

    day: date
    kind: Literal["holiday", "working"]
    name: Label


@dataclass(frozen=True, slots=True, config=_STRICT)
class ExtensionStep:
    """To what length a clock may be extended, from its start, in its own unit.

    `approvers`: the levels of institution of which one must approve (none: whoever may give the command); `notice`:
    the complainant must have been told before the clock ran out.
    """

    approvers: Annotated[tuple[Code, ...], Field(max_length=10)]
    code: Code
    length: Length
    notice: bool


@dataclass(frozen=True, slots=True, kw_only=True, config=_STRICT)
class ClockRule:
    """One clock of a regime.

    `after_close`: what comes in after close of business, or on a day that is not worked, counts as of the next worked
    day. `agreement`: a day that complainant and bank agree on takes the place of the counted one. `ends`: at 24:00 of
    the last day, or at its close of business. `first_day_counts`, `roll`, `unit`, `length`: see `domain.counting`.
    `pauses`: for which reasons it stands still. `restarts`: new facts begin it anew. `reopening`: a case that is opened
    again gets no new clock; one that a withdrawal ended goes on, or stays ended.
    """

    after_close: Literal["same-day", "next-working-day"]
    agreement: bool = False  # policies of before do not say
    calendar: Code
    clock: Code
    counsel: bool
    ends: Literal["end-of-day", "close-of-business"]
    extensions: Annotated[tuple[ExtensionStep, ...], Field(max_length=10)]
    first_day_counts: bool
    length: Length
    missed: Missed
    note: Label | None
    pauses: Annotated[tuple[Code, ...], Field(max_length=20)]
    reopening: Literal["goes-on", "stays-ended"]
    restarts: bool
    roll: Roll
    source: Label
    starts: Moment
    stops: Annotated[tuple[Moment, ...], Field(min_length=1, max_length=10)]
    unit: Unit

    @property
    def longest(self) -> int:
        """Its length with every extension."""
        return max((self.length, *(step.length for step in self.extensions)))


ClockRules = Annotated[tuple[ClockRule, ...], Field(min_length=1, max_length=50)]
CalendarDays = Annotated[tuple[CalendarDay, ...], Field(max_length=5000)]
Weekend = Annotated[tuple[Annotated[int, Field(ge=1, le=7)], ...], Field(max_length=6)]
