"""The tiles of a log in the database."""

from collections.abc import Collection, Iterable

from audit.logs import Database, LogName
from audit.merkle import Node
from audit.statements import statement
from audit.tiles import HASH_BYTES, At, TileHashes, TileMissing, tiles_for, width_of


async def read_tiles(database: Database, name: LogName, wanted: Collection[At], size: int) -> dict[At, bytes]:
    """These tiles as they were when the log had `size` entries: what has been added since is cut off.

    Raises:
        TileMissing: one is absent or too narrow.
    """
    rows = await database.fetch(
        statement("read_tiles"), *name, [at.level for at in wanted], [at.number for at in wanted]
    )
    stored = {At(row["level"], row["number"]): row["hashes"] for row in rows}
    tiles: dict[At, bytes] = {}
    for at in wanted:
        expected = width_of(at, size) * HASH_BYTES
        tiles[at] = stored.get(at, b"")[:expected]
        if len(tiles[at]) != expected:
            raise TileMissing(f"tile {at.level}/{at.number} has {len(tiles[at])} bytes, not {expected}")
    return tiles


async def hashes_for(database: Database, name: LogName, nodes: Iterable[Node], size: int) -> TileHashes:
    """What the hashes of these subtrees can be computed from."""
    return TileHashes(await read_tiles(database, name, tiles_for(nodes, size), size))
