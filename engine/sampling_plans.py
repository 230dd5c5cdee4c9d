"""The sampling plan in force, and the key by which it draws."""

import hmac
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.codes import Channel, Purpose
from domain.interaction_messages import InteractionRecorded
from domain.sampling import drawing_text, is_drawn, period_of, rate_of
from domain.sampling_plan import SamplingPlanActivated, SamplingPlanProposed
from engine.fresh import Fresh
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions, in_force_since
from projections.models import ReadModels
from vault.vault import Vault

LOOK_S: Final = 2.0


class ActivePlan(NamedTuple):
    """A version of the plan, from the day on which it draws."""

    plan_id: UUID
    since: date
    told: SamplingPlanProposed


class Drawn(NamedTuple):
    """By what an interaction is drawn."""

    plan: ActivePlan
    period: str
    per_10_000: int
    channel: Channel
    purpose: Purpose


class SamplingPlans:
    """Holds the versions of the plan; looks for newer ones now and then."""

    def __init__(self, models: ReadModels, mapper: EventMapper) -> None:
        self._versions = ActiveVersions(models, mapper, SamplingPlanProposed, SamplingPlanActivated)
        self._fresh = Fresh(self._look, LOOK_S)

    async def fresh(self) -> tuple[ActivePlan, ...]:
        """All versions, looked for again if that was some seconds ago.

        Raises:
            PersistenceError, ReadModelError, ...: which there are is not known; nothing is passed over by a guess.
        """
        return await self._fresh.get()

    async def look(self) -> tuple[ActivePlan, ...]:
        """All versions now. None reaches back: nobody can choose a plan for interactions that they have seen."""
        return await self._fresh.look()

    async def _look(self) -> tuple[ActivePlan, ...]:
        return tuple(
            ActivePlan(
                one.stream_id, in_force_since(one.proposed.in_force_from, one.activated_at, first=False), one.proposed
            )
            for one in await self._versions.look()
        )


def plan_at(plans: Iterable[ActivePlan], at: datetime) -> ActivePlan | None:
    """The version that draws from what took place at this moment; None: none does."""
    good = [one for one in plans if one.since <= at.astimezone(ZoneInfo(one.told.zone)).date()]
    return max(good, key=lambda one: (one.told.plan_version, one.plan_id), default=None)


def plan_key(vault: Vault, plan_id: UUID) -> bytes:
    """The key of a version: who has it can do the drawing again, and could tell beforehand what will be drawn."""
    return vault.keyed_hmac("sampling-plan", plan_id.bytes)


def drawn(vault: Vault, plans: Iterable[ActivePlan], interaction_id: UUID, event: InteractionRecorded) -> Drawn | None:
    """By what an interaction is drawn; None: it is not."""
    plan = plan_at(plans, event.occurred_at)
    if plan is None:
        return None
    rate = rate_of(plan.told.rates, event.channel, event.purpose)
    period = period_of(plan.told.period, plan.told.zone, event.occurred_at)
    text = drawing_text(plan.told.seed, period, interaction_id)
    digest = hmac.digest(plan_key(vault, plan.plan_id), text, "sha256")
    if not is_drawn(digest, rate):
        return None
    return Drawn(plan, period, rate, event.channel, event.purpose)
