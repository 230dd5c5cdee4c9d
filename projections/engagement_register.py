"""Engagement register: every engagement as it stands, to be counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from domain.engagement import (
    EngagementDecided,
    EngagementEnded,
    EngagementOfferMade,
    EngagementOfferSettled,
    EngagementOpened,
    EngagementStageReached,
)
from domain.kernel import Event
from projections.fact import Fact
from projections.held import Rows
from projections.projection import Fold, Projection
from projections.table import NEVER, NIL, Table

NAME: Final = "engagement_register"

# Tables


@dataclass(slots=True)
class EngagementRow:
    """An engagement; `outcome` is that of its decision, `offers` how many were made, `accepted` of them taken."""

    partition: int
    engagement_id: UUID
    customer_id: UUID = NIL
    kind: str = ""
    product: str | None = None
    channel: str | None = None
    source: str | None = None
    amount_requested_minor: int | None = None
    currency: str | None = None
    stage: str | None = None
    offers: int = 0
    accepted: int = 0
    outcome: str | None = None
    opened_at: datetime = NEVER
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    position: int = 0
    event_id: UUID = NIL


ENGAGEMENT_TABLE: Final = Table(
    name="engagement",
    kind="rows",
    row=EngagementRow,
    key=("engagement_id",),
    indexes={
        "opened": "(partition, opened_at, engagement_id)",
        "decided": "(partition, decided_at, engagement_id) where decided_at is not null",
    },
)


class Engagements(NamedTuple):
    """The held tables."""

    engagement: Rows[EngagementRow]


# Folds


def _opened(rows: Engagements, event: EngagementOpened, fact: Fact) -> None:
    row = rows.engagement.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.kind, row.opened_at = event.customer_id, event.kind, event.occurred_at
    row.product, row.channel, row.source = event.product, event.channel, event.source
    if event.amount_requested is not None:
        row.amount_requested_minor = event.amount_requested.amount_minor
        row.currency = event.amount_requested.currency


def _stage_reached(rows: Engagements, event: EngagementStageReached, fact: Fact) -> None:
    rows.engagement.change(fact.recorded.stream_id, fact.recorded).stage = event.stage


def _offer_made(rows: Engagements, _: EngagementOfferMade, fact: Fact) -> None:
    rows.engagement.change(fact.recorded.stream_id, fact.recorded).offers += 1


def _offer_settled(rows: Engagements, event: EngagementOfferSettled, fact: Fact) -> None:
    row = rows.engagement.change(fact.recorded.stream_id, fact.recorded)
    row.accepted += event.outcome == "accepted"


def _decided(rows: Engagements, event: EngagementDecided, fact: Fact) -> None:
    row = rows.engagement.change(fact.recorded.stream_id, fact.recorded)
    row.outcome, row.decided_at = event.outcome, event.occurred_at


def _ended(rows: Engagements, event: EngagementEnded, fact: Fact) -> None:
    rows.engagement.change(fact.recorded.stream_id, fact.recorded).ended_at = event.occurred_at


_FOLDS: Final[dict[type[Event], Fold]] = {
    EngagementOpened: _opened,
    EngagementStageReached: _stage_reached,
    EngagementOfferMade: _offer_made,
    EngagementOfferSettled: _offer_settled,
    EngagementDecided: _decided,
    EngagementEnded: _ended,
}

ENGAGEMENT_REGISTER: Final = Projection(NAME, 1, (ENGAGEMENT_TABLE,), Engagements, _FOLDS)
