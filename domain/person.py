"""Who is who: one customer, or several that are merged. A pure function of the merges that stand, and of nothing else.

So a person has the same ids after every rebuild, and after a reversal those that they would have had without the merge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Person:
    """All customer ids of one person, the smallest first."""

    customer_ids: tuple[UUID, ...]

    @property
    def canonical_id(self) -> UUID:
        """The id that stands for the person: the smallest."""
        return self.customer_ids[0]

    @property
    def merged_ids(self) -> tuple[UUID, ...]:
        """The other ids."""
        return self.customer_ids[1:]


def person_of(customer_id: UUID, merged: Iterable[tuple[UUID, UUID]]) -> Person:
    """The person of a customer by the pairs that are merged, in whatever order these come and whatever way they go."""
    return _reached(customer_id, _beside(merged))


def people_of(merged: Iterable[tuple[UUID, UUID]]) -> dict[UUID, Person]:
    """The person of every customer in these pairs."""
    beside = _beside(merged)
    people: dict[UUID, Person] = {}
    for one in beside:
        if one not in people:
            who = _reached(one, beside)
            people |= dict.fromkeys(who.customer_ids, who)
    return people


def _beside(merged: Iterable[tuple[UUID, UUID]]) -> dict[UUID, set[UUID]]:
    beside: dict[UUID, set[UUID]] = {}
    for one, other in merged:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    return beside


def _reached(customer_id: UUID, beside: Mapping[UUID, set[UUID]]) -> Person:
    found, look = {customer_id}, [customer_id]
    while look:
        new = beside.get(look.pop(), set()) - found
        found |= new
        look += new
    return Person(tuple(sorted(found)))
