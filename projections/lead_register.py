"""Leads: where each came from, what it cost, and what came of it; and by source, what a customer cost."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from domain.kernel import Event
from domain.lead import LeadCaptured, LeadConverted, LeadCostRecorded, LeadLost, LeadQualified
from projections.fact import Fact
from projections.held import Rows
from projections.listing import checked_limit, first_of, read_place, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent
from projections.table import NEVER, NIL, Table

NAME: Final = "lead_register"


@dataclass(slots=True)
class LeadRow:
    """A lead as it stands; `status` is captured, qualified, converted or lost. `cost_minor` is in one `currency`."""

    partition: int
    lead_id: UUID
    source: str = ""
    channel: str = ""
    campaign_id: UUID | None = None
    product: str | None = None
    external_ref: str | None = None
    status: str = "captured"
    score: int | None = None
    captured_at: datetime = NEVER
    qualified_at: datetime | None = None
    converted_at: datetime | None = None
    lost_at: datetime | None = None
    reason: str | None = None
    customer_id: UUID | None = None
    holding_id: UUID | None = None
    cost_minor: int = 0
    currency: str | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)


LEAD: Final = Table(
    name="lead",
    kind="rows",
    row=LeadRow,
    key=("lead_id",),
    indexes={
        "captured": "(partition, captured_at, lead_id)",
        "status": "(partition, status, captured_at, lead_id)",
        "source": "(partition, source, captured_at, lead_id)",
        "customer": "(partition, customer_id, captured_at, lead_id) where customer_id is not null",
    },
)


class Leads(NamedTuple):
    """The held table."""

    lead: Rows[LeadRow]


# Folds


def _captured(rows: Leads, event: LeadCaptured, fact: Fact) -> None:
    row = rows.lead.begin(fact.recorded.stream_id, fact.recorded)
    row.source, row.channel, row.campaign_id = event.source, event.channel, event.campaign_id
    row.product, row.external_ref, row.captured_at = event.product, event.external_ref, event.occurred_at


def _cost_recorded(rows: Leads, event: LeadCostRecorded, fact: Fact) -> None:
    row = rows.lead.change(fact.recorded.stream_id, fact.recorded)
    row.cost_minor += event.amount.amount_minor
    row.currency = event.amount.currency


def _qualified(rows: Leads, event: LeadQualified, fact: Fact) -> None:
    row = rows.lead.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.score = "qualified", event.score
    row.qualified_at = row.qualified_at or event.occurred_at


def _converted(rows: Leads, event: LeadConverted, fact: Fact) -> None:
    row = rows.lead.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.converted_at = "converted", event.occurred_at
    row.customer_id, row.holding_id = event.customer_id, event.holding_id


def _lost(rows: Leads, event: LeadLost, fact: Fact) -> None:
    row = rows.lead.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.lost_at, row.reason = "lost", event.occurred_at, event.reason


_FOLDS: Final[dict[type[Event], Fold]] = {
    LeadCaptured: _captured,
    LeadCostRecorded: _cost_recorded,
    LeadQualified: _qualified,
    LeadConverted: _converted,
    LeadLost: _lost,
}

LEAD_REGISTER: Final = Projection(NAME, 1, (LEAD,), Leads, _FOLDS)

# Queries

PATHS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "customer_id": "and l.customer_id = $7::uuid",
        "source": "and l.source = $5::text",
        "status": "and l.status = $6::text",
    }
)
"""The condition whose index to use, the narrowest first."""


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """What to search for; all that is given must hold."""

    source: str | None = None
    status: str | None = None
    customer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class LeadPage:
    """Last captured first. `next` continues; None: there is no more."""

    leads: tuple[LeadRow, ...]
    next: str | None


@dataclass(slots=True)
class SourceFigures:
    """What came of the leads of a source that were captured in a period, until now.

    `costs` are of all of them, also of those that were lost, and `cost_per_customer` those divided by the converted;
    both in minor units by currency.
    """

    source: str
    leads: int = 0
    qualified: int = 0
    converted: int = 0
    lost: int = 0
    costs: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def conversion_percent(self) -> float:
        """Converted of a hundred."""
        return round(100 * self.converted / self.leads, 2)

    @property
    def cost_per_customer(self) -> dict[str, float]:
        """What a customer cost; of a source that brought none nothing can be said."""
        if not self.converted:
            return {}
        return {currency: round(cost / self.converted, 2) for currency, cost in self.costs.items()}


@dataclass(frozen=True, slots=True)
class Sources:
    """By source. Incomplete unless `parked` is 0: so many leads are left out."""

    sources: tuple[SourceFigures, ...]
    parked: int


async def lead(models: ReadModels, lead_id: UUID) -> LeadRow | None:
    """A lead; None: there is none with this id."""
    rows = await models.fetch(NAME, "lead", models.record.partition_of(lead_id), lead_id)
    return LEAD.row_of(tuple(rows[0])) if rows else None


async def leads(models: ReadModels, of: LeadFilter, *, after: str | None = None, limit: int = 50) -> LeadPage:
    """Leads that fit, last captured first.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    before, before_id = read_place(models.record.incarnation, after)
    by = next((path for name, path in PATHS.items() if getattr(of, name) is not None), "")
    asked = (before, before_id, wanted + 1, of.source, of.status, of.customer_id)
    pages = await models.fetch_all(NAME, "leads", *asked, by=by)
    rows, more = first_of(pages, wanted, lambda row: (row["captured_at"], row["lead_id"]))
    found = tuple(LEAD.row_of(tuple(row)) for row in rows)
    last = found[-1] if more else None
    return LeadPage(found, write_mark(models.record.incarnation, last.captured_at, last.lead_id) if last else None)


async def sources(models: ReadModels, since: datetime | None = None, until: datetime | None = None) -> Sources:
    """What came of the leads captured from `since` on and before `until`, by source."""
    found: defaultdict[str, SourceFigures] = defaultdict(lambda: SourceFigures(""))
    for row in chain.from_iterable(await models.fetch_all(NAME, "lead_sources", since, until)):
        of = found[row["source"]]
        of.source = row["source"]
        of.leads += row["leads"]
        of.qualified += row["qualified"]
        of.converted += row["converted"]
        of.lost += row["lost"]
        if row["currency"] is not None:
            of.costs[row["currency"]] = of.costs.get(row["currency"], 0) + int(row["cost_minor"])
    ordered = tuple(found[source] for source in sorted(found))
    return Sources(ordered, (await models.progress(NAME)).parked)
