"""Who is who: all customer ids that stand for one person."""

from typing import Final
from uuid import UUID

from projections.errors import ReadModelError
from projections.models import ReadModels
from projections.persons import PROFILES, person

CAUGHT_UP_S: Final = 30.0


class PersonsBehind(ReadModelError):
    """Merges may have been recorded that the read model has not read yet."""


async def ids_of_person(models: ReadModels, customer_id: UUID) -> tuple[UUID, ...]:
    """Every customer id of the person, the asked one first, by all merges that are recorded now.

    Raises:
        PersonsBehind: they are not all read within half a minute, or one of them cannot be.
    """
    if await models.wait_for(PROFILES, await models.record.end(), CAUGHT_UP_S, (customer_id,)) != "seen":
        raise PersonsBehind(f"the read model {PROFILES} is behind: somebody must follow the record")
    return await ids_known(models, customer_id)


async def ids_known(models: ReadModels, customer_id: UUID) -> tuple[UUID, ...]:
    """The same by what the read model has read."""
    who = await person(models, customer_id)
    return (customer_id, *(one for one in who.customer_ids if one != customer_id))
