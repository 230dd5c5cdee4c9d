"""The import's way through the lane: the same lock and judgement, then COPY."""

import struct
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from store import copy_rows
from store.batch import SALT_BYTES, Batch
from store.copy_rows import COMMAND, EVENT, PARTICIPANT, SEALED, Written
from store.envelope import AppendRequest, NewEvent
from store.judging import Verdict
from store.statements import statement

if TYPE_CHECKING:
    import asyncpg


async def copy_batch(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, *, careful: bool, schema: str
) -> Verdict:
    """Judge a batch and write what is good of it; answers what `record.append` would answer."""
    async with connection.transaction(isolation="read_committed"):
        base, stamp = await _fetch(connection, statement("next_position", schema), partition, batch.cause_recorded_at())
        judged = await _judge(connection, partition, batch, careful=careful, schema=schema)
        for table, columns, rows in _tables(Written(partition, base, stamp), batch, frozenset(judged[0] or ())):
            await connection.copy_to_table(
                table, schema_name=schema, columns=columns, source=_whole(rows), format="binary"
            )
    return Verdict(base, stamp, *judged)


async def _judge(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, *, careful: bool, schema: str
) -> tuple[Any, ...]:
    """The refusals; what only the unique keys can refuse is not asked of the database, as in `record.append`."""
    if not careful and not batch.to_probe():
        return None, None, None, None
    return await _fetch(connection, statement("judge", schema), partition, *batch.judge_arguments(careful=careful))


async def _fetch(connection: "asyncpg.Connection[asyncpg.Record]", sql: str, *args: object) -> tuple[Any, ...]:
    """The one row of a statement that always answers one."""
    row = await connection.fetchrow(sql, *args)
    return tuple(row or ())


def _tables(
    written: Written, batch: Batch, refused: frozenset[int]
) -> Iterator[tuple[str, tuple[str, ...], Iterator[bytes]]]:
    """(table, columns, rows) of each table that gets some of the good requests' rows, events first."""
    requests, events, salts = batch.requests, batch.events, batch.salts()
    if refused:
        requests, events, salts = _good(batch, refused)
    if events:
        yield "event", EVENT, copy_rows.events(written, events, salts)
    if blobs := [request for request in requests if request.sealed]:
        yield "sealed", SEALED, copy_rows.sealed(written, blobs)
    if any(request.participants for request in requests):
        yield "participant", PARTICIPANT, copy_rows.participants(written, requests)
    if any(request.answer for request in requests):
        yield "command", COMMAND, copy_rows.commands(written, requests)


def _good(batch: Batch, refused: frozenset[int]) -> tuple[list[AppendRequest], list[NewEvent], bytes]:
    """The requests that were not refused, their events and these events' salts."""
    good: list[AppendRequest] = []
    salts: list[bytes] = []
    at = 0
    for ordinal, request in enumerate(batch.requests, 1):
        end = at + len(request.events) * SALT_BYTES
        if ordinal not in refused:
            good.append(request)
            salts.append(batch.salts()[at:end])
        at = end
    return good, [event for request in good for event in request.events], b"".join(salts)


async def _whole(rows: Iterator[bytes]) -> AsyncIterator[bytes]:
    """A COPY's whole content, in pieces: the server works on one while the next is made."""
    yield copy_rows.BEGIN
    try:
        for piece in rows:
            yield piece
    except struct.error as error:  # no error of a value by its class
        raise ValueError(f"a number is out of range: {error}") from error
    yield copy_rows.END
