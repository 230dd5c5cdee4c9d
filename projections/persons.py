"""Who is who, by the merges in the rows of customer profiles: each row tells those of its own customer.

A row lies in the customer's partition, and each round asks every partition for the rows that it knows of. What stands
in the row of the smaller id counts; the other's says only where to look.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from domain.customer_identity import MergeStatus
from domain.person import Person, people_of, person_of
from projections.models import ReadModels
from projections.references import from_json

PROFILES = "customer_profile"
PAGE = 1000


class MergeSide(NamedTuple):
    """A customer's side of a merge: the other customer, and how it stands since when."""

    other_id: UUID
    status: MergeStatus
    since: datetime


Merges = Mapping[UUID, MergeSide]
"""By the merge's id."""


async def person(models: ReadModels, customer_id: UUID) -> Person:
    """The person that a customer is, as far as the read model has read."""
    return (await persons(models, [customer_id]))[customer_id]


async def persons(models: ReadModels, customer_ids: Collection[UUID]) -> dict[UUID, Person]:
    """The person that each customer is."""
    return await persons_by(partial(merges_of, models), customer_ids)


async def persons_by(
    merges: Callable[[Iterable[UUID]], Awaitable[Mapping[UUID, Merges]]], customer_ids: Collection[UUID]
) -> dict[UUID, Person]:
    """The same, by whoever tells the `merges` of customers as `merges_of` does."""
    known: dict[UUID, Merges] = {}
    look = set(customer_ids)
    while look:
        found = await merges(look)
        known |= {one: found.get(one, {}) for one in look}
        look = {side.other_id for of in found.values() for side in of.values()} - known.keys()
    merged = list(pairs(known))
    return {one: person_of(one, merged) for one in customer_ids}


def pairs(known: Mapping[UUID, Merges]) -> Iterator[tuple[UUID, UUID]]:
    """The merges that stand, each told by the customer with the smaller id."""
    for customer_id, side in standing(known):
        yield customer_id, side.other_id


def standing(known: Mapping[UUID, Merges]) -> Iterator[tuple[UUID, MergeSide]]:
    """The sides of the merges that stand, of the customer with the smaller id."""
    for customer_id, merges in known.items():
        for side in merges.values():
            if side.status == "merged" and customer_id < side.other_id:
                yield customer_id, side


async def merges_of(models: ReadModels, customer_ids: Iterable[UUID]) -> dict[UUID, Merges]:
    """The merges that these customers take or took part in; who never did is absent."""
    pages = await asyncio.gather(
        *(
            models.fetch(PROFILES, "merges_of", partition, ids)
            for partition, ids in models.record.by_partition(customer_ids).items()
        )
    )
    return {row["customer_id"]: read_merges(row["merges"]) for page in pages for row in page}


def read_merges(kept: str) -> Merges:
    """The merges of a row."""
    return {
        UUID(key): MergeSide(UUID(other), status, datetime.fromisoformat(since))
        for key, (other, status, since) in from_json(kept).items()
    }


class Merged:
    """All customers who take or took part in a merge, and who of them was one person before a moment."""

    def __init__(self, known: Mapping[UUID, Merges]) -> None:
        self.customer_ids = frozenset(known) | {side.other_id for of in known.values() for side in of.values()}
        self.sides = tuple(standing(known))
        self._people: dict[datetime | None, dict[UUID, Person]] = {}

    def people(self, customer_ids: Iterable[UUID], until: datetime | None) -> set[UUID]:
        """The canonical ids of these customers by the merges that stand and were made before a moment (None: all)."""
        known = self._people.get(until)
        if known is None:
            made = [(one, side.other_id) for one, side in self.sides if until is None or side.since < until]
            known = self._people[until] = people_of(made)
        return {known[one].canonical_id if one in known else one for one in customer_ids}


class Unfinished(NamedTuple):
    """A merge that does not stand alike with both customers; `customer_id` is the smaller of their ids."""

    customer_id: UUID
    other_id: UUID
    merge_id: UUID
    status: MergeStatus
    since: datetime


def unfinished(customer_id: UUID, merges: Merges, others: Mapping[UUID, Merges]) -> Iterator[Unfinished]:
    """The merges of a customer that are not completed, or differ between the two sides."""
    for merge_id, (other_id, status, since) in merges.items():
        theirs = others.get(other_id, {}).get(merge_id)
        if status == "claimed" or (status != "cancelled" and (theirs is None or theirs.status != status)):
            smaller, larger = sorted((customer_id, other_id))
            yield Unfinished(smaller, larger, merge_id, status, since)


async def who_merged(models: ReadModels) -> Merged:
    """Everybody who was ever merged."""
    return Merged(await all_merges(models))


async def all_merges(models: ReadModels) -> dict[UUID, Merges]:
    """The merges of everybody who was ever in one: few, so that they are all looked at."""
    known: dict[UUID, Merges] = {}
    for partition in range(models.record.partitions):
        after = -1
        while True:
            rows = await models.fetch(PROFILES, "merging", partition, after, PAGE)
            known |= {row["customer_id"]: read_merges(row["merges"]) for row in rows}
            if len(rows) < PAGE:
                break
            after = rows[-1]["position"]
    return known
