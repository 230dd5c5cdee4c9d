"""The clock of data subjects' requests: until when one must be answered, by the policy and calendar in force.

The day is decided once, when the request is received, with the day that one extension gives: no later version of a
policy or calendar changes what was told before.
"""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from domain.clock_facts import ClockFact
from domain.clock_rules import Version
from domain.clocks import Catalogue, Clock, clocks_of
from domain.codes import Code

REGIME: Final = "dsr"
"""The policy for requests whose own regime has no clock for them."""
COMPLEX: Final = "complex"
_NOBODY: Final = UUID(int=0)
_YEAR_MAX: Final = 9900
"""Later days cannot be counted from: the calendar ends."""


@dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class RequestClock:
    """By which versions a request is due when, and when if it is extended.

    `provisional`: it ends on a day whose holidays no adopted calendar knew when the request was received.
    """

    calendar: Code
    calendar_versions: Annotated[tuple[Version, ...], Field(max_length=50)]
    clock: Code
    due_on: date
    extended_due_on: date | None
    policy_version: Version
    provisional: bool
    regime: Code


def request_clock(catalogue: Catalogue, regime: str | None, received_at: datetime) -> RequestClock | None:
    """The clock of a request that is received at this moment; None: no policy with one, or no calendar, is in force.

    A policy of the request's own regime goes before the general one.
    """
    if received_at.year > _YEAR_MAX:
        return None
    for one in (regime, REGIME):
        if one is not None and (found := _started(catalogue, one, received_at)) is not None:
            return found
    return None


def _started(catalogue: Catalogue, regime: str, at: datetime) -> RequestClock | None:
    clock = _clock(catalogue, regime, at, ())
    if clock is None or clock.due_on is None:
        return None
    extension = ClockFact("extended", at, _NOBODY, key=clock.clock, code=COMPLEX, notice_at=at)
    longer = _clock(catalogue, regime, at, (extension,))
    extended = None if longer is None or longer.extension is None else longer.due_on
    return RequestClock(
        calendar=clock.calendar,
        calendar_versions=clock.calendar_versions,
        clock=clock.clock,
        due_on=clock.due_on,
        extended_due_on=extended,
        policy_version=clock.policy_version,
        provisional=clock.provisional,
        regime=clock.regime,
    )


def _clock(catalogue: Catalogue, regime: str, at: datetime, more: tuple[ClockFact, ...]) -> Clock | None:
    facts = (
        ClockFact("regime", at, _NOBODY, key=regime),
        ClockFact("received", at, _NOBODY),
        ClockFact("request-received", at, _NOBODY),
        *more,
    )
    names = {
        rule.clock
        for table in catalogue.policies.get(regime, ())
        for rule in table.rules
        if rule.starts == "request-received"
    }
    return next((one for one in clocks_of(facts, catalogue, at) if one.clock in names), None)
