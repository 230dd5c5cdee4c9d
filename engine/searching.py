"""Finding customers by what is sealed: candidates from the blind index, each confirmed by the current value.

A candidate's value may have been corrected or removed since, so it is opened and compared; that is a look like any
other.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from domain.search_terms import SEARCHED_CONTACT_POINTS, SearchKind, normalised
from engine.looking import Looker
from engine.opening import Opener
from projections.models import ReadModels
from projections.profile_query import Profile, profiles
from projections.references import SealedAt
from vault.blind_index import BlindIndex

FIRST: Final = UUID(int=0)
SEARCHED_FIELDS: Final[dict[SearchKind, tuple[str, str]]] = {
    "name": ("identity", "name"),
    "phone": ("contact", "value"),
    "email": ("contact", "value"),
}
"""Record class and field that a search compares."""


class FoundProfiles(NamedTuple):
    """Customers in the order of their ids; `more`: there may be more behind the last."""

    profiles: list[Profile]
    more: bool


class CustomerSearch:
    """Searches every partition; finds nothing by what the one who asks is not shown."""

    def __init__(self, models: ReadModels, index: BlindIndex, opener: Opener) -> None:
        self._models = models
        self._index = index
        self._opener = opener

    async def find(self, looker: Looker, kind: SearchKind, wanted: str, *, after: UUID, limit: int) -> FoundProfiles:
        """Customers behind `after` who have this normalised value now, at most `limit`.

        Raises:
            LookNotRecorded, EnvelopeCorrupt: see `Opener.open`.
        """
        token = self._index.token(kind, wanted)
        found: list[Profile] = []
        while True:
            candidates = await self._candidates(kind, token, after, limit + 1)
            found += await self._confirmed(looker, kind, wanted, candidates)
            if len(found) > limit:
                return FoundProfiles(found[:limit], more=True)
            if len(candidates) <= limit:
                return FoundProfiles(found, more=False)
            after = candidates[-1]

    async def _candidates(self, kind: SearchKind, token: bytes, after: UUID, limit: int) -> list[UUID]:
        partitions = range(self._models.record.partitions)
        pages = await asyncio.gather(
            *(self._index.find(partition, kind, token, after=after, limit=limit) for partition in partitions)
        )
        return sorted({one for page in pages for one in page})[:limit]

    async def _confirmed(
        self, looker: Looker, kind: SearchKind, wanted: str, candidates: Sequence[UUID]
    ) -> list[Profile]:
        by_partition: dict[int, list[UUID]] = {}
        for one in candidates:
            if looker.decide(one, *SEARCHED_FIELDS[kind]) == "shown":
                by_partition.setdefault(self._models.record.partition_of(one), []).append(one)
        found: list[Profile] = []
        for partition, of in by_partition.items():
            seen = await profiles(self._models, partition, of, looker.sight)
            name = SEARCHED_FIELDS[kind][1]
            opened = await self._opener.open(
                looker, partition, {at: (name,) for one in seen for at in _values(one, kind)}
            )
            matching = {at for at, fields in opened.items() if _same(kind, fields.get(name), wanted)}
            found += [one for one in seen if not matching.isdisjoint(_values(one, kind))]
        return sorted(found, key=lambda one: one.customer_id)


def _values(profile: Profile, kind: SearchKind) -> list[SealedAt]:
    """Where the current values of a kind are sealed."""
    if kind == "name":
        return [] if profile.name is None else [profile.name]
    kinds = dict(SEARCHED_CONTACT_POINTS.kinds)
    return [
        point.value for point in profile.contact_points if kinds.get(point.kind) == kind and point.value is not None
    ]


def _same(kind: SearchKind, value: object, wanted: str) -> bool:
    return isinstance(value, str) and normalised(kind, value) == wanted
