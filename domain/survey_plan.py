"""Survey plan: whom the bank asks about what, and how often at most, by version. A second person activates it.

One version has all instruments and the caps. How often a customer is asked by one survey, and by all together, are two
caps, each of its own: neither makes up for the other. They bind whoever invites.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from domain.clock_rules import Version
from domain.codes import ActorId, Code, Label, Language, Metric, Score
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of
from domain.survey import Deviation, Invitation, Planned, Suppression, scale_is_valid

Occasion = Literal["final-response", "contact"]
"""What a customer is asked after: the final response to a complaint, or a contact that they sought and that is over."""

# Facts that events and commands share

_STRICT: Final = ConfigDict(extra="forbid")


@checked(frozen=True, slots=True, config=_STRICT)
class Cap:
    """At most so many invitations of one customer in so many days, which go on with the clock."""

    days: Annotated[int, Field(ge=1, le=3650)]
    most: Annotated[int, Field(ge=1, le=1000)]


@checked(frozen=True, slots=True, config=_STRICT)
class Question:
    """The question as it is put in one language."""

    language: Language
    text: Label


@checked(frozen=True, slots=True, kw_only=True, config=_STRICT)
class SurveyInstrument:
    """A version of a survey: what is asked on which scale, until when it can be answered, and after what.

    Without an occasion nobody is asked by the program; others may invite. Fields are in the order of their names, in
    which canonical JSON has them.
    """

    cap: Cap
    expires_after_days: Annotated[int, Field(ge=1, le=365)]
    metric: Metric
    occasion: Occasion | None = None
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=50)]
    scale_max: Score
    scale_min: Score
    survey: Code
    survey_version: Version


class SurveyPlanProposal(Facts):
    """All instruments, and the cap over all of them together."""

    plan_version: Version
    overall: Cap
    instruments: Annotated[tuple[SurveyInstrument, ...], Field(min_length=1, max_length=100)]
    proposed_by: ActorId


# Events


class SurveyPlanProposed(SurveyPlanProposal, Event, name="survey-plan.proposed"):
    """Somebody wants customers to be asked so."""


class SurveyPlanActivated(Event, name="survey-plan.activated"):
    """Another person answers for it; from now on it holds, and the plan before it no more."""

    plan_version: Version
    activated_by: ActorId


class SurveyPlanWithdrawn(Event, name="survey-plan.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class SurveyPlan(RuleVersion):
    """The version as decisions see it."""

    plan_version: int = 0


# Commands


class SurveyPlanCommand(Command):
    """A command to one version's stream."""

    stream_field = "survey_plan_id"

    survey_plan_id: UUID


class ProposeSurveyPlan(SurveyPlanProposal, SurveyPlanCommand, name="survey-plan.propose"):
    """Propose all instruments and caps."""

    actor_field = "proposed_by"


class ActivateSurveyPlan(SurveyPlanCommand, name="survey-plan.activate"):
    """Put a version in force; not for the one who proposed it."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawSurveyPlan(SurveyPlanCommand, name="survey-plan.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final = MappingProxyType(
    {
        "survey-plan.already-proposed": "This plan is proposed already.",
        "survey-plan.not-proposed": "There is no such plan; propose it first.",
        "survey-plan.survey-repeated": "A survey stands in the plan twice.",
        "survey-plan.scale-invalid": "A scale must rise from scale_min to scale_max, and for NPS be 0 to 10.",
        "survey-plan.language-repeated": "A survey has two questions in one language.",
        "survey-plan.second-person-required": "Who proposed a survey plan cannot activate it.",
        "survey-plan.already-active": "The survey plan is active; propose another version.",
        "survey-plan.withdrawn": "The plan was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _check(command: ProposeSurveyPlan) -> None:
    instruments = command.instruments
    if len({one.survey for one in instruments}) != len(instruments):
        raise _refuse("survey-plan.survey-repeated", "instruments")
    if not all(scale_is_valid(one.metric, one.scale_min, one.scale_max) for one in instruments):
        raise _refuse("survey-plan.scale-invalid", "instruments")
    if any(len({one.language for one in of.questions}) != len(of.questions) for of in instruments):
        raise _refuse("survey-plan.language-repeated", "instruments")


SURVEY_PLAN: Final = course_of(
    SurveyPlan(),
    Steps(
        propose=Step(ProposeSurveyPlan, SurveyPlanProposed),
        activate=Step(ActivateSurveyPlan, SurveyPlanActivated),
        withdraw=Step(WithdrawSurveyPlan, SurveyPlanWithdrawn),
    ),
    REFUSALS,
    check=_check,
)

# What a plan says of an invitation


@dataclass(frozen=True, slots=True)
class Invited:
    """That a customer was invited, by which survey, when, and to rate what."""

    survey: Code
    at: datetime
    rates: frozenset[UUID] = frozenset()

    @classmethod
    def of(cls, told: Invitation, at: datetime) -> Self:
        """What counts of an invitation."""
        rates = (told.interaction_id, told.complaint_id)
        return cls(told.survey, at, frozenset(one for one in rates if one is not None))


def planned(plan: SurveyPlanProposal, wanted: Invitation, moment: datetime, invited: Sequence[Invited]) -> Planned:
    """Judge an invitation at a moment, where the customer was `invited` before.

    A survey that the plan does not have has no cap of its own, and expires as it says itself.
    """
    instrument = next((one for one in plan.instruments if one.survey == wanted.survey), None)
    expires_at = wanted.expires_at
    if instrument is not None:
        expires_at = moment + timedelta(days=instrument.expires_after_days)
    rates = Invited.of(wanted, moment).rates
    return Planned(
        asked_already=any(one.survey == wanted.survey and one.rates & rates for one in invited),
        contradicts=None if instrument is None else _deviation(wanted, instrument, expires_at),
        expires_at=expires_at,
        plan_version=plan.plan_version,
        suppressed=suppression(plan.overall, instrument, invited, moment),
    )


def _deviation(wanted: Invitation, instrument: SurveyInstrument, expires_at: datetime | None) -> Deviation | None:
    if wanted.expires_at not in {None, expires_at}:
        return "expires_at"
    told: tuple[Deviation, ...] = ("survey_version", "metric", "scale_min", "scale_max")
    return next((name for name in told if getattr(wanted, name) != getattr(instrument, name)), None)


def suppression(
    overall: Cap, instrument: SurveyInstrument | None, invited: Sequence[Invited], moment: datetime
) -> Suppression | None:
    """Which cap forbids another invitation at a moment; None: neither does.

    What is a whole window away counts no more. Invitations after the moment count like those before it, so that one
    told late makes no window too full that was there already.
    """

    def full(cap: Cap, of: Sequence[Invited]) -> bool:
        return sum(abs(moment - one.at) < timedelta(days=cap.days) for one in of) >= cap.most

    if instrument is not None and full(instrument.cap, [one for one in invited if one.survey == instrument.survey]):
        return "asked-often-by-survey"
    return "asked-often-over-all" if full(overall, invited) else None
