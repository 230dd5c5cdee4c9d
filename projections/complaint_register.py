"""Complaint register: every complaint as it stands, and how many stand where.

Its rows are in `complaint_row`, what happens seldom in `complaint_course`, its queries in `complaint_search`.
"""

from datetime import UTC, date
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
    ComplaintQualityChecked,
    ComplaintQueued,
    ComplaintRecused,
    InvestigationOpened,
    RootCauseAssigned,
)
from domain.complaint_intake import (
    ComplaintGroupCounted,
    ComplaintReceived,
    ComplaintSupplemented,
    RepresentativeAdded,
    RepresentativeRemoved,
)
from domain.complaint_letters import (
    FinalResponseIssued,
    HoldingResponseSent,
    ResolutionAccepted,
    ResponsePublished,
    SummaryResolutionSent,
)
from domain.complaint_redress import RedressAccepted, RedressApproved, RedressOffered, RedressPaid
from domain.complaint_review import ComplaintDisputed, ReviewDecided, ReviewRequested
from domain.complaint_time import BackdatingConfirmed, BackdatingRecorded, BackdatingRejected, ComplaintRestarted
from domain.kernel import Event
from projections.complaint_course import KEPT, keep
from projections.complaint_row import (
    COMPLAINT_COUNT,
    COMPLAINT_REDRESS,
    COMPLAINT_SPELL,
    COMPLAINT_TABLE,
    NAME,
    ComplaintCountRow,
    ComplaintRow,
)
from projections.fact import Fact
from projections.held import Lines, Rows, Sums
from projections.projection import Fold, Projection
from projections.references import sealed_at


class Register(NamedTuple):
    """The held tables."""

    complaint: Rows[ComplaintRow]
    counts: Sums[ComplaintCountRow]
    spells: Lines
    redress: Lines


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
    row.received_at = row.open_since = event.occurred_at
    row.tags = list(event.tags)
    if event.missing:
        row.course["missing"] = list(event.missing)
    row.withheld_from = [] if event.confidential is None else list(event.complained_about)
    _seal(row, fact, "complaint", "complaint")
    _count(rows, row, fact, 1)


_RECEIVED: Final = (
    "customer_id", "complainant_id", "received_on", "channel", "product", "sub_product", "issue", "sub_issue", "regime",
    "respondent", "source", "external_ref", "region", "branch", "service_channel", "postal_prefix",
    "narrative_consent", "interaction_id", "confidential", "capacity", "complainants",
)  # fmt: skip


def _seal(row: ComplaintRow, fact: Fact, name: str, record_class: str) -> None:
    reference = sealed_at(fact, record_class)
    if reference is not None:
        row.sealed[name] = reference


def _supplemented(rows: Register, event: ComplaintSupplemented, fact: Fact) -> None:
    row = _row(rows, fact)
    row.respondent = event.respondent or row.respondent
    row.course["missing"] = list(event.missing)
    _seal(row, fact, "supplement", "complaint")


def _group_counted(rows: Register, event: ComplaintGroupCounted, fact: Fact) -> None:
    _row(rows, fact).complainants = event.complainants


def _representative_added(rows: Register, event: RepresentativeAdded, fact: Fact) -> None:
    row = _row(rows, fact)
    keep(row, fact)
    _seal(row, fact, _of_representative(event), "complaint")


def _representative_removed(rows: Register, event: RepresentativeRemoved, fact: Fact) -> None:
    row = _row(rows, fact)
    keep(row, fact)
    row.sealed.pop(_of_representative(event), None)


def _of_representative(event: RepresentativeAdded | RepresentativeRemoved) -> str:
    return f"representative {event.representative_id}"


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


def _queued(rows: Register, event: ComplaintQueued, fact: Fact) -> None:
    _row(rows, fact).queue = event.queue


def _recused(rows: Register, event: ComplaintRecused, fact: Fact) -> None:
    row = _row(rows, fact)
    keep(row, fact)
    if event.unassigned:
        row.handler = None


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
    keep(row, fact)
    if not event.needs_approval:
        _stepped(rows, row, event.redress_id, fact, "offered")
    row.redress, row.redress_status = event.redress, "proposed" if event.needs_approval else "offered"
    if event.amount is not None:
        row.redress_amount_minor, row.redress_currency = event.amount.amount_minor, event.amount.currency


