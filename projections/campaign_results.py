"""Campaign results: what a campaign's touches came to, and what it cost.

Touches lie with their customers, so every partition keeps its own sums per campaign; the query adds them up
and joins the campaign's own row.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Final, NamedTuple
from uuid import UUID

from domain.campaign import (
    CAMPAIGN,
    CampaignApproved,
    CampaignCostRecorded,
    CampaignEnded,
    CampaignLaunched,
    CampaignPaused,
    CampaignPlanned,
    CampaignResumed,
)
from domain.kernel import Event
from domain.touch import (
    DECIDED,
    TOUCH,
    Standing,
    TouchBounced,
    TouchConverted,
    TouchDecided,
    TouchDelivered,
    TouchExpired,
    TouchOpened,
    TouchReleased,
    TouchResponded,
    TouchSuppressed,
)
from projections.campaign_costs import COSTS, cost_line
from projections.fact import Fact
from projections.held import Lines, Rows, Sums
from projections.listing import checked_limit, first_of, read_place, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent
from projections.table import NEVER, NIL, Table

NAME: Final = "campaign_results"

# Tables


@dataclass(slots=True)
class CampaignRow:
    """A campaign as it stands; `status` is planned, approved, running, paused or ended."""

    partition: int
    campaign_id: UUID
    title: str = ""
    purpose: str = ""
    channel: str = ""
    topic: str | None = None
    status: str = "planned"
    budget_minor: int | None = None
    budget_currency: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    planned_by: str = ""
    planned_at: datetime = NEVER
    approved_by: str | None = None
    launched_at: datetime | None = None
    ended_at: datetime | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)


@dataclass(slots=True)
class TouchRow:
    """A touch, how it stands, and what came of it. `sent_at`: when it was decided or released to be sent; None: never.

    `response` and `product` are the first the customer answered and took up. `compared`: the customer's group.
    """

    partition: int
    touch_id: UUID
    campaign_id: UUID = NIL
    customer_id: UUID = NIL
    channel: str = ""
    purpose: str = ""
    compared: str | None = None
    status: str = ""
    decided_at: datetime = NEVER
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    responded_at: datetime | None = None
    response: str | None = None
    converted_at: datetime | None = None
    product: str | None = None
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class CampaignSumRow:
    """How often something happened. `detail`: the decision, the response, the reason or the currency."""

    partition: int
    campaign_id: UUID
    measure: str
    channel: str
    detail: str
    times: int = 0
    amount_minor: Decimal = Decimal()
    position: int = -1


CAMPAIGN_TABLE: Final = Table(
    name="campaign",
    kind="rows",
    row=CampaignRow,
    key=("campaign_id",),
    touched_by=frozenset(CAMPAIGN.events),
    indexes={
        "planned": "(partition, planned_at, campaign_id)",
        "status": "(partition, status, planned_at, campaign_id)",
    },
)
TOUCH_TABLE: Final = Table(
    name="campaign_touch",
    kind="rows",
    row=TouchRow,
    key=("touch_id",),
    touched_by=frozenset(TOUCH.events),
    indexes={
        "campaign": "(partition, campaign_id, status, decided_at, touch_id)",
        "sent": "(partition, sent_at, touch_id) where sent_at is not null",
        "compared": "(partition, campaign_id, compared, customer_id) where compared is not null",
        "of_customer": "(partition, customer_id, sent_at) where sent_at is not null",
        "converted": "(partition, converted_at, touch_id) where converted_at is not null",
    },
)
SUMS: Final = Table(
    name="campaign_sum", kind="sums", row=CampaignSumRow, key=("campaign_id", "measure", "channel", "detail")
)


class Campaigns(NamedTuple):
    """The held tables."""

    campaign: Rows[CampaignRow]
    touch: Rows[TouchRow]
    sums: Sums[CampaignSumRow]
    cost: Lines


# Folds


def _planned(rows: Campaigns, event: CampaignPlanned, fact: Fact) -> None:
    row = rows.campaign.begin(fact.recorded.stream_id, fact.recorded)
    row.title, row.purpose, row.channel, row.topic = event.title, event.purpose, event.channel, event.topic
    row.starts_on, row.ends_on = event.starts_on, event.ends_on
    row.planned_by, row.planned_at = event.planned_by, event.occurred_at
    if event.budget is not None:
        row.budget_minor, row.budget_currency = event.budget.amount_minor, event.budget.currency


def _approved(rows: Campaigns, event: CampaignApproved, fact: Fact) -> None:
    row = rows.campaign.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.approved_by = "approved", event.approved_by


def _launched(rows: Campaigns, event: CampaignLaunched, fact: Fact) -> None:
    row = rows.campaign.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.launched_at = "running", event.occurred_at


def _paused(rows: Campaigns, _: CampaignPaused, fact: Fact) -> None:
    rows.campaign.change(fact.recorded.stream_id, fact.recorded).status = "paused"


def _resumed(rows: Campaigns, _: CampaignResumed, fact: Fact) -> None:
    rows.campaign.change(fact.recorded.stream_id, fact.recorded).status = "running"


def _ended(rows: Campaigns, event: CampaignEnded, fact: Fact) -> None:
    row = rows.campaign.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.ended_at = "ended", event.occurred_at


def _cost_recorded(rows: Campaigns, event: CampaignCostRecorded, fact: Fact) -> None:
    key = (fact.recorded.stream_id, "cost", "", event.amount.currency)
    row = rows.sums.add_to(key, fact.recorded)
    row.times += 1
    row.amount_minor += event.amount.amount_minor
    rows.cost.added.append(cost_line(event, fact))


def _decided(rows: Campaigns, event: TouchDecided, fact: Fact) -> None:
    recorded = fact.recorded
    row = rows.touch.begin(recorded.stream_id, recorded)
    row.campaign_id, row.customer_id = event.campaign_id, event.customer_id
    row.channel, row.purpose, row.compared = event.channel, event.purpose, event.group
    row.status, row.decided_at = DECIDED[event.decision], event.occurred_at
    if event.decision == "send":
        row.sent_at = event.occurred_at
    rows.sums.add_to((event.campaign_id, "decided", event.channel, event.decision), recorded).times += 1


def _released(rows: Campaigns, event: TouchReleased, fact: Fact) -> None:
    _count(rows, "released", "", fact)
    row = rows.touch.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.sent_at = "sent", event.occurred_at


def _delivered(rows: Campaigns, event: TouchDelivered, fact: Fact) -> None:
    _count(rows, "delivered", "", fact)
    row = rows.touch.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.delivered_at = "delivered", event.occurred_at


def _opened(rows: Campaigns, _: TouchOpened, fact: Fact) -> None:
    _count(rows, "opened", "", fact)


def _responded(rows: Campaigns, event: TouchResponded, fact: Fact) -> None:
    _count(rows, "responded", event.response, fact)
    row = rows.touch.change(fact.recorded.stream_id, fact.recorded)
    if row.responded_at is None:
        row.responded_at, row.response = event.occurred_at, event.response


def _became(status: Standing) -> Fold:
    """The touch stands so from now on, and is counted under the reason."""

    def fold(rows: Campaigns, event: TouchSuppressed | TouchExpired | TouchBounced, fact: Fact) -> None:
        _count(rows, status, event.reason, fact)
        rows.touch.change(fact.recorded.stream_id, fact.recorded).status = status

    return fold


def _count(rows: Campaigns, measure: str, detail: str, fact: Fact) -> None:
    touch = rows.touch.read(fact.recorded.stream_id)
    rows.sums.add_to((touch.campaign_id, measure, touch.channel, detail), fact.recorded).times += 1


def _converted(rows: Campaigns, event: TouchConverted, fact: Fact) -> None:
    touch = rows.touch.change(fact.recorded.stream_id, fact.recorded)
    if touch.converted_at is None:
        touch.converted_at, touch.product = event.occurred_at, event.product
    currency = "" if event.value is None else event.value.currency
    measure = "converted-untouched" if touch.compared == "holdout" else "converted"
    row = rows.sums.add_to((touch.campaign_id, measure, touch.channel, currency), fact.recorded)
    row.times += 1
    row.amount_minor += 0 if event.value is None else event.value.amount_minor


_FOLDS: Final[dict[type[Event], Fold]] = {
    CampaignPlanned: _planned,
    CampaignApproved: _approved,
    CampaignLaunched: _launched,
    CampaignPaused: _paused,
    CampaignResumed: _resumed,
    CampaignEnded: _ended,
    CampaignCostRecorded: _cost_recorded,
    TouchDecided: _decided,
    TouchReleased: _released,
    TouchSuppressed: _became("suppressed"),
    TouchExpired: _became("expired"),
    TouchDelivered: _delivered,
    TouchBounced: _became("bounced"),
    TouchOpened: _opened,
    TouchResponded: _responded,
    TouchConverted: _converted,
}

CAMPAIGN_RESULTS: Final = Projection(NAME, 5, (CAMPAIGN_TABLE, TOUCH_TABLE, SUMS, COSTS), Campaigns, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class ChannelResults:
    """What the touches of one channel came to. `held` were decided later: released, suppressed or expired.

    `send`, `suppress` and `hold` are first decisions; `responses` counts by response; `conversion_values` sums
    by currency in minor units. What the holdout took up is no result of a touch: see `projections.lift`.
    """

    channel: str
    send: int
    suppress: int
    hold: int
    released: int
    suppressed_later: int
    expired: int
    delivered: int
    bounced: int
    opened: int
    responses: dict[str, int]
    converted: int
    conversion_values: dict[str, int]


@dataclass(frozen=True, slots=True)
class CampaignResults:
    """A campaign (None: its touches name a campaign that was never planned) and what came of it.

    `costs` sums by currency in minor units. Incomplete unless `parked` is 0: so many customers are left out.
    """

    campaign: CampaignRow | None
    channels: tuple[ChannelResults, ...]
    costs: dict[str, int]
    parked: int


async def results(models: ReadModels, campaign_id: UUID) -> CampaignResults | None:
    """A campaign's results, added up over all partitions; None: nothing names this campaign."""
    home = models.record.partition_of(campaign_id)
    own = await models.fetch(NAME, "campaign", home, campaign_id)
    sums = list(chain.from_iterable(await models.fetch_all(NAME, "campaign_sums", campaign_id)))
    if not own and not sums:
        return None
    times: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    amounts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in sums:
        times[row["channel"]][row["measure"], row["detail"]] += row["times"]
        amounts[row["channel"], row["measure"]][row["detail"]] += int(row["amount_minor"])
    channels = tuple(_channel(one, times[one], amounts[one, "converted"]) for one in sorted(times) if one)
    campaign = CAMPAIGN_TABLE.row_of(tuple(own[0])) if own else None
    return CampaignResults(campaign, channels, dict(amounts["", "cost"]), (await models.progress(NAME)).parked)


