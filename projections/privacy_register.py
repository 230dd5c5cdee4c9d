"""Privacy register: privacy requests with the day they are due, erasures, legal holds and disposals as they stand.

Its queries are in `privacy_search`.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from domain.disposal import DisposalApproved, DisposalCompleted, DisposalProposed, DisposalWithdrawn
from domain.erasure import (
    ErasureAbandoned,
    ErasureAttemptFailed,
    ErasureCertified,
    ErasureCompleted,
    ErasureRequested,
    RecipientNotified,
)
from domain.kernel import Event
from domain.legal_hold import LegalHoldPlaced, LegalHoldReleased, LegalHoldReleaseProposed
from domain.privacy_clock import RequestClock
from domain.privacy_messages import (
    PrivacyRequestApproved,
    PrivacyRequestCompleted,
    PrivacyRequestDecided,
    PrivacyRequestExtended,
    PrivacyRequestIdentityChecked,
    PrivacyRequestReceived,
    PrivacyRequestRefused,
    PrivacyRequestWithdrawn,
    ProcessingRestrictionLifted,
)
from projections.fact import Fact
from projections.held import Rows
from projections.projection import Fold, Projection
from projections.references import LastEvent
from projections.table import NEVER, NIL, Table

NAME: Final = "privacy_register"
_CLOCK: Final = TypeAdapter(RequestClock)

# Tables


@dataclass(slots=True)
class PrivacyRequestRow:
    """A privacy request as it stands; `due_on` is the last day to answer it, by the policy and calendar of `clock`.

    `decisions` tells by record class what becomes of it; `look_again_on`: when the first restriction ends by its date.
    """

    partition: int
    request_id: UUID
    customer_id: UUID = NIL
    kind: str = ""
    regime: str | None = None
    status: str = "received"
    open: bool = True
    received_at: datetime = NEVER
    received_by: str = ""
    due_on: date = date.max
    clock: dict[str, Any] | None = None
    extended: bool = False
    identity_checked: bool = False
    approved_by: str | None = None
    refused_basis: str | None = None
    completed_at: datetime | None = None
    decisions: dict[str, Any] = field(default_factory=dict[str, Any])
    look_again_on: date | None = None
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)


@dataclass(slots=True)
class ErasureRow:
    """An erasure: requested, completed or abandoned; which stores fail; recipients, by disclosure, still to be told."""

    partition: int
    erasure_id: UUID
    customer_id: UUID = NIL
    cause: str = ""
    cause_id: UUID = NIL
    status: str = "requested"
    open: bool = True
    requested_at: datetime = NEVER
    ended_at: datetime | None = None
    record_classes: list[str] = field(default_factory=list[str])
    failing: list[str] = field(default_factory=list[str])
    telling: dict[str, str] = field(default_factory=dict[str, str])
    keys: int = 0
    certificate_sha256: str | None = None
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class LegalHoldRow:
    """A legal hold: placed, release-proposed or released. No record class named means all."""

    partition: int
    hold_id: UUID
    customer_id: UUID = NIL
    record_classes: list[str] = field(default_factory=list[str])
    matter: str = ""
    basis: str = ""
    status: str = "placed"
    open: bool = True
    placed_at: datetime = NEVER
    placed_by: str = ""
    release_proposed_by: str | None = None
    released_at: datetime | None = None
    position: int = 0
    event_id: UUID = NIL


@dataclass(slots=True)
class DisposalRow:
    """A disposal: proposed, approved, completed or withdrawn; how many customers, and of how many data was kept."""

    partition: int
    disposal_id: UUID
    record_class: str = ""
    status: str = "proposed"
    open: bool = True
    proposed_at: datetime = NEVER
    proposed_by: str = ""
    approved_by: str | None = None
    customers: int = 0
    erased: int | None = None
    kept: int | None = None
    position: int = 0
    event_id: UUID = NIL


REQUEST_TABLE: Final = Table(
    name="privacy_request",
    kind="rows",
    row=PrivacyRequestRow,
    key=("request_id",),
    indexes={
        "due": "(partition, open, due_on, request_id)",
        "customer": "(partition, customer_id, due_on, request_id)",
        "again": "(partition, look_again_on) where look_again_on is not null",
    },
)
ERASURE_TABLE: Final = Table(
    name="erasure",
    kind="rows",
    row=ErasureRow,
    key=("erasure_id",),
    indexes={"open": "(partition, open, requested_at, erasure_id)"},
)
HOLD_TABLE: Final = Table(
    name="legal_hold",
    kind="rows",
    row=LegalHoldRow,
    key=("hold_id",),
    indexes={"open": "(partition, open, placed_at, hold_id)"},
)
DISPOSAL_TABLE: Final = Table(
    name="disposal",
    kind="rows",
    row=DisposalRow,
    key=("disposal_id",),
    indexes={"open": "(partition, open, proposed_at, disposal_id)"},
)


class Register(NamedTuple):
    """The held tables."""

    request: Rows[PrivacyRequestRow]
    erasure: Rows[ErasureRow]
    hold: Rows[LegalHoldRow]
    disposal: Rows[DisposalRow]


# Folds of requests


def _request(rows: Register, fact: Fact) -> PrivacyRequestRow:
    return rows.request.change(fact.recorded.stream_id, fact.recorded)


def _received(rows: Register, event: PrivacyRequestReceived, fact: Fact) -> None:
    row = rows.request.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.kind, row.regime = event.customer_id, event.kind, event.regime
    row.received_at, row.received_by, row.due_on = event.occurred_at, event.received_by, event.due_on
    row.clock = None if event.clock is None else _CLOCK.dump_python(event.clock, mode="json")


def _identity_checked(rows: Register, _: PrivacyRequestIdentityChecked, fact: Fact) -> None:
    _request(rows, fact).identity_checked = True


def _extended(rows: Register, event: PrivacyRequestExtended, fact: Fact) -> None:
    row = _request(rows, fact)
    row.extended, row.due_on = True, event.due_on


def _approved(rows: Register, event: PrivacyRequestApproved, fact: Fact) -> None:
    row = _request(rows, fact)
    row.status, row.approved_by = "approved", event.approved_by


def _refused(rows: Register, event: PrivacyRequestRefused, fact: Fact) -> None:
    row = _request(rows, fact)
    row.status, row.open, row.refused_basis = "refused", False, event.basis


def _withdrawn(rows: Register, _: PrivacyRequestWithdrawn, fact: Fact) -> None:
    row = _request(rows, fact)
    row.status, row.open = "withdrawn", False


def _decided(rows: Register, event: PrivacyRequestDecided, fact: Fact) -> None:
    row = _request(rows, fact)
    row.status, row.open = "decided", True
    for one in event.decisions:
        until = None if one.until is None else one.until.isoformat()
        row.decisions[one.record_class] = {"outcome": one.outcome, "basis": one.basis, "until": until}
    _look_again(row)


def _completed(rows: Register, event: PrivacyRequestCompleted, fact: Fact) -> None:
    row = _request(rows, fact)
    row.status, row.open, row.completed_at = "completed", False, event.occurred_at


def _restriction_lifted(rows: Register, event: ProcessingRestrictionLifted, fact: Fact) -> None:
    row = _request(rows, fact)
    for record_class in event.record_classes:
        row.decisions.pop(record_class, None)
    _look_again(row)


def _look_again(row: PrivacyRequestRow) -> None:
    ends = [date.fromisoformat(one["until"]) for one in row.decisions.values() if one["until"] is not None]
    row.look_again_on = min(ends, default=None)


# Folds of erasures, holds and disposals


def _erasure_requested(rows: Register, event: ErasureRequested, fact: Fact) -> None:
    row = rows.erasure.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.cause, row.cause_id = event.customer_id, event.cause, event.cause_id
    row.requested_at, row.record_classes = event.occurred_at, list(event.record_classes)
    row.telling = {str(one.disclosure_id): one.recipient for one in event.recipients}


def _attempt_failed(rows: Register, event: ErasureAttemptFailed, fact: Fact) -> None:
    rows.erasure.change(fact.recorded.stream_id, fact.recorded).failing = list(event.stores)


def _abandoned(rows: Register, event: ErasureAbandoned, fact: Fact) -> None:
    row = rows.erasure.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.open, row.ended_at, row.telling = "abandoned", False, event.occurred_at, {}


def _erased(rows: Register, event: ErasureCompleted, fact: Fact) -> None:
    row = rows.erasure.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.ended_at, row.failing, row.keys = "completed", event.occurred_at, [], len(event.keys)


def _certified(rows: Register, event: ErasureCertified, fact: Fact) -> None:
    row = rows.erasure.change(fact.recorded.stream_id, fact.recorded)
    row.certificate_sha256, row.open = event.sha256, bool(row.telling)


def _recipient_notified(rows: Register, event: RecipientNotified, fact: Fact) -> None:
    row = rows.erasure.change(fact.recorded.stream_id, fact.recorded)
    row.telling = {known: name for known, name in row.telling.items() if known != str(event.disclosure_id)}
    row.open = row.certificate_sha256 is None or bool(row.telling)


def _placed(rows: Register, event: LegalHoldPlaced, fact: Fact) -> None:
    row = rows.hold.begin(fact.recorded.stream_id, fact.recorded)
    row.customer_id, row.record_classes = event.customer_id, list(event.record_classes)
    row.matter, row.basis, row.placed_at, row.placed_by = event.matter, event.basis, event.occurred_at, event.placed_by


def _release_proposed(rows: Register, event: LegalHoldReleaseProposed, fact: Fact) -> None:
    row = rows.hold.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.release_proposed_by = "release-proposed", event.proposed_by


def _released(rows: Register, event: LegalHoldReleased, fact: Fact) -> None:
    row = rows.hold.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.open, row.released_at = "released", False, event.occurred_at


def _disposal_proposed(rows: Register, event: DisposalProposed, fact: Fact) -> None:
    row = rows.disposal.begin(fact.recorded.stream_id, fact.recorded)
    row.record_class, row.customers = event.record_class, len(event.customer_ids)
    row.proposed_at, row.proposed_by = event.occurred_at, event.proposed_by


def _disposal_approved(rows: Register, event: DisposalApproved, fact: Fact) -> None:
    row = rows.disposal.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.approved_by = "approved", event.approved_by


def _disposal_completed(rows: Register, event: DisposalCompleted, fact: Fact) -> None:
    row = rows.disposal.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.open, row.erased, row.kept = "completed", False, len(event.erasures), len(event.kept)


def _disposal_withdrawn(rows: Register, _: DisposalWithdrawn, fact: Fact) -> None:
    row = rows.disposal.change(fact.recorded.stream_id, fact.recorded)
    row.status, row.open = "withdrawn", False


_FOLDS: Final[dict[type[Event], Fold]] = {
    PrivacyRequestReceived: _received,
    PrivacyRequestIdentityChecked: _identity_checked,
    PrivacyRequestExtended: _extended,
    PrivacyRequestApproved: _approved,
    PrivacyRequestRefused: _refused,
    PrivacyRequestWithdrawn: _withdrawn,
    PrivacyRequestDecided: _decided,
    PrivacyRequestCompleted: _completed,
    ProcessingRestrictionLifted: _restriction_lifted,
    ErasureRequested: _erasure_requested,
    ErasureAttemptFailed: _attempt_failed,
    ErasureAbandoned: _abandoned,
    ErasureCompleted: _erased,
    ErasureCertified: _certified,
    RecipientNotified: _recipient_notified,
    LegalHoldPlaced: _placed,
    LegalHoldReleaseProposed: _release_proposed,
    LegalHoldReleased: _released,
    DisposalProposed: _disposal_proposed,
    DisposalApproved: _disposal_approved,
    DisposalCompleted: _disposal_completed,
    DisposalWithdrawn: _disposal_withdrawn,
}

PRIVACY_REGISTER: Final = Projection(
    NAME, 2, (REQUEST_TABLE, ERASURE_TABLE, HOLD_TABLE, DISPOSAL_TABLE), Register, _FOLDS
)
