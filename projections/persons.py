"""Who is who, by the merges in the rows of customer profiles: each row tells those of its own customer.

A row lies in the customer's partition, and each round asks every partition for the rows that it knows of. What stands
in the row of the smaller id counts; the other's says only where to look.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from uuid import UUID

from domain.customer_identity import MergeStatus
from domain.person import Person, person_of
from projections.models import ReadModels
from projections.references import from_json

PROFILES = "customer_profile"

Merges = Mapping[UUID, tuple[UUID, MergeStatus]]
"""A customer's side of its merges: the other customer and the state, by the merge's id."""


async def person(models: ReadModels, customer_id: UUID) -> Person:
    """The person that a customer is, as far as the read model has read."""
    return (await persons(models, [customer_id]))[customer_id]


async def persons(models: ReadModels, customer_ids: Collection[UUID]) -> dict[UUID, Person]:
    """The person that each customer is."""
    known: dict[UUID, Merges] = {}
    look = set(customer_ids)
    while look:
        found = await merges_of(models, look)
        known |= {one: found.get(one, {}) for one in look}
        look = {other for of in found.values() for other, _ in of.values()} - known.keys()
    merged = list(pairs(known))
    return {one: person_of(one, merged) for one in customer_ids}


def pairs(known: Mapping[UUID, Merges]) -> Iterator[tuple[UUID, UUID]]:
    """The merges that stand, each told by the customer with the smaller id."""
    for customer_id, merges in known.items():
        for other_id, status in merges.values():
            if status == "merged" and customer_id < other_id:
                yield customer_id, other_id


async def merges_of(models: ReadModels, customer_ids: Iterable[UUID]) -> dict[UUID, Merges]:
    """The merges that these customers take or took part in; who never did is absent."""
    by_partition: dict[int, list[UUID]] = {}
    for one in customer_ids:
        by_partition.setdefault(models.record.partition_of(one), []).append(one)
    pages = await asyncio.gather(
        *(models.fetch(PROFILES, "merges_of", partition, ids) for partition, ids in by_partition.items())
    )
    return {row["customer_id"]: read_merges(row["merges"]) for page in pages for row in page}


def read_merges(kept: str) -> Merges:
    """The merges of a row."""
    return {UUID(key): (UUID(other), status) for key, (other, status) in from_json(kept).items()}
