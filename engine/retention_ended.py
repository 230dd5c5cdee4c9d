"""Whose data has come to the end of its retention: what a disposal may be proposed for."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final
from uuid import UUID

from domain.privacy_rules import ClassHeld, RetentionRule, begins_on, judge, months_after
from engine.dossier import dossier_of
from engine.program_commands import now
from engine.retention import schedule_in_force
from engine.wiring import Daybook
from vault.subjects import subjects_after

FIRST: Final = UUID(int=0)
EXAMINED_MAX: Final = 200
"""Customers that one page looks at: each is read from the record."""


@dataclass(frozen=True, slots=True)
class RetentionEnded:
    """A customer's data of one class whose time is over since a day. It stays while `holds` stand over it."""

    customer_id: UUID
    record_class: str
    since: date
    holds: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class EndedPage:
    """By customer. `next`: after whom to go on; None: there is nobody else. `examined`: how many were looked at.

    Without a schedule in force (`schedule_version` None) nobody's time is over.
    """

    schedule_version: int | None
    ended: tuple[RetentionEnded, ...]
    examined: int
    next: UUID | None


async def retention_ended(
    daybook: Daybook, *, record_class: str | None = None, after: UUID = FIRST, examine: int = EXAMINED_MAX
) -> EndedPage:
    """Look at the next customers by id, and list of whom a record class is over by the schedule in force."""
    found = await schedule_in_force(daybook.models, daybook.mapper)
    if found is None:
        return EndedPage(None, (), 0, None)
    version, rules = found[1].schedule_version, found[1].rules
    subjects = await subjects_after(daybook.record.pool, daybook.record.partitions, after, examine + 1)
    ended: list[RetentionEnded] = []
    for customer_id in subjects[:examine]:
        for of in (await dossier_of(daybook, customer_id)).held:
            since = _since(of, rules, now().date()) if record_class in {None, of.record_class} else None
            if since is not None:
                ended.append(RetentionEnded(customer_id, of.record_class, since, of.holds))
    more = len(subjects) > examine
    return EndedPage(version, tuple(ended), min(len(subjects), examine), subjects[examine - 1] if more else None)


async def all_retention_ended(daybook: Daybook, record_class: str | None = None) -> AsyncIterator[EndedPage]:
    """Every page, to the end."""
    after: UUID | None = FIRST
    while after is not None:
        page = await retention_ended(daybook, record_class=record_class, after=after)
        yield page
        after = page.next


def _since(of: ClassHeld, rules: tuple[RetentionRule, ...], day: date) -> date | None:
    """The day since when nothing asks to keep it but a hold; None: something does."""
    if judge(replace(of, holds=()), rules, day, "retention-end").outcome != "erased":
        return None
    told = [rule for rule in rules if rule.record_class == of.record_class]
    begun = [(begins_on(of, rule.trigger), rule.months) for rule in told]
    return max(months_after(start, months) for start, months in begun if start is not None)
