"""Engagement: what a customer and the bank undertake together, such as a loan that was asked for.

It is kept simple: that it was opened, the stages that it reached, the offers made in it, what was decided, its end.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId, Channel, Code, Money, Reference
from domain.kernel import Aggregate, Command, Event, Facts, clear_facts, happened, refusal

Status = Literal["absent", "open", "decided", "ended"]
Decision = Literal["approved", "declined", "cancelled"]
OfferOutcome = Literal["accepted", "declined", "cancelled"]

# Facts that events and commands share


class Application(Facts):
    """What was asked for: `kind` such as `loan` or `project_finance`, the product, and how much of it."""

    customer_id: UUID
    kind: Code
    product: Code | None = None
    amount_requested: Money | None = None
    channel: Channel | None = None
    source: Code | None = None
    external_ref: Reference | None = None


class Offer(Facts):
    """An offer in the engagement, and the touch by which it goes to the customer."""

    offer_id: UUID
    touch_id: UUID | None = None


class Done(Facts):
    """Who did it, where it was not the one who says so."""

    performed_by: ActorId | None = None


# Events


class EngagementOpened(Application, Event, name="engagement.opened"):
    """A customer asked for something that takes more than one step."""


class EngagementStageReached(Done, Event, name="engagement.stage-reached"):
    """It is as far as this, in the bank's own words."""

    stage: Code


class EngagementOfferMade(Offer, Done, Event, name="engagement.offer-made"):
    """The bank chose what to offer."""


class EngagementOfferSettled(Done, Event, name="engagement.offer-settled"):
    """The offer is open no more: the customer took it, it was declined, or it was cancelled."""

    offer_id: UUID
    outcome: OfferOutcome


class EngagementDecided(Done, Event, name="engagement.decided"):
    """It was decided whether the customer gets what was asked for."""

    outcome: Decision


class EngagementEnded(Event, name="engagement.ended"):
    """Nothing is left to do."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class Engagement:
    """The engagement as decisions see it; an offer's outcome is None while it is open."""

    status: Status = "absent"
    customer_id: UUID | None = None
    stage: Code | None = None
    offers: Mapping[UUID, tuple[object, ...]] = field(default_factory=dict[UUID, tuple[object, ...]])
    settled: Mapping[UUID, OfferOutcome] = field(default_factory=dict[UUID, OfferOutcome])
    outcome: Decision | None = None


# Evolve


def _opened(_: Engagement, event: EngagementOpened) -> Engagement:
    return Engagement("open", event.customer_id)  # the first event: there is nothing to keep


def _stage_reached(state: Engagement, event: EngagementStageReached) -> Engagement:
    return replace(state, stage=event.stage)


def _offer_made(state: Engagement, event: EngagementOfferMade) -> Engagement:
    return replace(state, offers={**state.offers, event.offer_id: clear_facts(Offer, event)})


def _offer_settled(state: Engagement, event: EngagementOfferSettled) -> Engagement:
    return replace(state, settled={**state.settled, event.offer_id: event.outcome})


def _decided(state: Engagement, event: EngagementDecided) -> Engagement:
    return replace(state, status="decided", outcome=event.outcome)


def _ended_by(state: Engagement, _: EngagementEnded) -> Engagement:
    return replace(state, status="ended")


_EVOLVE: Final[dict[type[Event], Callable[..., Engagement]]] = {
    EngagementOpened: _opened,
    EngagementStageReached: _stage_reached,
    EngagementOfferMade: _offer_made,
    EngagementOfferSettled: _offer_settled,
    EngagementDecided: _decided,
    EngagementEnded: _ended_by,
}


def evolve(state: Engagement, event: Event) -> Engagement:
    """Fold one event into the engagement."""
    return _EVOLVE[type(event)](state, event)


# Commands


class EngagementCommand(Command):
    """A command to one engagement's stream."""

    stream_field = "engagement_id"

    engagement_id: UUID


class OpenEngagement(Application, EngagementCommand, name="engagement.open"):
    """Record what a customer asks for."""


class ReachEngagementStage(Done, EngagementCommand, name="engagement.reach-stage"):
    """Record how far it is."""

    stage: Code


class MakeEngagementOffer(Offer, Done, EngagementCommand, name="engagement.make-offer"):
    """Choose what to offer."""


class SettleEngagementOffer(Done, EngagementCommand, name="engagement.settle-offer"):
    """Record what became of an offer."""

    offer_id: UUID
    outcome: OfferOutcome


class DecideEngagement(Done, EngagementCommand, name="engagement.decide"):
    """Decide whether the customer gets what was asked for."""

    outcome: Decision


class EndEngagement(EngagementCommand, name="engagement.end"):
    """Record that nothing is left to do, such as after the last repayment."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "engagement.already-opened": "This engagement is open already.",
        "engagement.not-opened": "There is no such engagement; open it first.",
        "engagement.offer-unknown": "The engagement has no such offer; make it first.",
        "engagement.offer-id-reused": "This offer id names another offer of the engagement.",
        "engagement.offer-already-settled": "The offer was settled otherwise already.",
        "engagement.already-decided": "The engagement was decided otherwise already.",
        "engagement.already-ended": "The engagement has ended.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _open(command: OpenEngagement, state: Engagement) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("engagement.already-opened", "engagement_id")
    return [happened(EngagementOpened, command)]


def _reach_stage(command: ReachEngagementStage, state: Engagement) -> Sequence[Event]:
    if state.stage == command.stage:
        return []
    _require_not_ended(state)
    return [happened(EngagementStageReached, command)]


def _make_offer(command: MakeEngagementOffer, state: Engagement) -> Sequence[Event]:
    known = state.offers.get(command.offer_id)
    if known == clear_facts(Offer, command):
        return []
    if known is not None:
        raise _refuse("engagement.offer-id-reused", "offer_id")
    _require_not_ended(state)
    return [happened(EngagementOfferMade, command)]


def _settle_offer(command: SettleEngagementOffer, state: Engagement) -> Sequence[Event]:
    if command.offer_id not in state.offers:
        raise _refuse("engagement.offer-unknown", "offer_id")
    outcome = state.settled.get(command.offer_id)
    if outcome is None:
        return [happened(EngagementOfferSettled, command)]
    if outcome != command.outcome:
        raise _refuse("engagement.offer-already-settled", "outcome")
    return []


def _decide(command: DecideEngagement, state: Engagement) -> Sequence[Event]:
    if state.outcome == command.outcome:
        return []
    if state.outcome is not None:
        raise _refuse("engagement.already-decided", "outcome")
    _require_not_ended(state)
    return [happened(EngagementDecided, command)]


def _end(command: EndEngagement, state: Engagement) -> Sequence[Event]:
    return [] if state.status == "ended" else [happened(EngagementEnded, command)]


def _require_not_ended(state: Engagement) -> None:
    if state.status == "ended":
        raise _refuse("engagement.already-ended")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    OpenEngagement: _open,
    ReachEngagementStage: _reach_stage,
    MakeEngagementOffer: _make_offer,
    SettleEngagementOffer: _settle_offer,
    DecideEngagement: _decide,
    EndEngagement: _end,
}


def decide(command: Command, state: Engagement) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not OpenEngagement:
        raise _refuse("engagement.not-opened", "engagement_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Engagement) -> bool:
    """A declined or cancelled one is over; an approved one goes on until somebody says that it has ended."""
    return state.status == "ended" or state.outcome in {"declined", "cancelled"}


ENGAGEMENT: Final = Aggregate(
    name="engagement",
    initial=Engagement(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
