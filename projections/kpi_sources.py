"""What KPIs and returns count: complaints, touches, invitations to surveys, customers; and the measures over them."""

from typing import Final

from projections import campaign_results, complaint_register, engagement_register, satisfaction_history
from projections.customer_profile import CUSTOMER_PROFILE
from projections.measures import Measure, Source


def _known(*columns: str) -> dict[str, str]:
    return {name: f"coalesce(r.{name}, '')" for name in columns}


COMPLAINT: Final = Source(
    "complaint",
    complaint_register.NAME,
    "complaint",
    "complaint_id",
    _known(
        "product", "sub_product", "issue", "sub_issue", "channel", "region", "regime", "respondent", "source", "cause",
        "severity", "status", "outcome", "redress",
    ),
    seen="(r.confidential is null or ((r.confidential = any ($5::text[]) or r.complaint_id = any ($7::uuid[]))"
    " and not r.withheld_from ? $6::text))",
)  # fmt: skip
TOUCH: Final = Source(
    "touch",
    campaign_results.NAME,
    "campaign_touch",
    "touch_id",
    {"campaign": "r.campaign_id::text", **_known("channel", "purpose", "product", "response")},
)
INVITATION: Final = Source(
    "survey", satisfaction_history.NAME, "survey_invitation", "invitation_id", _known("survey", "channel", "product")
)
ENGAGEMENT: Final = Source(
    "engagement",
    engagement_register.NAME,
    "engagement",
    "engagement_id",
    _known("kind", "product", "channel", "source", "stage", "outcome"),
)
CUSTOMER: Final = Source(
    "customer", CUSTOMER_PROFILE.name, "customer_profile", "customer_id", _known("region", "branch", "kind")
)

# Complaints

_ANSWERED: Final = ("complaint.received", "complaint.final-response-issued")
_FINAL: Final = "r.responded_at is not null"

RECEIVED: Final = Measure("complaints received", COMPLAINT, "received_at", ("complaint.received",))
ASSERTED: Final = Measure(
    "complaints received that have a final response of which the source says whether it was timely",
    COMPLAINT, "received_at", _ANSWERED, where=f"{_FINAL} and r.timely_asserted is not null",
)  # fmt: skip
ASSERTED_TIMELY: Final = Measure(
    "those of them of which the source says that it was",
    COMPLAINT, "received_at", _ANSWERED, where=f"{_FINAL} and r.timely_asserted",
)  # fmt: skip
RELIEF_STATED: Final = Measure(
    "complaints received that have a final response which says whether there is redress",
    COMPLAINT, "received_at", _ANSWERED, where=f"{_FINAL} and r.redress <> 'not_stated'",
)  # fmt: skip
RELIEVED: Final = Measure(
    "those of them with redress, in money or otherwise",
    COMPLAINT, "received_at", _ANSWERED, where=f"{_FINAL} and r.redress in ('monetary', 'non_monetary')",
)  # fmt: skip
LASTED: Final = "(r.closed_at at time zone 'UTC')::date - (r.received_at at time zone 'UTC')::date"
CLOSED_EVENTS: Final = ("complaint.received", "complaint.closed")


def _closed(says: str, where: str, *, days: bool) -> Measure:
    counts, amount = ("spread", LASTED) if days else ("rows", "1")
    return Measure(says, COMPLAINT, "closed_at", CLOSED_EVENTS, counts, where, amount)


CLOSED_HERE: Final = _closed("complaints closed, and recorded here as they went", "r.source is null", days=False)
DAYS_HERE: Final = _closed("days from receipt to closing of these", "r.source is null", days=True)
CLOSED_TOLD: Final = _closed("complaints closed, as a source told them", "r.source is not null", days=False)
DAYS_TOLD: Final = _closed(
    "days from receipt to closing of these; where the source gives no day of closing, to the day that stands for it",
    "r.source is not null", days=True,
)  # fmt: skip

# Customers

CUSTOMERS: Final = Measure(
    "customers at the end of the period (of each month, where it is grouped by month)",
    CUSTOMER, "registered_at", ("customer.registered",), "standing", until=("ended_at",),
)  # fmt: skip

# Campaigns

_SENT: Final = ("touch.decided", "touch.released")
SENT: Final = Measure("touches sent, at once or released later", TOUCH, "sent_at", _SENT)
CONVERTED: Final = Measure(
    "those of them after which the customer took something up, until now",
    TOUCH, "sent_at", (*_SENT, "touch.converted"), where="r.converted_at is not null",
)  # fmt: skip
TOUCHED: Final = Measure("customers to whom any was sent, each once", TOUCH, "sent_at", _SENT, "customers")

# Engagements

_DECIDED: Final = ("engagement.opened", "engagement.decided")

OPENED: Final = Measure("engagements opened", ENGAGEMENT, "opened_at", ("engagement.opened",))
DECIDED: Final = Measure("engagements decided", ENGAGEMENT, "decided_at", _DECIDED)
APPROVED: Final = Measure(
    "those of them decided in the customer's favour", ENGAGEMENT, "decided_at", _DECIDED,
    where="r.outcome = 'approved'",
)  # fmt: skip
DAYS_TO_DECISION: Final = Measure(
    "days from opening to decision of these", ENGAGEMENT, "decided_at", _DECIDED, "spread",
    amount="(r.decided_at at time zone 'UTC')::date - (r.opened_at at time zone 'UTC')::date",
)  # fmt: skip
OFFERED: Final = Measure(
    "engagements opened in which an offer was made",
    ENGAGEMENT, "opened_at", ("engagement.opened", "engagement.offer-made"), where="r.offers > 0",
)  # fmt: skip
TAKEN: Final = Measure(
    "those of them in which one was taken, until now",
    ENGAGEMENT, "opened_at", ("engagement.opened", "engagement.offer-settled"), where="r.accepted > 0",
)  # fmt: skip

# Satisfaction

_ASKED: Final = ("survey.invited", "survey.answered")
_CSAT: Final = "r.status = 'answered' and r.metric = 'csat'"
_NPS: Final = "r.status = 'answered' and r.metric = 'nps'"

CSAT_ANSWERS: Final = Measure("answers on satisfaction", INVITATION, "answered_at", _ASKED, where=_CSAT)
CSAT_CONTENT: Final = Measure(
    "those of them in the top quarter of the scale, such as 4 and 5 of 1 to 5",
    INVITATION, "answered_at", _ASKED,
    where=f"{_CSAT} and 4 * (r.score - r.scale_min) >= 3 * (r.scale_max - r.scale_min)",
)  # fmt: skip
NPS_ANSWERS: Final = Measure("answers on recommending", INVITATION, "answered_at", _ASKED, where=_NPS)
NPS_BALANCE: Final = Measure(
    "promoters (9 and 10) less detractors (0 to 6) among them",
    INVITATION, "answered_at", _ASKED, "amount", _NPS,
    amount="case when r.score >= 9 then 1 when r.score <= 6 then -1 else 0 end",
)  # fmt: skip
INVITED: Final = Measure("invitations to surveys", INVITATION, "invited_at", _ASKED)
INVITED_ANSWERED: Final = Measure(
    "those of them answered until now", INVITATION, "invited_at", _ASKED, where="r.status = 'answered'"
)
