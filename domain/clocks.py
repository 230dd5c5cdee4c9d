"""Clocks of one complaint: pure, from its facts in order, the policy and the calendars.

The same facts with the same versions give the same answer whenever and wherever they are counted. Every answer names
the versions and the events that moved it. `moment` decides only whether what runs has run out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from domain.clock_facts import ClockFact
from domain.clock_rules import ClockRule, Missed
from domain.clock_run import Due, Run, shares
from domain.counting import Calendar

State = Literal["running", "paused", "met", "breached", "lapsed", "void"]
"""`lapsed`: nobody's breach, a right or a short way is over. `void`: withdrawn, merged, or only asserted."""

SHARES: Final = (75, 90)
"""Percent of a clock's time after which it is escalated."""
ENDED: Final = frozenset({"met", "breached", "lapsed", "void"})


@dataclass(frozen=True, slots=True)
class PolicyTable:
    """One activated version of a regime's clocks, in force from `effective_from`."""

    regime: str
    version: int
    effective_from: date
    rules: tuple[ClockRule, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that clocks are counted by: versions of policies by regime, and calendars by name."""

    policies: Mapping[str, tuple[PolicyTable, ...]]
    calendars: Mapping[str, Calendar]

    def policy(self, regime: str, day: date) -> PolicyTable | None:
        """The regime's policy for a complaint received on this day; None: none was in force."""
        fitting = [one for one in self.policies.get(regime, ()) if one.effective_from <= day]
        return max(fitting, key=lambda one: one.version, default=None)


@dataclass(frozen=True, slots=True)
class Clock:
    """How one clock stands, and why.

    `due_at` is None while it is paused. `agreed_on`: the last day that both sides agreed on. `escalate_at`: when each
    share of its time is over. `moved_by`: the events that started, paused, extended, restarted, stopped or ended it, or
    on which both sides agreed; `passed_over`: those that should have and could not, each with the reason.
    `provisional`: it ends on a day whose holidays no adopted calendar knows yet.
    """

    clock: str
    run: int
    state: State
    regime: str
    policy_version: int
    calendar: str
    calendar_versions: tuple[int, ...]
    started_at: datetime
    first_day: date
    due_on: date | None
    due_at: datetime | None
    escalate_at: Mapping[int, datetime]
    escalated: frozenset[int]
    breach_recorded: bool
    stopped_at: datetime | None
    void_by: str | None
    extension: str | None
    agreed_on: date | None
    provisional: bool
    missed: Missed
    counsel: bool
    source: str
    moved_by: tuple[UUID, ...]
    passed_over: tuple[tuple[UUID, str], ...]

    @property
    def waits(self) -> bool:
        """Whether somebody still waits: it runs, or it was breached and nothing has stopped it since."""
        return self.state in {"running", "paused"} or (self.state == "breached" and self.stopped_at is None)

    @property
    def next_share(self) -> tuple[int, datetime] | None:
        """What happens to it next by time alone, and when: a share of its time is over, or (100) all of it.

        Of shares that passed unrecorded only the last is told, and none once the clock ran out. What lapses is not
        escalated.
        """
        if self.due_at is None or self.breach_recorded or self.state not in {"running", "breached"}:
            return None
        told = max(self.escalated, default=0)
        waiting = [(share, at) for share, at in self.escalate_at.items() if share > told and self.missed == "breach"]
        return (
            min((*waiting, (100, self.due_at)), key=lambda one: one[1])
            if self.stopped_at is None
            else (100, self.due_at)
        )

    def owed(self, moment: datetime) -> int | None:
        """What is to be recorded by moment: 100 for the breach, else the greatest share that is over and not told."""
        if self.missed != "breach" or self.next_share is None or self.due_at is None:
            return None
        if moment > self.due_at:
            return 100
        told = max(self.escalated, default=0)
        return max((share for share, at in self.escalate_at.items() if told < share and at <= moment), default=None)


def regime_of(facts: Iterable[ClockFact]) -> tuple[str, UUID] | None:
    """The regime under which the complaint counts, as it was said last, and the event that said so."""
    told = [(one.key, one.event_id) for one in facts if one.told == "regime" and one.key is not None]
    return told[-1] if told else None


def clocks_of(
    facts: Sequence[ClockFact], catalogue: Catalogue, moment: datetime, *, recorded: bool = True
) -> tuple[Clock, ...]:
    """All clocks that have started, in the policy's order.

    A complaint of no known regime, or received before any policy of it was in force, has none. The policy is the one
    in force on the day of receipt, for the whole case. `recorded`: a breach that stands in the record stands, whatever
    came later; a what-if under other rules passes the record's own escalations and breaches over.
    """
    regime = regime_of(facts)
    received = next((one for one in facts if one.told == "received"), None)
    if regime is None or received is None:
        return ()
    policy = _policy_of(catalogue, regime[0], received)
    found: list[Clock] = []
    for rule in () if policy is None else policy.rules:
        calendar = catalogue.calendars.get(rule.calendar)
        run = None if calendar is None else _run(rule, calendar, facts, recorded=recorded)
        if policy is not None and run is not None:
            found.append(_clock(run, policy, moment))
    return tuple(found)


def _policy_of(catalogue: Catalogue, regime: str, received: ClockFact) -> PolicyTable | None:
    """The policy in force on the day of receipt, as the regime's first calendar tells the day."""
    names = (rule.calendar for one in catalogue.policies.get(regime, ()) for rule in one.rules)
    calendar = next((catalogue.calendars[name] for name in names if name in catalogue.calendars), None)
    if calendar is None:
        return None
    day = received.on or calendar.at(received.at).day_of(received.at)
    return catalogue.policy(regime, day)


def _run(rule: ClockRule, calendar: Calendar, facts: Sequence[ClockFact], *, recorded: bool) -> Run | None:
    run: Run | None = None
    for fact in facts:
        if run is None:
            if fact.told == rule.starts:
                run = Run(rule, calendar, fact)
        elif recorded or fact.told not in {"escalated", "breached"}:
            run.take(fact)
    return run


def _clock(run: Run, policy: PolicyTable, moment: datetime) -> Clock:
    due = run.due()
    state = _state(run, due, moment)
    last = due.day if due is not None else run.first_day
    return Clock(
        clock=run.rule.clock,
        run=run.number,
        state=state,
        regime=policy.regime,
        policy_version=policy.version,
        calendar=run.rule.calendar,
        calendar_versions=run.days.versions(run.first_day, last),
        started_at=run.started_at,
        first_day=run.first_day,
        due_on=None if due is None else due.day,
        due_at=None if due is None else due.at,
        escalate_at={} if due is None else shares(run, due.at, SHARES),
        escalated=frozenset(run.escalated),
        breach_recorded=run.breached,
        stopped_at=run.stopped_at,
        void_by=run.void_by,
        extension=run.extension,
        agreed_on=None if run.agreed is None else run.agreed.due_on,
        provisional=due is not None and run.days.provisional(due.day),
        missed=run.rule.missed,
        counsel=run.rule.counsel,
        source=run.rule.source,
        moved_by=tuple(run.moved_by),
        passed_over=tuple(run.passed_over),
    )


def _state(run: Run, due: Due | None, moment: datetime) -> State:
    if run.void_by is not None:
        return "void"
    if run.breached:
        return "breached"
    if due is None:
        return "paused"
    if run.stopped_at is not None and (run.stopped_still or run.stopped_at <= due.at):
        return "met"
    if run.stopped_at is None and moment <= due.at:
        return "running"
    return "breached" if run.rule.missed == "breach" else "lapsed"
