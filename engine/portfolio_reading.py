"""A portfolio as its relationship manager sees it: each customer with what is known of them and what is next."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.matters import Sight
from projections import portfolio, profile_query
from projections.models import ReadModels
from projections.portfolio import Charge, Step
from projections.profile_query import Profile
from projections.seeing import hidden_streams
from projections.segment_membership import At


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of a portfolio. `status` is None where no event in sight names the customer otherwise."""

    charge: Charge
    profile: Profile | None
    steps: Sequence[Step]

    def due(self, moment: datetime) -> int:
        """How many steps should be done by then."""
        return sum(one.due_at <= moment for one in self.steps)


@dataclass(frozen=True, slots=True)
class Page:
    """By customer id. `next` continues; None: there is no more."""

    customers: tuple[Customer, ...]
    next: str | None


async def portfolio_page(  # noqa: PLR0913  # where to go on, and how far
    models: ReadModels, manager: str, at: At, sight: Sight, *, after: str | None = None, limit: int = 50
) -> Page:
    """Whom a manager looked after at a moment, with what is known of them now, as far as the viewer may see."""
    page = await portfolio.charges(models, manager, at, after=after, limit=limit)
    by_partition = models.record.by_partition(charge.customer_id for charge in page.charges)
    found = await asyncio.gather(*(_known(models, *one, sight) for one in by_partition.items()))
    profiles = {key: value for known, _ in found for key, value in known.items()}
    steps = {key: value for _, known in found for key, value in known.items()}
    streams = {one.stream_id for of in steps.values() for one in of}
    hidden = await hidden_streams(models.record, sight, streams)
    customers = tuple(
        Customer(
            charge,
            profiles.get(charge.customer_id),
            [one for one in steps.get(charge.customer_id, ()) if one.stream_id not in hidden],
        )
        for charge in page.charges
    )
    return Page(customers, page.next)


async def _known(
    models: ReadModels, partition: int, ids: list[UUID], sight: Sight
) -> tuple[Mapping[UUID, Profile], Mapping[UUID, Sequence[Step]]]:
    profiles = await profile_query.profiles(models, partition, ids, sight)
    return {one.customer_id: one for one in profiles}, await portfolio.steps(models, partition, ids)
