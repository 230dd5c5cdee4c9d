"""Sampling plan: how many interactions are drawn to be screened for missed complaints. A second person activates it.

There is one plan, in versions: an interaction is drawn at most once, so that each sample is one of all interactions.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.clock_rules import Version, Zone
from domain.codes import ActorId, Code
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of
from domain.sampling import Period, SamplingRates

# Facts that events and commands share


class SamplingPlanProposal(Facts):
    """A whole version of the plan.

    `in_force_from`: for interactions that took place on this day or later, and never before the day after its
    activation: nobody can look at interactions first and choose a plan for them. Among versions in force on a day the
    highest draws. Of `rates` the first that fits holds. `period` and `zone`: what a sample is told by. `seed` is put
    into every drawing, so that another one draws others.
    """

    plan_version: Version
    in_force_from: date
    period: Period
    zone: Zone
    seed: Code
    rates: SamplingRates
    proposed_by: ActorId


# Events


class SamplingPlanProposed(SamplingPlanProposal, Event, name="sampling-plan.proposed"):
    """Somebody wants interactions to be drawn so."""


class SamplingPlanActivated(Event, name="sampling-plan.activated"):
    """Another person agrees; it draws from the day that it names."""

    plan_version: Version
    activated_by: ActorId


class SamplingPlanWithdrawn(Event, name="sampling-plan.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class SamplingPlan(RuleVersion):
    """The version as decisions see it."""

    plan_version: int = 0


# Commands


class SamplingPlanCommand(Command):
    """A command to one version's stream."""

    stream_field = "plan_id"

    plan_id: UUID


class ProposeSamplingPlan(SamplingPlanProposal, SamplingPlanCommand, name="sampling-plan.propose"):
    """Propose a whole version of the plan."""

    actor_field = "proposed_by"
    key_fields = ("plan_version",)


class ActivateSamplingPlan(SamplingPlanCommand, name="sampling-plan.activate"):
    """Put a version in force; not for the one who proposed it."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawSamplingPlan(SamplingPlanCommand, name="sampling-plan.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final = MappingProxyType(
    {
        "sampling-plan.already-proposed": "This version is proposed already.",
        "sampling-plan.not-proposed": "There is no such proposal.",
        "sampling-plan.rate-unreachable": "A rate stands behind one that already fits all that it would.",
        "sampling-plan.zone-unknown": "The time zone database has no such zone.",
        "sampling-plan.second-person-required": "Who proposed a sampling plan cannot activate it.",
        "sampling-plan.already-active": "The sampling plan is active; propose another version.",
        "sampling-plan.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _check(command: ProposeSamplingPlan) -> None:
    for number, later in enumerate(command.rates):
        if any(
            one.channel in {None, later.channel} and one.purpose in {None, later.purpose}
            for one in command.rates[:number]
        ):
            raise _refuse("sampling-plan.rate-unreachable", "rates")
    try:
        ZoneInfo(command.zone)
    except (ValueError, OSError, LookupError):
        raise _refuse("sampling-plan.zone-unknown", "zone") from None


SAMPLING_PLAN: Final = course_of(
    SamplingPlan(),
    Steps(
        propose=Step(ProposeSamplingPlan, SamplingPlanProposed),
        activate=Step(ActivateSamplingPlan, SamplingPlanActivated),
        withdraw=Step(WithdrawSamplingPlan, SamplingPlanWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
