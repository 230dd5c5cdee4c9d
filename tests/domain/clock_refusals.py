"""What the commands about clocks refuse: drafts of calendars, proposals of policies."""

from dataclasses import replace

from domain.clock_catalogue import CATALOGUE
from domain.clock_policy import ActivateClockPolicy, ProposeClockPolicy, SignOffClockPolicy, WithdrawClockPolicy
from domain.working_calendar import AdoptCalendar, DraftCalendar, WithdrawCalendar
from tests.domain.access_refusals import Case
from tests.domain.scenario import to

YEAR = {
    "calendar": "cn", "calendar_version": 1, "zone": "Asia/Shanghai", "weekend": (6, 7), "covers_from": "2026-01-01",
    "covers_until": "2026-12-31", "in_force_from": "2026-01-01", "source": "by hand", "drafted_by": "staff:1",
}  # fmt: skip
HOLIDAY = {"day": "2026-10-01", "kind": "holiday", "name": "National Day"}
DRAFT = to(DraftCalendar, **YEAR, days=(HOLIDAY,))
ADOPT = to(AdoptCalendar, adopted_by="staff:2")
DROP = to(WithdrawCalendar, reason="mistake")
CALENDAR_CASES: list[Case] = [
    ("calendar.not-drafted", "calendar_id", [], ADOPT),
    ("calendar.already-drafted", "calendar_id", [DRAFT], DRAFT),
    (
        "calendar.period-invalid", "covers_until", [],
        to(DraftCalendar, **{**YEAR, "covers_until": "2025-12-31"}, days=()),
    ),
    ("calendar.day-outside", "days", [], to(DraftCalendar, **YEAR, days=({**HOLIDAY, "day": "2027-01-01"},))),
    ("calendar.day-outside", "days", [], to(DraftCalendar, **YEAR, days=(HOLIDAY, {**HOLIDAY, "kind": "working"}))),
    ("calendar.zone-unknown", "zone", [], to(DraftCalendar, **{**YEAR, "zone": "Mars/Olympus_Mons"}, days=())),
    ("calendar.second-person-required", "adopted_by", [DRAFT], to(AdoptCalendar, adopted_by="staff:1")),
    ("calendar.already-adopted", None, [DRAFT, ADOPT], DROP),
    ("calendar.withdrawn", None, [DRAFT, DROP], ADOPT),
]  # fmt: skip

RULES = CATALOGUE["cn"].rules
POLICY = {"regime": "cn", "policy_version": 1, "in_force_from": "2020-03-01", "proposed_by": "staff:1"}
PROPOSE = to(ProposeClockPolicy, **POLICY, rules=RULES)
SIGNED = [to(SignOffClockPolicy, signed_by="staff:2"), to(SignOffClockPolicy, signed_by="staff:3")]
ACTIVATE = to(ActivateClockPolicy, activated_by="staff:2")
GIVE_UP = to(WithdrawClockPolicy, reason="mistake")
SHORTER = replace(RULES[0], extensions=(replace(RULES[0].extensions[0], length=15),))
CLOCK_POLICY_CASES: list[Case] = [
    ("clock-policy.not-proposed", "policy_id", [], ACTIVATE),
    ("clock-policy.already-proposed", "policy_id", [PROPOSE], PROPOSE),
    ("clock-policy.clock-repeated", "rules", [], to(ProposeClockPolicy, **POLICY, rules=(RULES[0], RULES[0]))),
    ("clock-policy.cap-not-longer", "rules", [], to(ProposeClockPolicy, **POLICY, rules=(SHORTER,))),
    ("clock-policy.second-person-required", "signed_by", [PROPOSE], to(SignOffClockPolicy, signed_by="staff:1")),
    ("clock-policy.signatures-missing", None, [PROPOSE, SIGNED[0]], ACTIVATE),
    ("clock-policy.already-active", None, [PROPOSE, *SIGNED, ACTIVATE], GIVE_UP),
    ("clock-policy.withdrawn", None, [PROPOSE, GIVE_UP], SIGNED[0]),
]  # fmt: skip
