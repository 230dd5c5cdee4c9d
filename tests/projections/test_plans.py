"""Every query finds its rows by an index, also when PostgreSQL plans it once for all arguments."""

import types
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import asyncpg
import orjson
import pytest

from engine.mapping import EventMapper
from projections import table_sql
from projections.break_glass_register import UNREVIEWED
from projections.complaint_search import CLAIMED, EVER_CLAIMED, PATHS
from projections.kpi_query import listing
from projections.kpi_sources import (
    CLOCKS_ENDED,
    CLOCKS_MET,
    MONEY_ACCEPTED,
    MONEY_OFFERED,
    MONEY_PAID,
    OPEN,
    REDRESS_ACCEPTED,
    REDRESS_OFFERS,
    REDRESS_PAID,
    REPEATED,
)
from projections.kpis import KPIS
from projections.lead_register import PATHS as LEAD_PATHS
from projections.measures import Asked, cell_parts
from projections.models import ReadModels
from projections.registry import PROJECTIONS
from projections.statements import statement, with_parts
from store.envelope import AppendRequest, NewEvent, Participant
from store.identity import new_id

ROWS = 4000
SMALL, STEP = 1200, 30
NOW = datetime(2026, 1, 1, tzinfo=UTC)

INDEXES = {
    "customer_id": "customer",
    "external_ref": "reference",
    "handler": "handler",
    "merged_into": "merged_into",
    "product": "product",
    "queue": "queue",
    "region": "region",
    "status": "status",
}
PLANS = [
    ("customer_profile", "", 2, "customer_profile_v1_pkey"),
    ("branch_of_customer", "", 2, "customer_profile_v1_pkey"),
    ("complaint", "", 5, "complaint_v1_pkey"),
    ("complaints", "", 23, "complaint_v1_received"),
    ("complaints", CLAIMED, 23, "complaint_v1_claims"),
    ("complaints", EVER_CLAIMED, 23, "complaint_v1_claimed"),
    *[("complaints", path, 23, f"complaint_v1_{INDEXES[name]}") for name, path in PATHS.items()],
    ("complaint_counts", "", 8, "complaint_count_v1_pkey"),
    ("confidential_complaints", "", 4, "complaint_v1_confidential"),
    ("campaign", "", 2, "campaign_v1_pkey"),
    ("campaign_sums", "", 2, "campaign_sum_v1_pkey"),
    ("campaigns", "", 5, "campaign_v1_planned"),
    ("campaigns", "and c.status = $5::text", 5, "campaign_v1_status"),
    ("campaign_touches", "", 6, "campaign_touch_v1_campaign"),
    ("satisfaction_of_customer", "", 4, "survey_invitation_v1_customer"),
    ("satisfaction_responses", "", 2, "survey_invitation_v1_customer"),
    ("satisfaction_due", "", 3, "survey_invitation_v1_expires"),
    ("satisfaction_invited", "", 11, "survey_invited_v1_pkey"),
    ("satisfaction_scores", "", 11, "survey_score_v1_pkey"),
    ("audit_lines", "", 12, "audit_trail_v1_key"),
    ("audit_lines", "and a.actor = $5::text", 12, "audit_trail_v1_actor"),
    ("audit_lines", "and a.correlation_id = $6::uuid", 12, "audit_trail_v1_correlation"),
    ("audit_lines", "and a.type = $7::text", 12, "audit_trail_v1_type"),
    ("positions_of_type", "", 2, "audit_trail_v1_type"),
    ("audit_of_customer", "", 14, "event_customer"),
    ("audit_of_stream", "", 13, "event_partition_stream_id_version_key"),
    ("event_by_id", "", 2, "event_partition_event_id_key"),
    ("withheld", "", 2, "event_withholding"),
    ("merges_of", "", 2, "customer_profile_v1_pkey"),
    ("link_queue", "", 4, "customer_profile_v1_linked"),
    ("merging", "", 3, "customer_profile_v1_merging"),
    ("recorded_at", "", 2, "event_pkey"),
    ("privacy_request", "", 2, "privacy_request_v1_pkey"),
    ("privacy_requests", "and r.open = $7::boolean", 7, "privacy_request_v1_due"),
    ("privacy_requests", "and r.customer_id = $7::uuid", 7, "privacy_request_v1_customer"),
    ("privacy_again", "", 3, "privacy_request_v1_again"),
    ("erasures", "", 5, "erasure_v1_open"),
    ("legal_holds", "", 5, "legal_hold_v1_open"),
    ("disposals", "", 5, "disposal_v1_open"),
    ("correction_queue", "", 8, "waiting_correction_v1_since"),
    ("screening_queue", "", 8, "drawn_interaction_v1_waiting"),
    ("screening_sample", "", 5, "drawn_interaction_v1_sample"),
    ("timeline", "", 8, "event_customer"),
    ("timeline", "", 8, "event_confidential"),
    ("hidden_streams", "", 5, "event_confidential"),
    ("hidden_events", "", 5, "event_confidential"),
    ("profile_seen", "", 7, "event_customer"),
    ("break_glass", "", 5, "break_glass_v1_opened"),
    ("break_glass", UNREVIEWED, 5, "break_glass_v1_open"),
    ("actors_by_id", "", 2, "actor_v1_pkey"),
    ("actors", "", 3, "actor_v1_actor"),
    ("actors_of_customers", "", 2, "actor_v1_customer"),
    ("events_behind", "", 3, "event_partition_stream_id_version_key"),
    ("portfolio_charges", "", 6, "portfolio_line_v1_manager"),
    ("portfolio_charges", "", 6, "portfolio_line_v1_customer"),
    ("portfolio_sizes", "", 4, "portfolio_line_v1_customer"),
    ("customer_steps", "", 2, "customer_steps_v1_pkey"),
    ("handovers_ordered", "", 2, "portfolio_handover_v1_ordered"),
    ("units", "", 5, "unit_line_v1_kind"),
    ("units", "", 5, "unit_line_v1_code"),
    ("units_by_code", "", 4, "unit_line_v1_code"),
    ("unit_by_id", "", 2, "unit_v1_pkey"),
    ("actors_of_unit", "", 4, "actor_v1_unit"),
    ("lead", "", 2, "lead_v1_pkey"),
    ("leads", "", 7, "lead_v1_captured"),
    *[("leads", path, 7, f"lead_v1_{name.removesuffix('_id')}") for name, path in LEAD_PATHS.items()],
    ("lead_sources", "", 3, "lead_v1_captured"),
    ("holdings_of_customer", "", 5, "holding_v1_customer"),
    ("needs_of_customer", "", 5, "need_v1_customer"),
    ("holding_statements", "", 4, "holding_statement_v1_holding"),
    ("activity_of_customer", "", 4, "holding_statement_v1_customer"),
    ("segments_of_customer", "", 4, "segment_membership_v1_customer"),
    ("segment_members", "", 6, "segment_membership_v1_segment"),
    ("segment_sizes", "", 4, "segment_membership_v1_segment"),
    ("queued", "", 5, "parked_pkey"),
    ("is_parked", "", 5, "parked_pkey"),
]


