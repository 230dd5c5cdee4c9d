"""Every statement about unusual access finds its rows by an index, also when PostgreSQL plans it once for all."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from engine.mapping import EventMapper
from projections.actor_directory import ACTOR_TABLE
from projections.customer_profile import PROFILE
from projections.models import ReadModels
from projections.registry import PROJECTIONS
from projections.statements import statement
from store.envelope import AppendRequest, NewEvent, Participant
from store.identity import new_id
from store.initialising import create_partitions
from store.record import Record
from tests.projections.test_plans import row_with_values, scans

DAYS, ACTORS, CUSTOMERS = 40, 25, 200
FIRST = date(2026, 1, 1)
PLANS = [
    ("access_of_day", 2, {"access_day_pkey"}),
    ("access_before", 4, {"access_day_actor"}),
    ("access_of_customers", 3, {"access_customer_customer"}),
    ("access_in_segments", 3, {"access_customer_customer", "customer_profile_v1_pkey"}),
    ("access_unrelated", 6, {"access_customer_pkey", "event_customer", "participant_pkey"}),
    ("confidential_looks", 5, {"confidential_look_day", "event_confidential"}),
    ("confidential_events", 2, {"event_partition_event_id_key", "event_confidential"}),
    ("staff", 1, {"actor_v1_customer"}),
    ("looks_of_actor", 5, {"event_actor"}),
]


@pytest.fixture
async def counted(record, admin, database) -> asyncpg.Connection:
    """Looks of many actors at many customers on many days, and events of these customers."""
    random, customers = Random(1), [new_id() for _ in range(CUSTOMERS)]
    async with await ReadModels.open(record, EventMapper().fact, PROJECTIONS):
        for table in (PROFILE, ACTOR_TABLE):
            rows = [table.record_of(row_with_values(table.row, random, n)) for n in range(4000)]
            await _copy(admin, f"{table.name}_v1", rows, table.columns)
    for partition in range(record.partitions):
        mine = [one for one in customers if record.partition_of(one) == partition]
        await record.append_copy(partition, [_event(partition, random.choice(mine)) for _ in range(1000)])
        secret = [_event(partition, random.choice(mine), "complaint.marked-confidential") for _ in range(300)]
        await record.append_copy(partition, secret)
        days = [(partition, FIRST + timedelta(days=day), f"staff:{n}") for day in range(DAYS) for n in range(ACTORS)]
        await _copy(admin, "access_day", [(*one, ["front-office"], 3, 4, [0] * 24, 0, 0, 0) for one in days])
        await _copy(admin, "access_customer", [(*one, customer, 1) for one in days for customer in mine[:5]])
        looks = [
            (partition, n, new_id(), FIRST, f"staff:{n % ACTORS}", random.choice(mine), new_id()) for n in range(2000)
        ]
        await _copy(admin, "confidential_look", looks)
    await create_partitions(database.admin_dsn, record.partitions, schema="reads")
    async with await Record.open(database.app_dsn, schema="reads") as reads:
        for partition in range(reads.partitions):
            await reads.append_copy(partition, [_event(partition, new_id()) for _ in range(1000)])
    await admin.execute("analyze")
    await admin.execute("set plan_cache_mode = force_generic_plan")
    return admin


async def _copy(connection: asyncpg.Connection, table: str, rows: Sequence[Sequence[Any]], columns=None) -> None:
    await connection.copy_records_to_table(table, schema_name="read_model", columns=columns, records=rows)


def _event(partition: int, customer_id: UUID, kind: str = "interaction.recorded") -> AppendRequest:
    stream_id = new_id(customer_id)
    event = NewEvent(
        new_id(customer_id), stream_id, 0, customer_id, kind, 1, datetime.now(UTC), "clerk-7",
        stream_id, None, b'{"group":"whistleblower","withheld_from":[]}', b"{}",
    )  # fmt: skip
    return AppendRequest(partition, [event], {stream_id: -1}, participants=[Participant(0, new_id(), "agent")])


async def test_every_statement_about_unusual_access_finds_by_its_index(counted):
    wrong = {}
    for name, arguments, indexes in PLANS:
        found = [node async for node in scans(counted, statement(name, 1), arguments)]
        if not indexes <= set(found) or "Seq Scan" in found:
            wrong[name] = found
    assert wrong == {}
