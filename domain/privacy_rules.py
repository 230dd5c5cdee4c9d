"""How long personal data is kept and what an erasure does to it: rules and facts as data, one pure decision.

A retention rule says: this record class, so many months from this moment, on this legal basis. Where the law itself
demands to keep it (`duty`), a person's request waits for the rule too; other rules only say when data must go.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

from domain.codes import Code

Trigger = Literal["last-recorded", "matter-ended", "relationship-ended"]
"""What a period of retention starts with."""

Outcome = Literal["erased", "restricted", "refused"]
"""What becomes of a record class: gone; kept and not used until a date; kept for now."""

Occasion = Literal["request", "retention-end"]
"""Why erasing is thought of: a person asked for it, or nothing asks to keep it any more."""

RecordClass = Annotated[str, StringConstraints(max_length=63, pattern=r"^[a-z][a-z0-9_]*$")]
RecordClasses = Annotated[tuple[RecordClass, ...], Field(max_length=50)]

ScheduleVersion = Annotated[int, Field(ge=1, le=1_000_000)]

RESTRICTED_PURPOSES: Final = frozenset({"audit", "investigation", "privacy-request"})
"""Purposes of looking that a restriction leaves open: legal claims and the rights of the person (GDPR art. 18(2))."""

HELD: Final = "legal-hold"
"""The basis of what is refused because a legal hold stands."""
NO_RULE: Final = "no-retention-rule"
"""The basis of what is not disposed of: no rule says that its time is over."""

# Values are dataclasses with their fields in alphabetical order, as in `domain.codes`.
_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class RetentionRule:
    """How long a record class is kept, from when on, and why."""

    basis: Code
    duty: bool
    months: Annotated[int, Field(ge=0, le=1200)]
    record_class: RecordClass
    trigger: Trigger


RetentionRules = Annotated[tuple[RetentionRule, ...], Field(max_length=200)]


@dataclass(frozen=True, slots=True, config=_STRICT)
class ClassHeld:
    """What is known of a person's data of one class: the holds over it, and when each trigger came (None: not yet)."""

    holds: Annotated[tuple[UUID, ...], Field(max_length=1000)]
    last_recorded_on: date | None
    matter_ended_on: date | None
    record_class: RecordClass
    relationship_ended_on: date | None


@dataclass(frozen=True, slots=True, config=_STRICT)
class ClassDecision:
    """What becomes of one record class, and on which basis; `until` only of what is restricted."""

    basis: Code | None
    holds: Annotated[tuple[UUID, ...], Field(max_length=1000)]
    outcome: Outcome
    record_class: RecordClass
    until: date | None


ClassDecisions = Annotated[tuple[ClassDecision, ...], Field(max_length=50)]


def judge(of: ClassHeld, rules: Iterable[RetentionRule], day: date, occasion: Occasion) -> ClassDecision:
    """Decide one class. A hold goes before all rules; of several rules the one that keeps longest counts."""
    if of.holds:
        return ClassDecision(HELD, of.holds, "refused", of.record_class, None)
    told = [rule for rule in rules if rule.record_class == of.record_class]
    keeping = told if occasion == "retention-end" else [rule for rule in told if rule.duty]
    if occasion == "retention-end" and not keeping:
        return ClassDecision(NO_RULE, (), "refused", of.record_class, None)
    ends: list[tuple[date, Code]] = []
    for rule in keeping:
        begun = begins_on(of, rule.trigger)
        if begun is None:  # the period has not even begun, so nobody knows when it ends
            return ClassDecision(rule.basis, (), "refused", of.record_class, None)
        ends.append((months_after(begun, rule.months), rule.basis))
    until, basis = max(ends, default=(day, None))
    if until > day:
        return ClassDecision(basis, (), "restricted", of.record_class, until)
    return ClassDecision(None, (), "erased", of.record_class, None)


def judge_all(
    held: Sequence[ClassHeld], rules: Sequence[RetentionRule], day: date, occasion: Occasion
) -> tuple[ClassDecision, ...]:
    """Decide each class, in the order of their names."""
    ordered = sorted(held, key=lambda one: one.record_class)
    return tuple(judge(of, rules, day, occasion) for of in ordered)


def begins_on(of: ClassHeld, trigger: Trigger) -> date | None:
    """The day that a period of retention starts with; None: it has not come."""
    match trigger:
        case "last-recorded":
            return of.last_recorded_on
        case "matter-ended":
            return of.matter_ended_on
        case "relationship-ended":
            return of.relationship_ended_on


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