_RECEIVED, _ONE = "complaint_v1_received", "complaint_v1_pkey"
INDEXES_OF = {
    CLOCKS_MET: {_RECEIVED, "complaint_clock_pkey"},
    CLOCKS_ENDED: {_RECEIVED, "complaint_clock_pkey"},
    OPEN: {"complaint_v1_open", "complaint_spell_v1_ended", _ONE},
    REPEATED: {_RECEIVED, "complaint_v1_complainant"},
    **{
        one: {"complaint_redress_v1_step", _ONE}
        for one in (REDRESS_OFFERS, MONEY_OFFERED, REDRESS_ACCEPTED, MONEY_ACCEPTED, REDRESS_PAID, MONEY_PAID)
    },
}
"""Of measures that more than one table tells."""


@pytest.fixture
async def filled(record, admin) -> asyncpg.Connection:
    """Tables with enough rows that a wrong plan would be a bad one."""
    random = Random(1)
    async with await ReadModels.open(record, EventMapper().fact, PROJECTIONS) as models:
        for projection in PROJECTIONS:
            for table in projection.tables:
                rows = {}
                for n in range(ROWS):
                    row = row_with_values(table.row, random, n)
                    rows[(row.partition, *(getattr(row, name) for name in table.key))] = table.record_of(row)
                name = table.at(1).removeprefix("read_model.")
                async with models.writers.acquire() as connection:
                    await connection.copy_records_to_table(
                        name, schema_name="read_model", columns=table.columns, records=list(rows.values())
                    )
    customers = [new_id() for _ in range(100)]
    for partition in range(4):
        mine = [one for one in customers if record.partition_of(one) == partition]
        await record.append_copy(partition, [_event(partition, random.choice(mine)) for _ in range(ROWS // 4)])
    await admin.execute(
        "insert into read_model.parked "
        "select n % 4, 'p' || n % 5, 1, gen_random_uuid(), n, 'e' from generate_series(1, 9000) n"
    )
    await admin.execute(
        "insert into read_model.complaint_clock select n % 4, gen_random_uuid(), 'c', 'r', 'met', false, now(), null, "
        "null, '[]', 0, '{}' from generate_series(1, 4000) n"
    )
    await admin.execute("analyze")
    await admin.execute("set plan_cache_mode = force_generic_plan")
    return admin


def _event(partition: int, customer_id: UUID) -> AppendRequest:
    stream_id = new_id(customer_id)
    event = NewEvent(
        new_id(customer_id), stream_id, 0, customer_id, "thing.noted", 1, NOW, "clerk-7", stream_id, None, b"{}", b"{}"
    )
    others = [Participant(0, new_id(), "agent")]
    return AppendRequest(partition, [event], {stream_id: -1}, participants=others)


def row_with_values(row: type, random: Random, n: int) -> Any:
    """A row with a value in every column."""
    hints = get_type_hints(row)
    return row(**{name: n % 4 if name == "partition" else _value(hint, random, n) for name, hint in hints.items()})


def _value(hint: Any, random: Random, n: int) -> Any:
    kinds = (
        [one for one in get_args(hint) if one is not types.NoneType] if isinstance(hint, types.UnionType) else [hint]
    )
    kind = get_origin(kinds[0]) or kinds[0]
    made = {
        str: lambda: f"v{random.randrange(30)}",
        int: lambda: n,
        bool: lambda: False,
        Decimal: lambda: 1,
        UUID: new_id,
        datetime: lambda: NOW - timedelta(minutes=random.randrange(500_000)),
        date: lambda: date(2020 + n % 6, 1 + n % 12, 1),
        list: list,
        dict: dict,
    }
    return made[kind]()


async def test_every_query_finds_by_its_index(filled):
    wrong = {}
    for name, by, arguments, index in PLANS:
        found = [node async for node in scans(filled, statement(name, 1, by), arguments)]
        if index not in found or "Seq Scan" in found:
            wrong[name, by] = found
    assert wrong == {}


async def test_every_measure_finds_what_it_counts_by_an_index(filled):
    wrong = {}
    for measure in {one for kpi in KPIS for basis in kpi.bases for one in (basis.numerator, basis.denominator) if one}:
        first = date(2026, 1, 1)  # before all time nothing had begun
        of = Asked(first, by=measure.dimensions[:2], where=dict.fromkeys(measure.dimensions[1:3], "x"))
        behind, listed, *_ = listing(measure, of)
        cells = cell_parts(measure, of)
        statements = {"measure_cells": (cells, 8), behind: (listed, 11 if measure.counts == "people" else 10)}
        if measure.counts == "people":
            statements |= {"measure_people": (cells, 9), "measure_apart": (cells, 8)}
        elif measure.of_people:
            statements |= {"measure_members": ({**cells, "ends": f"r.{measure.until[0]}"}, 7)}
        for name, (parts, arguments) in statements.items():
            expected = INDEXES_OF.get(measure) or {f"{measure.source.table}_v1_{measure.at.removesuffix('_at')}"}
            if name == "measure_members":
                expected = {"customer_profile_v1_merging"}
            found = {node async for node in scans(filled, with_parts(statement(name, 1), parts, 1), arguments)}
            if found != expected:
                wrong[name, measure.says] = found
    assert wrong == {}


@pytest.mark.parametrize("analysed", [False, True])
async def test_every_query_finds_by_its_index_at_whatever_size_it_is_planned(record, admin, analysed):
    random = Random(1)
    wrong = set()
    async with await ReadModels.open(record, EventMapper().fact, PROJECTIONS), record.pool.acquire() as own:
        await own.execute("set plan_cache_mode = force_generic_plan")
        tables = [table for projection in PROJECTIONS for table in projection.tables]
        for name in [f"read_model.{table.name}_v1" for table in tables] + ["record.event", "read_model.parked"]:
            await admin.execute(f"alter table {name} set (autovacuum_enabled = false)")
        keys = set()
        for size in range(0, SMALL, STEP):
            for table in tables:
                rows = []
                for n in range(size, size + STEP):
                    row = row_with_values(table.row, random, n)
                    key = (table.name, row.partition, *(getattr(row, name) for name in table.key))
                    if key not in keys:
                        keys.add(key)
                        rows.append(table.record_of(row))
                name = f"{table.name}_v1"
                await admin.copy_records_to_table(name, schema_name="read_model", columns=table.columns, records=rows)
            if analysed and size % (4 * STEP) == 0:
                await admin.execute("analyze")
            for name, by, arguments, index in PLANS:
                if name == "audit_lines":  # a page of them is found along positions, too
                    continue
                found = {node async for node in scans(own, statement(name, 1, by), arguments)}
                if index not in found or "Seq Scan" in found:
                    wrong.add((name, by, index, *found))
    assert wrong == set()


@pytest.mark.parametrize("analysed", [False, True])
async def test_rows_are_loaded_by_their_key_at_whatever_size_that_is_planned(record, admin, analysed):
    """Where one index has a page less than another, it looks cheaper to read a whole partition by it."""
    random = Random(1)
    async with (
        await ReadModels.open(record, EventMapper().fact, PROJECTIONS) as models,
        models.writers.acquire() as own,
    ):
        await own.execute("set plan_cache_mode = force_generic_plan")
        for table in [table for projection in PROJECTIONS for table in projection.tables if table.kind == "rows"]:
            name = table.at(1).removeprefix("read_model.")
            await admin.execute(f"alter table read_model.{name} set (autovacuum_enabled = false)")
            for size in range(0, SMALL, STEP):
                rows = [table.record_of(row_with_values(table.row, random, n)) for n in range(size, size + STEP)]
                await admin.copy_records_to_table(name, schema_name="read_model", columns=table.columns, records=rows)
                if analysed and size % (4 * STEP) == 0:
                    await admin.execute(f"vacuum analyze read_model.{name}")
                found = {node async for node in scans(own, table_sql.load(table, 1), 2)}
                assert found == {f"{name}_pkey"}, f"{size + STEP} rows"


async def scans(connection, sql, arguments):
    """Names of the indexes that a plan for any arguments uses, and "Seq Scan" for each table it reads whole."""
    await connection.execute(f"prepare q as {sql}")
    (plan,) = await connection.fetchrow(f"explain (format json) execute q ({', '.join(['null'] * arguments)})")
    await connection.execute("deallocate q")
    for node in _nodes(orjson.loads(plan)[0]["Plan"]):
        if node["Node Type"] == "Seq Scan":
            yield "Seq Scan"
        elif "Index Name" in node:
            yield node["Index Name"]


def _nodes(plan: dict[str, Any]):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
