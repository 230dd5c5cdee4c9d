"""Events to seal, and a sealer that has sealed all there is."""

from typing import Any

import asyncpg

from audit.logs import Log, LogName, current, read_logs
from audit.record_log import bind
from audit.sealer import Hands, LogSealer
from store.record import Record
from tests.store.made import ids_in, request


async def append(record: Record, partition: int, count: int, **fields: Any) -> None:
    """So many events, a stream each."""
    requests = [request(one, partition=partition, **fields) for one in ids_in(record, partition, count)]
    await record.append_copy(partition, requests)


async def seal_all(hands: Hands, *, limit: int = 4096) -> dict[LogName, Log]:
    """Seal every log to its end, the record log last; what the database then has."""
    for log in sorted(current(await read_logs(hands.pool)), key=lambda one: one.name.kind == "checkpoint"):
        if log.next_vkey is not None and log.name.kind != "checkpoint":
            continue  # it waits for the record log
        sealer = await held(hands, log)
        if log.name.kind == "checkpoint":
            await bind(hands.pool, sealer)
        while await sealer.step(limit):
            pass
        await sealer.release()
    return {log.name: log for log in await read_logs(hands.pool)}


async def held(hands: Hands, log: Log) -> LogSealer:
    """A sealer that got the lease."""
    sealer = await LogSealer.open(hands, log)
    assert sealer is not None
    return sealer


async def as_superuser(pool: asyncpg.Pool, sql: str, *arguments: object) -> None:
    """Do what no role of the program may, past all triggers."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        await connection.execute(sql, *arguments)
