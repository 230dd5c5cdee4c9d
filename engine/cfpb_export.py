"""Complaints as rows of the US CFPB's public database: its 18 fields, in its words where it has one.

Fields and their order are those of its "Field reference" (Consumer Complaint Database, technical documentation).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from domain.matters import Sight
from engine.importing.cfpb import SOURCE
from engine.looking import Looker
from engine.returns import Wanted
from engine.wiring import Daybook
from projections import complaint_search
from projections.complaint_register import ComplaintRow
from projections.complaint_search import ComplaintFilter
from projections.references import SealedAt

FIELDS: Final = (
    "Date received", "Product", "Sub-product", "Issue", "Sub-issue", "Consumer complaint narrative",
    "Company public response", "Company", "State", "ZIP code", "Tags", "Consumer consent provided?", "Submitted via",
    "Date sent to company", "Company response to consumer", "Timely response?", "Consumer disputed?", "Complaint ID",
)  # fmt: skip
_SUBMITTED: Final[Mapping[str, str]] = {
    "web": "Web", "referral": "Referral", "phone": "Phone", "letter": "Postal mail", "fax": "Fax", "email": "Email",
}  # fmt: skip
_CONSENTS: Final[Mapping[str | None, str]] = {
    "provided": "Consent provided", "not_provided": "Consent not provided", "withdrawn": "Consent withdrawn",
    "other": "Other", "not_applicable": "N/A", None: "",
}  # fmt: skip
_TIMELY: Final[Mapping[bool | None, str]] = {True: "Yes", False: "No", None: ""}
_DISPUTED: Final[Mapping[bool | None, str]] = {True: "Yes", False: "No", None: "N/A"}
_NARRATIVE: Final = "description"
_ZIP: Final = 5


@dataclass(frozen=True, slots=True)
class Exported:
    """One complaint, and its values in the order of `FIELDS`."""

    complaint_id: UUID
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportedPage:
    """Last received first. `next` continues; None: there is no more."""

    rows: tuple[Exported, ...]
    next: str | None


async def cfpb_rows(  # noqa: PLR0913  # the last three optional and by name
    daybook: Daybook,
    wanted: Wanted,
    sight: Sight,
    *,
    looker: Looker | None = None,
    after: str | None = None,
    limit: int = 500,
) -> ExportedPage:
    """A page of complaints under the CFPB's regime, by the day of receipt.

    A narrative is only there with the consumer's consent, and for whom the access table shows it: each is a look
    (without `looker` none is opened). ZIP codes are cut to their three digits that many share.
    """
    until = datetime.combine(wanted.last + timedelta(days=1), time(), UTC)
    of = ComplaintFilter(
        received_from=datetime.combine(wanted.first, time(), UTC), received_until=until, respondent=wanted.entity
    )
    page = await complaint_search.search(daybook.models, of, sight, after=after, limit=limit)
    complaints = [one for one in page.complaints if one.regime == SOURCE]
    narratives = await _narratives(daybook, looker, complaints)
    rows = tuple(Exported(one.complaint_id, _values(one, narratives.get(one.complaint_id, ""))) for one in complaints)
    return ExportedPage(rows, page.next)


async def _narratives(
    daybook: Daybook, looker: Looker | None, complaints: Sequence[ComplaintRow]
) -> Mapping[UUID, str]:
    if looker is None:
        return {}
    asked: dict[int, dict[UUID, SealedAt]] = {}
    for one in complaints:
        sealed = one.sealed_at.get("complaint")
        if sealed is not None and one.narrative_consent == "provided":
            asked.setdefault(one.partition, {})[one.complaint_id] = sealed
    found: dict[UUID, str] = {}
    for partition, of in asked.items():
        opened = await daybook.opener.open(looker, partition, dict.fromkeys(of.values(), (_NARRATIVE,)))
        for complaint_id, at in of.items():
            text: Any = opened[at].get(_NARRATIVE)
            if isinstance(text, str) and looker.decide(at.subject_id, at.record_class, _NARRATIVE) == "shown":
                found[complaint_id] = text
    return found


def _values(one: ComplaintRow, narrative: str) -> tuple[str, ...]:
    received_on = one.received_on or one.received_at.astimezone(UTC).date()
    disputed = True if one.disputed_at is not None else one.disputed_asserted
    return (
        received_on.isoformat(),
        one.product or "",
        one.sub_product or "",
        one.issue or "",
        one.sub_issue or "",
        narrative,
        one.public_response or "",
        one.respondent or "",
        (one.region or "").removeprefix("US-"),
        (one.postal_prefix or "").ljust(_ZIP, "X") if one.postal_prefix else "",
        ", ".join(one.tags),
        _CONSENTS.get(one.narrative_consent, ""),
        _SUBMITTED.get(one.channel, one.channel),
        "" if one.sent_on is None else one.sent_on.isoformat(),
        one.company_response or ("In progress" if one.responded_at is None else ""),
        _TIMELY[one.timely_asserted],
        _DISPUTED[disputed],
        one.external_ref or str(one.complaint_id),
    )