def _redress(status: Literal["offered", "accepted", "paid"]) -> Fold:
    def fold(rows: Register, event: RedressApproved | RedressAccepted | RedressPaid, fact: Fact) -> None:
        row = _row(rows, fact)
        keep(row, fact)
        row.redress_status = status
        _stepped(rows, row, event.redress_id, fact, status)

    return fold


def _stepped(rows: Register, row: ComplaintRow, redress_id: UUID, fact: Fact, step: str) -> None:
    """A line for the step, with what the offer said."""
    offers: list[dict[str, Any]] = row.course.get("redress", [])
    offer = next((one for one in offers if one["redress_id"] == str(redress_id)), dict[str, Any]())
    amount: dict[str, Any] = offer.get("amount") or {}
    told = (offer.get("redress", ""), amount.get("amount_minor"), amount.get("currency"))
    at = fact.event.occurred_at
    rows.redress.added.append((row.partition, fact.recorded.position, row.complaint_id, redress_id, step, at, *told))


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


def _merged(rows: Register, event: ComplaintMerged, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "merged")
    row.merged_into, row.merged_at = event.into_complaint_id, event.occurred_at


def _reopened(rows: Register, event: ComplaintReopened, fact: Fact) -> None:
    row = _row(rows, fact)
    _becomes(rows, row, fact, "open")
    row.reopened_at, row.closed_at, row.withdrawn_at = event.occurred_at, None, None
    row.merged_into, row.merged_at = None, None


def _marked_confidential(rows: Register, event: ComplaintMarkedConfidential, fact: Fact) -> None:
    row = _row(rows, fact)
    _count(rows, row, fact, -1)
    row.confidential, row.withheld_from = event.group, list(event.withheld_from)


def _declassified(rows: Register, _: ComplaintDeclassified, fact: Fact) -> None:
    row = _row(rows, fact)
    row.confidential, row.withheld_from = None, []
    _count(rows, row, fact, 1)


def _claimed(rows: Register, event: BackdatingRecorded | BackdatingConfirmed | BackdatingRejected, fact: Fact) -> None:
    row = _row(rows, fact)
    keep(row, fact)
    row.claims_open += 1 if isinstance(event, BackdatingRecorded) else -1
    row.claims += isinstance(event, BackdatingRecorded)


def _with_text(name: str) -> Fold:
    def fold(rows: Register, _: Event, fact: Fact) -> None:
        row = _row(rows, fact)
        keep(row, fact)
        _seal(row, fact, name, "complaint")

    return fold


def _kept(rows: Register, _: Event, fact: Fact) -> None:
    keep(_row(rows, fact), fact)


def _becomes(rows: Register, row: ComplaintRow, fact: Fact, status: str) -> None:
    _count(rows, row, fact, -1)
    row.status = status
    _count(rows, row, fact, 1)
    at = fact.event.occurred_at
    if status in _OPEN:
        row.open_since = row.open_since or at
    elif row.open_since is not None:
        rows.spells.added.append((row.partition, fact.recorded.position, row.complaint_id, row.open_since, at))
        row.open_since = None


_OPEN: Final = frozenset({"open", "responded"})


_FOLDS: Final[dict[type[Event], Fold]] = {
    **dict.fromkeys(KEPT, _kept),
    ComplaintReceived: _received,
    ComplaintAcknowledged: _acknowledged,
    ComplaintAssessed: _assessed,
    ComplaintSupplemented: _supplemented,
    ComplaintGroupCounted: _group_counted,
    RepresentativeAdded: _representative_added,
    RepresentativeRemoved: _representative_removed,
    ComplaintQueued: _queued,
    ComplaintAssigned: _assigned,
    ComplaintRecused: _recused,
    BackdatingRecorded: _claimed,
    BackdatingConfirmed: _claimed,
    BackdatingRejected: _claimed,
    ComplaintQualityChecked: _with_text("quality_check"),
    ComplaintRestarted: _with_text("new_facts"),
    ResolutionAccepted: _with_text("resolution"),
    ReviewRequested: _with_text("review_request"),
    ReviewDecided: _with_text("review_decision"),
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

COMPLAINT_REGISTER: Final = Projection(
    NAME, 5, (COMPLAINT_TABLE, COMPLAINT_COUNT, COMPLAINT_SPELL, COMPLAINT_REDRESS), Register, _FOLDS
)
