"""Deciding touches: facts of a customer nobody remembers, policy, append; beside appending alone."""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop

from benchmarks.append import callers_append
from benchmarks.made import requests
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
from engine.wiring import Daybook
from store.embedded import EmbeddedServer
from store.identity import new_id

ROUNDS = 7
CALLERS = 256
NOON_AT = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"
"""A time zone in which contact is allowed now, so that what is measured is sent."""


def run(server: EmbeddedServer, *, quick: bool) -> dict[str, Any]:
    """Seven interleaved rounds; medians."""
    with tempfile.TemporaryDirectory(prefix="daybook-bench-", dir="/var/tmp") as folder:
        return uvloop.run(_run(server, Path(folder), rounds=1 if quick else ROUNDS, scale=0.1 if quick else 1.0))


async def _run(server: EmbeddedServer, folder: Path, *, rounds: int, scale: float) -> dict[str, Any]:
    databases = await fresh_record(server, "touches")
    daybook = await Daybook.open(Settings(database_url=databases.application, data_dir=folder), databases)
    campaign_id = await _campaign(daybook)
    measured: dict[str, list[float]] = {"touches_per_s": [], "append_256_per_s": []}
    sent = decided = 0
    for number in range(rounds):
        customers = await _customers(daybook, int(20_000 * scale))
        rate, types = await _decide(daybook, customers, campaign_id)
        measured["touches_per_s"].append(rate)
        decided += len(customers)
        sent += types
        append, _ = await callers_append(daybook.record, requests(int(100_000 * scale), PARTITIONS), CALLERS)
        measured["append_256_per_s"].append(append)
        say(f"round {number + 1}: touches {rate:,.0f}, append {append:,.0f}")
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


async def _decide(daybook: Daybook, customers: list[UUID], campaign_id: UUID) -> tuple[float, int]:
    """Decisions a second, a page of customers at a time as a launched campaign proposes; and how many were sent."""
    now = datetime.now(UTC)
    units = [
        Unit(
            [ProposeTouch(touch_id=new_id(one), occurred_at=now, customer_id=one, campaign_id=campaign_id)],
            _context(),
            new_stream=True,
        )
        for one in customers
    ]
    by_partition: list[list[Unit]] = [[] for _ in range(PARTITIONS)]
    for unit, one in zip(units, customers, strict=True):
        by_partition[daybook.record.partition_of(one)].append(unit)

    async def runner(mine: list[Unit]) -> None:
        for start in range(0, len(mine), PAGE):
            for outcome in await daybook.handler.handle_copy(mine[start : start + PAGE]):
                if not isinstance(outcome, Answer):
                    raise outcome

    started = time.perf_counter()
    await asyncio.gather(*map(runner, by_partition))
    took = time.perf_counter() - started
    found = await daybook.record.pool.fetch(
        "select count(*) as sent from record.event where type = 'touch.decided' and customer_id = any ($1::uuid[])"
        " and convert_from(data, 'UTF8')::jsonb ->> 'decision' = 'send'",
        customers,
    )
    return len(units) / took, found[0]["sent"]


def _context() -> Context:
    return Context("system:campaigns", new_id(), b"benchmark", new_id())
