"""Portfolio handover: all customers of one relationship manager go to another, one by one, until none is left.

The program carries it out: each customer is a command to their own stream. Customers whom somebody gives to a third
meanwhile stay there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.codes import ActorId, Code, Count
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

Status = Literal["absent", "ordered", "completed", "stopped"]

# Facts that events and commands share


class Order(Facts):
    """Who gives all their customers to whom, and why."""

    from_manager: ActorId
    to_manager: ActorId
    reason: Code
    ordered_by: ActorId


# Events


class PortfolioHandoverOrdered(Order, Event, name="portfolio-handover.ordered"):
    """The customers go over from now on."""


class PortfolioHandoverCompleted(Event, name="portfolio-handover.completed"):
    """No customer is left to go over; so many did."""

    customers: Count


class PortfolioHandoverStopped(Event, name="portfolio-handover.stopped"):
    """It goes on no more; who has gone over stays there."""

    stop_reason: Code


# State


@dataclass(frozen=True, slots=True)
class PortfolioHandover:
    """The handover as decisions see it."""

    status: Status = "absent"
    from_manager: ActorId = ""
    to_manager: ActorId = ""


# Evolve


def _ordered(state: PortfolioHandover, event: PortfolioHandoverOrdered) -> PortfolioHandover:
    return replace(state, status="ordered", from_manager=event.from_manager, to_manager=event.to_manager)


def _completed(state: PortfolioHandover, _: PortfolioHandoverCompleted) -> PortfolioHandover:
    return replace(state, status="completed")


def _stopped(state: PortfolioHandover, _: PortfolioHandoverStopped) -> PortfolioHandover:
    return replace(state, status="stopped")


_EVOLVE: Final[dict[type[Event], Callable[..., PortfolioHandover]]] = {
    PortfolioHandoverOrdered: _ordered,
    PortfolioHandoverCompleted: _completed,
    PortfolioHandoverStopped: _stopped,
}


def evolve(state: PortfolioHandover, event: Event) -> PortfolioHandover:
    """Fold one event into the handover."""
    return _EVOLVE[type(event)](state, event)


# Commands


class HandoverCommand(Command):
    """A command to one handover's stream."""

    stream_field = "handover_id"

    handover_id: UUID


class OrderPortfolioHandover(Order, HandoverCommand, name="portfolio-handover.order"):
    """Have all customers of one relationship manager go to another."""

    actor_field = "ordered_by"


class StopPortfolioHandover(HandoverCommand, name="portfolio-handover.stop"):
    """Let no more customers go over."""

    stop_reason: Code


class CompletePortfolioHandover(HandoverCommand, name="portfolio-handover.complete"):
    """Record that no customer is left to go over."""

    internal = True

    customers: Count


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "portfolio-handover.already-ordered": "This handover is ordered already.",
        "portfolio-handover.not-ordered": "There is no such handover; order it first.",
        "portfolio-handover.to-oneself": "A portfolio is handed over to another person.",
        "portfolio-handover.already-ended": "The handover has ended; order another.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _order(command: OrderPortfolioHandover, state: PortfolioHandover) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("portfolio-handover.already-ordered", "handover_id")
    if command.from_manager == command.to_manager:
        raise _refuse("portfolio-handover.to-oneself", "to_manager")
    return [happened(PortfolioHandoverOrdered, command)]


def _stop(command: StopPortfolioHandover, state: PortfolioHandover) -> Sequence[Event]:
    if state.status == "stopped":
        return []
    if state.status == "completed":
        raise _refuse("portfolio-handover.already-ended")
    return [happened(PortfolioHandoverStopped, command)]


def _complete(command: CompletePortfolioHandover, state: PortfolioHandover) -> Sequence[Event]:
    if state.status == "completed":
        return []
    if state.status == "stopped":
        raise _refuse("portfolio-handover.already-ended")
    return [happened(PortfolioHandoverCompleted, command)]


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    OrderPortfolioHandover: _order,
    StopPortfolioHandover: _stop,
    CompletePortfolioHandover: _complete,
}


def decide(command: Command, state: PortfolioHandover) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not OrderPortfolioHandover:
        raise _refuse("portfolio-handover.not-ordered", "handover_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: PortfolioHandover) -> None:
    """Nobody: it concerns many customers, each by a command to their own stream."""


def _ended(state: PortfolioHandover) -> bool:
    return state.status in {"completed", "stopped"}


PORTFOLIO_HANDOVER: Final = Aggregate(
    name="portfolio-handover",
    initial=PortfolioHandover(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
