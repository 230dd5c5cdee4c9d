"""What the commands about contact refuse: consents, proposals of policies, touches that the policy decides."""

from dataclasses import replace
from typing import Any

from domain.contact_catalogue import FIRST_RULES
from domain.contact_policy import (
    ActivateContactPolicy,
    ProposeContactPolicy,
    SignOffContactPolicy,
    WithdrawContactPolicy,
)
from domain.contact_rules import ContactHours
from domain.customer import AddContactPoint, CorrectDetails, ExpireConsent, GrantConsent, RegisterCustomer
from domain.touch_messages import (
    DecideTouch,
    Judgement,
    ObjectToTouch,
    ProposeTouch,
    ReconsiderTouch,
    ReleaseTouch,
    ReviewTouchObjection,
)
from tests.domain.access_refusals import Case
from tests.domain.scenario import ANNA, ONE, TWO, to

REGISTER = to(RegisterCustomer, kind="person")
ADD = to(AddContactPoint, contact_point_id=ONE, kind="email", value="anna@bank.example")
SCOPE: dict[str, Any] = {"contact_point_id": ONE, "channel": "email", "purpose": "marketing", "text_version": "v1"}
GRANT = to(GrantConsent, **SCOPE, evidence_channel="web", valid_until="2027-01-01T00:00:00Z")
CONSENT_CASES: list[Case] = [
    (
        "customer.consent-over-at-once", "valid_until", [REGISTER, ADD],
        to(GrantConsent, **SCOPE, evidence_channel="web", valid_until="2020-01-01T00:00:00Z"),
    ),
    ("customer.consent-still-valid", None, [REGISTER, ADD, GRANT], to(ExpireConsent, **SCOPE)),
    ("customer.zone-unknown", "time_zone", [REGISTER], to(
        CorrectDetails, correction_id=ONE, reason="moved", time_zone="Mars/Olympus_Mons", requested_by="staff:1"
    )),
]  # fmt: skip

POLICY: dict[str, Any] = {"policy_version": 1, "in_force_from": "2026-01-01", "proposed_by": "staff:1"}
MARKETING = FIRST_RULES.purposes[0]


def _with(**changes) -> ProposeContactPolicy:
    return to(ProposeContactPolicy, **POLICY, rules=replace(FIRST_RULES, **changes))


PROPOSE = to(ProposeContactPolicy, **POLICY, rules=FIRST_RULES)
SIGNED = [to(SignOffContactPolicy, signed_by="staff:2"), to(SignOffContactPolicy, signed_by="staff:3")]
ACTIVATE = to(ActivateContactPolicy, activated_by="staff:2")
GIVE_UP = to(WithdrawContactPolicy, reason="mistake")
NEVER_OPEN = ContactHours(channels=(), from_time="21:00", until_time="08:00")
CONTACT_POLICY_CASES: list[Case] = [
    ("contact-policy.not-proposed", "contact_policy_id", [], ACTIVATE),
    ("contact-policy.already-proposed", "contact_policy_id", [PROPOSE], PROPOSE),
    ("contact-policy.purpose-repeated", "rules", [], _with(purposes=(MARKETING, MARKETING))),
    ("contact-policy.hours-invalid", "rules", [], _with(purposes=(replace(MARKETING, hours=NEVER_OPEN),))),
    ("contact-policy.zone-unknown", "rules", [], _with(zones_unknown=("Mars/Olympus_Mons",))),
    ("contact-policy.second-person-required", "signed_by", [PROPOSE], to(SignOffContactPolicy, signed_by="staff:1")),
    ("contact-policy.signatures-missing", None, [PROPOSE, SIGNED[0]], ACTIVATE),
    ("contact-policy.already-active", None, [PROPOSE, *SIGNED, ACTIVATE], GIVE_UP),
    ("contact-policy.withdrawn", None, [PROPOSE, GIVE_UP], SIGNED[0]),
]  # fmt: skip


def judged(decision: str, **changes) -> Judgement:
    """What the policy might have said."""
    said: dict[str, Any] = {
        "at": "2026-11-02T09:00:00Z", "campaign_version": 2, "channel": "email", "contact_point_id": ONE,
        "decision": decision, "expires_at": "2026-11-16T09:00:00Z", "group": "treated",
        "held_until": "2026-11-03T09:00:00Z", "policy_id": None, "purpose": "marketing", "reason": "a-reason",
        "reservation_id": None, "reservation_version": None, "rule": "a-rule", "rule_version": 0, "topic": "any",
    }  # fmt: skip
    return Judgement(**{**said, **changes})


WHOSE: dict[str, Any] = {"customer_id": ANNA, "campaign_id": ONE}
HOLD = to(ProposeTouch, **WHOSE, judgement=judged("hold"))
SEND = to(ProposeTouch, **WHOSE, judgement=judged("send"))
OBJECT = to(ObjectToTouch, objection_id=TWO, channel="phone")
OUTSIDE = to(
    DecideTouch, **WHOSE, campaign_version=2, channel="phone", purpose="marketing", decision="hold",
    rule="cap", rule_version=1, reason="full",
)  # fmt: skip
UPHOLD = to(ReviewTouchObjection, objection_id=TWO, outcome="upheld", reason="wish", reviewed_by="staff:2")
DISMISS = to(ReviewTouchObjection, objection_id=TWO, outcome="dismissed", reason="wish", reviewed_by="staff:2")
RELEASE = to(ReleaseTouch, rule="cap", rule_version=1, reason="free")
JUDGED_CASES: list[Case] = [
    ("touch.campaign-unknown", "campaign_id", [], to(ProposeTouch, **WHOSE)),
    ("touch.already-decided", "touch_id", [SEND], SEND),
    ("touch.held-by-policy", None, [HOLD], RELEASE),
    ("touch.not-held", None, [SEND], to(ReconsiderTouch, judgement=judged("send"))),
    ("touch.not-judged", None, [OUTSIDE], to(ReconsiderTouch, judgement=judged("send"))),
    ("touch.not-judged", None, [OUTSIDE], OBJECT),
    ("touch.objection-unknown", "objection_id", [SEND], UPHOLD),
    ("touch.objection-reviewed", None, [SEND, OBJECT, UPHOLD], DISMISS),
    ("touch.objection-id-reused", "objection_id", [SEND, OBJECT, UPHOLD], OBJECT),
]  # fmt: skip
