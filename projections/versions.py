"""Versions of read models: making their tables, the pointer to the live one, dropping old ones."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

from projections import table_sql
from projections.errors import NotLive
from projections.projection import Projection
from projections.statements import statement
from projections.writing import Connection
from store.incarnation import Incarnation

Purpose: TypeAlias = Literal["serve", "compare"]
"""Whether a version is to become live, or only to be compared with the live one."""


class Live(NamedTuple):
    """Which version of a read model is live, the one kept for rollback, and the code that filled it."""

    projection: str
    version: int
    previous: int | None
    code: int


async def read_live(connection: Connection) -> dict[str, Live]:
    """The pointers of all read models."""
    return {row["projection"]: Live(*row) for row in await connection.fetch(statement("live_versions"))}


async def ensure(connection: Connection, projections: Iterable[Projection], incarnation: Incarnation) -> None:
    """Make a first version, live at once, of each read model that has none. Any number of processes may ask."""
    live = await read_live(connection)
    for projection in projections:
        if projection.name in live:
            continue
        async with connection.transaction(isolation="read_committed"):
            # Whoever comes second waits here for the first to commit, and finds all done.
            if await connection.fetchval(statement("insert_first_version"), projection.name, projection.code):
                await _make_tables(connection, projection, 1, incarnation)
                await make_indexes(connection, projection, 1)
                await connection.execute(statement("insert_live"), projection.name, 1)


async def begin(
    connection: Connection, projection: Projection, incarnation: Incarnation, purpose: Purpose = "serve"
) -> int:
    """Make the empty tables of a new version beside the live one; its number."""
    async with connection.transaction(isolation="read_committed"):
        version: int = await connection.fetchval(statement("insert_version"), projection.name, projection.code, purpose)
        await _make_tables(connection, projection, version, incarnation)
    return version


async def unfinished(connection: Connection, projection: Projection, purpose: Purpose = "serve") -> int | None:
    """A version that was begun with this code and never became live, or was to be compared and is still there."""
    return max(
        (one for one, code in await left(connection, projection, purpose) if code == projection.code), default=None
    )


async def left(connection: Connection, projection: Projection, purpose: Purpose) -> list[tuple[int, int]]:
    """Number and code of every version that was begun for this and is neither live nor kept for rollback."""
    rows = await connection.fetch(statement("unfinished_versions"), purpose)
    return [(row["version"], row["code"]) for row in rows if row["projection"] == projection.name]


async def code_of(connection: Connection, name: str, version: int) -> int:
    """The code that filled a version."""
    return await connection.fetchval(statement("code_of_version"), name, version)


async def make_indexes(connection: Connection, projection: Projection, version: int) -> None:
    """Make the search indexes of a version; repeating does no harm."""
    for table in projection.tables:
        for sql in table_sql.indexes(table, version):
            await connection.execute(sql)


async def swap(connection: Connection, name: str, version: int, live: int) -> None:
    """Point to another version; the one that was live is kept for rollback.

    The caller holds the leases of all partitions, so that nothing feeds either.

    Raises:
        NotLive: another version than `live` was live.
    """
    if await connection.fetchval(statement("swap"), name, version, live) is None:
        raise NotLive(f"{name}: version {live} is not live any more; another rebuild has come first")


async def drop_superseded(connection: Connection, projection: Projection) -> list[int]:
    """Drop all versions but the live one and the one before it; their numbers."""
    rows = await connection.fetch(statement("superseded_versions"), projection.name)
    for (version,) in rows:
        await drop(connection, projection, version)
    return [row[0] for row in rows]


async def drop(connection: Connection, projection: Projection, version: int) -> None:
    """Drop a version that is not live."""
    async with connection.transaction(isolation="read_committed"):
        for table in projection.tables:
            await connection.execute(f"drop table if exists {table.at(version)}")
        for name in ("delete_bookmarks", "delete_parked", "delete_tallies", "delete_version"):
            await connection.execute(statement(name), projection.name, version)


async def _make_tables(connection: Connection, projection: Projection, version: int, incarnation: Incarnation) -> None:
    for table in projection.tables:
        await connection.execute(table_sql.create(table, version))
    await connection.execute(
        statement("insert_bookmarks"), incarnation.partitions, projection.name, version, incarnation.id
    )
