"""What can go wrong, as RFC 9457 problems: one table of the codes, with their HTTP statuses.

A problem's type is `urn:daybook:problem:<code>` and never changes its meaning. No problem ever
repeats a value of the request: it might be personal data, and problems end up in logs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson
from starlette.responses import Response

from api.language import said, spoken_headers

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:daybook:problem:"


class Kind(NamedTuple):
    """A kind of problem: its HTTP status, its title, and when to try again where it may pass by itself."""

    status: int
    title: str
    retry_s: int | None = None


# What the edge itself refuses.
PROBLEMS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "body-too-large": Kind(413, "The body is larger than this server takes"),
        "break-glass-not-open": Kind(403, "There is no such break-glass access of yours, or it is over"),
        "clock-behind": Kind(503, "The database host's clock is behind; nothing was appended", 2),
        "command-type-unknown": Kind(422, "There is no command of this type"),
        "cursor-invalid": Kind(400, "The cursor or token was not made by this record"),
        "cursor-stale": Kind(410, "The record was restored since the cursor was made; go on from `resume`"),
        "feed-full": Kind(503, "Too many readers follow the feed; try again later", 10),
        "header-invalid": Kind(400, "A header is not as it must be"),
        "host-unknown": Kind(421, "This server answers only as localhost"),
        "idempotency-key-in-use": Kind(409, "The first request with this key is still running; repeat it shortly", 1),
        "idempotency-key-invalid": Kind(400, "The Idempotency-Key is not a structured-field string"),
        "idempotency-key-missing": Kind(400, "Commands need an Idempotency-Key"),
        "idempotency-key-reused": Kind(422, "This key was used for another request; make a new one"),
        "internal": Kind(500, "The server failed; what became of the request is not known"),
        "json-invalid": Kind(400, "The body is not JSON"),
        "lane-full": Kind(503, "Too much is waiting to be written; try again later", 1),
        "line-too-long": Kind(413, "A line is longer than a command may be"),
        "look-not-recorded": Kind(503, "The look could not be recorded, so nothing personal was opened", 2),
        "loopback-only": Kind(403, "With the development issuer this server answers its own host only"),
        "media-type-unsupported": Kind(415, "The body's media type is not taken here"),
        "method-not-allowed": Kind(405, "The path does not know this method"),
        "not-allowed": Kind(403, "Your roles may not do this"),
        "not-found": Kind(404, "There is nothing here"),
        "not-yet-visible": Kind(503, "The read model has not seen the token yet; ask again", 1),
        "outcome-unknown": Kind(503, "The outcome is not known; repeat the request with the same key", 1),
        "parked": Kind(503, "An event of this customer or stream could not be folded; an operator must look"),
        "personal-data-erased": Kind(410, "It was erased"),
        "personal-data-masked": Kind(403, "It is not shown to your roles for this purpose"),
        "personal-data-unreadable": Kind(500, "Personal data is there but cannot be opened; an operator must look"),
        "personal-data-withheld": Kind(403, "It is being erased, or its processing is restricted"),
        "precondition-failed": Kind(412, "The stream is not at the version that If-Match names"),
        "purpose-not-allowed": Kind(403, "Your roles may not look for this purpose"),
        "query-invalid": Kind(400, "A query parameter is not as it must be"),
        "read-model-unready": Kind(503, "The read model was filled by another program; it must be rebuilt"),
        "record-unreachable": Kind(503, "The record cannot be reached; nothing was changed", 2),
        "request-too-large": Kind(413, "One command leads to more than can be appended at once"),
        "schema-newer": Kind(503, "The record holds events of a newer program; update this one"),
        "stream.disposed": Kind(410, "Its data was disposed of at the end of retention; nothing can be recorded of it"),
        "stream.of-another-kind": Kind(404, "The id names something of another kind"),
        "subject-erased": Kind(409, "Personal data of this subject was erased; nothing more can be recorded of it"),
        "token-invalid": Kind(401, "The token is not one that this server believes"),
        "token-missing": Kind(401, "A bearer token must say who asks"),
        "too-many-requests": Kind(429, "Too many requests of one actor; slow down"),
        "validation-failed": Kind(422, "A field is not as it must be"),
        "value-refused": Kind(422, "The record does not take a value of this request"),
        "version-conflict": Kind(409, "The stream was changed by others meanwhile; read it and decide anew"),
    }
)

# What the domain refuses: 404 where the stream in the path does not exist, 409 where its state is in the way,
# 422 where the request itself does not fit. The domain's own message is the detail.
REFUSALS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "access-table.already-active": 409,
        "access-table.already-proposed": 409,
        "access-table.locks-itself": 422,
        "access-table.not-proposed": 404,
        "access-table.second-person-required": 409,
        "access-table.signatures-missing": 409,
        "access-table.withdrawn": 409,
        "actor.already-left": 409,
        "actor.already-registered": 409,
        "actor.not-registered": 404,
        "break-glass.already-opened": 409,
        "break-glass.already-reviewed": 409,
        "break-glass.not-opened": 404,
        "break-glass.nothing-wanted": 422,
        "break-glass.reviewer-not-another": 409,
        "campaign.already-approved": 409,
        "campaign.already-ended": 409,
        "campaign.already-planned": 409,
        "campaign.cost-id-reused": 409,
        "campaign.not-approved": 409,
        "campaign.not-paused": 409,
        "campaign.not-planned": 404,
        "campaign.not-running": 409,
        "campaign.paused": 409,
        "campaign.period-invalid": 422,
        "campaign.second-person-required": 409,
        "complaint.already-answered": 409,
        "complaint.already-closed": 409,
        "complaint.already-confidential": 409,
        "complaint.already-disputed": 409,
        "complaint.already-merged": 409,
        "complaint.already-received": 409,
        "complaint.already-withdrawn": 409,
        "complaint.attachment-id-reused": 409,
        "complaint.backdating-settled": 409,
        "complaint.backdating-unexplained": 422,
        "complaint.backdating-unknown": 422,
        "complaint.declassification-not-requested": 409,
        "complaint.declassifier-not-another": 409,
        "complaint.extension-terms-invalid": 422,
        "complaint.extension-unknown": 422,
        "complaint.handler-has-interest": 422,
        "complaint.id-reused": 409,
        "complaint.letter-unknown": 422,
        "complaint.merged-into-itself": 422,
        "complaint.no-final-response": 409,
        "complaint.not-confidential": 409,
        "complaint.not-demandable": 422,
        "complaint.not-ended": 409,
        "complaint.not-received": 404,
        "complaint.nothing-handled": 409,
        "complaint.nothing-to-tell": 422,
        "complaint.nothing-told": 422,
        "complaint.pause-unknown": 422,
        "complaint.redress-amount-mismatch": 422,
        "complaint.redress-approver-not-another": 409,
        "complaint.redress-id-reused": 409,
        "complaint.redress-not-accepted": 409,
        "complaint.redress-not-approved": 409,
        "complaint.redress-unknown": 422,
        "complaint.referral-unknown": 422,
        "complaint.representative-is-complainant": 422,
        "complaint.representative-unknown": 422,
        "complaint.resolution-not-accepted": 409,
        "complaint.review-open": 409,
        "complaint.review-settled": 409,
        "complaint.review-unknown": 422,
        "complaint.second-person-required": 409,
        "complaint.superior-required": 422,
        "complaint.too-many-backdatings": 409,
        "complaint.too-many-representatives": 409,
        "customer.already-registered": 409,
        "customer.consent-not-granted": 409,
        "customer.contact-point-id-reused": 409,
        "customer.contact-point-removed": 409,
        "customer.contact-point-unknown": 422,
        "customer.correction-decided": 409,
        "customer.correction-of-another": 409,
        "customer.correction-pending": 409,
        "customer.correction-second-person-required": 409,
        "customer.correction-unknown": 404,
        "customer.not-registered": 404,
        "customer.relationship-ended": 409,
        "disclosure.already-recorded": 409,
        "disclosure.not-recorded": 404,
        "disposal.already-approved": 409,
        "disposal.already-ended": 409,
        "disposal.already-proposed": 409,
        "disposal.not-approved": 409,
        "disposal.not-proposed": 404,
        "disposal.second-person-required": 409,
        "erasure.already-ended": 409,
        "erasure.already-requested": 409,
        "erasure.not-completed": 409,
        "erasure.not-requested": 404,
        "erasure.recipient-unknown": 422,
        "interaction.already-confidential": 409,
        "interaction.already-recorded": 409,
        "interaction.complaint-not-named": 422,
        "interaction.already-drawn": 409,
        "interaction.draw-unknown": 422,
        "interaction.screening-id-reused": 409,
        "interaction.attachment-id-reused": 409,
        "interaction.correction-decided": 409,
        "interaction.correction-of-another": 409,
        "interaction.correction-pending": 409,
        "interaction.correction-second-person-required": 409,
        "interaction.correction-unknown": 404,
        "interaction.declassification-not-requested": 409,
        "interaction.declassifier-not-another": 409,
        "interaction.not-confidential": 409,
        "interaction.follow-up-id-reused": 409,
        "interaction.follow-up-settled": 409,
        "interaction.follow-up-unknown": 422,
        "interaction.not-recorded": 404,
        "legal-hold.already-placed": 409,
        "legal-hold.already-released": 409,
        "legal-hold.not-placed": 404,
        "legal-hold.release-not-proposed": 409,
        "legal-hold.second-person-required": 409,
        "privacy-request.already-approved": 409,
        "privacy-request.already-ended": 409,
        "privacy-request.already-extended": 409,
        "privacy-request.already-received": 409,
        "privacy-request.identity-not-checked": 409,
        "privacy-request.not-approved": 409,
        "privacy-request.not-decided": 409,
        "privacy-request.not-received": 404,
        "privacy-request.not-restricted": 422,
        "privacy-request.nothing-to-decide": 409,
        "privacy-request.of-the-program": 409,
        "privacy-request.second-person-required": 409,
        "calendar.already-adopted": 409,
        "calendar.already-drafted": 409,
        "calendar.day-outside": 422,
        "calendar.not-drafted": 404,
        "calendar.period-invalid": 422,
        "calendar.second-person-required": 409,
        "calendar.withdrawn": 409,
        "calendar.zone-unknown": 422,
        "clock-policy.already-active": 409,
        "clock-policy.already-proposed": 409,
        "clock-policy.cap-not-longer": 422,
        "clock-policy.clock-repeated": 422,
        "clock-policy.not-proposed": 404,
        "clock-policy.second-person-required": 409,
        "clock-policy.signatures-missing": 409,
        "clock-policy.withdrawn": 409,
        "code-map.already-active": 409,
        "code-map.already-proposed": 409,
        "code-map.entry-repeated": 422,
        "code-map.name-ambiguous": 422,
        "code-map.not-proposed": 404,
        "code-map.second-person-required": 409,
        "code-map.withdrawn": 409,
        "reservation.full": 409,
        "reservation.not-claimed": 404,
        "reservation.not-held": 409,
        "reservation.not-lapsed": 409,
        "sampling-plan.already-active": 409,
        "sampling-plan.already-proposed": 409,
        "sampling-plan.not-proposed": 404,
        "sampling-plan.rate-unreachable": 422,
        "sampling-plan.second-person-required": 409,
        "sampling-plan.withdrawn": 409,
        "sampling-plan.zone-unknown": 422,
        "watch-rules.already-active": 409,
        "watch-rules.already-proposed": 409,
        "watch-rules.none-on": 422,
        "watch-rules.not-proposed": 404,
        "watch-rules.second-person-required": 409,
        "watch-rules.signatures-missing": 409,
        "watch-rules.withdrawn": 409,
        "retention-schedule.already-active": 409,
        "retention-schedule.already-proposed": 409,
        "retention-schedule.not-proposed": 404,
        "retention-schedule.second-person-required": 409,
        "retention-schedule.signatures-missing": 409,
        "retention-schedule.withdrawn": 409,
        "engagement.already-decided": 409,
        "engagement.already-ended": 409,
        "engagement.already-opened": 409,
        "engagement.not-opened": 404,
        "engagement.offer-already-settled": 409,
        "engagement.offer-id-reused": 409,
        "engagement.offer-unknown": 404,
        "organisation-unit.already-opened": 409,
        "organisation-unit.closed": 409,
        "organisation-unit.language-repeated": 422,
        "organisation-unit.not-opened": 404,
        "organisation-unit.own-parent": 422,
        "organisation-unit.own-successor": 422,
        "organisation-unit.parent-missing": 422,
        "organisation-unit.parent-of-bank": 422,
        "holding.already-opened": 409,
        "holding.category-repeated": 422,
        "holding.closed": 409,
        "holding.not-opened": 404,
        "holding.period-invalid": 422,
        "holding.period-overlaps": 409,
        "holding.statement-outdated": 409,
        "lead.already-captured": 409,
        "lead.already-converted": 409,
        "lead.already-lost": 409,
        "lead.cost-id-reused": 409,
        "lead.cost-out-of-bounds": 422,
        "lead.currency-differs": 422,
        "lead.not-captured": 404,
        "need.already-noted": 409,
        "need.already-settled": 409,
        "need.holding-without-need": 422,
        "need.not-noted": 404,
        "need.rule-missing": 422,
        "portfolio-handover.already-ended": 409,
        "portfolio-handover.already-ordered": 409,
        "portfolio-handover.not-ordered": 404,
        "portfolio-handover.to-oneself": 422,
        "survey.already-answered": 409,
        "survey.already-invited": 409,
        "survey.expired": 409,
        "survey.not-invited": 404,
        "survey.scale-invalid": 422,
        "survey.score-out-of-scale": 422,
        "task.already-cancelled": 409,
        "task.already-completed": 409,
        "task.already-scheduled": 409,
        "task.not-scheduled": 404,
        "task.not-started": 409,
        "touch.already-bounced": 409,
        "touch.already-decided": 409,
        "touch.already-delivered": 409,
        "touch.conversion-id-reused": 409,
        "touch.not-decided": 404,
        "touch.not-held": 409,
        "touch.not-sent": 409,
        "touch.response-id-reused": 409,
    }
)

REFUSED: Final = "The command was refused"
"""The title of every refusal of the domain."""


class FieldError(NamedTuple):
    """One fault: where it stands, why, and what to do.

    `field` is a JSON pointer where `place` is the body, else the name of a header, query parameter or path part.
    Reason and hint are English texts that `api.language` knows, or said already where they name something.
    """

    place: str
    field: str
    reason: str
    hint: str | None = None

    def as_json(self) -> dict[str, str]:
        """As it stands in a problem's `errors`."""
        told = {"in": self.place, "field": self.field, "reason": said(self.reason)}
        return told if self.hint is None else {**told, "hint": said(self.hint)}


