"""Unusual access: by which rules a day of an actor's looks at personal data is worth a question. Pure, and data.

A rule never says that something wrong was done. It names figures and the threshold that they passed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from statistics import median_low
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass as value

from domain.codes import Code

RuleName = Literal[
    "above-own-norm",
    "above-role-norm",
    "break-glass",
    "colleague",
    "confidential-matter",
    "denied-requests",
    "empty-searches",
    "night",
    "no-relation",
    "own-record",
    "watched-segment",
]
RULE_NAMES: Final[tuple[RuleName, ...]] = get_args(RuleName)

Count = Annotated[int, Field(ge=1, le=1_000_000)]
Days = Annotated[int, Field(ge=1, le=366)]
Hour = Annotated[int, Field(ge=0, le=23)]
TypePattern = Annotated[str, StringConstraints(max_length=100, min_length=3, pattern=r"^[a-z-]+\.(\*|[a-z-]+)$")]

# Values are dataclasses with their fields in alphabetical order, as in `domain.codes`.
_STRICT: Final = ConfigDict(extra="forbid")


@value(frozen=True, slots=True, config=_STRICT)
class AtLeast:
    """So many on one day."""

    least: Count


@value(frozen=True, slots=True, config=_STRICT)
class AboveOwnNorm:
    """Customers looked at: at least so many, and more than so many times the actor's median day.

    The norm is that of the days of the last `history_days` on which the actor looked at anybody, if there are
    `days_least` of them.
    """

    days_least: Days
    history_days: Days
    least: Count
    times: Count


@value(frozen=True, slots=True, config=_STRICT)
class AboveRoleNorm:
    """Customers looked at: at least so many, and more than so many times the day's median of everybody with the role.

    A role counts that so many actors had on that day; of several roles the one whose median is highest.
    """

    actors_least: Count
    least: Count
    times: Count


@value(frozen=True, slots=True, config=_STRICT)
class Night:
    """Looks from one hour of the bank's day until before another; over midnight where the first is the later one."""

    least: Count
    since_hour: Hour
    until_hour: Hour

    def has(self, hour: int) -> bool:
        """Whether an hour of the day is in the night."""
        if self.since_hour <= self.until_hour:
            return self.since_hour <= hour < self.until_hour
        return hour >= self.since_hour or hour < self.until_hour


@value(frozen=True, slots=True, config=_STRICT)
class NoRelation:
    """Customers of whom nothing was recorded in so many days before, nor on the day, that explains a look.

    `relations`: the types of events that do, such as `interaction.*`.
    """

    days: Days
    least: Count
    relations: Annotated[tuple[TypePattern, ...], Field(max_length=100)]


@value(frozen=True, slots=True, config=_STRICT)
class WatchedSegment:
    """Customers in segments whose data draws the curious."""

    least: Count
    segments: Annotated[tuple[Code, ...], Field(max_length=100)]


@value(frozen=True, slots=True, kw_only=True, config=_STRICT)
class WatchRules:
    """All rules; one that is None is off."""

    above_own_norm: AboveOwnNorm | None = None
    above_role_norm: AboveRoleNorm | None = None
    break_glass: AtLeast | None = None
    colleague: AtLeast | None = None
    confidential_matter: AtLeast | None = None
    denied_requests: AtLeast | None = None
    empty_searches: AtLeast | None = None
    night: Night | None = None
    no_relation: NoRelation | None = None
    own_record: AtLeast | None = None
    watched_segment: WatchedSegment | None = None


@dataclass(frozen=True, slots=True)
class ActorDay:
    """What one actor looked at on one day, as the rules need it.

    `hours`: looks by hour. `history`: customers on each earlier day on which the actor looked at anybody.
    `role_medians`: of each of the actor's roles the number of actors and the median of customers on this day.
    `named`: customers by the rule that they are counted for.
    """

    customers: int = 0
    hours: Sequence[int] = (0,) * 24
    break_glass: int = 0
    empty_searches: int = 0
    denied: int = 0
    confidential: int = 0
    history: Sequence[int] = ()
    role_medians: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    named: Mapping[RuleName, Sequence[UUID]] = field(default_factory=dict[RuleName, Sequence[UUID]])


@dataclass(frozen=True, slots=True)
class Unusual:
    """A rule that a day passed: the figures, and the thresholds in force."""

    rule: RuleName
    figures: Mapping[str, int]
    thresholds: Mapping[str, object]


def unusual(rules: WatchRules, day: ActorDay) -> Iterator[Unusual]:
    """The rules that a day passes, by name."""
    for name in RULE_NAMES:
        rule: Any = getattr(rules, name.replace("-", "_"))
        if rule is not None and (figures := _JUDGES[name](rule, day)) is not None:
            yield Unusual(name, figures, {one.name: getattr(rule, one.name) for one in fields(rule)})


def _own_norm(rule: AboveOwnNorm, day: ActorDay) -> Mapping[str, int] | None:
    if len(day.history) < rule.days_least or day.customers < rule.least:
        return None
    usual = median_low(day.history)
    found = {"customers": day.customers, "days": len(day.history), "median": usual}
    return found if day.customers > rule.times * usual else None


def _role_norm(rule: AboveRoleNorm, day: ActorDay) -> Mapping[str, int] | None:
    known = [of for of in day.role_medians.values() if of[0] >= rule.actors_least]
    if not known or day.customers < rule.least:
        return None
    actors, usual = max(known, key=lambda of: (of[1], of[0]))
    found = {"actors": actors, "customers": day.customers, "median": usual}
    return found if day.customers > rule.times * usual else None


def _night(rule: Night, day: ActorDay) -> Mapping[str, int] | None:
    looks = sum(count for hour, count in enumerate(day.hours) if rule.has(hour))
    return {"looks": looks} if looks >= rule.least else None


def _counted(what: str, count: Callable[[ActorDay], int]) -> "Callable[[AtLeast, ActorDay], Mapping[str, int] | None]":
    def judge(rule: AtLeast, day: ActorDay) -> Mapping[str, int] | None:
        found = count(day)
        return {what: found} if found >= rule.least else None

    return judge


def _named(name: RuleName) -> Callable[..., Mapping[str, int] | None]:
    return _counted("customers", lambda day: len(day.named.get(name, ())))


_JUDGES: Final[Mapping[RuleName, Callable[..., Mapping[str, int] | None]]] = MappingProxyType(
    {
        "above-own-norm": _own_norm,
        "above-role-norm": _role_norm,
        "break-glass": _counted("looks", lambda day: day.break_glass),
        "colleague": _named("colleague"),
        "confidential-matter": _counted("looks", lambda day: day.confidential),
        "denied-requests": _counted("requests", lambda day: day.denied),
        "empty-searches": _counted("searches", lambda day: day.empty_searches),
        "night": _night,
        "no-relation": _named("no-relation"),
        "own-record": _named("own-record"),
        "watched-segment": _named("watched-segment"),
    }
)
