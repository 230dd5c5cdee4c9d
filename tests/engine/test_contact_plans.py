"""What keeps touches and runs campaigns finds its rows by an index, also planned once for all arguments."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.statements import statement
from store.identity import new_id

ROWS = 4000
NOW = datetime(2026, 3, 2, tzinfo=UTC)
WHO = UUID(int=7)


@pytest.fixture
async def filled(daybook):
    due = [(("touch", "consent")[n % 2], new_id(), new_id(), NOW + timedelta(minutes=n), new_id()) for n in range(ROWS)]
    runs = [(n % 4, new_id(), new_id(), new_id(), n % 3 == 0) for n in range(ROWS)]
    async with daybook.models.writers.acquire() as connection:
        await connection.execute(statement("write_contacts_due"), 0, *map(list, zip(*due, strict=True)))
        insert = "insert into read_model.campaign_run values ($1, $2, $3, 9, 'mass', $4, $5)"
        await connection.executemany(insert, runs)
        await connection.execute("analyze read_model.contact_due, read_model.campaign_run")
        yield connection


CASES = {
    "due_contacts": (f"0, '{NOW.isoformat()}', 500", "contact_due_next", "due_at"),
    "delete_contacts_due": (f"0, array['{WHO}']::uuid[]", "contact_due_of_customer", "customer_id"),
    "delete_contacts_gone": (f"0, array['{WHO}']::uuid[]", "contact_due_pkey", "key"),
    "campaign_run": (f"0, '{WHO}'", "campaign_run_pkey", "campaign_id"),
    "campaign_runs": (f"array[0, 1, 2, 3]::smallint[], '{WHO}'", "campaign_run_pkey", "campaign_id"),
}


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
async def test_found_by_index(filled, mode):
    await filled.execute(f"set plan_cache_mode = {mode}")
    for name, (arguments, index, narrowed_by) in CASES.items():
        await filled.execute(f"prepare asked as {statement(name)}")
        plan = "\n".join(row[0] for row in await filled.fetch(f"explain execute asked({arguments})"))
        await filled.execute("deallocate asked")
        assert index in plan, plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan, "the index gives the order"
        conditions = [line for line in plan.splitlines() if "Index Cond" in line]
        assert conditions
        assert all(f"{narrowed_by} " in line for line in conditions), plan
