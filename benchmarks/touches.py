"""Deciding touches: facts of a customer nobody remembers, policy, append; beside appending alone.

As a launched campaign proposes: whoever has the lease of a partition takes its customers a page at a time. One process
may have all leases, or two may share them.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.append import callers_append
from benchmarks.made import requests
from benchmarks.processes import Prepare, Run, processes
from benchmarks.scratch import PARTITIONS, fresh_record, median, say
from domain.campaign import ApproveCampaign, LaunchCampaign, PlanCampaign
from domain.customer import AddContactPoint, GrantConsent, RegisterCustomer
from domain.kernel import Command
from domain.touch_messages import ProposeTouch
from engine.answers import Answer
from engine.campaign_running import PAGE
from engine.deciding import Context
from engine.handling import Unit
from engine.settings import Settings
from engine.wiring import Databases, Daybook
from store.embedded import EmbeddedServer
from store.identity import new_id

ROUNDS = 7
CALLERS = 256
ALL = (range(PARTITIONS),)
HALVES = (range(PARTITIONS // 2), range(PARTITIONS // 2, PARTITIONS))
NOON_AT = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""A time zone in which contact is allowed now, so that what is measured is sent."""


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians."""
    with tempfile.TemporaryDirectory(prefix="daybook-bench-", dir="/var/tmp") as folder:
        return uvloop.run(_run(server, Path(folder), rounds=1 if quick else ROUNDS, scale=0.1 if quick else 1.0))


async def _run(server: EmbeddedServer, folder: Path, *, rounds: int, scale: float) -> dict[str, Any]:
    databases = await fresh_record(server, "touches")
    settings = Settings(database_url=databases.application, data_dir=folder)
    daybook = await Daybook.open(settings, databases)
    campaign_id = await _campaign(daybook)
    opening = (_deciding, settings, databases)
    measured: dict[str, list[float]] = {}
    sent = decided = 0
    with processes(1, *opening) as alone, processes(2, *opening) as both:
        for number in range(rounds):
            for name, deciding, shares in (("touches_1_per_s", alone, ALL), ("touches_per_s", both, HALVES)):
                customers = await _customers(daybook, int(20_000 * scale))
                work = [(partitions, customers, campaign_id) for partitions in shares]
                took, _ = await asyncio.to_thread(deciding.run, work)
                measured.setdefault(name, []).append(len(customers) / took)
                decided += len(customers)
                sent += await _sent(daybook, customers)
            append, _ = await callers_append(daybook.record, requests(int(100_000 * scale), PARTITIONS), CALLERS)
            measured.setdefault("append_256_per_s", []).append(append)
            say(f"round {number + 1}: " + ", ".join(f"{name} {of[-1]:,.0f}" for name, of in measured.items()))
    await daybook.close()
    figures = {name: median(values) for name, values in measured.items()}
    return {**figures, "sent_of_decided": round(sent / decided, 3), "rounds": rounds}


async def _campaign(daybook: Daybook) -> UUID:
    campaign_id, now = new_id(), datetime.now(UTC)
    about: dict[str, Any] = {"campaign_id": campaign_id, "occurred_at": now}
    commands: list[Command] = [
        PlanCampaign(**about, title="Spring", purpose="marketing", channel="email", planned_by="staff:1"),
        ApproveCampaign(**about, approved_by="staff:2"),
        LaunchCampaign(**about),
    ]
    await daybook.handler.handle(commands, _context())
    return campaign_id


async def _customers(daybook: Daybook, count: int) -> list[UUID]:
    """So many customers with an address and a consent, imported."""
    customers = [new_id() for _ in range(count)]
    now = datetime.now(UTC)
    units: list[Unit] = []
    for customer_id in customers:
        about: dict[str, Any] = {"customer_id": customer_id, "occurred_at": now}
        point: dict[str, Any] = {"contact_point_id": new_id(customer_id)}
        commands: list[Command] = [
            RegisterCustomer(**about, kind="person", time_zone=NOON_AT, segment="retail"),
            AddContactPoint(**about, **point, kind="email", value="someone@bank.example"),
            GrantConsent(
                **about, **point, channel="email", purpose="marketing", text_version="v1", evidence_channel="web"
            ),
        ]
        units.append(Unit(commands, _context(), new_stream=True))
    for start in range(0, count, 2000):
        for outcome in await daybook.handler.handle_copy(units[start : start + 2000]):
            if not isinstance(outcome, Answer):
                raise outcome
    return customers


@asynccontextmanager
async def _deciding(settings: Settings, databases: Databases) -> AsyncGenerator[Prepare]:
    daybook = await Daybook.open(settings, databases)

    async def prepare(share: tuple[Sequence[int], Sequence[UUID], UUID]) -> Run:
        partitions, customers, campaign_id = share
        found: dict[int, list[Unit]] = {partition: [] for partition in partitions}
        for one in customers:
            if (partition := daybook.record.partition_of(one)) in found:
                found[partition].append(_proposal(one, campaign_id))

        async def run() -> None:
            await asyncio.gather(*(_propose(daybook, units) for units in found.values()))

        return run

    yield prepare
    await daybook.close()


def _proposal(customer_id: UUID, campaign_id: UUID) -> Unit:
    about: dict[str, Any] = {"touch_id": new_id(customer_id), "occurred_at": datetime.now(UTC)}
    proposal = ProposeTouch(**about, customer_id=customer_id, campaign_id=campaign_id)
    return Unit([proposal], _context(), new_stream=True)


async def _propose(daybook: Daybook, units: Sequence[Unit]) -> None:
    for start in range(0, len(units), PAGE):
        for outcome in await daybook.handler.handle_copy(units[start : start + PAGE]):
            if not isinstance(outcome, Answer):
                raise outcome


async def _sent(daybook: Daybook, customers: Sequence[UUID]) -> int:
    """To how many of them it was decided to send."""
    return await daybook.record.pool.fetchval(
        "select count(*) from record.event where type = 'touch.decided' and customer_id = any ($1::uuid[])"
        " and convert_from(data, 'UTF8')::jsonb ->> 'decision' = 'send'",
        customers,
    )


def _context() -> Context:
    return Context("system:campaigns", new_id(), b"benchmark", new_id())
