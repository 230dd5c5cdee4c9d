"""Importing: from parsed events to committed, beside COPY of ready rows into an identical table."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.peers import CopyPeer
from benchmarks.scratch import PARTITIONS, fresh_record, median, say
from domain.kernel import Event
from domain.touch import TouchDecided
from engine.mapping import EventMapper
from store.embedded import EmbeddedServer
from store.envelope import NO_STREAM, AppendRequest, NewEvent
from store.identity import new_id
from store.record import Record

ROUNDS = 7
CHUNK = 2500


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians."""
    return uvloop.run(_run(server, rounds=1 if quick else ROUNDS, count=10_000 if quick else 100_000))


async def _run(server: EmbeddedServer, *, rounds: int, count: int) -> dict[str, Any]:
    databases = await fresh_record(server, "importing")
    copy = CopyPeer(databases.migrate)
    await copy.prepare()
    measured: dict[str, list[float]] = {"copy_per_s": [], "import_per_s": []}
    async with await Record.open(databases.application) as record:
        for number in range(rounds):
            measured["copy_per_s"].append(await copy.per_s(count))
            measured["import_per_s"].append(await _import(record, count))
            say(f"round {number + 1}: " + ", ".join(f"{name} {of[-1]:,.0f}" for name, of in measured.items()))
    return {**{name: median(values) for name, values in measured.items()}, "rounds": rounds}


def parsed(count: int) -> list[tuple[UUID, Event]]:
    """Touches of a campaign as a reader of its file hands them on, about 300 bytes each as JSON."""
    now, campaign_id = datetime.now(UTC), new_id()
    return [
        (
            customer_id,
            TouchDecided(
                occurred_at=now, customer_id=customer_id, campaign_id=campaign_id, campaign_version=2, channel="phone",
                purpose="marketing", decision="send", rule="imported", rule_version=1, reason="in_file",
                attributes={"job": "services", "month": "may", "contacts": 3},
            ),
        )
        for customer_id in (new_id() for _ in range(count))
    ]  # fmt: skip


async def _import(record: Record, count: int) -> float:
    events = parsed(count)
    mapper, run_id = EventMapper(), new_id()
    shares: list[list[tuple[UUID, Event]]] = [[] for _ in range(PARTITIONS)]
    for event in events:
        shares[record.partition_of(event[0])].append(event)
    started = time.perf_counter()
    await asyncio.gather(
        *(_partition(record, mapper, partition, share, run_id) for partition, share in enumerate(shares))
    )
    return count / (time.perf_counter() - started)


async def _partition(
    record: Record, mapper: EventMapper, partition: int, events: Sequence[tuple[UUID, Event]], run_id: UUID
) -> None:
    for first in range(0, len(events), CHUNK):
        requests = [
            AppendRequest(
                partition,
                (
                    NewEvent(
                        new_id(customer_id), stream_id := new_id(customer_id), 0, customer_id, event.type,
                        event.class_version, event.occurred_at, "import:bench", run_id, None, mapper.data(event), b"{}",
                    ),
                ),
                {stream_id: NO_STREAM},
            )
            for customer_id, event in events[first : first + CHUNK]
        ]  # fmt: skip
        for outcome in await record.append_copy(partition, requests):
            if isinstance(outcome, Exception):
                raise outcome
