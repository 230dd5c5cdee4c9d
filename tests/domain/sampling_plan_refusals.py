"""What the commands about sampling plans refuse."""

from domain.sampling_plan import ActivateSamplingPlan, ProposeSamplingPlan, WithdrawSamplingPlan
from tests.domain.access_refusals import Case
from tests.domain.scenario import to

PHONE = {"channel": "phone", "per_10_000": 200, "purpose": "servicing"}
ALL = {"channel": None, "per_10_000": 50, "purpose": None}
PLAN = {
    "plan_version": 1, "in_force_from": "2026-12-01", "period": "month", "seed": "winter", "proposed_by": "staff:1",
}  # fmt: skip
RATES = {"zone": "Asia/Shanghai", "rates": (PHONE, ALL)}
PROPOSE = to(ProposeSamplingPlan, **PLAN, **RATES)
ACTIVATE = to(ActivateSamplingPlan, activated_by="staff:2")
DROP = to(WithdrawSamplingPlan, reason="mistake")
SAMPLING_PLAN_CASES: list[Case] = [
    ("sampling-plan.not-proposed", "plan_id", [], ACTIVATE),
    ("sampling-plan.already-proposed", "plan_id", [PROPOSE], PROPOSE),
    (
        "sampling-plan.rate-unreachable", "rates", [],
        to(ProposeSamplingPlan, **PLAN, **{**RATES, "rates": (ALL, PHONE)}),
    ),
    ("sampling-plan.zone-unknown", "zone", [], to(ProposeSamplingPlan, **PLAN, **{**RATES, "zone": "Mars/Olympus"})),
    (
        "sampling-plan.second-person-required", "activated_by", [PROPOSE],
        to(ActivateSamplingPlan, activated_by="staff:1"),
    ),
    ("sampling-plan.already-active", None, [PROPOSE, ACTIVATE], DROP),
    ("sampling-plan.withdrawn", None, [PROPOSE, DROP], ACTIVATE),
]  # fmt: skip
