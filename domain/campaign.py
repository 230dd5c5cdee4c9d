"""Campaign: what the bank plans to offer to many customers, who agreed to it, and what it cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as strict_dataclass

from domain.codes import ActorId, Channel, Code, Label, Money, Purpose
from domain.four_eyes import require_another
from domain.kernel import Aggregate, Command, Event, Facts, clear_facts, happened, refusal

Status = Literal["absent", "planned", "approved", "running", "paused", "ended"]

TEN_THOUSAND: Final = 10_000
"""Shares are told in ten-thousandths."""

# Facts that events and commands share. The value has its fields in alphabetical order, as in `domain.codes`.


@strict_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class CampaignTarget:
    """What the campaign is to reach: a figure by its name, such as `campaign.conversion` in ten-thousandths."""

    figure: Code
    value: Annotated[int, Field(ge=0, le=10**15)]


class Plan(Facts):
    """What is planned. The title is clear text: it must name no customer.

    `segments`: the audience is whoever is in one of them at the launch (none: touches are proposed by hand).
    `holdout_share`: in ten-thousandths, how many of those who would be contacted are not, for comparison.
    """

    title: Label
    purpose: Purpose
    channel: Channel
    topic: Code | None = None
    budget: Money | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    segments: Annotated[tuple[Code, ...], Field(max_length=50)] = ()
    holdout_share: Annotated[int, Field(ge=0, le=TEN_THOUSAND // 2)] = 0
    targets: Annotated[tuple[CampaignTarget, ...], Field(max_length=20)] = ()
    planned_by: ActorId


class Cost(Facts):
    """One cost, known by its id."""

    cost_id: UUID
    kind: Code
    amount: Money
    incurred_on: date | None = None


# Events


class CampaignPlanned(Plan, Event, name="campaign.planned"):
    """A campaign was planned."""


class CampaignApproved(Event, name="campaign.approved"):
    """A second person agreed to the plan."""

    approved_by: ActorId


class CampaignLaunched(Event, name="campaign.launched"):
    """Touches may be decided from now on."""


class CampaignPaused(Event, name="campaign.paused"):
    """No touches for the time being."""

    reason: Code


class CampaignResumed(Event, name="campaign.resumed"):
    """Touches may be decided again."""


class CampaignEnded(Event, name="campaign.ended"):
    """No more touches; costs and responses may still come in."""

    reason: Code


class CampaignCostRecorded(Cost, Event, name="campaign.cost-recorded"):
    """The campaign cost money."""


# State


@dataclass(frozen=True, slots=True)
class Campaign:
    """The campaign as decisions see it."""

    status: Status = "absent"
    planned_by: ActorId | None = None
    approved_by: ActorId | None = None
    costs: Mapping[UUID, tuple[object, ...]] = field(default_factory=dict[UUID, tuple[object, ...]])
    purpose: Purpose | None = None
    channel: Channel | None = None
    topic: Code | None = None
    budget: Money | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    segments: tuple[Code, ...] = ()
    holdout_share: int = 0
    spent_minor: int = 0

    @property
    def budget_spent(self) -> bool:
        """Whether recorded costs in the budget's currency have come to the whole of it."""
        return self.budget is not None and self.spent_minor >= self.budget.amount_minor


# Evolve


def _planned(state: Campaign, event: CampaignPlanned) -> Campaign:
    return replace(
        state,
        status="planned",
        planned_by=event.planned_by,
        purpose=event.purpose,
        channel=event.channel,
        topic=event.topic,
        budget=event.budget,
        starts_on=event.starts_on,
        ends_on=event.ends_on,
        segments=event.segments,
        holdout_share=event.holdout_share,
    )


def _approved(state: Campaign, event: CampaignApproved) -> Campaign:
    return replace(state, status="approved", approved_by=event.approved_by)


def _becomes(status: Status) -> Callable[[Campaign, Event], Campaign]:
    def evolve_status(state: Campaign, _: Event) -> Campaign:
        return replace(state, status=status)

    return evolve_status


def _cost_recorded(state: Campaign, event: CampaignCostRecorded) -> Campaign:
    ours = state.budget is not None and event.amount.currency == state.budget.currency
    return replace(
        state,
        costs={**state.costs, event.cost_id: clear_facts(Cost, event)},
        spent_minor=state.spent_minor + (event.amount.amount_minor if ours else 0),
    )


_EVOLVE: Final[dict[type[Event], Callable[..., Campaign]]] = {
    CampaignPlanned: _planned,
    CampaignApproved: _approved,
    CampaignLaunched: _becomes("running"),
    CampaignPaused: _becomes("paused"),
    CampaignResumed: _becomes("running"),
    CampaignEnded: _becomes("ended"),
    CampaignCostRecorded: _cost_recorded,
}


