"""Writing a page: bookmarks, rows, tallies and what is parked, in one transaction."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias, cast
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from projections import table_sql
from projections.errors import LeaseLost
from projections.held import Lines, Rows
from projections.leases import Lease
from projections.projection import Holding
from projections.statements import statement
from projections.table import Table

COPY_FROM = 30
"""As many new rows are copied: at a hundred for half of the work on both sides. Fewer go in one statement, which is one
round trip instead of three."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

REFUSALS = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
    TypeError,
    OverflowError,
)


class RowsRefused(Exception):  # the follower finds the event and parks it
    """The database refused rows of a read model."""

    def __init__(self, projection: str, reason: str) -> None:
        super().__init__(f"{projection}: {reason}")
        self.projection = projection
        self.reason = reason


class PageEnds(NamedTuple):
    """Where a page begins and ends; `last_event_id` is its last event's (None: it has none)."""

    position: int
    next_position: int
    last_event_id: UUID | None
    incarnation: UUID


async def write_page(connection: Connection, lease: Lease, holdings: Sequence[Holding], page: PageEnds) -> None:
    """Move the bookmarks over the page and write all changes; whole, or not at all.

    Raises:
        LeaseLost: the bookmarks are elsewhere or the lease is another's; nothing was written.
        RowsRefused: the database cannot store a row; nothing was written.
    """
    async with connection.transaction(isolation="read_committed"):
        await _move(connection, lease, holdings, page)
        await _tally(connection, lease.partition, holdings)
        for holding in holdings:
            try:
                for held in holding.tables:
                    await _write(connection, held, holding.version)
            except REFUSALS as error:
                raise RowsRefused(holding.name, f"{type(error).__name__}: {error}") from error
            await _park(connection, lease.partition, holding)


async def _move(connection: Connection, lease: Lease, holdings: Sequence[Holding], page: PageEnds) -> None:
    names = [holding.name for holding in holdings]
    versions = [holding.version for holding in holdings]
    moved = await connection.fetch(statement("move_bookmarks"), lease.partition, names, versions, lease.epoch, *page)
    if len(moved) != len(holdings):
        raise LeaseLost(f"the bookmarks of partition {lease.partition} are another process's, or its events are gone")


async def _tally(connection: Connection, partition: int, holdings: Sequence[Holding]) -> None:
    rows = [
        (one.name, one.version, key.date, key.type, key.folded, met.events, Decimal(met.sum), met.first, met.last)
        for one in holdings
        for key, met in one.tallies.items()
    ]
    if rows:
        await connection.execute(statement("add_tallies"), partition, *zip(*rows, strict=True))


async def _write(connection: Connection, held: object, version: int) -> None:
    if isinstance(held, Lines):
        await _insert(connection, held.table, version, held.added)
        return
    if isinstance(held, Rows):
        rows = cast("Rows[Any]", held)
        record_of = rows.table.record_of
        await _insert(connection, rows.table, version, [record_of(row) for row in rows.take_new()])
        await _upsert(connection, rows.table, version, [record_of(row) for row in rows.take_stored()])
        return
    sums = cast("Any", held)
    await _upsert(connection, sums.table, version, [sums.table.record_of(row) for row in sums.changed.values()])


async def _insert(connection: Connection, table: Table, version: int, records: Sequence[Sequence[Any]]) -> None:
    if len(records) < COPY_FROM:
        await _upsert(connection, table, version, records)
        return
    schema, name = table.at(version).split(".")
    await connection.copy_records_to_table(name, schema_name=schema, columns=table.columns, records=records)


async def _upsert(connection: Connection, table: Table, version: int, records: Sequence[Sequence[Any]]) -> None:
    if records:
        await connection.execute(table_sql.write(table, version), *zip(*records, strict=True))


async def _park(connection: Connection, partition: int, holding: Holding) -> None:
    if holding.parking:
        columns = zip(*((one.key, one.position, one.error) for one in holding.parking), strict=True)
        await connection.execute(statement("park"), partition, holding.name, holding.version, *columns)


def written(holdings: Sequence[Holding], next_position: int, keep_max: int) -> None:
    """The page is committed: what is held is what the tables say."""
    for holding in holdings:
        holding.position = next_position
        holding.parking.clear()
        holding.tallies.clear()
        for held in holding.tables:
            if isinstance(held, Lines):
                held.added.clear()
            elif isinstance(held, Rows):
                held.written(keep_max)
            else:
                cast("Any", held).changed.clear()
