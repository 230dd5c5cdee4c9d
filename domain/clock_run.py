"""One run of one clock: what each fact does to it, when it is due, and when shares of its time are over.

Choices, each stated where it is made: a fact that comes after the clock ran out changes nothing; a breach that was
recorded stands; a second start starts nothing (so reopening a case gives it no new clock); closing ends every pause.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from domain.clock_facts import ClockFact
from domain.clock_rules import LENGTH_MAX, ClockRule, ExtensionStep
from domain.counting import Calendar, last_day, moved_on, next_worked

WITHDRAWN: Final = "withdrawn"


class Due(NamedTuple):
    """The last day and its end."""

    day: date
    at: datetime


class Agreed(NamedTuple):
    """The last day that both sides agreed on, and the day on which they did."""

    due_on: date
    made_on: date


@dataclass(slots=True)
class Pause:
    """A time that does not count; `until` None: it goes on."""

    since: datetime
    until: datetime | None = None


class Run:
    """A clock that has started."""

    def __init__(self, rule: ClockRule, calendar: Calendar, start: ClockFact) -> None:
        self.rule = rule
        self._calendar = calendar
        self.number = 1
        self.escalated: set[int] = set()
        self.breached = False
        self.stopped_at: datetime | None = None
        self.stopped_still = False
        self.void_by: str | None = None
        self.moved_by: list[UUID] = []
        self.passed_over: list[tuple[UUID, str]] = []
        self.pauses: dict[str, Pause] = {}
        self._begin(start)

    def _begin(self, start: ClockFact) -> None:
        """Count from this fact on."""
        self.started_at = start.at
        self.extension: str | None = None
        self.agreed: Agreed | None = None
        self.length = self.rule.length
        self._due: Due | None = None
        self.days = self._calendar.at(start.at) if start.on is None else self._calendar.as_of(start.on)
        self.first_day = self._first_day(start.at)
        if start.on is not None and start.on < self.first_day:
            self.first_day = start.on  # a source's day never makes a clock start later than it was told
        self.moved_by.append(start.event_id)

    def _first_day(self, at: datetime) -> date:
        local = self.days.local(at)
        if self.rule.after_close == "same-day":
            return local.date()
        close = self.days.pinned.close_of_business
        late = close is not None and local.time() > close
        return next_worked(local.date(), self.days) if late or not self.days.worked(local.date()) else local.date()

    # When it is due

    def due(self) -> Due | None:
        """Its last day as far as is known; None while it is paused."""
        if any(one.until is None for one in self.pauses.values()):
            return None
        if self._due is None:
            rule, days = self.rule, self.days
            if self.agreed is None:
                last = last_day(self.first_day, self.length, rule.unit, days, first_counts=rule.first_day_counts)
                last = moved_on(last, self._paused_days(self.first_day), rule.unit, days, rule.roll)
            else:  # the day that was named, which does not roll; what stood still before was known to both
                last = moved_on(self.agreed.due_on, self._paused_days(self.agreed.made_on), rule.unit, days)
            self._due = Due(last, days.close_of(last) if rule.ends == "close-of-business" else days.end_of(last))
        return self._due

    def _paused_days(self, first: date) -> list[tuple[date, date]]:
        found: list[tuple[date, date]] = []
        for one in self.pauses.values():
            since = max(self.days.day_of(one.since), first)
            found.append((since, max(self.days.day_of(one.until or one.since), since)))
        return found

    def over(self, at: datetime) -> bool:
        """Whether it had run out before this moment."""
        due = self.due()
        return due is not None and at > due.at

    # What facts do

    def take(self, fact: ClockFact) -> None:
        """Let the next fact of the complaint change it."""
        if fact.told in self.rule.stops:
            self._stop(fact)
        else:
            change = _CHANGES.get(fact.told)
            if change is not None and (self.void_by != "merged" or fact.told == "breached"):
                change(self, fact)

    @property
    def _ended(self) -> bool:
        return self.stopped_at is not None or self.breached or self.void_by is not None

    def _moved(self, fact: ClockFact) -> None:
        self._due = None
        self.moved_by.append(fact.event_id)

    def _stop(self, fact: ClockFact) -> None:
        if self.stopped_at is None and self.void_by is None:
            self.stopped_at = fact.at
            self.moved_by.append(fact.event_id)
            for one in self.pauses.values():
                if one.until is None:  # whoever stops what stands still is in time
                    self.stopped_still, one.until = True, max(fact.at, one.since)
            self._due = None

    def asserted(self, fact: ClockFact) -> None:
        """An import says that it was answered and not when: no clock can tell whether that was in time."""
        if not self._ended and fact.code in self.rule.stops:
            self.void_by = "asserted"
            self._moved(fact)

    def withdrawn(self, fact: ClockFact) -> None:
        """A withdrawal ends it the same day; if the case is opened again, the time between does not count."""
        if self._ends(fact, WITHDRAWN):
            self.pauses[f"{WITHDRAWN} {len(self.pauses)}"] = Pause(fact.at, fact.at)

    def reopened(self, fact: ClockFact) -> None:
        """No new clock: what was met or breached stays so, what a withdrawal ended goes on unless the rule says no."""
        if self.void_by == WITHDRAWN and self.rule.reopening == "goes-on":
            self.void_by = None
            away = list(self.pauses.values())[-1]  # since the withdrawal, which nothing but this ends
            away.until = max(away.since, fact.at)
            self._moved(fact)

    def merged(self, fact: ClockFact) -> None:
        """The other case's clocks go on."""
        self._ends(fact, "merged")

    def _ends(self, fact: ClockFact, why: str) -> bool:
        """Nobody waits any more; one that had run out stays what it is."""
        if self._ended:
            return False
        if self.over(fact.at):
            self._stop(fact)
            return False
        self.void_by = why
        self._moved(fact)
        return True

    def paused(self, fact: ClockFact) -> None:
        """It stands still, for reasons that the rule knows."""
        if self._ended or fact.key is None or fact.key in self.pauses:
            return
        if fact.code not in self.rule.pauses:
            self.passed_over.append((fact.event_id, "pause-reason-unknown"))
        elif self.over(fact.at):
            self.passed_over.append((fact.event_id, "already-over"))
        else:
            self.pauses[fact.key] = Pause(fact.at)
            self._moved(fact)

    def resumed(self, fact: ClockFact) -> None:
        """It goes on."""
        one = self.pauses.get(fact.key or "")
        if one is not None and one.until is None and not self._ended:
            one.until = max(one.since, fact.at)
            self._moved(fact)

    def closed(self, fact: ClockFact) -> None:
        """Nothing is appraised or mediated any more, so every pause ends with the case."""
        waiting = [one for one in self.pauses.values() if one.until is None]
        for one in waiting:
            one.until = max(one.since, fact.at)
        if waiting:
            self._moved(fact)

    def extended(self, fact: ClockFact) -> None:
        """It may take longer, from its start, never longer than its last step."""
        if self._ended or fact.key != self.rule.clock:
            return
        length = self._wanted(fact)
        step = self._step(fact, length)
        why = self._not_extended(fact, step)
        if step is None or why is not None:
            self.passed_over.append((fact.event_id, why or "step-unknown"))
            return
        self.length = min(step.length, max(length or step.length, self.length))
        self.extension = step.code
        self._moved(fact)

    def _wanted(self, fact: ClockFact) -> int | None:
        """The whole length that is asked for, in the rule's unit; None: what the step gives."""
        if fact.more is not None and fact.unit in {None, self.rule.unit}:
            return self.length + fact.more
        if fact.until is None:
            return None
        day, length = self.days.day_of(fact.until), self.length
        while length < self.rule.longest and last_day(self.first_day, length, self.rule.unit, self.days) < day:
            length += 1
        return length

    def _step(self, fact: ClockFact, length: int | None) -> ExtensionStep | None:
        """The step that the reason names, else the first that is long enough, else the last."""
        steps = self.rule.extensions
        named = next((one for one in steps if one.code == fact.code), None)
        long_enough = (one for one in steps if one.length >= (length or self.length + 1))
        return named or next(long_enough, steps[-1] if steps else None)

    def _not_extended(self, fact: ClockFact, step: ExtensionStep | None) -> str | None:
        if self.agreed is not None:
            return "time-agreed"
        if step is None:
            return "step-unknown"
        if fact.more is not None and fact.unit not in {None, self.rule.unit}:
            return "other-unit"
        if step.length <= self.length:
            return "not-longer"
        if self.over(fact.at):
            return "already-over"
        return self._not_allowed(fact, step)

    def _not_allowed(self, fact: ClockFact, step: ExtensionStep) -> str | None:
        if step.approvers and fact.level not in step.approvers:
            return "approver-level"
        untold = fact.notice_at is None or self.over(fact.notice_at)
        return "notice-missing" if step.notice and untold else None

    def agree(self, fact: ClockFact) -> None:
        """Both sides agree on its last day, earlier or later; the last agreement holds."""
        if self._ended or fact.key != self.rule.clock or fact.due_on is None:
            return
        made_on = max(self.days.day_of(fact.at), self.first_day)
        why = self._not_agreed(fact, fact.due_on, made_on)
        if why is not None:
            self.passed_over.append((fact.event_id, why))
            return
        self.agreed = Agreed(fact.due_on, made_on)
        self._moved(fact)

    def _not_agreed(self, fact: ClockFact, due_on: date, made_on: date) -> str | None:
        if not self.rule.agreement:
            return "not-open-to-agreement"
        if self.over(fact.at):
            return "already-over"
        if due_on < made_on:
            return "day-passed"
        return "day-too-far" if (due_on - self.first_day).days > LENGTH_MAX else None

    def new_facts(self, fact: ClockFact) -> None:
        """New facts begin it anew, without extensions and agreed days; a pause that goes on goes on."""
        if not self.rule.restarts or self._ended:
            return
        if self.over(fact.at):
            self.passed_over.append((fact.event_id, "already-over"))
            return
        self.number += 1
        self.escalated = set()
        self.pauses = {key: one for key, one in self.pauses.items() if one.until is None}
        for one in self.pauses.values():
            one.since = max(one.since, fact.at)
        self._begin(fact)

    # What it recorded itself

    def was_escalated(self, fact: ClockFact) -> None:
        """A share of its time was told to be over."""
        if fact.key == self.rule.clock and fact.run == self.number:
            self.escalated.add(fact.threshold)

    def was_breached(self, fact: ClockFact) -> None:
        """A recorded breach stands, whatever is recorded later."""
        if fact.key == self.rule.clock and fact.run == self.number:
            self.breached, self.void_by = True, None


