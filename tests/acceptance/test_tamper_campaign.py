"""Tamper campaign: whatever a superuser changes in any table is found, and named, or is known to be found by nothing.

The tables are asked of the catalog, so a new one belongs to the campaign, or to the list of what is not proved, which
docs/explanation/trust.md tells the reader.
"""

import os
import random
import re
from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from audit.verifying import verify
from engine.side_rows import side_rows_at
from engine.wiring import read_model_setup
from replay.compared import RowDifference, compare
from tests.acceptance.tampering.bank import PARTITIONS, Bank, sealed_bank, tables
from tests.acceptance.tampering.rows import Change, change, undone

TRUST = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "trust.md"
SEED = 20_261_127
LOGS = ("record.event", "record.sealed", "reads.event", "seal.tile", "seal.log", "seal.entry")
SIDE_ROWS = ("record.participant", "record.command", "reads.participant")
WEIGHTS = {"record.event": 8, "reads.event": 3, "record.sealed": 3, "seal.tile": 2, "seal.entry": 2}

# Columns that say nothing that could be proved: who holds a lease until when, what nothing is decided by.
UNPROVED = {
    "seal.log": {"holder", "epoch", "expires_at", "trouble", "signed_at"},
    "record.command": {"request_hmac", "expires_at"},
    "record.sealed": {"key_id"},  # which key opens a blob is in the blob; a wrong one opens nothing
}
UNPROVED_LOSS = ("record.command", "delete")  # an answer is kept for a time only
# The rows of a table that a log or an event speaks for.
SEALED = {
    "record.command": "convert_from(answer, 'UTF8') not like '%\"refusal\"%'",
    "seal.log": "signed_size > 0",
}


@pytest.fixture
async def bank(database, tmp_path) -> AsyncGenerator[Bank]:
    async with sealed_bank(database.app_dsn, database.admin_dsn, tmp_path) as made:
        yield made


@pytest.fixture
async def superuser(database) -> AsyncGenerator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.admin_dsn, min_size=0, max_size=2) as pool:
        yield pool


async def found_after(bank: Bank, connection, table: str) -> list[tuple[str, str]]:
    """What the verifier of a table finds: where and why."""
    if table in SIDE_ROWS:
        return [(one.where, one.why) for one in await side_rows_at(connection, PARTITIONS)]
    verified = await verify(connection, bank.hands.guard, bank.vkeys)
    return [(one.where, one.why) for one in verified.findings]


async def campaign(bank: Bank, superuser: asyncpg.Pool, rounds: int) -> tuple[Counter[str], list[str]]:
    """So many changes; how many of each kind, and those that were not found or not named."""
    dice, made, missed = random.Random(SEED), Counter[str](), list[str]()
    async with superuser.acquire() as connection:
        columns = await tables(connection)
        ends = {
            table: {
                row[0]: row[1]
                for row in await connection.fetch(f"select partition, max(position) from {table} group by 1")
            }
            for table in ("record.event", "reads.event")
        }
    choices = [*LOGS, *SIDE_ROWS]
    while made.total() < rounds:
        table = dice.choices(choices, [WEIGHTS.get(one, 1) for one in choices])[0]
        able = [one for one in columns[table] if one not in UNPROVED.get(table, ())]
        async with undone(superuser) as connection:
            await connection.execute("select setseed($1)", dice.random())
            changed = await change(connection, dice, table, able, SEALED.get(table, "true"))
            if changed is None or (table, changed.how) == UNPROVED_LOSS or _next(changed, ends):
                continue
            made[f"{table} {changed.how.split()[0]}"] += 1
            found = await found_after(bank, connection, table)
        if not named(changed, found):
            missed.append(f"{changed} -> {found[:3]}")
    return made, missed


def _next(changed: Change, ends: dict[str, dict[int, int]]) -> bool:
    """Whether it is an event more, in the next place: nothing seals it yet, and nothing tells it from an honest one."""
    row = changed.rows[-1]
    return (
        changed.how == "insert"
        and changed.table in ends
        and row["position"] == ends[changed.table].get(row["partition"], -1) + 1
    )


def named(changed: Change, found: list[tuple[str, str]]) -> bool:
    return any(where == one or where.startswith((f"{one} ", f"{one}.")) for where, _ in found for one in changed.names)


READ_MODELS = re.compile(r"read_model\.\w+_v\d+")
# Read models without rows here: no sampling plan is in force, so that no interaction is drawn.
NOT_FILLED = {"read_model.drawn_interaction_v1"}
EDITS_AT_ONCE = 25


