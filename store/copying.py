"""The import's way through the lane: the same lock and judgement, then COPY."""

from typing import Any, TYPE_CHECKING, TypeAlias

from store.batch import SALT_BYTES, Batch
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

Verdict: TypeAlias = tuple[int, Any, list[int] | None, list[int] | None, list[int] | None]


async def copy_batch(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, *, careful: bool, schema: str
) -> Verdict:
    """Judge a batch and write what is good of it; answers what `record.append` would answer."""
    async with connection.transaction(isolation="read_committed"):
        base, stamp = await connection.fetchrow(
            statement("next_position", schema), partition, batch.cause_recorded_at()
        )
        refused, reasons, details = await _judge(connection, partition, batch, careful=careful, schema=schema)
        rows = _Rows(partition, batch, base, stamp, frozenset(refused or ()))
        for table, columns, records in rows.tables():
            if records:
                await connection.copy_records_to_table(
                    table, schema_name=schema, columns=columns, records=records
                )
    return base, stamp, refused, reasons, details


async def _judge(
    connection: "asyncpg.Connection[asyncpg.Record]", partition: int, batch: Batch, *, careful: bool, schema: str
) -> tuple[list[int] | None, list[int] | None, list[int] | None]:
    ids, streams, versions = batch.event_columns()[:3]
    requests, commands = batch.answers()[:2]
    row = await connection.fetchrow(
        statement("judge", schema), partition, careful, batch.event_requests(), ids, streams, versions,
        *batch.expectations(), *batch.conditions(), requests, commands,
    )  # fmt: skip
    return row["refused"], row["reason"], row["detail"]


class _Rows:
    """The rows of the good requests, in the tables' columns."""

    def __init__(self, partition: int, batch: Batch, base: int, stamp: Any, refused: frozenset[int]) -> None:
        salts = batch.salts()
        self._events: list[tuple[Any, ...]] = []
        self._sealed: list[tuple[Any, ...]] = []
        self._participants: list[tuple[Any, ...]] = []
        self._commands: list[tuple[Any, ...]] = []
        position = base
        for ordinal, request in enumerate(batch.requests, 1):
            if ordinal in refused:
                continue
            first = position
            for event in request.events:
                salt = (position - base) * SALT_BYTES
                self._events.append(
                    (partition, position, *event[:7], stamp, *event[7:10], salts[salt : salt + SALT_BYTES], *event[10:])
                )
                position += 1
            self._sealed.extend((partition, *sealed) for sealed in request.sealed)
            self._participants.extend((partition, p.customer_id, first + p.event, p.role) for p in request.participants)
            if (a := request.answer) is not None:
                self._commands.append((partition, a.command_id, a.request_hmac, a.answer, position - 1, a.expires_at))

    def tables(self) -> tuple[tuple[str, tuple[str, ...], list[tuple[Any, ...]]], ...]:
        """(table, columns, rows) of each table, events first."""
        return (
            ("event", EVENT, self._events),
            ("sealed", SEALED, self._sealed),
            ("participant", PARTICIPANT, self._participants),
            ("command", COMMAND, self._commands),
        )
