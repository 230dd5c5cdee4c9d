"""A small bank whose record, looks and read models are complete, and whose logs are sealed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.app import create_app
from audit.guard import ForkGuard
from audit.logs import ensure_logs, read_logs
from audit.sealer import Hands
from audit.sealing import open_pool
from audit.signing import FileKeys
from domain.interaction_messages import Participant, RecordInteraction
from engine.deciding import Context
from engine.following import Following
from engine.handling import Unit
from engine.settings import Settings
from engine.simulation import START, SimulatedBank, recorded
from engine.status import caught_up
from engine.wiring import Databases, Daybook, initialise
from store.identity import new_id
from tests.api import bearer
from tests.api.stories import told_all
from tests.audit.made import seal_all
from tests.engine.lookers import LOOKER

LOG_ID = "bank.example/campaign"
PARTITIONS = 2
CUSTOMERS = 14
BETWEEN_SEALS = 150


@dataclass(frozen=True, slots=True)
class Bank:
    """What there is to tamper with. `vkeys`: what an auditor keeps."""

    daybook: Daybook
    hands: Hands
    vkeys: dict[str, str]
    folder: Path


@asynccontextmanager
async def sealed_bank(app_dsn: str, admin_dsn: str, folder: Path) -> AsyncGenerator[Bank]:
    """Fill, follow and seal in two rounds, so that every log has several checkpoints behind it."""
    databases = Databases(app_dsn, admin_dsn, None)
    await initialise(databases, PARTITIONS, progress=lambda *_: None)
    bearer.install(folder)
    settings = Settings(database_url=app_dsn, data_dir=folder, clocks=False, handovers=False, contacts=False)
    daybook = await Daybook.open(settings, databases)
    pool = await open_pool(app_dsn.replace("daybook_app", "daybook_sealer"))
    hands = Hands(pool, ForkGuard(folder / "guard"), FileKeys(folder / "signing"), "here")
    try:
        await ensure_logs(pool, hands.keys, LOG_ID)
        sealed = 0
        async for done in recorded(daybook, SimulatedBank(daybook.vault.keyed_hmac, customers=CUSTOMERS)):
            if done - sealed > BETWEEN_SEALS:
                await seal_all(hands)
                sealed = done
        await seal_all(hands)
        await _joint_interactions(daybook)
        await _told(daybook)
        await _looks(daybook)
        async with await Following.start(daybook.models):
            await caught_up(daybook)
        await seal_all(hands)
        vkeys = {log.origin: log.vkey for log in await read_logs(pool)}
        yield Bank(daybook, hands, vkeys, folder)
    finally:
        await pool.close()
        await daybook.close()


async def _told(daybook: Daybook) -> None:
    """What the simulation has nothing of: holds, erasures, handovers, doors that were opened in an emergency."""
    made = create_app(daybook)
    transport = httpx.ASGITransport(made, client=("127.0.0.1", 50000))
    async with (
        made.router.lifespan_context(made),
        bearer.Client(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        await told_all(client, later=True)


async def _joint_interactions(daybook: Daybook) -> None:
    """Contacts of two customers, so that there are participants."""
    for _ in range(12):
        customer, other = new_id(), new_id()
        while daybook.record.partition_of(other) != daybook.record.partition_of(customer):
            other = new_id()
        interaction = new_id(beside=customer)
        command = RecordInteraction(
            interaction_id=interaction, customer_id=customer, occurred_at=START, channel="branch", direction="inbound",
            purpose="servicing", summary="Came together.",
            participants=(Participant(customer_id=other, role="joint_holder"),),
        )  # fmt: skip
        context = Context("staff:branch", new_id(beside=customer), b"request", new_id())
        await daybook.handler.handle_copy([Unit([command], context)])


async def _looks(daybook: Daybook) -> None:
    """Somebody looks at every event that has personal data."""
    for partition in range(PARTITIONS):
        page = await daybook.record.read_partition(partition, 0, 400)
        facts = [fact for fact in map(daybook.mapper.fact, page) if fact.sealed]
        for start in range(0, len(facts), 3):
            await daybook.opener.open_facts(LOOKER, partition, facts[start : start + 3])


async def tables(connection) -> dict[str, list[str]]:
    """Every table of the product with its columns."""
    rows = await connection.fetch(
        "select n.nspname || '.' || c.relname as name, array_agg(a.attname::text order by a.attnum) as columns "
        "from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
        "where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', 'public') group by 1"
    )
    return {row["name"]: row["columns"] for row in rows}
