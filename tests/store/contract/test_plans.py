"""Every hot query takes its index: planned on an empty table, and on one of 50,000 rows; generic plans.

What the functions do is judged by what they touch: a plan that was cached while the table was empty must not
read more than it needs when the table is full.
"""

import re
from collections.abc import AsyncGenerator, Mapping
from importlib.resources import files
from typing import Any

import asyncpg
import orjson
import pytest

from store.batch import Batch
from store.connecting import SESSION
from store.envelope import AppendRequest, CustomerCondition
from store.identity import new_id
from store.statements import statement
from tests.store.made import answer, event, ids_in

ROWS = 50_000
PROBES = 64
SMALL, STEP = 1200, 30
EVENT_ID = "event_partition_event_id_key"
STREAM = "event_partition_stream_id_version_key"
CUSTOMER = "event_customer"
POSITION = "event_pkey"
HOT: Mapping[str, set[str]] = {
    "read_partition": {POSITION},
    "read_partition_types": {POSITION},
    "read_stream": {STREAM},
    "read_streams": {STREAM},
    "read_customer": {CUSTOMER, "participant_pkey", POSITION},
    "read_customers": {CUSTOMER},
    "read_events": {POSITION},
    "read_sealed": {"sealed_pkey"},
    "last_position": {POSITION},
    "find_answers": {"command_pkey"},
    "settle_events": {EVENT_ID},
    "settle_answers": {"command_pkey"},
}
ANALYZE = "vacuum analyze record.event, record.command, record.sealed, record.participant"
# Events, and a command, a blob and a participant per event. A customer has at most ten events.
FILL = (
    """
    insert into record.event
    select n % $1, n / $1, gen_random_uuid(), gen_random_uuid(), 0, md5((n % 5000)::text)::uuid, 't' || n % 7, 1,
           now(), now(), 'a', gen_random_uuid(), null, '', '{}', '{}'
      from generate_series($2::int, $3 - 1) n
    """,
    """
    insert into record.command
    select n % $1, gen_random_uuid(), '', '', n / $1, now() from generate_series($2::int, $3 - 1) n
    """,
    """
    insert into record.sealed
    select e.partition, e.event_id, e.customer_id, 'interaction', gen_random_uuid(), ''
      from record.event e where e.position >= $2 / $1 and e.customer_id is not null limit ($3 - $2)
        on conflict do nothing
    """,
    """
    insert into record.participant
    select n % $1, md5((n % 5000)::text)::uuid, n / $1, 'r' from generate_series($2::int, $3 - 1) n
    """,
)


@pytest.fixture
def database(fresh_database):
    return fresh_database


@pytest.fixture
async def session(record, database) -> AsyncGenerator[asyncpg.Connection]:
    """Plans generically from the first execution on; nobody analyses behind its back."""
    settings = {**SESSION, "plan_cache_mode": "force_generic_plan"}
    connection = await asyncpg.connect(database.admin_dsn, server_settings=settings)
    for table in ("event", "command", "sealed", "participant"):
        await connection.execute(f"alter table record.{table} set (autovacuum_enabled = false)")
    yield connection
    await connection.close()


async def fill(session: asyncpg.Connection, partitions: int, rows: int, *, start: int = 0) -> None:
    for sql in FILL:
        await session.execute(sql.replace("$1", str(partitions)).replace("$2", str(start)).replace("$3", str(rows)))


async def nodes_of(session: asyncpg.Connection, name: str) -> list[dict[str, Any]]:
    """All nodes of a statement's generic plan."""
    sql = statement(name)
    arguments = ", ".join(["null"] * max(int(number) for number in re.findall(r"\$(\d+)", sql)))
    await session.execute(f"prepare hot as {sql}")
    plan = orjson.loads(await session.fetchval(f"explain (format json) execute hot ({arguments})"))
    await session.execute("deallocate hot")
    assert "$1" in str(plan), "not the generic plan"
    nodes, waiting = [], [plan[0]["Plan"]]
    while waiting:
        nodes.append(waiting.pop())
        waiting += nodes[-1].get("Plans", [])
    return nodes


async def check_plans(session: asyncpg.Connection, state: str) -> None:
    taken: dict[str, set[str]] = {}
    for name in HOT:
        nodes = await nodes_of(session, name)
        taken[name] = {node["Index Name"] for node in nodes if "Index Name" in node}
        taken[name] |= {"every row" for node in nodes if node["Node Type"] == "Seq Scan"}
    wrong = {name: indexes for name, indexes in taken.items() if indexes != HOT[name]}
    assert not wrong, state


@pytest.mark.parametrize("partitions", [1, 4])
async def test_hot_queries_take_their_index(session, partitions):
    """Planned when empty, when a few rows were counted and many are there, and when all are counted."""
    await check_plans(session, "empty")
    await fill(session, partitions, 100)
    await check_plans(session, "100 rows, never analysed")
    await session.execute(ANALYZE)
    await check_plans(session, "100 rows")
    await fill(session, partitions, ROWS, start=100)
    await check_plans(session, "50,000 rows, analysed at 100")
    await session.execute(ANALYZE)
    await check_plans(session, "50,000 rows")


@pytest.mark.parametrize("partitions", [1, 4])
async def test_hot_queries_take_their_index_on_a_table_never_analysed(session, partitions):
    await fill(session, partitions, ROWS)
    await check_plans(session, "50,000 rows, never analysed")


@pytest.mark.parametrize("partitions", [1, 4])
@pytest.mark.parametrize("analysed", [False, True])
async def test_hot_queries_take_their_index_at_whatever_size_they_are_planned(session, partitions, analysed):
    """Where one index has a page more than another, the other looks cheaper, even if its rows must be sorted."""
    for size in range(0, SMALL, STEP):
        await fill(session, partitions, size + STEP, start=size)
        if analysed and size % (4 * STEP) == 0:
            await session.execute(ANALYZE)
        await check_plans(session, f"{size + STEP} rows")


