"""A log as files, for the web and for a static directory: checkpoint, tiles of hashes, bundles of entries."""

import re
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from audit.leaf import Row, entry
from audit.log_tiles import read_tiles
from audit.logs import SCHEMAS, Database, Log
from audit.statements import statement
from audit.tiles import (
    LEVEL_MAX,
    WIDTH,
    At,
    TileMissing,
    bundle,
    bundles_of,
    entries_path,
    path_number,
    tile_path,
    tiles_of,
    width_of,
)

CHECKPOINT: Final = "checkpoint"
_TILE: Final = re.compile(r"tile/(entries|[0-6])/((?:x\d{3}/)*\d{3})(?:\.p/([1-9]\d{0,2}))?")


class LogFile(NamedTuple):
    """A file of a log; `immutable`: it will never have other bytes."""

    path: str
    content: bytes
    immutable: bool


async def read_entries(database: Database, log: Log, start: int, count: int) -> list[bytes]:
    """Entries of a log from `start` on, at most `count`."""
    schema = SCHEMAS.get(log.name.kind)
    if schema is None:
        arguments = (log.name.partition, start, count, log.name.shard)
        return [row["entry"] for row in await database.fetch(statement("read_entries"), *arguments)]
    rows = await database.fetch(statement("read_leaves", schema), log.name.partition, start, count)
    return [entry(Row._make(row)) for row in rows]


async def read_file(database: Database, log: Log, path: str) -> LogFile | None:
    """A file of a log as far as it is signed; None: there is none of this path (yet)."""
    if path == CHECKPOINT:
        return None if log.checkpoint is None else LogFile(path, log.checkpoint.encode(), immutable=False)
    found = _TILE.fullmatch(path)
    if found is None:
        return None
    kind, digits, partial = found.groups()
    width = int(partial or WIDTH)
    try:
        at = At(0 if kind == "entries" else int(kind), path_number(digits))
    except ValueError:
        return None
    if not 1 <= width <= width_of(at, log.signed_size) or (partial and width == WIDTH):
        return None
    content = await (_bundle(database, log, at.number, width) if kind == "entries" else _tile(database, log, at, width))
    return None if content is None else LogFile(path, content, immutable=True)


async def _tile(database: Database, log: Log, at: At, width: int) -> bytes | None:
    try:
        tiles = await read_tiles(database, log.name, [at], log.signed_size)
    except TileMissing:
        return None
    return tiles[at][: width * 32]


async def _bundle(database: Database, log: Log, number: int, width: int) -> bytes | None:
    entries = await read_entries(database, log, number * WIDTH, width)
    return bundle(entries) if len(entries) == width else None


async def files_of(database: Database, log: Log, since: int = 0) -> AsyncIterator[LogFile]:
    """Every file of a log; with `since`, those that a log of that size lacks. The checkpoint comes last.

    Raises:
        TileMissing: one of them is not there.
    """
    paths = [tile_path(at, width) for at, width in tiles_of(log.signed_size, since) if at.level <= LEVEL_MAX]
    paths += [entries_path(number, width) for number, width in bundles_of(log.signed_size, since)]
    for path in [*paths, *([CHECKPOINT] if log.checkpoint else [])]:
        found = await read_file(database, log, path)
        if found is None:
            raise TileMissing(f"log {log.origin} lacks {path}")
        yield found
