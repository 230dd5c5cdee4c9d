"""The scheduler's pass and the board find their rows by an index, also planned once for all arguments."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from engine.statements import statement as of_engine
from projections.clock_board import OF_A_CLOCK
from projections.statements import statement as of_projections
from store.identity import new_id

ROWS = 4000
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
async def filled(daybook):
    rows = [
        (
            0, new_id(), ("cn.decide", "uk.final")[n % 2], "cn", ("running", "breached", "paused", "met")[n % 4],
            n % 4 < 3, NOW + timedelta(minutes=n), NOW + timedelta(minutes=n) if n % 4 == 0 else None, None, "[]", 0,
            "{}",
        )
        for n in range(ROWS)
    ]  # fmt: skip
    pool = daybook.models.writers
    await pool.executemany(
        "insert into read_model.complaint_clock values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::jsonb, $11, "
        "$12::text::jsonb)",
        rows,
    )
    async with pool.acquire() as connection:
        await connection.execute("analyze read_model.complaint_clock")
        yield connection


START = f"'{NOW.isoformat()}', '{UUID(int=0)}', '', 51"
SIGHT = "array['whistleblower'], 'staff:1', array[]::uuid[]"
CASES = {
    "pass": (of_engine("due_clocks"), f"0, '{NOW.isoformat()}', 500", "complaint_clock_next"),
    "board": (of_projections("clock_board"), f"0, {START}, {SIGHT}", "complaint_clock_board"),
    "of a clock": (
        of_projections("clock_board", by=OF_A_CLOCK), f"0, {START}, {SIGHT}, 'cn.decide'",
        "complaint_clock_board_of_clock",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
async def test_found_by_index(filled, mode):
    await filled.execute(f"set plan_cache_mode = {mode}")
    for sql, arguments, index in CASES.values():
        await filled.execute(f"prepare asked as {sql}")
        plan = "\n".join(row[0] for row in await filled.fetch(f"explain execute asked({arguments})"))
        await filled.execute("deallocate asked")
        assert f"using {index} " in plan, plan
        assert "Seq Scan" not in plan
        assert "Sort" not in plan, "the index gives the order"
