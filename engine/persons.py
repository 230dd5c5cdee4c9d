"""Who is who: all customer ids that stand for one person."""

from uuid import UUID

from store.record import Record


async def ids_of_person(record: Record, customer_id: UUID) -> tuple[UUID, ...]:  # noqa: ARG001  # merging will need it
    """Every customer id of the person, the asked one first. Customers are not merged yet, so it is the one."""
    return (customer_id,)
