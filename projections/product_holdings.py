"""Product holdings: what each customer holds, what moved on it by period, and what they need."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from domain.holding import HoldingActivitySummarised, HoldingChanged, HoldingClosed, HoldingOpened
from domain.kernel import Event
from domain.need import NeedNoted, NeedSettled
from projections.fact import Fact
from projections.held import Lines, Rows
from projections.listing import checked_limit, read_mark, read_place, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent, SealedAt, read_sealed_at, sealed_at
from projections.table import NEVER, NIL, Table

NAME: Final = "product_holdings"

# Tables


@dataclass(slots=True)
class HoldingRow:
    """A holding as it stands; `holding_status` is open or closed. `account` is where its number is sealed."""

    partition: int
    holding_id: UUID
    customer_id: UUID = NIL
    product: str = ""
    holding_role: str = ""
    branch: str | None = None
    account_id: UUID | None = None
    account: list[str] | None = None
    holding_status: str = "open"
    opened_at: datetime = NEVER
    closed_at: datetime | None = None
    reason: str | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)

    @property
    def account_at(self) -> SealedAt | None:
        """Where the account's number can be opened."""
        return read_sealed_at(self.account)


class StatementLine(NamedTuple):
    """What a statement says of a period. `totals`: JSON."""

    partition: int
    position: int
    holding_id: UUID
    customer_id: UUID
    first_on: date
    last_on: date
    statement_version: int
    totals: str
    recorded_at: datetime
    event_id: UUID


@dataclass(slots=True)
class NeedRow:
    """A need as it stands; `need_status` is open, met, declined or lapsed."""

    partition: int
    need_id: UUID
    customer_id: UUID = NIL
    product: str = ""
    basis: str = ""
    rule: str | None = None
    rule_version: int | None = None
    interaction_id: UUID | None = None
    need_status: str = "open"
    noted_at: datetime = NEVER
    settled_at: datetime | None = None
    reason: str | None = None
    holding_id: UUID | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)


HOLDING: Final = Table(
    name="holding",
    kind="rows",
    row=HoldingRow,
    key=("holding_id",),
    touched_by=frozenset({HoldingOpened, HoldingChanged, HoldingClosed}),
    indexes={"customer": "(partition, customer_id, opened_at, holding_id)"},
)
STATEMENT: Final = Table(
    name="holding_statement",
    kind="lines",
    row=StatementLine,
    key=("position",),
    indexes={
        "holding": "(partition, holding_id, first_on, position)",
        "customer": "(partition, customer_id, holding_id, first_on, position)",
    },
)
NEED: Final = Table(
    name="need",
    kind="rows",
    row=NeedRow,
    key=("need_id",),
    touched_by=frozenset({NeedNoted, NeedSettled}),
    indexes={"customer": "(partition, customer_id, noted_at, need_id)"},
)


class Holdings(NamedTuple):
    """The held tables."""

    holding: Rows[HoldingRow]
    statement: Lines
    need: Rows[NeedRow]


# Folds


def _opened(rows: Holdings, event: HoldingOpened, fact: Fact) -> None:
    row = rows.holding.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.product, row.holding_role = event.customer_id, event.product, event.holding_role
    row.branch, row.account_id, row.account = event.branch, event.account_id, sealed_at(fact, "account")
    row.opened_at = event.occurred_at


def _changed(rows: Holdings, event: HoldingChanged, fact: Fact) -> None:
    row = rows.holding.change(fact.recorded.stream_id, fact.recorded)
    for change in event.changes:
        setattr(row, change.field, change.after)


def _closed(rows: Holdings, event: HoldingClosed, fact: Fact) -> None:
    row = rows.holding.change(fact.recorded.stream_id, fact.recorded)
    row.holding_status, row.closed_at, row.reason = "closed", event.occurred_at, event.reason


def _summarised(rows: Holdings, event: HoldingActivitySummarised, fact: Fact) -> None:
    r = fact.recorded
    line = StatementLine(
        r.partition, r.position, r.stream_id, event.customer_id, event.first_on, event.last_on,
        event.statement_version, orjson.dumps(event.totals).decode(), r.recorded_at, r.event_id,
    )  # fmt: skip
    rows.statement.added.append(line)


def _noted(rows: Holdings, event: NeedNoted, fact: Fact) -> None:
    row = rows.need.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.product, row.basis = event.customer_id, event.product, event.basis
    row.rule, row.rule_version, row.interaction_id = event.rule, event.rule_version, event.interaction_id
    row.noted_at = event.occurred_at


