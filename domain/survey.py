"""Survey: one invitation to rate something, and what came back. CSAT, NPS and CES."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, ConfigDict
from pydantic.dataclasses import dataclass as checked

from domain.codes import Channel, Code, Count, Metric, Score, Text
from domain.kernel import Aggregate, Command, Event, Facts, Personal, happened, refusal

Suppression = Literal["asked-often-by-survey", "asked-often-over-all"]
"""Which cap forbade an invitation: that of the survey, or the one over all surveys."""
Deviation = Literal["survey_version", "metric", "scale_min", "scale_max", "expires_at"]
"""A field in which an invitation may differ from the plan's instrument of the same survey."""

# Facts that events and commands share


class Instrument(Facts):
    """What is asked, of whom, about what; the scale holds both its ends. `branch`: the one that served them."""

    customer_id: UUID
    survey: Code
    survey_version: Count
    metric: Metric
    scale_min: Score
    scale_max: Score
    channel: Channel
    product: Code | None = None
    branch: Code | None = None


class Invitation(Instrument):
    """An instrument sent to a customer, about an interaction or a complaint if it names one.

    After `expires_at` it is answered no more; unset, it is as the survey plan says.
    """

    interaction_id: UUID | None = None
    complaint_id: UUID | None = None
    expires_at: AwareDatetime | None = None


class JudgedInvitation(Invitation):
    """The same, judged by a version of the survey plan; unset: there was no plan when the customer was invited."""

    plan_version: Count | None = None


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Planned:
    """What a survey plan says of an invitation, as the program asked it. Fields in alphabetical order.

    `asked_already`: the same survey has asked the customer about the same thing. `contradicts`: the field that is
    otherwise in the plan.
    """

    asked_already: bool
    contradicts: Deviation | None
    expires_at: AwareDatetime | None
    plan_version: Count
    suppressed: Suppression | None


# Events


class SurveyInvited(JudgedInvitation, Event, name="survey.invited"):
    """The customer was invited to answer."""


class SurveySuppressed(JudgedInvitation, Event, name="survey.suppressed"):
    """The customer was not invited: they had been asked often enough."""

    suppressed: Suppression


class SurveyDelivered(Event, name="survey.delivered"):
    """The invitation reached the customer."""


class SurveyAnswered(Instrument, Event, name="survey.answered"):
    """The customer answered; the event repeats the instrument, so it can be read alone."""

    score: Score
    verbatim: Annotated[Text | None, Personal("survey")] = None


class SurveyExpired(Event, name="survey.expired"):
    """The invitation can be answered no more."""


# State


@dataclass(frozen=True, slots=True)
class Survey:
    """The invitation as decisions see it."""

    invited: SurveyInvited | None = None
    suppressed: SurveySuppressed | None = None
    delivered: bool = False
    answered: bool = False
    expired: bool = False


# Evolve


def _invited(state: Survey, event: SurveyInvited) -> Survey:
    return replace(state, invited=event)


def _suppressed(state: Survey, event: SurveySuppressed) -> Survey:
    return replace(state, suppressed=event)


def _delivered(state: Survey, _: SurveyDelivered) -> Survey:
    return replace(state, delivered=True)


def _answered(state: Survey, _: SurveyAnswered) -> Survey:
    return replace(state, answered=True)


def _expired(state: Survey, _: SurveyExpired) -> Survey:
    return replace(state, expired=True)


_EVOLVE: Final[dict[type[Event], Callable[..., Survey]]] = {
    SurveyInvited: _invited,
    SurveySuppressed: _suppressed,
    SurveyDelivered: _delivered,
    SurveyAnswered: _answered,
    SurveyExpired: _expired,
}


def evolve(state: Survey, event: Event) -> Survey:
    """Fold one event into the invitation."""
    return _EVOLVE[type(event)](state, event)


# Commands


class SurveyCommand(Command):
    """A command to one invitation's stream."""

    stream_field = "invitation_id"

    invitation_id: UUID


class InviteToSurvey(Invitation, SurveyCommand, name="survey.invite"):
    """Invite a customer to answer, or record which cap of the survey plan forbids it."""

    judged_field = "planned"

    planned: Planned | None = None


class ConfirmSurveyDelivery(SurveyCommand, name="survey.confirm-delivery"):
    """Record that the invitation reached the customer."""