def _channel(channel: str, times: Counter[tuple[str, str]], values: Counter[str]) -> ChannelResults:
    total: Counter[str] = Counter()
    for (measure, _), count in times.items():
        total[measure] += count
    return ChannelResults(
        channel=channel,
        send=times["decided", "send"],
        suppress=times["decided", "suppress"],
        hold=times["decided", "hold"],
        released=total["released"],
        suppressed_later=total["suppressed"],
        expired=total["expired"],
        delivered=total["delivered"],
        bounced=total["bounced"],
        opened=total["opened"],
        responses={detail: count for (measure, detail), count in sorted(times.items()) if measure == "responded"},
        converted=total["converted"],
        conversion_values={currency: value for currency, value in sorted(values.items()) if currency},
    )


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """Last planned first. `next` continues; None: there is no more."""

    campaigns: tuple[CampaignRow, ...]
    next: str | None


async def campaigns(
    models: ReadModels, *, status: str | None = None, after: str | None = None, limit: int = 50
) -> CampaignPage:
    """Campaigns, of one status if given."""
    wanted = checked_limit(limit)
    before, before_id = read_place(models.record.incarnation, after)
    by = "" if status is None else "and c.status = $5::text"
    pages = await models.fetch_all(NAME, "campaigns", before, before_id, wanted + 1, status, by=by)
    rows, more = first_of(pages, wanted, lambda row: (row["planned_at"], row["campaign_id"]))
    found = tuple(CAMPAIGN_TABLE.row_of(tuple(row)) for row in rows)
    last = found[-1] if more else None
    mark = write_mark(models.record.incarnation, last.planned_at, last.campaign_id) if last else None
    return CampaignPage(found, mark)