async def read_model_campaign(bank: Bank, superuser: asyncpg.Pool, rounds: int) -> tuple[Counter[str], list[str]]:
    """Edits of read models, many at a time since each look takes a whole replay; those that were not named."""
    dice, made, missed = random.Random(SEED), Counter[str](), list[str]()
    async with superuser.acquire() as connection:
        columns = {name: of for name, of in (await tables(connection)).items() if READ_MODELS.fullmatch(name)}
        counted = {name: await connection.fetchval(f"select count(*) from {name}") for name in sorted(columns)}
        filled = {name: count for name, count in counted.items() if count}
        assert counted.keys() - filled.keys() == NOT_FILLED
        for name in filled:
            await connection.execute(f"create table {name.replace('read_model.', 'public.')} as table {name}")
    for _ in range(rounds):
        edits, touched = list[Change](), set[str]()  # of a small table one edit at a time, lest one undoes another
        async with superuser.acquire() as connection:
            await connection.execute("select setseed($1)", dice.random())
            while len(edits) < EDITS_AT_ONCE:
                table = dice.choice([name for name, count in filled.items() if count > 30 or name not in touched])
                touched.add(table)
                untouched = f"t::text in (select p::text from {table.replace('read_model.', 'public.')} p)"
                edit = await change(connection, dice, table, columns[table], untouched)
                if edit is not None:
                    edits.append(edit)
        found = (await compare(bank.daybook.models, read_model_setup)).differences
        for edit in edits:
            made[f"{edit.table} {edit.how.split()[0]}"] += 1
            if not any(_about(edit, one) for one in found):
                missed.append(f"{edit}: {[dict(row) for row in edit.rows]}")
        async with superuser.acquire() as connection, connection.transaction():
            for name in filled:
                await connection.execute(f"delete from {name}")
                await connection.execute(f"insert into {name} table {name.replace('read_model.', 'public.')}")
    return made, missed


def _about(edit: Change, found: RowDifference) -> bool:
    return re.sub(r"read_model\.|_v\d+$", "", edit.table) == found.table and any(
        row["partition"] == found.partition and all(str(row[name]) == value for name, value in found.key.items())
        for row in edit.rows
    )


async def test_edits_of_read_models_are_found_and_named(bank: Bank, superuser: asyncpg.Pool) -> None:
    made, missed = await read_model_campaign(bank, superuser, 2)
    assert "\n".join(missed) == ""
    assert made.total() == 2 * EDITS_AT_ONCE


@pytest.mark.long
async def test_a_thousand_edits_of_read_models_are_found_and_named(bank: Bank, superuser: asyncpg.Pool) -> None:
    made, missed = await read_model_campaign(bank, superuser, 40)
    print(made.total(), "edits:", dict(sorted(made.items())))  # noqa: T201  # shown with -rP
    assert "\n".join(missed) == ""


async def test_the_reader_is_told_of_every_table(superuser: asyncpg.Pool) -> None:
    told = TRUST.read_text(encoding="utf-8")
    async with superuser.acquire() as connection:
        there = set(await tables(connection))  # of read models, those that they share: none has begun
    of_looks = {"reads.closed_cut", "reads.incarnation", "reads.partition_head", "reads.command", "reads.sealed"}
    assert {one for one in there - of_looks if f"`{one}`" not in told} == set()


async def test_an_honest_bank_has_no_findings(bank: Bank, superuser: asyncpg.Pool) -> None:
    async with undone(superuser) as connection:
        for table in ("record.event", "record.participant"):
            assert await found_after(bank, connection, table) == []


async def test_every_change_is_found_and_named(bank: Bank, superuser: asyncpg.Pool) -> None:
    made, missed = await campaign(bank, superuser, 150)
    assert "\n".join(missed) == ""
    assert {name.split()[0] for name in made} >= {"record.event", "reads.event", "record.sealed", "seal.tile"}


@pytest.mark.long
async def test_two_thousand_changes_are_found_and_named(bank: Bank, superuser: asyncpg.Pool) -> None:
    made, missed = await campaign(bank, superuser, int(os.environ.get("DAYBOOK_TEST_TAMPERINGS", "2000")))
    print(made.total(), "changes:", dict(sorted(made.items())))  # noqa: T201  # shown with -rP
    assert "\n".join(missed) == ""
