"""The import's way through the lane: the same lock and judgement, then COPY."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from store.batch import SALT_BYTES, Batch
from store.judging import Verdict
from store.statements import statement

if TYPE_CHECKING:
    import asyncpg

EVENT = (
    "partition", "position", "event_id", "stream_id", "version", "customer_id", "type", "schema", "occurred_at",
    "recorded_at", "actor", "correlation_id", "causation_id", "salt", "data", "meta",
)  # fmt: skip
SEALED = ("partition", "event_id", "subject_id", "record_class", "key_id", "blob")
PARTICIPANT = ("partition", "customer_id", "position", "role")
COMMAND = ("partition", "command_id", "request_hmac", "answer", "position", "expires_at")


async def copy_batch(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, *, careful: bool, schema: str
) -> Verdict:
    """Judge a batch and write what is good of it; answers what `record.append` would answer."""
    async with connection.transaction(isolation="read_committed"):
        base, stamp = await _fetch(connection, statement("next_position", schema), partition, batch.cause_recorded_at())
        judged = await _judge(connection, partition, batch, careful=careful, schema=schema)
        rows = _Rows(partition, batch, base, stamp, frozenset(judged[0] or ()))
        for table, columns, records in rows.tables():
            if records:
                await connection.copy_records_to_table(table, schema_name=schema, columns=columns, records=records)
    return Verdict(base, stamp, *judged)


async def _judge(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, *, careful: bool, schema: str
) -> tuple[Any, ...]:
    return await _fetch(connection, statement("judge", schema), partition, *batch.judge_arguments(careful=careful))


async def _fetch(connection: "asyncpg.Connection[asyncpg.Record]", sql: str, *args: object) -> tuple[Any, ...]:
    """The one row of a statement that always answers one."""
    row = await connection.fetchrow(sql, *args)
    return tuple(row or ())


class _Rows:
    """The rows of the good requests, in the tables' columns."""

    def __init__(self, partition: int, batch: Batch, base: int, stamp: datetime, refused: frozenset[int]) -> None:
        salts = batch.salts()
        self._events: list[tuple[Any, ...]] = []
        self._sealed: list[tuple[Any, ...]] = []
        self._participants: list[tuple[Any, ...]] = []
        self._commands: list[tuple[Any, ...]] = []
        position, salt = base, 0
        for ordinal, request in enumerate(batch.requests, 1):
            if ordinal in refused:
                salt += len(request.events) * SALT_BYTES
                continue
            first = position
            # Each by name: half of the time of slices, for every event of an import.
            for event_id, stream, version, customer, kind, schema, at, actor, root, cause, data, meta in request.events:
                own_salt = salts[salt : salt + SALT_BYTES]
                row = (
                    partition, position, event_id, stream, version, customer, kind, schema, at, stamp, actor, root,
                    cause, own_salt, data, meta,
                )  # fmt: skip
                self._events.append(row)
                position += 1
                salt += SALT_BYTES
            self._sealed.extend((partition, *sealed) for sealed in request.sealed)
            self._participants.extend((partition, p.customer_id, first + p.event, p.role) for p in request.participants)
            if (a := request.answer) is not None:
                last = position - 1 if request.events else base - 1
                self._commands.append((partition, a.command_id, a.request_hmac, a.answer, last, a.expires_at))

    def tables(self) -> Sequence[tuple[str, tuple[str, ...], list[tuple[Any, ...]]]]:
        """(table, columns, rows) of each table, events first."""
        return (
            ("event", EVENT, self._events),
            ("sealed", SEALED, self._sealed),
            ("participant", PARTICIPANT, self._participants),
            ("command", COMMAND, self._commands),
        )
