"""The survey plan in force: the one that was activated last."""

from datetime import datetime
from typing import NamedTuple

from domain.survey_plan import SurveyPlanActivated, SurveyPlanProposed
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions
from projections.models import ReadModels


class ActivePlan(NamedTuple):
    """A plan, and since when it holds."""

    told: SurveyPlanProposed
    since: datetime


class SurveyPlans:
    """Holds the versions of the plan that were activated."""

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self._versions = ActiveVersions(models, mapper, SurveyPlanProposed, SurveyPlanActivated)

    async def look(self) -> ActivePlan | None:
        """The plan that holds now; None: there has been none."""
        found = await self._versions.look()
        return ActivePlan(found[-1].proposed, found[-1].activated_at) if found else None