@dataclass(eq=False)
class Problem(Exception):  # RFC 9457's name for it
    """An answer that is not what was asked for."""

    code: str
    detail: str | None = None
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        """So that a traceback names the code."""
        super().__init__(self.code, self.detail)

    @property
    def kind(self) -> Kind:
        """Status and title."""
        known = PROBLEMS.get(self.code)
        return known or Kind(REFUSALS.get(self.code, 409), REFUSED)

    def as_json(self) -> dict[str, Any]:
        """The members of the problem, by RFC 9457; `code` is the last part of `type`."""
        status, title, _ = self.kind
        body: dict[str, Any] = {
            "type": TYPE_PREFIX + self.code, "title": said(title), "status": status, "code": self.code,
        }  # fmt: skip
        if self.detail is not None:
            body["detail"] = said(self.detail)
        if self.errors:
            body["errors"] = [error.as_json() for error in self.errors]
        return body | dict(self.extra)

    def response(self) -> Response:
        """The problem over HTTP."""
        headers = {"Cache-Control": "no-store", **spoken_headers()}
        if self.kind.retry_s is not None:
            headers["Retry-After"] = str(self.kind.retry_s)
        return Response(orjson.dumps(self.as_json()), self.kind.status, {**headers, **self.headers}, MEDIA_TYPE)
