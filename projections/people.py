"""Who customers are and what they can be found by: as a read model has it, or as the record has it this moment."""

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Any, Final, Protocol
from uuid import UUID

from domain.customer_messages import (
    ContactPointAdded,
    ContactPointRemoved,
    CustomerCorrectionApproved,
    CustomerCorrectionRejected,
    CustomerCorrectionRequested,
    CustomerCorrectionWithdrawn,
    CustomerDetailsCorrected,
    CustomerRegistered,
)
from domain.identity_messages import (
    CustomersMerged,
    IdentityDocumentRecorded,
    IdentityDocumentWithdrawn,
    MergeCancelled,
    MergeClaimed,
    MergeReversed,
)
from domain.matters import Sight
from domain.person import Person
from projections.customer_profile import CUSTOMER_PROFILE, PROFILE, ProfileRow, Profiles
from projections.held import Rows
from projections.models import ReadModels
from projections.persons import Merges, persons, persons_by, read_merges
from projections.profile_query import Profile, profile_of, profiles
from projections.projection import Decode
from store.reading import Reader

IDENTIFYING: Final = frozenset(
    one.type
    for one in (
        CustomerRegistered, CustomerDetailsCorrected, CustomerCorrectionRequested, CustomerCorrectionApproved,
        CustomerCorrectionRejected, CustomerCorrectionWithdrawn, ContactPointAdded, ContactPointRemoved,
        IdentityDocumentRecorded, IdentityDocumentWithdrawn, MergeClaimed, CustomersMerged, MergeCancelled,
        MergeReversed,
    )
)  # fmt: skip
"""Types of the events by which a customer's name, contact points, documents and merges change."""


class People(Protocol):
    """Whoever knows customers."""

    @property
    def record(self) -> Reader:
        """The record that they are of."""
        ...

    async def profiles(self, partition: int, customer_ids: Sequence[UUID], sight: Sight) -> list[Profile]:
        """The profiles of customers of one partition, of those that an event in sight names."""
        ...

    async def persons(self, customer_ids: Collection[UUID]) -> dict[UUID, Person]:
        """The person that each customer is."""
        ...


class PeopleRead:
    """Customers as far as their read model has read: for whoever asks."""

    def __init__(self, models: ReadModels) -> None:
        self._models = models
        self.record: Reader = models.record

    async def profiles(self, partition: int, customer_ids: Sequence[UUID], sight: Sight) -> list[Profile]:
        """See `People`."""
        return await profiles(self._models, partition, customer_ids, sight)

    async def persons(self, customer_ids: Collection[UUID]) -> dict[UUID, Person]:
        """See `People`."""
        return await persons(self._models, customer_ids)


class PeopleRecorded:
    """Customers as the record has them, folded as their read model is: for decisions, which may not lag behind.

    A profile has what identifies the customer, and nothing else.
    """

    def __init__(self, record: Reader, decode: Decode) -> None:
        self.record = record
        self._decode = decode

    async def profiles(
        self,
        partition: int,
        customer_ids: Sequence[UUID],
        sight: Sight,  # noqa: ARG002  # what identifies a customer is no confidential matter
    ) -> list[Profile]:
        """See `People`."""
        return [profile_of(row) for row in await self._rows(partition, customer_ids)]

    async def persons(self, customer_ids: Collection[UUID]) -> dict[UUID, Person]:
        """See `People`."""
        return await persons_by(self._merges, customer_ids)

    async def _merges(self, customer_ids: Iterable[UUID]) -> dict[UUID, Merges]:
        found: dict[UUID, Merges] = {}
        for partition, ids in self.record.by_partition(customer_ids).items():
            found |= {row["customer_id"]: read_merges(row["merges"]) for row in await self._rows(partition, ids)}
        return found

    async def _rows(self, partition: int, customer_ids: Collection[UUID]) -> list[dict[str, Any]]:
        """Rows of the read model, as the database would give them."""
        events = await self.record.read_customers(partition, customer_ids, IDENTIFYING)
        rows: Rows[ProfileRow] = Rows(PROFILE, partition, complete=True)
        for recorded in chain.from_iterable(events.values()):
            fact = self._decode(recorded)
            fold = CUSTOMER_PROFILE.fold_of(type(fact.event))
            if fold is not None:
                fold(Profiles(rows), fact.event, fact)
        return [dict(zip(PROFILE.columns, PROFILE.record_of(row), strict=True)) for row in rows.changed.values()]
