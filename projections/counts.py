"""What measures come to, added up over all partitions.

People are counted each once. Most customers never took part in a merge: all rows of such a customer lie in one
partition, so the database counts them there. Those who did are few: of them the ids are told, and put together here, by
the merges that stand and were made by the end of the period, or of the month where it is grouped by month.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from domain.matters import Sight
from projections.errors import MeasureRefused
from projections.measures import CELLS_MAX, MONTH, Amount, Asked, Group, Measure, cell_parts
from projections.models import ReadModels
from projections.persons import Merged, who_merged
from projections.seeing import arguments_of

ALONE = " and r.merges = '{}'"
"""Of rows that are customers: those who never took part in a merge."""


async def count(models: ReadModels, measure: Measure, asked: Asked, sight: Sight) -> dict[Group, Amount]:
    """What a measure comes to in each group of `asked.by` (those that it has).

    Raises:
        MeasureRefused: these are more groups than can be shown.
    """
    of = asked.within(measure.dimensions)
    if not measure.of_people:
        return await _added_up(models, measure, of, sight)
    merged = await who_merged(models)
    if measure.counts == "people":
        return await _people(models, measure, of, sight, merged)
    if measure.counts == "standing":
        return await _standing(models, measure, of, sight, merged)
    return await _stayed(models, measure, of, sight, merged)


async def _added_up(models: ReadModels, measure: Measure, of: Asked, sight: Sight) -> dict[Group, Amount]:
    since = None if measure.counts == "open" else of.since
    asked = (since, of.until, list(of.where.values()), *arguments_of(sight), CELLS_MAX + 1)
    parts = cell_parts(measure, of)
    pages = await models.fetch_all(measure.source.projection, "measure_cells", *asked, parts=parts)
    found: defaultdict[Group, Amount] = defaultdict(Amount)
    for row in chain.from_iterable(pages):
        *group, value, amount = row
        cell = found[tuple(group)]
        cell.total += amount if value is None else value * amount
        if value is not None:
            cell.spread[value] += amount
    return _checked(found)


def _checked(found: dict[Group, Amount]) -> dict[Group, Amount]:
    if len(found) > CELLS_MAX:
        raise MeasureRefused(
            "these are more than {most:,} cells: group by less, or ask for a shorter time", most=CELLS_MAX
        )
    return found


# People of rows


async def _people(models: ReadModels, measure: Measure, of: Asked, sight: Sight, merged: Merged) -> dict[Group, Amount]:
    asked = (of.since, of.until, list(of.where.values()), *arguments_of(sight), CELLS_MAX + 1, [*merged.customer_ids])
    parts = cell_parts(measure, of)
    pages = await models.fetch_all(measure.source.projection, "measure_people", *asked, parts=parts)
    alone: Counter[Group] = Counter()
    others: defaultdict[Group, set[UUID]] = defaultdict(set)
    for row in chain.from_iterable(pages):
        *group, amount, customer_ids = row
        alone[tuple(group)] += amount
        others[tuple(group)].update(customer_ids or ())
    return _checked(
        {
            group: Amount(amount + len(merged.people(others[group], until_of(group, of))))
            for group, amount in alone.items()
        }
    )


def until_of(group: Group, of: Asked) -> datetime | None:
    """The end of a cell: of its month, or of the whole period; None: there is none."""
    if MONTH not in of.by:
        return of.until
    return Asked(of.first, of.last, (), {MONTH: group[of.by.index(MONTH)]}).within((MONTH,)).until


# People among customers


class Member(NamedTuple):
    """A customer who took part in a merge. `wanted`: is of the cells that were asked for."""

    group: Group
    customer_id: UUID
    begun_at: datetime
    ended_at: datetime | None
    wanted: bool

    def stands(self, moment: datetime | None) -> bool:
        """Whether they were a customer before a moment, and were so then (None: and are)."""
        if moment is None:
            return self.ended_at is None
        return self.begun_at < moment and (self.ended_at is None or self.ended_at >= moment)


async def members(models: ReadModels, measure: Measure, of: Asked, sight: Sight) -> list[Member]:
    """All customers who took part in merges and had come by the end, grouped by the dimensions that are no month."""
    timeless = replace(of, by=tuple(name for name in of.by if name != MONTH))
    asked = (of.since, of.until, list(of.where.values()), *arguments_of(sight))
    parts = {**cell_parts(measure, timeless), "ends": f"r.{measure.until[0]}"}
    pages = await models.fetch_all(measure.source.projection, "measure_members", *asked, parts=parts)
    of_group = len(timeless.by)
    return [Member(tuple(row[:of_group]), *row[of_group:]) for row in map(tuple, chain.from_iterable(pages))]


async def _standing(
    models: ReadModels, measure: Measure, of: Asked, sight: Sight, merged: Merged
) -> dict[Group, Amount]:
    """Who had come less who had gone, at the end of the period, or of each of its months in which anything changed."""
    (ends,) = measure.until
    all_before, alone = (
        Asked(None, of.last, of.by, of.where),
        replace(measure, counts="rows", where=measure.where + ALONE),
    )
    changes: Counter[Group] = Counter()
    for flow, sign in ((alone, 1), (replace(alone, at=ends), -1)):
        for group, amount in (await _added_up(models, flow, all_before, sight)).items():
            changes[group] += sign * amount.total
    others = defaultdict[Group, list[Member]](list)
    for one in await members(models, measure, all_before, sight):
        if one.wanted:
            others[one.group].append(one)
    if MONTH not in of.by:
        groups = {*changes, *others}
        return {
            group: Amount(changes[group] + len(_standing_people(others[group], of.until, merged))) for group in groups
        }
    return _by_month(changes, others, of, merged)


def _by_month(
    changes: Counter[Group], others: defaultdict[Group, list[Member]], of: Asked, merged: Merged
) -> dict[Group, Amount]:
    place = of.by.index(MONTH)
    months = defaultdict[Group, set[str]](set)
    for group in changes:
        months[group[:place] + group[place + 1 :]].add(group[place])
    for group, found in others.items():
        moments = [moment for one in found for moment in (one.begun_at, one.ended_at)]
        moments += [side.since for _, side in merged.sides]
        until = of.until
        months[group] |= {_month(one) for one in moments if one is not None and (until is None or one < until)}
    standing: dict[Group, Amount] = {}
    for group, changed in months.items():
        running = 0
        for month in sorted(changed):
            cell = (*group[:place], month, *group[place:])
            running += changes[cell]
            people = _standing_people(others[group], until_of(cell, replace(of, first=None)), merged)
            standing[cell] = Amount(running + len(people))
    return standing


def _month(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m}"


def _standing_people(found: Iterable[Member], moment: datetime | None, merged: Merged) -> set[UUID]:
    return merged.people([one.customer_id for one in found if one.stands(moment)], moment)


async def _stayed(models: ReadModels, measure: Measure, of: Asked, sight: Sight, merged: Merged) -> dict[Group, Amount]:
    """Who had begun before the period, or of these is kept until its end; before all time nobody had."""
    if of.since is None:
        return {}
    found = await members(models, measure, of, sight)
    kept = {*_standing_people(found, of.until, merged)}
    alone, before = from_the_start(measure, of)
    counted = await _added_up(models, alone, before, sight)
    people = defaultdict[Group, set[UUID]](set)
    for one in found:
        if one.wanted and one.stands(of.since):
            people[one.group] |= merged.people([one.customer_id], of.until)
    none = Amount()
    return {
        group: Amount(
            counted.get(group, none).total + len(people[group] & kept if measure.counts == "kept" else people[group])
        )
        for group in {*counted, *people}
    }


def from_the_start(measure: Measure, of: Asked) -> tuple[Measure, Asked]:
    """What had begun before a period, of customers who were never merged, as rows: that time has no end to look for."""
    (ends,) = measure.until
    stays = of.since if measure.counts == "begun" else of.until
    still = "" if stays is None else f" or r.{ends} >= timestamptz '{stays.isoformat()}'"
    where = "false" if of.first is None else f"{measure.where}{ALONE} and (r.{ends} is null{still})"
    last = None if of.first is None else of.first - timedelta(days=1)
    return replace(measure, counts="rows", where=where), Asked(None, last, of.by, of.where)


# The people behind a figure


class Someone(NamedTuple):
    """A person of several customers, or whose rows lie in several partitions: since when, and which streams tell it."""

    id: UUID
    at: datetime
    streams: tuple[UUID, ...]


async def someones(models: ReadModels, measure: Measure, of: Asked, sight: Sight, merged: Merged) -> list[Someone]:
    """The people of a cell whom no single partition can count."""
    if measure.counts == "people":
        asked = (of.since, of.until, list(of.where.values()), *arguments_of(sight), [*merged.customer_ids])
        parts = cell_parts(measure, of)
        pages = await models.fetch_all(measure.source.projection, "measure_apart", *asked, parts=parts)
        return _together([tuple(row) for row in chain.from_iterable(pages)], of.until, merged)
    found = await members(models, measure, of, sight)
    moment = of.until if measure.counts == "standing" else of.since
    kept = _standing_people(found, of.until, merged) if measure.counts == "kept" else None
    rows = [(one.customer_id, one.customer_id, one.begun_at) for one in found if one.wanted and one.stands(moment)]
    return [one for one in _together(rows, of.until, merged) if kept is None or one.id in kept]


def _together(rows: Sequence[tuple[Any, ...]], until: datetime | None, merged: Merged) -> list[Someone]:
    """Rows of customer, stream and moment, person by person."""
    of = defaultdict[UUID, list[tuple[datetime, UUID]]](list)
    for customer_id, stream_id, at in rows:
        (who,) = merged.people([customer_id], until)
        of[who].append((at, stream_id))
    return [Someone(who, min(found)[0], tuple(stream for _, stream in sorted(found))) for who, found in of.items()]
