"""Finding customers by what is sealed: candidates from the blind index, each confirmed by the current value.

A candidate's value may have been corrected or removed since, so it is opened and compared; that is a look like any
other.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from domain.person import Person
from domain.search_terms import SEARCHED_CONTACT_POINTS, SearchKind, normalised
from engine.looking import Looker
from engine.opening import Opener
from projections.people import People
from projections.profile_query import Profile
from projections.references import SealedAt
from vault.blind_index import BlindIndex

FIRST: Final = UUID(int=0)
SEARCHED_FIELDS: Final[dict[SearchKind, tuple[str, str]]] = {
    "name": ("identity", "name"),
    "phone": ("contact", "value"),
    "email": ("contact", "value"),
    "address": ("contact", "value"),
    "document": ("identity", "number"),
}
"""Record class and field that a search compares."""


class FoundProfile(NamedTuple):
    """A customer who has the value, and the person they are."""

    profile: Profile
    person: Person


class FoundProfiles(NamedTuple):
    """People, each told by the first of their customers who has the value, in the order of these customers' ids.

    `last`: the customer behind whom to go on; None: there are no more.
    """

    profiles: list[FoundProfile]
    last: UUID | None


class CustomerSearch:
    """Searches every partition; finds nothing by what the one who asks is not shown. `people`: who there is."""

    def __init__(self, people: People, index: BlindIndex, opener: Opener) -> None:
        self.people = people
        self.opener = opener
        self._index = index

    async def find(self, looker: Looker, kind: SearchKind, wanted: str, *, after: UUID, limit: int) -> FoundProfiles:
        """People of whom a customer behind `after`, and none before, has this normalised value now; at most `limit`.

        Raises:
            LookNotRecorded, EnvelopeCorrupt: see `Opener.open`.
        """
        token = self._index.token(kind, wanted)
        found: list[FoundProfile] = []
        while True:
            candidates = await self._candidates(kind, token, after, limit + 1)
            confirmed = await self._confirmed(looker, kind, wanted, candidates)
            found += await self._first_of_each(looker, kind, wanted, confirmed)
            if len(found) > limit:
                return FoundProfiles(found[:limit], found[limit - 1].profile.customer_id)
            if len(candidates) <= limit:
                return FoundProfiles(found, None)
            after = candidates[-1]

    async def ever_had(self, kind: SearchKind, wanted: str, limit: int) -> list[UUID]:
        """The first customers, by id, who have or had this normalised value. Nothing is opened."""
        return await self._candidates(kind, self._index.token(kind, wanted), FIRST, limit)

    async def have_now(
        self, looker: Looker, kind: SearchKind, wanted: str, candidates: Sequence[UUID]
    ) -> list[Profile]:
        """Those of these customers who have the value now.

        Raises:
            LookNotRecorded, EnvelopeCorrupt: see `Opener.open`.
        """
        return await self._confirmed(looker, kind, wanted, candidates)

    async def _first_of_each(
        self, looker: Looker, kind: SearchKind, wanted: str, confirmed: Sequence[Profile]
    ) -> list[FoundProfile]:
        """Those whose person has no smaller id that has the value too: that one tells them."""
        who = await self.people.persons([one.customer_id for one in confirmed])
        found: list[FoundProfile] = []
        for one in confirmed:
            of = who[one.customer_id]
            smaller = [other for other in of.customer_ids if other < one.customer_id]
            if not (smaller and await self._confirmed(looker, kind, wanted, smaller)):
                found.append(FoundProfile(one, of))
        return found

    async def _candidates(self, kind: SearchKind, token: bytes, after: UUID, limit: int) -> list[UUID]:
        partitions = range(self.people.record.partitions)
        pages = await asyncio.gather(
            *(self._index.find(partition, kind, token, after=after, limit=limit) for partition in partitions)
        )
        return sorted({one for page in pages for one in page})[:limit]

    async def _confirmed(
        self, looker: Looker, kind: SearchKind, wanted: str, candidates: Sequence[UUID]
    ) -> list[Profile]:
        shown = [one for one in candidates if looker.decide(one, *SEARCHED_FIELDS[kind]) == "shown"]
        found: list[Profile] = []
        for partition, of in self.people.record.by_partition(shown).items():
            seen = await self.people.profiles(partition, of, looker.sight)
            name = SEARCHED_FIELDS[kind][1]
            opened = await self.opener.open(
                looker, partition, {at: (name,) for one in seen for at in _values(one, kind)}
            )
            matching = {at for at, fields in opened.items() if _same(kind, fields.get(name), wanted)}
            found += [one for one in seen if not matching.isdisjoint(_values(one, kind))]
        return sorted(found, key=lambda one: one.customer_id)


def _values(profile: Profile, kind: SearchKind) -> list[SealedAt]:
    """Where the current values of a kind are sealed."""
    if kind == "name":
        return [] if profile.name is None else [profile.name]
    if kind == "document":
        return [one.number for one in profile.documents if one.number is not None]
    kinds = dict(SEARCHED_CONTACT_POINTS.kinds)
    return [
        point.value for point in profile.contact_points if kinds.get(point.kind) == kind and point.value is not None
    ]


def _same(kind: SearchKind, value: object, wanted: str) -> bool:
    return isinstance(value, str) and normalised(kind, value) == wanted
