"""The rows of the complaint register: a complaint as it stands, and how many stand where."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from projections.references import LastEvent, SealedAt, read_sealed_at
from projections.table import NEVER, NIL, Table

NAME: Final = "complaint_register"


@dataclass(slots=True)
class ComplaintRow:
    """A complaint as it stands. `status` is open, responded, closed, withdrawn or merged; times tell how it got there.

    What an import merely asserts (`..._asserted`) was computed by no clock. `open_since`: since when it stands open;
    None: it does not. `claims`: times that were told late. `sealed` keeps where personal data is.
    """

    partition: int
    complaint_id: UUID
    customer_id: UUID | None = None
    complainant_id: UUID = NIL
    status: str = "open"
    received_at: datetime = NEVER
    received_on: date | None = None
    capacity: str = "own"
    complainants: int = 1
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
    branch: str | None = None
    service_channel: str | None = None
    postal_prefix: str | None = None
    tags: list[str] = field(default_factory=list[str])
    narrative_consent: str | None = None
    interaction_id: UUID | None = None
    severity: str | None = None
    cause: str | None = None
    queue: str | None = None
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
    merged_into: UUID | None = None
    merged_at: datetime | None = None
    reopened_at: datetime | None = None
    open_since: datetime | None = None
    claims_open: int = 0
    claims: int = 0
    course: dict[str, Any] = field(default_factory=dict[str, Any])
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
        """Where personal data can be opened, by what it belongs to: complaint, dispute, response, representative."""
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
        "queue": f"(partition, queue, {_NEWEST}) where queue is not null",
        "merged_into": f"(partition, merged_into, {_NEWEST}) where merged_into is not null",
        "claims": f"(partition, {_NEWEST}) where claims_open > 0",
        "claimed": f"(partition, {_NEWEST}) where claims > 0",
        "confidential": f"(partition, confidential, {_NEWEST}) where confidential is not null",
        "closed": "(partition, closed_at, complaint_id) where closed_at is not null",
        "responded": "(partition, responded_at, complaint_id) where responded_at is not null",
        "open": "(partition, open_since, complaint_id) where open_since is not null",
        "complainant": "(partition, complainant_id, received_at, complaint_id)",
    },
)
COMPLAINT_COUNT: Final = Table(
    name="complaint_count", kind="sums", row=ComplaintCountRow, key=("month", "status", "product")
)


class Spell(NamedTuple):
    """A time in which a complaint stood open, and that is over: it was closed, withdrawn or merged."""

    partition: int
    position: int
    complaint_id: UUID
    begun_at: datetime
    ended_at: datetime


class RedressStep(NamedTuple):
    """What became of an offer of redress: it was `offered` (approved where that was needed), `accepted`, `paid`."""

    partition: int
    position: int
    complaint_id: UUID
    redress_id: UUID
    step: str
    at: datetime
    kind: str
    amount_minor: int | None
    currency: str | None


COMPLAINT_SPELL: Final = Table(
    name="complaint_spell",
    kind="lines",
    row=Spell,
    key=("position",),
    indexes={"ended": "(partition, ended_at, begun_at, complaint_id)"},
)
COMPLAINT_REDRESS: Final = Table(
    name="complaint_redress",
    kind="lines",
    row=RedressStep,
    key=("position",),
    indexes={"step": "(partition, step, at, complaint_id)"},
)
