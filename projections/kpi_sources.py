"""What KPIs and returns count: complaints, touches, invitations to surveys, customers; and the measures over them."""

from dataclasses import replace
from typing import Final

from projections import campaign_results, complaint_register, engagement_register, lead_register, satisfaction_history
from projections.customer_profile import CUSTOMER_PROFILE
from projections.measures import Measure, Source
from projections.statements import statement


def _known(*columns: str) -> dict[str, str]:
    return {name: f"coalesce(r.{name}, '')" for name in columns}


_SEEN: Final = (
    "({row}.confidential is null or (({row}.confidential = any ($5::text[]) or {row}.complaint_id = any ($7::uuid[]))"
    " and not {row}.withheld_from ? $6::text))"
)
COMPLAINT: Final = Source(
    "complaint",
    complaint_register.NAME,
    "complaint",
    "complaint_id",
    _known(
        "product", "sub_product", "issue", "sub_issue", "channel", "service_channel", "region", "branch", "regime",
        "respondent", "source", "cause", "severity", "status", "outcome", "redress",
    ),
    seen=_SEEN.format(row="r"),
)  # fmt: skip
_OF_COMPLAINT: Final = "on {0}.partition = r.partition and {0}.complaint_id = r.complaint_id"
SAID_IN_TIME: Final = replace(COMPLAINT, dimensions={**COMPLAINT.dimensions, "clock": "''"})
"""Complaints of which a source says whether they were in time: it does not say by which clock."""
CLOCK: Final = replace(
    COMPLAINT,
    dimensions={**COMPLAINT.dimensions, "clock": "c.clock"},
    joined=f" join read_model.complaint_clock c {_OF_COMPLAINT.format('c')}",
    clocks=True,
)
_AGE: Final = (
    "((coalesce($3::timestamptz - interval '1 microsecond', now()) at time zone 'UTC')::date"
    " - (r.received_at at time zone 'UTC')::date)"
)
AGES: Final = ((7, "00-07"), (15, "08-15"), (30, "16-30"), (56, "31-56"), (90, "57-90"))
"""The last day of each band of ages; what is older is of the band "91-"."""
SPELL: Final = replace(
    COMPLAINT,
    dimensions={
        **COMPLAINT.dimensions,
        "age": "case " + " ".join(f"when {_AGE} <= {last} then '{name}'" for last, name in AGES) + " else '91-' end",
    },
    joined=f" join (\n{statement('complaint_spells')}) s {_OF_COMPLAINT.format('s')}",
)
"""The times in which complaints stand open: a complaint that was opened again has several."""
_DIGITS: Final = "length(s.amount_minor::text)"
REDRESS: Final = replace(
    COMPLAINT,
    dimensions={
        **COMPLAINT.dimensions,
        "currency": "coalesce(s.currency, '')",
        "amount": "case when s.amount_minor is null then '' "
        f"else rpad('1', {_DIGITS}, '0') || '-' || repeat('9', {_DIGITS}) end",
    },
    joined=f" join read_model.complaint_redress{{v}} s {_OF_COMPLAINT.format('s')}",
)
"""What became of offers of redress. `amount`: a band of minor units, such as 1000-9999."""
TOUCH: Final = Source(
    "touch",
    campaign_results.NAME,
    "campaign_touch",
    "touch_id",
    {"campaign": "r.campaign_id::text", **_known("channel", "purpose", "product", "response")},
)
COST: Final = Source(
    "campaign-cost",
    campaign_results.NAME,
    "campaign_cost",
    "cost_id",
    {"campaign": "r.campaign_id::text", **_known("kind", "currency")},
    stream="campaign_id",
)
INVITATION: Final = Source(
    "survey",
    satisfaction_history.NAME,
    "survey_invitation",
    "invitation_id",
    _known("survey", "channel", "product", "branch"),
)
ENGAGEMENT: Final = Source(
    "engagement",
    engagement_register.NAME,
    "engagement",
    "engagement_id",
    _known("kind", "product", "channel", "source", "stage", "outcome"),
)
LEAD: Final = Source(
    "lead",
    lead_register.NAME,
    "lead",
    "lead_id",
    {"campaign": "coalesce(r.campaign_id::text, '')", **_known("source", "channel", "product", "currency")},
    scattered=True,
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
    SAID_IN_TIME, "received_at", _ANSWERED, where=f"{_FINAL} and r.timely_asserted is not null",
)  # fmt: skip
ASSERTED_TIMELY: Final = Measure(
    "those of them of which the source says that it was",
    SAID_IN_TIME, "received_at", _ANSWERED, where=f"{_FINAL} and r.timely_asserted",
)  # fmt: skip
_TIMED: Final = (
    *_ANSWERED, "complaint.holding-response-sent", "complaint.summary-resolution-sent", "complaint.resolution-accepted",
    "complaint.notified", "complaint.closed", "complaint.clock-breached",
)  # fmt: skip
_BREAKABLE: Final = "c.detail ->> 'missed' = 'breach'"
CLOCKS_ENDED: Final = Measure(
    "clocks of complaints received that can be breached, and were met or breached; a complaint has several",
    CLOCK, "received_at", _TIMED, where=f"{_BREAKABLE} and c.state in ('met', 'breached')",
)  # fmt: skip
CLOCKS_MET: Final = Measure(
    "those of them that were met", CLOCK, "received_at", _TIMED, where=f"{_BREAKABLE} and c.state = 'met'"
)
OPEN: Final = Measure(
    "complaints that stand open at the end of the period: neither closed, withdrawn nor merged; unset: now",
    SPELL, "s.begun_at", ("complaint.received", "complaint.reopened"), "open", until=("s.ended_at",),
)  # fmt: skip
REPEATED: Final = Measure(
    "those of them whose complainant had made another in the 365 days before",
    COMPLAINT, "received_at", ("complaint.received",),
    where="exists (select from read_model.complaint{v} e where e.partition = r.partition"
    " and e.complainant_id = r.complainant_id and e.received_at >= r.received_at - interval '365 days'"
    f" and (e.received_at, e.complaint_id) < (r.received_at, r.complaint_id) and {_SEEN.format(row='e')})",
)  # fmt: skip
ANSWERED: Final = Measure("complaints answered, by the last final response", COMPLAINT, "responded_at", _ANSWERED)
OUTCOME_STATED: Final = Measure(
    "complaints answered whose response states an outcome",
    COMPLAINT, "responded_at", _ANSWERED, where="r.outcome in ('upheld', 'partly_upheld', 'rejected')",
)  # fmt: skip
UPHELD: Final = Measure(
    "those of them that were upheld, at least in part",
    COMPLAINT, "responded_at", _ANSWERED, where="r.outcome in ('upheld', 'partly_upheld')",
)  # fmt: skip


