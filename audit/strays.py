"""Rows that stand where nothing reads them: they prove nothing, and nobody honest has put them there.

A forger who prepares them makes what a later program may take for real: an event in a partition that is to come, an
entry that the next sealer would sign.
"""

from typing import Final, NamedTuple

from audit.logs import SCHEMAS, Database, Kind, Log, LogName, current
from audit.statements import statement
from audit.tiles import At, tile_path

NAMED_MAX: Final = 100


class Stray(NamedTuple):
    """Such a row: what it is, where, and why it belongs nowhere."""

    what: str
    where: str
    why: str


async def strays(database: Database, logs: list[Log]) -> list[Stray]:
    """Events of no partition, blobs of no event, tiles and entries of no log or beyond its end; a hundred of each."""
    log_id = next((log.origin.removesuffix(log.name.origin("")) for log in logs), "")
    partitions = sum(log.name.kind == "event" and log.name.shard == 0 for log in logs)

    def origin(partition: int, kind: Kind, shard: int = 0) -> str:
        known = kind in {*SCHEMAS, "checkpoint"}  # a forger may have written anything
        return LogName(partition, kind, shard).origin(log_id) if known else f"{log_id}/{kind}/{shard}"

    found = [
        Stray("event", f"{origin(row['partition'], kind)} {row['position']}", "is in a partition that there is not")
        for kind, schema in SCHEMAS.items()
        for row in await database.fetch(statement("stray_events", schema), partitions)
    ]
    found += [
        Stray("blob", origin(row["partition"], "event"), f"{row['record_class']} of {row['subject_id']} has no event")
        for row in await database.fetch(statement("stray_blobs"), NAMED_MAX)
    ]
    found += [
        Stray(
            "tile",
            f"{origin(row['partition'], row['kind'], row['shard'])} {tile_path(At(row['level'], row['number']))}",
            "has more than its log",
        )
        for row in await database.fetch(statement("stray_tiles"), NAMED_MAX)
    ]
    for log in current(logs):
        if (schema := SCHEMAS.get(log.name.kind)) is not None:
            (tail,) = await database.fetch(statement("unsealed_tail", schema), log.name.partition, log.size)
            if tail["events"] and tail["last"] - log.size + 1 != tail["events"]:
                found.append(Stray("event", f"{log.origin} {tail['last']}", "stands behind a gap"))
    return found + [
        Stray("entry", f"{origin(row['partition'], 'checkpoint', row['shard'])} {row['position']}", "is of no log")
        for row in await database.fetch(statement("stray_entries"), NAMED_MAX)
    ]
