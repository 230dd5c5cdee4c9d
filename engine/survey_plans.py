"""The survey plans that were activated; in force is the one that was activated last."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from domain.survey_plan import SurveyPlanActivated, SurveyPlanProposed
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions
from projections.models import ReadModels


class ActivePlan(NamedTuple):
    """A plan, and since when it holds."""

    told: SurveyPlanProposed
    since: datetime


class Plans(Protocol):
    """Whoever knows the plans."""

    async def look(self) -> Sequence[ActivePlan]:
        """All that were activated, in the order of their activation."""
        ...


class SurveyPlans:
    """Holds the versions of the plan that were activated."""

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self._versions = ActiveVersions(models, mapper, SurveyPlanProposed, SurveyPlanActivated)

    async def look(self) -> tuple[ActivePlan, ...]:
        """All that were activated, in the order of their activation."""
        return tuple(ActivePlan(one.proposed, one.activated_at) for one in await self._versions.look())


def held_at(plans: Sequence[ActivePlan], moment: datetime) -> ActivePlan | None:
    """The plan that was in force at a moment; None: there had been none."""
    return next((one for one in reversed(plans) if one.since <= moment), None)