class AnswerSurvey(SurveyCommand, name="survey.answer"):
    """Record the customer's answer."""

    score: Score
    verbatim: Annotated[Text | None, Personal("survey")] = None


class ExpireSurvey(SurveyCommand, name="survey.expire"):
    """Stop waiting for an answer."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "survey.already-invited": "This invitation exists already.",
        "survey.asked-already": "The customer was asked about this by the same survey before.",
        "survey.not-as-planned": "The survey plan in force asks this survey otherwise.",
        "survey.suppressed": "The customer was not invited: they had been asked often enough.",
        "survey.expiry-past": "An invitation must expire after it was sent.",
        "survey.not-invited": "There is no such invitation; invite the customer first.",
        "survey.scale-invalid": "The scale must rise from scale_min to scale_max, and for NPS be 0 to 10.",
        "survey.score-out-of-scale": "The score is outside the scale of the invitation.",
        "survey.already-answered": "The invitation was answered already.",
        "survey.expired": "The invitation has expired.",
    }
)

_NPS_SCALE: Final = (0, 10)
_INSTRUMENT: Final = tuple(Instrument.model_fields)
_refuse: Final = partial(refusal, REFUSALS)


def _invite(command: InviteToSurvey, state: Survey) -> Sequence[Event]:
    if state.invited or state.suppressed:
        raise _refuse("survey.already-invited", "invitation_id")
    if not scale_is_valid(command.metric, command.scale_min, command.scale_max):
        raise _refuse("survey.scale-invalid", "scale_max")
    planned = command.planned
    expires_at = command.expires_at if planned is None else planned.expires_at
    if planned is not None and planned.contradicts is not None:
        raise _refuse("survey.not-as-planned", planned.contradicts)
    if planned is not None and planned.asked_already:
        raise _refuse("survey.asked-already")
    if expires_at is not None and expires_at <= command.occurred_at:
        raise _refuse("survey.expiry-past", "expires_at")
    if planned is None:
        return [happened(SurveyInvited, command)]
    judged = {"plan_version": planned.plan_version, "expires_at": expires_at}
    if planned.suppressed is not None:
        return [happened(SurveySuppressed, command, suppressed=planned.suppressed, **judged)]
    return [happened(SurveyInvited, command, **judged)]


def scale_is_valid(metric: Metric, scale_min: Score, scale_max: Score) -> bool:
    """Whether a metric can be asked on a scale."""
    return scale_min < scale_max and (metric != "nps" or (scale_min, scale_max) == _NPS_SCALE)


def _confirm_delivery(command: ConfirmSurveyDelivery, state: Survey) -> Sequence[Event]:
    return [] if state.delivered else [happened(SurveyDelivered, command)]


def _answer(command: AnswerSurvey, state: Survey) -> Sequence[Event]:
    if state.answered:
        raise _refuse("survey.already-answered")
    if state.expired:
        raise _refuse("survey.expired")
    asked = _asked(state)
    if not asked.scale_min <= command.score <= asked.scale_max:
        raise _refuse("survey.score-out-of-scale", "score")
    instrument = {name: getattr(asked, name) for name in _INSTRUMENT}
    return [happened(SurveyAnswered, command, **instrument)]


def _expire(command: ExpireSurvey, state: Survey) -> Sequence[Event]:
    if state.answered:
        raise _refuse("survey.already-answered")
    return [] if state.expired else [happened(SurveyExpired, command)]


def _asked(state: Survey) -> SurveyInvited:
    if state.suppressed is not None:
        raise _refuse("survey.suppressed")
    if state.invited is None:
        raise _refuse("survey.not-invited", "invitation_id")
    return state.invited


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    InviteToSurvey: _invite,
    ConfirmSurveyDelivery: _confirm_delivery,
    AnswerSurvey: _answer,
    ExpireSurvey: _expire,
}


def decide(command: Command, state: Survey) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if type(command) is not InviteToSurvey:
        _asked(state)
    return _DECIDE[type(command)](command, state)


def _customer_of(state: Survey) -> UUID | None:
    first = state.invited or state.suppressed
    return first.customer_id if first else None


def _ended(state: Survey) -> bool:
    return state.answered or state.expired or state.suppressed is not None


SURVEY: Final = Aggregate(
    name="survey",
    initial=Survey(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