def _settled(rows: Holdings, event: NeedSettled, fact: Fact) -> None:
    row = rows.need.change(fact.recorded.stream_id, fact.recorded)
    row.need_status, row.settled_at = event.outcome, event.occurred_at
    row.reason, row.holding_id = event.reason, event.holding_id


_FOLDS: Final[dict[type[Event], Fold]] = {
    HoldingOpened: _opened,
    HoldingChanged: _changed,
    HoldingClosed: _closed,
    HoldingActivitySummarised: _summarised,
    NeedNoted: _noted,
    NeedSettled: _settled,
}

PRODUCT_HOLDINGS: Final = Projection(NAME, 1, (HOLDING, STATEMENT, NEED), Holdings, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class HoldingPage:
    """Last opened first. `next` continues; None: there is no more."""

    holdings: tuple[HoldingRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class NeedPage:
    """Last noted first. `next` continues; None: there is no more."""

    needs: tuple[NeedRow, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Total:
    """Transactions of a category in one direction, and what they came to."""

    category: str
    flow: str
    currency: str
    transactions: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What moved on a holding in a period, by the newest statement, and the event that says so."""

    holding_id: UUID
    first_on: date
    last_on: date
    statement_version: int
    totals: tuple[Total, ...]
    recorded_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Latest period first. `next` continues; None: there is no more."""

    statements: tuple[Statement, ...]
    next: str | None


async def holdings(models: ReadModels, customer_id: UUID, *, after: str | None = None, limit: int = 50) -> HoldingPage:
    """What a customer holds and held.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    rows, following = await _of_customer(models, "holdings_of_customer", customer_id, "opened_at", after, limit)
    return HoldingPage(tuple(HOLDING.row_of(tuple(row)) for row in rows), following)


async def needs(models: ReadModels, customer_id: UUID, *, after: str | None = None, limit: int = 50) -> NeedPage:
    """What a customer needs or needed. Raises as `holdings`."""
    rows, following = await _of_customer(models, "needs_of_customer", customer_id, "noted_at", after, limit)
    return NeedPage(tuple(NEED.row_of(tuple(row)) for row in rows), following)


async def _of_customer(  # noqa: PLR0913, PLR0917  # where to go on, and how far
    models: ReadModels, query: str, customer_id: UUID, since: str, after: str | None, limit: int
) -> tuple[list[Any], str | None]:
    wanted = checked_limit(limit)
    before, before_id = read_place(models.record.incarnation, after)
    partition = models.record.partition_of(customer_id)
    rows = await models.fetch(NAME, query, partition, customer_id, before, before_id, wanted + 1)
    last = rows[wanted - 1] if len(rows) > wanted else None
    mark = None if last is None else write_mark(models.record.incarnation, last[since], last[1])
    return rows[:wanted], mark


async def statements(
    models: ReadModels, holding_id: UUID, *, after: str | None = None, limit: int = 50
) -> StatementPage:
    """What moved on a holding, by period. Raises as `holdings`."""
    wanted = checked_limit(limit)
    before = None if after is None else date.fromisoformat(read_mark(models.record.incarnation, after, 1)[0])
    partition = models.record.partition_of(holding_id)
    rows = await models.fetch(NAME, "holding_statements", partition, holding_id, before, wanted + 1)
    found = tuple(_statement(row) for row in rows[:wanted])
    more = len(rows) > wanted
    return StatementPage(found, write_mark(models.record.incarnation, found[-1].first_on) if more else None)


async def activity(models: ReadModels, customer_id: UUID, first_on: date, last_on: date) -> tuple[Total, ...]:
    """What moved on all holdings of a customer, of periods that lie between the days, both counted."""
    partition = models.record.partition_of(customer_id)
    rows = await models.fetch(NAME, "activity_of_customer", partition, customer_id, first_on, last_on)
    counted: Counter[tuple[str, str, str]] = Counter()
    amounts: Counter[tuple[str, str, str]] = Counter()
    for _, lines in groupby(rows, key=lambda row: (row["holding_id"], row["first_on"])):
        for total in _statement(next(lines)).totals:
            key = (total.category, total.flow, total.currency)
            counted[key] += total.transactions
            amounts[key] += total.amount_minor
    return tuple(Total(*key, counted[key], amounts[key]) for key in sorted(counted))


def _statement(row: Any) -> Statement:  # noqa: ANN401  # a database row
    totals = tuple(
        Total(one["category"], one["flow"], one["amount"]["currency"], one["transactions"],
              one["amount"]["amount_minor"])
        for one in orjson.loads(row["totals"])
    )  # fmt: skip
    return Statement(
        row["holding_id"], row["first_on"], row["last_on"], row["statement_version"], totals, row["recorded_at"],
        row["event_id"],
    )  # fmt: skip
