"""Personal data on its way in: appends and imports of which a third hold some, beside the same without any.

Both go the product's way, from decided events to committed: sealing (`engine.sealing`), then the lane. Keys come from
a key file. Nine of ten events with personal data are about customers who have keys, one is about a new one.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import uvloop

from benchmarks.scratch import PARTITIONS, fresh_record, median, say
from domain.interaction import InteractionRecorded
from engine.deciding import Context, Decided, Decision
from engine.mapping import EventMapper
from engine.sealing import Sealer
from store.embedded import EmbeddedServer
from store.envelope import NO_STREAM, AppendRequest
from store.identity import new_id
from store.record import Record
from vault.provider import FileKeyProvider
from vault.vault import Vault

ROUNDS: Final = 7
CALLERS: Final = 256
CHUNK: Final = 2500
KNOWN: Final = 5000
RECORD_CLASS: Final = "interaction"
NOW: Final = datetime.now(UTC)
SUMMARY: Final = "Asked about a card that was swallowed in Lisbon, wants it sent to the new address. " * 2


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians."""
    return uvloop.run(_run(server, rounds=1 if quick else ROUNDS, count=10_000 if quick else 60_000))


async def _run(server: EmbeddedServer, *, rounds: int, count: int) -> dict[str, Any]:
    databases = await fresh_record(server, "vault")
    measured: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        async with await Record.open(databases.application) as record:
            vault = Vault(record.pool, FileKeyProvider.load_or_create(Path(folder) / "keys"))
            bench = _Bench(record, vault)
            await bench.prepare()
            for number in range(rounds):
                for name, work in (("append", bench.append), ("import", bench.copy)):
                    for kind, personal in (("plain", False), ("personal", True)):
                        events = bench.decided(count, personal=personal)
                        rate = await work(events)
                        measured.setdefault(f"{name}_{kind}_per_s", []).append(rate)
                say(f"round {number + 1}: " + ", ".join(f"{name} {of[-1]:,.0f}" for name, of in measured.items()))
    return {**{name: median(values) for name, values in measured.items()}, "rounds": rounds}


class _Bench:
    """The same way for both kinds of events."""

    def __init__(self, record: Record, vault: Vault) -> None:
        self._record = record
        self._vault = vault
        self._sealer = Sealer(EventMapper(), vault)
        self._known = [new_id() for _ in range(KNOWN)]

    async def prepare(self) -> None:
        """Give the known customers their keys."""
        for partition in range(PARTITIONS):
            mine = [one for one in self._known if self._record.partition_of(one) == partition]
            await self._vault.keyring.ensure(partition, [(one, RECORD_CLASS) for one in mine])

    def decided(self, count: int, *, personal: bool) -> list[tuple[int, Decision]]:
        """Decisions of one event each, about 300 bytes as JSON, with their partitions; a third may be personal."""
        made: list[tuple[int, Decision]] = []
        for number in range(count):
            with_summary = personal and number % 3 == 0
            customer = new_id() if with_summary and number % 30 == 0 else self._known[number % KNOWN]
            made.append(self._decision(customer, summary=SUMMARY if with_summary else None))
        return made

    def _decision(self, customer: UUID, *, summary: str | None) -> tuple[int, Decision]:
        event = InteractionRecorded(
            occurred_at=NOW, customer_id=customer, channel="phone", direction="inbound", purpose="servicing",
            topic="card-lost-abroad", disposition="replacement-ordered", product="debit-card-standard",
            authentication="knowledge", external_ref="contact-centre-2026-000123456", summary=summary,
        )  # fmt: skip
        stream = new_id(customer)
        decided = Decided(new_id(customer), stream, 0, customer, event)
        return self._record.partition_of(stream), Decision((decided,), (), {stream: NO_STREAM}, {})

    async def append(self, events: Sequence[tuple[int, Decision]]) -> float:
        """Events a second, with so many callers that each wait for their answer."""

        async def caller(mine: Sequence[tuple[int, Decision]]) -> None:
            for partition, decision in mine:
                (request,) = await self._requests(partition, [decision])
                await self._record.append(request)

        started = time.perf_counter()
        await asyncio.gather(*(caller(events[number::CALLERS]) for number in range(CALLERS)))
        return len(events) / (time.perf_counter() - started)

    async def copy(self, events: Sequence[tuple[int, Decision]]) -> float:
        """Events a second by COPY, in chunks."""

        async def partition(number: int) -> None:
            mine = [decision for of, decision in events if of == number]
            for first in range(0, len(mine), CHUNK):
                requests = await self._requests(number, mine[first : first + CHUNK])
                for outcome in await self._record.append_copy(number, requests):
                    if isinstance(outcome, Exception):
                        raise outcome

        started = time.perf_counter()
        await asyncio.gather(*(partition(number) for number in range(PARTITIONS)))
        return len(events) / (time.perf_counter() - started)

    async def _requests(self, partition: int, decisions: Sequence[Decision]) -> list[AppendRequest]:
        context = Context("staff:desk", new_id(), b"", new_id())
        sealed = await self._sealer.seal(partition, [(decision, context) for decision in decisions])
        return [
            AppendRequest(partition, events, decision.before, sealed=blobs)
            for decision, (events, blobs) in zip(decisions, sealed, strict=True)
        ]
