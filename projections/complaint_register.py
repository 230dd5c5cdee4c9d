"""Complaint register: every complaint as it stands, and how many stand where.

Its queries are in `complaint_search`.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from domain.complaint import ComplaintClosed, ComplaintMerged, ComplaintReopened, ComplaintWithdrawn
from domain.complaint_confidentiality import ComplaintDeclassified, ComplaintMarkedConfidential
from domain.complaint_handling import (
    ComplaintAcknowledged,
    ComplaintAssessed,
    ComplaintAssigned,
    ComplaintForwarded,
    ComplaintMarkedMajor,
    InvestigationOpened,
    RootCauseAssigned,
)
from domain.complaint_intake import ComplaintReceived
from domain.complaint_letters import (
    FinalResponseIssued,
    HoldingResponseSent,
    ResponsePublished,
    SummaryResolutionSent,
)
from domain.complaint_redress import RedressAccepted, RedressApproved, RedressOffered, RedressPaid
from domain.complaint_review import ComplaintDisputed
from domain.kernel import Event
from projections.fact import Fact
from projections.held import Rows, Sums
from projections.projection import Fold, Projection
from projections.references import LastEvent, SealedAt, read_sealed_at, sealed_at
from projections.table import NEVER, NIL, Table

NAME: Final = "complaint_register"


@dataclass(slots=True)
class ComplaintRow:
    """A complaint as it stands. `status` is open, responded, closed, withdrawn or merged; times tell how it got there.

    What an import merely asserts (`..._asserted`) was computed by no clock. `sealed` keeps where personal data is.
    """

    partition: int
    complaint_id: UUID
    customer_id: UUID | None = None
    complainant_id: UUID = NIL
    status: str = "open"
    received_at: datetime = NEVER
    received_on: date | None = None
    channel: str = ""
    product: str | None = None
    sub_product: str | None = None
    issue: str | None = None
    sub_issue: str | None = None
    regime: str | None = None
    respondent: str | None = None
    source: str | None = None
    external_ref: str | None = None
    region: str | None = None
    postal_prefix: str | None = None
    tags: list[str] = field(default_factory=list[str])
    narrative_consent: str | None = None
    interaction_id: UUID | None = None
    severity: str | None = None
    cause: str | None = None
    handler: str | None = None
    major: bool = False
    acknowledged_at: datetime | None = None
    forwarded_at: datetime | None = None
    sent_on: date | None = None
    investigated_at: datetime | None = None
    holding_response_at: datetime | None = None
    responded_at: datetime | None = None
    outcome: str | None = None
    company_response: str | None = None
    public_response: str | None = None
    timely_asserted: bool | None = None
    disputed_asserted: bool | None = None
    disputed_at: datetime | None = None
    redress: str | None = None
    redress_status: str | None = None
    redress_amount_minor: int | None = None
    redress_currency: str | None = None
    closed_at: datetime | None = None
    withdrawn_at: datetime | None = None
    reopened_at: datetime | None = None
    sealed: dict[str, Any] = field(default_factory=dict[str, Any])
    confidential: str | None = None
    withheld_from: list[str] = field(default_factory=list[str])
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)

    @property
    def sealed_at(self) -> dict[str, SealedAt]:
        """Where the personal data of the complaint, a dispute, a holding_response or final_response can be opened."""
        return {name: at for name, kept in self.sealed.items() if (at := read_sealed_at(kept)) is not None}


@dataclass(slots=True)
class ComplaintCountRow:
    """How many complaints received in a month are in this status now, of those that everybody may see."""

    partition: int
    month: date
    status: str
    product: str
    complaints: int = 0
    position: int = -1


_NEWEST: Final = "received_at, complaint_id"
COMPLAINT_TABLE: Final = Table(
    name="complaint",
    kind="rows",
    row=ComplaintRow,
    key=("complaint_id",),
    indexes={
        "received": f"(partition, {_NEWEST})",
        "status": f"(partition, status, {_NEWEST})",
        "product": f"(partition, product, {_NEWEST})",
        "handler": f"(partition, handler, {_NEWEST}) where handler is not null",
        "region": f"(partition, region, {_NEWEST}) where region is not null",
        "customer": f"(partition, customer_id, {_NEWEST}) where customer_id is not null",
        "reference": f"(partition, external_ref, {_NEWEST}) where external_ref is not null",
        "confidential": f"(partition, confidential, {_NEWEST}) where confidential is not null",
        "closed": "(partition, closed_at, complaint_id) where closed_at is not null",
    },
)
COMPLAINT_COUNT: Final = Table(
    name="complaint_count", kind="sums", row=ComplaintCountRow, key=("month", "status", "product")
)


class Register(NamedTuple):
    """The held tables."""

    complaint: Rows[ComplaintRow]
    counts: Sums[ComplaintCountRow]


# Folds


def _row(rows: Register, fact: Fact) -> ComplaintRow:
    return rows.complaint.change(fact.recorded.stream_id, fact.recorded)


def _count(rows: Register, row: ComplaintRow, fact: Fact, complaints: int) -> None:
    if row.confidential is not None:
        return
    at = row.received_at.astimezone(UTC)
    key = (date(at.year, at.month, 1), row.status, row.product or "")
    rows.counts.add_to(key, fact.recorded).complaints += complaints


def _received(rows: Register, event: ComplaintReceived, fact: Fact) -> None:
    row = rows.complaint.begin(fact.recorded.stream_id, fact.recorded)
    for name in _RECEIVED:
        setattr(row, name, getattr(event, name))
    row.received_at = event.occurred_at
    row.tags = list(event.tags)
    row.withheld_from = [] if event.confidential is None else list(event.complained_about)
    _seal(row, fact, "complaint", "complaint")
    _count(rows, row, fact, 1)


_RECEIVED: Final = (
    "customer_id", "complainant_id", "received_on", "channel", "product", "sub_product", "issue", "sub_issue", "regime",
    "respondent", "source", "external_ref", "region", "postal_prefix", "narrative_consent", "interaction_id",
    "confidential",
)  # fmt: skip


def _seal(row: ComplaintRow, fact: Fact, name: str, record_class: str) -> None:
    reference = sealed_at(fact, record_class)
    if reference is not None:
        row.sealed[name] = reference


def _acknowledged(rows: Register, event: ComplaintAcknowledged, fact: Fact) -> None:
    _row(rows, fact).acknowledged_at = event.occurred_at


def _assessed(rows: Register, event: ComplaintAssessed, fact: Fact) -> None:
    row = _row(rows, fact)
    row.severity, row.cause = event.severity, event.cause or row.cause
    row.issue, row.regime = event.issue or row.issue, event.regime or row.regime
    if event.product is not None and event.product != row.product:
        _count(rows, row, fact, -1)
        row.product = event.product
        _count(rows, row, fact, 1)


def _assigned(rows: Register, event: ComplaintAssigned, fact: Fact) -> None:
    _row(rows, fact).handler = event.handler


def _forwarded(rows: Register, event: ComplaintForwarded, fact: Fact) -> None:
    row = _row(rows, fact)
    row.forwarded_at, row.respondent, row.sent_on = event.occurred_at, event.respondent, event.sent_on


def _investigation_opened(rows: Register, event: InvestigationOpened, fact: Fact) -> None:
    _row(rows, fact).investigated_at = event.occurred_at


def _holding_response_sent(rows: Register, event: HoldingResponseSent, fact: Fact) -> None:
    row = _row(rows, fact)
    row.holding_response_at = event.occurred_at
    row.company_response = event.company_response or row.company_response
    _seal(row, fact, "holding_response", "complaint_letter")


def _final_response_issued(rows: Register, event: FinalResponseIssued, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "responded")
    row.responded_at = event.occurred_at
    row.outcome, row.company_response = event.outcome, event.company_response or row.company_response
    row.timely_asserted, row.disputed_asserted = event.timely_asserted, event.disputed_asserted
    row.redress = event.redress
    if event.redress_amount is not None:
        row.redress_amount_minor, row.redress_currency = (
            event.redress_amount.amount_minor,
            event.redress_amount.currency,
        )
    row.disputed_at = None
    _seal(row, fact, "final_response", "complaint_letter")


def _summary_resolution_sent(rows: Register, event: SummaryResolutionSent, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "responded")
    row.responded_at, row.disputed_at = event.occurred_at, None
    _seal(row, fact, "final_response", "complaint_letter")


def _response_published(rows: Register, event: ResponsePublished, fact: Fact) -> None:
    _row(rows, fact).public_response = event.public_response


def _disputed(rows: Register, event: ComplaintDisputed, fact: Fact) -> None:
    row = _row(rows, fact)
    row.disputed_at = event.occurred_at
    _seal(row, fact, "dispute", "complaint")


def _redress_offered(rows: Register, event: RedressOffered, fact: Fact) -> None:
    row = _row(rows, fact)
    row.redress, row.redress_status = event.redress, "proposed" if event.needs_approval else "offered"
    if event.amount is not None:
        row.redress_amount_minor, row.redress_currency = event.amount.amount_minor, event.amount.currency


def _redress(status: Literal["offered", "accepted", "paid"]) -> Fold:
    def fold(rows: Register, _: RedressApproved | RedressAccepted | RedressPaid, fact: Fact) -> None:
        _row(rows, fact).redress_status = status

    return fold


def _root_cause_assigned(rows: Register, event: RootCauseAssigned, fact: Fact) -> None:
    _row(rows, fact).cause = event.cause


def _marked_major(rows: Register, _: ComplaintMarkedMajor, fact: Fact) -> None:
    _row(rows, fact).major = True


def _closed(rows: Register, event: ComplaintClosed, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "closed")
    row.closed_at = event.occurred_at


def _withdrawn(rows: Register, event: ComplaintWithdrawn, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "withdrawn")
    row.withdrawn_at = event.occurred_at


def _merged(rows: Register, _: ComplaintMerged, fact: Fact) -> None:
    _becomes(rows, _row(rows, fact), fact, "merged")


def _reopened(rows: Register, event: ComplaintReopened, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "open")
    row.reopened_at, row.closed_at, row.withdrawn_at = event.occurred_at, None, None


def _marked_confidential(rows: Register, event: ComplaintMarkedConfidential, fact: Fact) -> None:
    row = _row(rows, fact)
    _count(rows, row, fact, -1)
    row.confidential, row.withheld_from = event.group, list(event.withheld_from)


def _declassified(rows: Register, _: ComplaintDeclassified, fact: Fact) -> None:
    row = _row(rows, fact)
    row.confidential, row.withheld_from = None, []
    _count(rows, row, fact, 1)


def _becomes(rows: Register, row: ComplaintRow, fact: Fact, status: str) -> None:
    _count(rows, row, fact, -1)
    row.status = status
    _count(rows, row, fact, 1)


_FOLDS: Final[dict[type[Event], Fold]] = {
    ComplaintReceived: _received,
    ComplaintAcknowledged: _acknowledged,
    ComplaintAssessed: _assessed,
    ComplaintAssigned: _assigned,
    ComplaintForwarded: _forwarded,
    InvestigationOpened: _investigation_opened,
    HoldingResponseSent: _holding_response_sent,
    FinalResponseIssued: _final_response_issued,
    SummaryResolutionSent: _summary_resolution_sent,
    ResponsePublished: _response_published,
    ComplaintDisputed: _disputed,
    RedressOffered: _redress_offered,
    RedressApproved: _redress("offered"),
    RedressAccepted: _redress("accepted"),
    RedressPaid: _redress("paid"),
    RootCauseAssigned: _root_cause_assigned,
    ComplaintMarkedMajor: _marked_major,
    ComplaintClosed: _closed,
    ComplaintWithdrawn: _withdrawn,
    ComplaintMerged: _merged,
    ComplaintReopened: _reopened,
    ComplaintMarkedConfidential: _marked_confidential,
    ComplaintDeclassified: _declassified,
}

COMPLAINT_REGISTER: Final = Projection(NAME, 3, (COMPLAINT_TABLE, COMPLAINT_COUNT), Register, _FOLDS)