def evolve(state: Campaign, event: Event) -> Campaign:
    """Fold one event into the campaign."""
    return _EVOLVE[type(event)](state, event)


# Commands


class CampaignCommand(Command):
    """A command to one campaign's stream."""

    stream_field = "campaign_id"

    campaign_id: UUID


class PlanCampaign(Plan, CampaignCommand, name="campaign.plan"):
    """Plan a campaign."""

    actor_field = "planned_by"


class ApproveCampaign(CampaignCommand, name="campaign.approve"):
    """Agree to the plan; not for the one who planned it."""

    actor_field = "approved_by"

    approved_by: ActorId


class LaunchCampaign(CampaignCommand, name="campaign.launch"):
    """Start an approved campaign."""


class PauseCampaign(CampaignCommand, name="campaign.pause"):
    """Hold a running campaign."""

    reason: Code


class ResumeCampaign(CampaignCommand, name="campaign.resume"):
    """Go on with a paused campaign."""


class EndCampaign(CampaignCommand, name="campaign.end"):
    """End a campaign, launched or not."""

    reason: Code


class RecordCampaignCost(Cost, CampaignCommand, name="campaign.record-cost"):
    """Record a cost of the campaign."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "campaign.already-planned": "This campaign is planned already.",
        "campaign.not-planned": "There is no such campaign; plan it first.",
        "campaign.period-invalid": "The campaign must not end before it starts.",
        "campaign.second-person-required": "Who planned a campaign cannot approve it.",
        "campaign.already-approved": "Another person approved this campaign already.",
        "campaign.not-approved": "A second person must approve the campaign before its launch.",
        "campaign.not-running": "Only a running campaign can be paused.",
        "campaign.not-paused": "Only a paused campaign can be resumed.",
        "campaign.paused": "The campaign is paused; resume it.",
        "campaign.already-ended": "The campaign has ended.",
        "campaign.cost-id-reused": "This cost id names another cost of the campaign.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _plan(command: PlanCampaign, state: Campaign) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("campaign.already-planned", "campaign_id")
    if command.starts_on and command.ends_on and command.ends_on < command.starts_on:
        raise _refuse("campaign.period-invalid", "ends_on")
    return [happened(CampaignPlanned, command)]


def _approve(command: ApproveCampaign, state: Campaign) -> Sequence[Event]:
    if state.approved_by == command.approved_by:
        return []
    _require_not_ended(state)
    if state.approved_by:
        raise _refuse("campaign.already-approved")
    refused = _refuse("campaign.second-person-required", "approved_by")
    require_another(command.approved_by, [state.planned_by], refused)
    return [happened(CampaignApproved, command)]


def _launch(command: LaunchCampaign, state: Campaign) -> Sequence[Event]:
    if state.status == "running":
        return []
    _require_not_ended(state)
    if state.status == "paused":
        raise _refuse("campaign.paused")
    if state.status != "approved":
        raise _refuse("campaign.not-approved")
    return [happened(CampaignLaunched, command)]


def _pause(command: PauseCampaign, state: Campaign) -> Sequence[Event]:
    if state.status == "paused":
        return []
    _require_not_ended(state)
    if state.status != "running":
        raise _refuse("campaign.not-running")
    return [happened(CampaignPaused, command)]


def _resume(command: ResumeCampaign, state: Campaign) -> Sequence[Event]:
    if state.status == "running":
        return []
    _require_not_ended(state)
    if state.status != "paused":
        raise _refuse("campaign.not-paused")
    return [happened(CampaignResumed, command)]


def _end(command: EndCampaign, state: Campaign) -> Sequence[Event]:
    return [] if state.status == "ended" else [happened(CampaignEnded, command)]


def _record_cost(command: RecordCampaignCost, state: Campaign) -> Sequence[Event]:
    known = state.costs.get(command.cost_id)
    if known is None:
        return [happened(CampaignCostRecorded, command)]
    if known != clear_facts(Cost, command):
        raise _refuse("campaign.cost-id-reused", "cost_id")
    return []


def _require_not_ended(state: Campaign) -> None:
    if state.status == "ended":
        raise _refuse("campaign.already-ended")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    PlanCampaign: _plan,
    ApproveCampaign: _approve,
    LaunchCampaign: _launch,
    PauseCampaign: _pause,
    ResumeCampaign: _resume,
    EndCampaign: _end,
    RecordCampaignCost: _record_cost,
}


def decide(command: Command, state: Campaign) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not PlanCampaign:
        raise _refuse("campaign.not-planned", "campaign_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: Campaign) -> None:
    return None


def _ended(state: Campaign) -> bool:
    return state.status == "ended"


CAMPAIGN: Final = Aggregate(
    name="campaign",
    initial=Campaign(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
