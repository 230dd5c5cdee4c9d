"""Timeliness by clocks at a simulated bank is what plain SQL over the record says."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.matters import Sight
from engine.measuring import counted, measured
from engine.simulation import SimulatedBank, recorded
from engine.status import caught_up
from projections.kpis import kpi_of
from projections.measures import Asked
from tests.engine.clock_bank import clock_bank

NOBODY = Sight("staff:1")
FAR = datetime(2026, 12, 31, tzinfo=UTC)
TIMELY = kpi_of("complaint.timely_rate")
# Straight from the events: told a decision, or breached. A withdrawal or a merger before that ends a clock for good.
IN_SQL = """
with told as (
    select stream_id,
           bool_or(type = 'complaint.clock-breached' and told ->> 'clock' = 'cn.decide') as breached,
           min(occurred_at) filter (where type in ('complaint.withdrawn', 'complaint.merged')) as left_at,
           least(
               min((told ->> 'notified_at')::timestamptz) filter (where type = 'complaint.final-response-issued'),
               min((told ->> 'at')::timestamptz)
                   filter (where type = 'complaint.notified' and told ->> 'what' = 'decision')
           ) as notified_at,
           max(told ->> 'product') filter (where type = 'complaint.received') as product
      from record.event, lateral (select convert_from(data, 'UTF8')::jsonb as told) json
     where type like 'complaint.%'
     group by stream_id
    having max(told ->> 'regime') filter (where type = 'complaint.received') = 'cn'
)
select product,
       count(*) filter (where notified_at is not null and not breached) as met,
       count(*) filter (where breached or (notified_at is not null and (left_at is null or left_at > notified_at)))
           as ended
  from told group by product
"""


@pytest.fixture
async def bank(daybook):
    """A simulated bank, with its clocks kept until long after."""
    async for _ in recorded(daybook, SimulatedBank(daybook.vault.keyed_hmac, customers=80)):
        pass
    async with clock_bank(daybook) as made:
        await made.open_keepers()
        await made.keep(FAR)
        await caught_up(daybook)
        yield daybook


async def test_the_figure_by_clocks_is_that_of_the_record(bank) -> None:
    rows = await bank.record.pool.fetch(IN_SQL)
    met = Counter({row["product"]: row["met"] for row in rows if row["met"]})
    ended = Counter({row["product"]: row["ended"] for row in rows if row["ended"]})
    assert met.total() > 10
    assert ended.total() - met.total() > 3, "some were breached"
    told = await measured(bank, TIMELY, Asked(by=("product",), where={"clock": "cn.decide"}), NOBODY)
    assert told["clocks_behind"] == 0
    cells = [one for one in told["cells"] if one["basis"] == "clock"]
    assert Counter({one["group"]["product"]: one["numerator"] for one in cells if one["numerator"]}) == met
    assert Counter({one["group"]["product"]: one["denominator"] for one in cells if one["denominator"]}) == ended
    for one in cells:
        assert one["value"] == round(100 * one["numerator"] / one["denominator"], 4)
    assert [one for one in told["cells"] if one["basis"] == "asserted"] == []


async def test_every_clock_leads_to_its_complaint_and_events(bank) -> None:
    told = await measured(bank, TIMELY, Asked(by=("clock",)), NOBODY)
    cells: list[dict[str, Any]] = [one for one in told["cells"] if one["basis"] == "clock"]
    assert {one["group"]["clock"] for one in cells} >= {"cn.decide", "cn.review.decide", "uk.final", "us.cfpb.final"}
    for cell in cells:
        where = {"clock": cell["group"]["clock"]}
        for part in ("numerator", "denominator"):
            found, after = [], None
            while True:
                page = await counted(
                    bank, TIMELY, Asked(where=where), NOBODY, basis="clock", part=part, after=after, limit=7
                )
                found += page.counted
                after = page.next
                if after is None:
                    break
            assert sum(one.amount for one in found) == len({one.id for one in found}) == cell[part]
            assert all(one.events[0].type == "complaint.received" for one in found)
    whole = await measured(bank, TIMELY, Asked(), NOBODY)
    (both,) = (one for one in whole["cells"] if one["basis"] == "clock")
    assert both["denominator"] == sum(one["denominator"] for one in cells)