async def test_a_statement_that_reads_the_record_is_hot_or_known_not_to_be():
    """One that was added without a look at its plan shows here."""
    once_per_process = {"begin_incarnation", "incarnations", "partitions", "sealed_under_tombstones"}
    seldom = {"delete_sealed"}  # by connections that are made for an erasure, so its plan is not an old one
    reading = {
        path.name.removesuffix(".sql")
        for path in (files("store") / "sql").iterdir()
        if re.search(r"\b(from|join)\s+record\.(?!\w+\()", path.read_text(encoding="utf-8"))
    }
    assert reading == once_per_process | seldom | HOT.keys()


async def touched(session: asyncpg.Connection) -> dict[str, tuple[int, int]]:
    """(scans, entries read) of each index of the record so far, and of each table as a whole."""
    await session.execute("select pg_stat_force_next_flush()")
    rows = await session.fetch(
        """
        select indexrelname as name, idx_scan as scans, idx_tup_read as entries
          from pg_stat_user_indexes where schemaname = 'record'
         union all
        select relname, seq_scan, seq_tup_read from pg_stat_user_tables where schemaname = 'record'
        """
    )
    return {row["name"]: (row["scans"], row["entries"]) for row in rows}


async def touches(session: asyncpg.Connection, sql: str, *arguments: Any) -> dict[str, tuple[int, int]]:
    """What one execution touches."""
    before = await touched(session)
    await session.fetch(sql, *arguments)
    after = await touched(session)
    changed = {name: (after[name][0] - before[name][0], after[name][1] - before[name][1]) for name in after}
    return {name: counts for name, counts in changed.items() if counts != (0, 0)}


async def test_judging_probes_by_one_index_each_with_a_plan_made_on_an_empty_table(session, record):
    streams = ids_in(record, 1, PROBES)
    requests = [
        AppendRequest(
            1, [event(s)], {s: -1}, [CustomerCondition(new_id(), frozenset({"t1", "t2"}), -1)], answer(str(s))
        )
        for s in streams
    ]
    batch = Batch.of(requests)
    arguments = (1, *batch.judge_arguments(careful=True))
    for _ in range(2):
        await session.fetch(statement("judge"), *arguments)
    await fill(session, 4, ROWS)
    for _ in range(2):
        used = await touches(session, statement("judge"), *arguments)
        scans = {name: counts[0] for name, counts in used.items()}
        assert scans == {STREAM: 2 * PROBES, CUSTOMER: PROBES, EVENT_ID: PROBES, "command_pkey": PROBES}
        assert all(entries <= scans for scans, entries in used.values()), used
        await session.execute("vacuum analyze record.event, record.command")


@pytest.mark.parametrize("analysed", [False, True])
async def test_judging_probes_by_one_index_each_at_whatever_size_it_is_planned(session, record, analysed):
    streams = ids_in(record, 1, 8)
    requests = [AppendRequest(1, [event(s, 6)], {s: 5}, (), answer(str(s))) for s in streams]
    arguments = (1, *Batch.of(requests).judge_arguments(careful=True))
    for size in range(0, SMALL, STEP):
        await fill(session, 4, size + STEP, start=size)
        if analysed and size % (4 * STEP) == 0:
            await session.execute(ANALYZE)
        await session.execute("discard plans")
        used = await touches(session, statement("judge"), *arguments)
        scans = {name: counts[0] for name, counts in used.items()}
        assert scans == {STREAM: 16, EVENT_ID: 8, "command_pkey": 8}, f"{size + STEP} rows"
        assert all(entries <= scans for scans, entries in used.values()), used


async def test_a_condition_reads_the_customers_events_only(session):
    await fill(session, 4, ROWS)
    customer = await session.fetchval("select customer_id from record.event where partition = 1 limit 1")
    conditions = [(1, customer, "t9\nt8", -1)]
    used = await touches(session, statement("judge"), 1, False, [], [], conditions, [])
    assert used == {CUSTOMER: (1, 10)}


async def test_the_next_position_and_cuts_are_found_by_the_last_row(session):
    await session.fetch("select record.next_position(1::smallint, null)")
    await session.fetch("select record.position_at(1::smallint, now())")
    await fill(session, 4, ROWS)
    used = await touches(session, "select record.next_position(1::smallint, null)")
    assert used[POSITION] == (1, 1)
    assert "event" not in used
    used = await touches(session, "select record.position_at(1::smallint, now() - interval '1 hour')")
    scans, entries = used.pop(POSITION)
    assert scans == entries <= 16
    assert not used


async def test_appending_to_a_full_table_touches_as_much_as_to_an_empty_one(session, record):
    """By the connection's own plans, made while the table was empty."""

    async def append() -> dict[str, int]:
        before = await touched(session)
        stream = ids_in(record, 1, 1)[0]
        for version in (0, 1):  # begun, which the unique key judges, and continued
            request = AppendRequest(
                1, [event(stream, version)], {stream: version - 1}, (), answer(f"{stream}{version}")
            )
            assert (await record.append(request)).count == 1
        connection = record._lanes[1]._writer._open[0]
        await connection.execute("select pg_stat_force_next_flush()")
        after = await touched(session)
        return {name: after[name][0] - before[name][0] for name in after if after[name] != before[name]}

    await append()
    small = await append()
    await fill(session, 1, ROWS)
    assert await append() == small
    assert small == {POSITION: 2, STREAM: 1, "closed_cut_pkey": 2, "partition_head_pkey": 2}
