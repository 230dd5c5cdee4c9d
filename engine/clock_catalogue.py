"""The policies and calendars that clocks are counted by: what is activated and adopted in the record."""

import hashlib
from collections import defaultdict
from dataclasses import replace
from datetime import date, time
from typing import NamedTuple, cast
from uuid import UUID

from domain.clock_policy import ClockPolicyActivated, ClockPolicyProposed
from domain.clocks import Catalogue, PolicyTable
from domain.counting import Calendar, DayTable
from domain.kernel import Event
from domain.working_calendar import CalendarAdopted, CalendarDrafted
from engine.mapping import EventMapper
from engine.rule_versions import active_versions, in_force_since
from projections.models import ReadModels
from store.canonical import canonical_json


class Known(NamedTuple):
    """A catalogue, and a digest that tells it from any other."""

    catalogue: Catalogue
    digest: str


async def known(models: ReadModels, mapper: EventMapper) -> Known:
    """All that is in force now or will be.

    The first version of a policy or calendar reaches back as far as it says; a later one takes effect on the day that
    it names, never before the day after it was recorded as activated or adopted.
    """
    policies: dict[str, list[PolicyTable]] = defaultdict(list)
    for one in await active_versions(models, mapper, ClockPolicyProposed, ClockPolicyActivated):
        versions = policies[one.proposed.regime]
        since = in_force_since(one.proposed.in_force_from, one.activated_at, first=not versions)
        versions.append(policy_table(one.proposed, since))
    tables: dict[str, list[DayTable]] = defaultdict(list)
    for one in await active_versions(models, mapper, CalendarDrafted, CalendarAdopted):
        versions = tables[one.proposed.calendar]
        since = in_force_since(one.proposed.in_force_from, one.activated_at, first=not versions)
        versions.append(day_table(one.proposed, since))
    calendars = {name: Calendar(name, tuple(sorted(of, key=_number))) for name, of in tables.items()}
    return known_of(Catalogue({name: tuple(of) for name, of in policies.items()}, calendars))


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
        close_of_business=None if event.close_of_business is None else time.fromisoformat(event.close_of_business),
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
    found = await models.record.read_stream(stream_id, -1, 1)
    event = mapper.fact(found[0]).event if found else None
    return event if isinstance(event, (ClockPolicyProposed, CalendarDrafted)) else None


def _number(one: DayTable) -> tuple[int, date]:
    return one.version, one.effective_from
