"""What the commands about survey plans refuse."""

from domain.survey_plan import ActivateSurveyPlan, ProposeSurveyPlan, WithdrawSurveyPlan
from tests.domain.access_refusals import Case
from tests.domain.scenario import to

QUESTION = {"language": "en", "text": "How satisfied are you?"}
CSAT = {
    "survey": "after-complaint", "survey_version": 1, "metric": "csat", "scale_min": 1, "scale_max": 5,
    "questions": (QUESTION,), "expires_after_days": 14, "cap": {"days": 30, "most": 1},
}  # fmt: skip
PLAN = {"plan_version": 1, "overall": {"days": 90, "most": 2}, "proposed_by": "staff:1"}
PROPOSE = to(ProposeSurveyPlan, **PLAN, instruments=(CSAT,))
ACTIVATE = to(ActivateSurveyPlan, activated_by="staff:2")
DROP = to(WithdrawSurveyPlan, reason="mistake")
SURVEY_PLAN_CASES: list[Case] = [
    ("survey-plan.not-proposed", "survey_plan_id", [], ACTIVATE),
    ("survey-plan.already-proposed", "survey_plan_id", [PROPOSE], PROPOSE),
    ("survey-plan.survey-repeated", "instruments", [], to(ProposeSurveyPlan, **PLAN, instruments=(CSAT, CSAT))),
    (
        "survey-plan.scale-invalid", "instruments", [],
        to(ProposeSurveyPlan, **PLAN, instruments=({**CSAT, "metric": "nps"},)),
    ),
    (
        "survey-plan.language-repeated", "instruments", [],
        to(ProposeSurveyPlan, **PLAN, instruments=({**CSAT, "questions": (QUESTION, QUESTION)},)),
    ),
    ("survey-plan.second-person-required", "activated_by", [PROPOSE], to(ActivateSurveyPlan, activated_by="staff:1")),
    ("survey-plan.already-active", None, [PROPOSE, ACTIVATE], DROP),
    ("survey-plan.withdrawn", None, [PROPOSE, DROP], ACTIVATE),
]  # fmt: skip