def _redress(step: str, says: str, *, money: bool) -> Measure:
    counts, amount = ("amount", "coalesce(s.amount_minor, 0)") if money else ("rows", "1")
    events = ("complaint.redress-offered", "complaint.redress-approved", "complaint.redress-accepted",
              "complaint.redress-paid")  # fmt: skip
    return Measure(says, REDRESS, "s.at", events, counts, f"s.step = '{step}'", amount)


REDRESS_OFFERS: Final = _redress("offered", "offers of redress, once approved where that is needed", money=False)
MONEY_OFFERED: Final = _redress("offered", "minor units that were offered in them", money=True)
REDRESS_ACCEPTED: Final = _redress("accepted", "offers of redress that were accepted", money=False)
MONEY_ACCEPTED: Final = _redress("accepted", "minor units in these offers", money=True)
REDRESS_PAID: Final = _redress("paid", "offers of redress that were paid or done", money=False)
MONEY_PAID: Final = _redress("paid", "minor units in these offers", money=True)
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
    "people who are customers at the end of the period (of each month, where it is grouped by month)",
    CUSTOMER, "registered_at", ("customer.registered",), "standing", until=("ended_at",),
)  # fmt: skip

CUSTOMERS_BEGUN: Final = Measure(
    "people who were customers when the period began", CUSTOMER, "registered_at", ("customer.registered",), "begun",
    until=("ended_at",),
)  # fmt: skip
CUSTOMERS_KEPT: Final = Measure(
    "those of them who were customers still when it ended",
    CUSTOMER, "registered_at", ("customer.registered",), "kept", until=("ended_at",),
)  # fmt: skip

# Leads

LEAD_COSTS: Final = Measure(
    "costs of leads captured, also of those that were lost, in minor units of their currency",
    LEAD, "captured_at", ("lead.captured", "lead.cost-recorded"), "amount", "r.currency is not null",
    amount="r.cost_minor",
)  # fmt: skip
LEADS_CONVERTED: Final = Measure(
    "people who became customers by these, until now, each once",
    LEAD, "captured_at", ("lead.captured", "lead.converted"), "people",
    where="r.currency is not null and r.converted_at is not null",
)  # fmt: skip

# Campaigns

_SENT: Final = ("touch.decided", "touch.released")
SENT: Final = Measure("touches sent, at once or released later", TOUCH, "sent_at", _SENT)
CONVERTED: Final = Measure(
    "those of them after which the customer took something up, until now",
    TOUCH, "sent_at", (*_SENT, "touch.converted"), where="r.converted_at is not null",
)  # fmt: skip
COSTS: Final = Measure(
    "costs of campaigns, in minor units of their currency",
    COST, "incurred_at", ("campaign.cost-recorded",), "amount", amount="r.amount_minor",
)  # fmt: skip
WON: Final = Measure(
    "people who took something up after a touch, each once",
    TOUCH, "converted_at", (*_SENT, "touch.converted"), "people",
)  # fmt: skip
TOUCHED: Final = Measure("people to whom any was sent, each once", TOUCH, "sent_at", _SENT, "people")

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
