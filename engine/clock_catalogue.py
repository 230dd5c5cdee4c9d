"""The policies and calendars that clocks are counted by: what is activated and adopted in the record."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from datetime import time as time_of_day
from typing import Final, NamedTuple, cast
from uuid import UUID

from domain.clock_policy import ClockPolicyActivated, ClockPolicyProposed
from domain.clocks import Catalogue, PolicyTable
from domain.counting import Calendar, DayTable
from domain.kernel import Event
from domain.working_calendar import CalendarAdopted, CalendarDrafted
from engine.fresh import Fresh
from engine.mapping import EventMapper
from engine.rule_versions import UNREADABLE, ActiveVersion, ActiveVersions, in_force_since, last_proposed
from projections.models import ReadModels
from store.canonical import canonical_json

LOOK_S: Final = 2.0
"""A policy or calendar that was put in force is known everywhere after so many seconds."""


class Known(NamedTuple):
    """A catalogue, and a digest that tells it from any other."""

    catalogue: Catalogue
    digest: str


class ClockCatalogue:
    """Holds the catalogue; a look reads only the versions that were put in force since the last one."""

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self._policies = ActiveVersions(models, mapper, ClockPolicyProposed, ClockPolicyActivated)
        self._calendars = ActiveVersions(models, mapper, CalendarDrafted, CalendarAdopted)
        self._made_of: tuple[object, object] | None = None
        self._fresh = Fresh(self._look, LOOK_S, despite=UNREADABLE)
        self.latest = known_of(Catalogue({}, {}))
        """What was known at the last look."""

    async def known(self) -> Known:
        """All that is in force now or will be; the same object while nothing was put in force.

        The first version of a policy or calendar reaches back as far as it says; a later one takes effect on the day
        that it names, never before the day after it was recorded as activated or adopted.
        """
        return await self._fresh.look()

    async def _look(self) -> Known:
        policies, calendars = await self._policies.look(), await self._calendars.look()
        made_of = (policies, calendars)
        if self._made_of is None or any(one is not other for one, other in zip(made_of, self._made_of, strict=True)):
            self.latest = known_of(Catalogue(_policies_of(policies), _calendars_of(calendars)))
            self._made_of = made_of
        return self.latest

    async def fresh(self) -> Known:
        """What is known, looked at again if that was longer ago than so many seconds.

        Raises:
            PersistenceError, ReadModelError, ...: nothing is known yet.
        """
        return await self._fresh.get()


def _policies_of(found: Iterable[ActiveVersion[ClockPolicyProposed]]) -> dict[str, tuple[PolicyTable, ...]]:
    policies: dict[str, list[PolicyTable]] = defaultdict(list)
    for one in found:
        versions = policies[one.proposed.regime]
        since = in_force_since(one.proposed.in_force_from, one.activated_at, first=not versions)
        versions.append(policy_table(one.proposed, since))
    return {name: tuple(of) for name, of in policies.items()}


def _calendars_of(found: Iterable[ActiveVersion[CalendarDrafted]]) -> dict[str, Calendar]:
    tables: dict[str, list[DayTable]] = defaultdict(list)
    for one in found:
        versions = tables[one.proposed.calendar]
        since = in_force_since(one.proposed.in_force_from, one.activated_at, first=not versions)
        versions.append(day_table(one.proposed, since))
    return {name: Calendar(name, tuple(sorted(of, key=_number))) for name, of in tables.items()}


def known_of(catalogue: Catalogue) -> Known:
    """The catalogue with its digest."""
    policies = {
        regime: [[one.version, one.effective_from, [rule.__repr__() for rule in one.rules]] for one in of]
        for regime, of in catalogue.policies.items()
    }
    calendars = {
        name: [[repr(replace(one, holidays=frozenset(), working=frozenset(), weekend=frozenset())),
                sorted(one.holidays), sorted(one.working), sorted(one.weekend)] for one in of.tables]
        for name, of in catalogue.calendars.items()
    }  # fmt: skip
    return Known(catalogue, hashlib.sha256(canonical_json([policies, calendars])).hexdigest())


def policy_table(event: ClockPolicyProposed, effective_from: date) -> PolicyTable:
    """The policy that an event proposes, in force from this day."""
    return PolicyTable(event.regime, event.policy_version, effective_from, event.rules)


def day_table(event: CalendarDrafted, effective_from: date) -> DayTable:
    """The calendar that an event drafts, in force from this day."""
    return DayTable(
        version=event.calendar_version,
        effective_from=effective_from,
        covers_from=event.covers_from,
        covers_until=event.covers_until,
        zone=event.zone,
        close_of_business=None
        if event.close_of_business is None
        else time_of_day.fromisoformat(event.close_of_business),
        weekend=frozenset(event.weekend),
        holidays=frozenset(one.day for one in event.days if one.kind == "holiday"),
        working=frozenset(one.day for one in event.days if one.kind == "working"),
        amends_running=event.amends_running,
    )


def with_version(catalogue: Catalogue, event: Event) -> Catalogue:
    """The catalogue as if this policy or calendar had been the only one of its kind, always."""
    if isinstance(event, ClockPolicyProposed):
        return replace(catalogue, policies={**catalogue.policies, event.regime: (policy_table(event, date.min),)})
    table = day_table(cast("CalendarDrafted", event), date.min)
    name = cast("CalendarDrafted", event).calendar
    return replace(catalogue, calendars={**catalogue.calendars, name: Calendar(name, (table,))})


async def proposed(models: ReadModels, mapper: EventMapper, stream_id: UUID) -> Event | None:
    """The policy or calendar of a stream, whether or not anybody agreed to it; None: it is no such stream."""
    kinds: tuple[type[Event], ...] = (ClockPolicyProposed, CalendarDrafted)
    return await last_proposed(models, mapper, stream_id, *kinds)


def _number(one: DayTable) -> tuple[int, date]:
    return one.version, one.effective_from
