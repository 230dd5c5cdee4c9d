"""What campaigns cost, cost by cost, along the days they were incurred; part of the read model of campaign results."""

from datetime import UTC, datetime, time
from typing import Final, NamedTuple
from uuid import UUID

from domain.campaign import CampaignCostRecorded
from projections.fact import Fact
from projections.table import Table


class CostLine(NamedTuple):
    """One cost of a campaign; without a day of its own it is of the day on which it was recorded."""

    partition: int
    campaign_id: UUID
    cost_id: UUID
    kind: str
    currency: str
    amount_minor: int
    incurred_at: datetime
    position: int


COSTS: Final = Table(
    name="campaign_cost",
    kind="lines",
    row=CostLine,
    key=("campaign_id", "cost_id"),
    indexes={"incurred": "(partition, incurred_at, cost_id)"},
)


def cost_line(event: CampaignCostRecorded, fact: Fact) -> CostLine:
    """The line of one cost."""
    recorded, amount, day = fact.recorded, event.amount, event.incurred_on
    at = event.occurred_at if day is None else datetime.combine(day, time(12), UTC)
    return CostLine(
        recorded.partition, recorded.stream_id, event.cost_id, event.kind, amount.currency, amount.amount_minor, at,
        recorded.position,
    )  # fmt: skip
