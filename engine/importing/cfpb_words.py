"""The words of the CFPB's complaint database, over the years, and what they mean here."""

from typing import Final, Literal, NamedTuple

from domain.codes import Channel
from domain.complaint_intake import NarrativeConsent
from domain.complaint_letters import RedressKind

# Column, as its value is called here: its spellings, the public export's first. The order is that
# in which values are picked from a row, and the order of a row's content.
COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "complaint_id": ("Complaint ID", "public_id"),
    "received_on": ("Date received",),
    "sent_on": ("Date sent to company",),
    "product": ("Product",),
    "sub_product": ("Sub-product",),
    "issue": ("Issue",),
    "sub_issue": ("Sub-issue",),
    "company": ("Company",),
    "state": ("State",),
    "postal_code": ("ZIP code",),
    "channel": ("Submitted via",),
    "tags": ("Tags", "tag"),
    "event_tag": ("Event tag",),
    "consent": ("Consumer consent provided?", "consent_status"),
    "narrative": ("Consumer complaint narrative", "consumer_narrative"),
    "public_response": ("Company public response",),
    "company_response": ("Company response to consumer", "Company response"),
    "timely": ("Timely response?",),
    "disputed": ("Consumer disputed?",),
}
REQUIRED: Final = frozenset({"received_on", "product", "company", "channel", "company_response"})

CHANNELS: Final[dict[str, Channel]] = {
    "web": "web",
    "web referral": "referral",
    "referral": "referral",
    "phone": "phone",
    "postal mail": "letter",
    "fax": "fax",
    "email": "email",
}

CONSENTS: Final[dict[str, NarrativeConsent | None]] = {
    "": None,
    "consent provided": "provided",
    "consent not provided": "not_provided",
    "consent withdrawn": "withdrawn",
    "other": "other",
    "n/a": "not_applicable",
}

YES_NO: Final[dict[str, bool | None]] = {"": None, "n/a": None, "yes": True, "no": False}


class ResponseMeaning(NamedTuple):
    """What a company's response is: `none` yet, a `holding` one, or a `final` one that may close the complaint."""

    kind: Literal["none", "holding", "final"]
    redress: RedressKind = "not_stated"
    closes: bool = False


RESPONSES: Final[dict[str, ResponseMeaning]] = {
    "": ResponseMeaning("none"),
    "in progress": ResponseMeaning("holding"),
    # It came too late, or never came; the database does not say which, and does not call it closed.
    "untimely response": ResponseMeaning("final"),
    "closed": ResponseMeaning("final", "not_stated", closes=True),
    "closed with explanation": ResponseMeaning("final", "none", closes=True),
    "closed with monetary relief": ResponseMeaning("final", "monetary", closes=True),
    "closed with non-monetary relief": ResponseMeaning("final", "non_monetary", closes=True),
    # The two words used until mid-2012, still on old complaints; the first does not say what relief.
    "closed with relief": ResponseMeaning("final", "not_stated", closes=True),
    "closed without relief": ResponseMeaning("final", "none", closes=True),
}