_CHANGES: Final[Mapping[str, Callable[[Run, ClockFact], None]]] = MappingProxyType(
    {
        "asserted-answer": Run.asserted,
        "withdrawn": Run.withdrawn,
        "reopened": Run.reopened,
        "merged": Run.merged,
        "paused": Run.paused,
        "resumed": Run.resumed,
        "closed": Run.closed,
        "extended": Run.extended,
        "agreed": Run.agree,
        "new-facts": Run.new_facts,
        "escalated": Run.was_escalated,
        "breached": Run.was_breached,
    }
)


def shares(run: Run, due_at: datetime, percents: Sequence[int]) -> dict[int, datetime]:
    """When each share of a clock's time is over; paused time is nobody's. Whole seconds, rounded down."""
    still = _still(run, due_at)
    counted = due_at - run.started_at - sum((until - since for since, until in still), timedelta())
    return {percent: _after(run.started_at, max(counted, timedelta()) * percent // 100, still) for percent in percents}


def _still(run: Run, due_at: datetime) -> list[tuple[datetime, datetime]]:
    found: list[tuple[datetime, datetime]] = []
    for one in sorted(run.pauses.values(), key=lambda pause: pause.since):
        since = max(one.since, run.started_at, *(until for _, until in found[-1:]))
        until = min(one.until or due_at, due_at)
        if since < until:
            found.append((since, until))
    return found


def _after(start: datetime, share: timedelta, still: Sequence[tuple[datetime, datetime]]) -> datetime:
    at = start + share
    for since, until in still:
        if since >= at:
            break
        at += until - since
    return at.replace(microsecond=0)
