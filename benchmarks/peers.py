"""What others do on the same server: COPY into the same table, and the `eventsourcing` library's own recorder."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from benchmarks.made import PAYLOAD, requests, rows
from store.copy_rows import EVENT

COPY_BATCH = 5000


class CopyPeer:
    """One connection that COPYs ready rows into a table made like the record's, indexes included."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._next = 0

    async def prepare(self) -> None:
        """Make the table."""
        connection = await asyncpg.connect(self._dsn)
        await connection.execute("create schema peer")
        await connection.execute("create table peer.event (like record.event including all)")
        await connection.close()

    async def per_s(self, count: int) -> float:
        """Rows a second, committed in batches."""
        ready = rows(requests(count, 1), 0, self._next)
        self._next += count
        connection = await asyncpg.connect(self._dsn)
        started = time.perf_counter()
        for first in range(0, count, COPY_BATCH):
            await connection.copy_records_to_table(
                "event", schema_name="peer", columns=EVENT, records=ready[first : first + COPY_BATCH]
            )
        took = time.perf_counter() - started
        await connection.close()
        return count / took


class EventsourcingPeer:
    """The library's PostgresApplicationRecorder, one event per transaction, as its applications write."""

    def __init__(self, dsn: str, threads: int) -> None:
        parts = urlsplit(dsn)
        where = parse_qs(parts.query)
        self._datastore = PostgresDatastore(
            dbname=parts.path.removeprefix("/"), host=where["host"][0], port=where["port"][0],
            user=parts.username or "", password="", pool_size=threads, max_overflow=threads,
        )  # fmt: skip
        self.recorder = PostgresApplicationRecorder(self._datastore, events_table_name="peer_events")
        self.recorder.create_table()
        self._threads = threads

    def close(self) -> None:
        """Disconnect."""
        self._datastore.close()

    async def per_s(self, count: int) -> float:
        """Events a second from all threads."""
        return await asyncio.to_thread(self._measure, count)

    def _measure(self, count: int) -> float:
        events = [StoredEvent(uuid4(), 1, "interaction.recorded", PAYLOAD) for _ in range(count)]
        shares = [events[thread :: self._threads] for thread in range(self._threads)]
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(self._insert, [share[:1] for share in shares]))  # connections made
            started = time.perf_counter()
            list(pool.map(self._insert, [share[1:] for share in shares]))
            took = time.perf_counter() - started
        return (count - self._threads) / took

    def _insert(self, events: list[StoredEvent]) -> None:
        for event in events:
            self.recorder.insert_events([event])
