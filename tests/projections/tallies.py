"""The tallies of a read model, and what they must be."""

from projections.tally import weight
from tests.projections.made import Noted


async def tallies(models, version: int | None = None, name: str = "test_notes") -> dict[tuple, tuple]:
    version = version or await models.version(name)
    rows = await models.writers.fetch(
        "select partition, day, type, folded, events, sum, first_position, last_position from read_model.tally "
        "where projection = $1 and version = $2",
        name, version,
    )  # fmt: skip
    return {tuple(row)[:4]: (row["events"], int(row["sum"]), *tuple(row)[6:]) for row in rows}


async def expected(models, version: int | None = None, name: str = "test_notes") -> dict[tuple, tuple]:
    """The same, counted from the record and from what is parked."""
    version = version or await models.version(name)
    rows = await models.writers.fetch(
        "select partition, position from read_model.parked where projection = $1 and version = $2", name, version
    )
    parked = {tuple(row) for row in rows}
    found: dict[tuple, tuple] = {}
    for partition in range(models.record.partitions):
        for event in await models.record.read_partition(partition, 0, 10_000):
            if (partition, event.position) in parked:
                continue
            key = (partition, event.recorded_at.date(), event.type, event.type == Noted.type)
            events, total, first, last = found.get(key, (0, 0, event.position, -1))
            found[key] = (
                events + 1, total + weight(event.position, event.event_id), first, max(last, event.position)
            )  # fmt: skip
    return found
