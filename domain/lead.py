"""Lead: somebody who may become a customer, from which source, at what cost, and what came of it.

A lead holds nothing personal: who it is about stays where the lead came from, under `external_ref`, until the bank
registers the customer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from domain.codes import INTEGER_MAX, ActorId, Channel, Code, Currency, Money, Reference
from domain.kernel import Aggregate, Command, Event, Facts, clear_facts, happened, refusal

Status = Literal["absent", "captured", "qualified", "converted", "lost"]
LeadScore = Annotated[int, Field(ge=0, le=100)]
AMOUNT_MAX: Final = INTEGER_MAX // 2**20
"""So that a million costs still add up to an integer that canonical JSON takes."""

# Facts that events and commands share


class Capture(Facts):
    """Where a lead came from."""

    source: Code
    channel: Channel
    campaign_id: UUID | None = None
    product: Code | None = None
    external_ref: Reference | None = None


class LeadCost(Facts):
    """What the bank paid for the lead, known by its id."""

    cost_id: UUID
    kind: Code
    amount: Money


class Conversion(Facts):
    """Which customer the lead has become, or was all along; and what they took up, where it is known."""

    customer_id: UUID
    holding_id: UUID | None = None


# Events


class LeadCaptured(Capture, Event, name="lead.captured"):
    """The bank knows of somebody who may become a customer."""


class LeadCostRecorded(LeadCost, Event, name="lead.cost-recorded"):
    """The lead cost money."""


class LeadQualified(Event, name="lead.qualified"):
    """Somebody has looked: it is worth following up."""

    qualified_by: ActorId
    score: LeadScore | None = None


class LeadConverted(Conversion, Event, name="lead.converted"):
    """The lead has become a customer."""


class LeadLost(Event, name="lead.lost"):
    """Nothing comes of it."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class Lead:
    """The lead as decisions see it."""

    status: Status = "absent"
    score: LeadScore | None = None
    currency: Currency | None = None
    costs: Mapping[UUID, tuple[object, ...]] = field(default_factory=dict[UUID, tuple[object, ...]])
    conversion: tuple[object, ...] | None = None


# Evolve


def _captured(state: Lead, _: LeadCaptured) -> Lead:
    return replace(state, status="captured")


def _cost_recorded(state: Lead, event: LeadCostRecorded) -> Lead:
    costs = {**state.costs, event.cost_id: clear_facts(LeadCost, event)}
    return replace(state, costs=costs, currency=event.amount.currency)


def _qualified(state: Lead, event: LeadQualified) -> Lead:
    return replace(state, status="qualified", score=event.score)


def _converted(state: Lead, event: LeadConverted) -> Lead:
    return replace(state, status="converted", conversion=clear_facts(Conversion, event))


def _lost(state: Lead, _: LeadLost) -> Lead:
    return replace(state, status="lost")


_EVOLVE: Final[dict[type[Event], Callable[..., Lead]]] = {
    LeadCaptured: _captured,
    LeadCostRecorded: _cost_recorded,
    LeadQualified: _qualified,
    LeadConverted: _converted,
    LeadLost: _lost,
}


def evolve(state: Lead, event: Event) -> Lead:
    """Fold one event into the lead."""
    return _EVOLVE[type(event)](state, event)


# Commands


class LeadCommand(Command):
    """A command to one lead's stream."""

    stream_field = "lead_id"

    lead_id: UUID


class CaptureLead(Capture, LeadCommand, name="lead.capture"):
    """Record somebody who may become a customer."""


class RecordLeadCost(LeadCost, LeadCommand, name="lead.record-cost"):
    """Record what was paid for the lead, also after its end; all costs of a lead are in one currency."""


class QualifyLead(LeadCommand, name="lead.qualify"):
    """Record that the lead is worth following up; again, with another score, when it is looked at anew."""

    actor_field = "qualified_by"

    qualified_by: ActorId
    score: LeadScore | None = None


class ConvertLead(Conversion, LeadCommand, name="lead.convert"):
    """Record which customer the lead has become; register the customer first."""


class LoseLead(LeadCommand, name="lead.lose"):
    """Record that nothing comes of the lead."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "lead.already-captured": "This lead is captured already.",
        "lead.not-captured": "There is no such lead; capture it first.",
        "lead.already-converted": "The lead has become a customer already.",
        "lead.already-lost": "The lead is lost; capture a new one.",
        "lead.cost-id-reused": "This cost id names another cost of the lead.",
        "lead.cost-out-of-bounds": "A cost is below 2^33 minor units, either way; record it in parts.",
        "lead.currency-differs": "All costs of a lead are in one currency; convert the amount first.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _capture(command: CaptureLead, state: Lead) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("lead.already-captured", "lead_id")
    return [happened(LeadCaptured, command)]


def _record_cost(command: RecordLeadCost, state: Lead) -> Sequence[Event]:
    known = state.costs.get(command.cost_id)
    if known is not None:
        if known != clear_facts(LeadCost, command):
            raise _refuse("lead.cost-id-reused", "cost_id")
        return []
    if abs(command.amount.amount_minor) > AMOUNT_MAX:
        raise _refuse("lead.cost-out-of-bounds", "amount")
    if state.currency not in {None, command.amount.currency}:
        raise _refuse("lead.currency-differs", "amount")
    return [happened(LeadCostRecorded, command)]


def _qualify(command: QualifyLead, state: Lead) -> Sequence[Event]:
    if state.status == "qualified" and state.score == command.score:
        return []
    _require_open(state)
    return [happened(LeadQualified, command)]


def _convert(command: ConvertLead, state: Lead) -> Sequence[Event]:
    if state.conversion == clear_facts(Conversion, command):
        return []
    _require_open(state)
    return [happened(LeadConverted, command)]


def _lose(command: LoseLead, state: Lead) -> Sequence[Event]:
    if state.status == "lost":
        return []
    _require_open(state)
    return [happened(LeadLost, command)]


def _require_open(state: Lead) -> None:
    if state.status == "converted":
        raise _refuse("lead.already-converted")
    if state.status == "lost":
        raise _refuse("lead.already-lost")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    CaptureLead: _capture,
    RecordLeadCost: _record_cost,
    QualifyLead: _qualify,
    ConvertLead: _convert,
    LoseLead: _lose,
}


def decide(command: Command, state: Lead) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not CaptureLead:
        raise _refuse("lead.not-captured", "lead_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: Lead) -> None:
    """Nobody: who a lead was is known only at its end, and its stream stays where it began."""


def _ended(state: Lead) -> bool:
    return state.status in {"converted", "lost"}


LEAD: Final = Aggregate(
    name="lead",
    initial=Lead(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
