"""Holding: a product that a customer holds, alone or with others, and what moved on it, by period.

Single transactions are no business of a record of relations: a statement says how many there were of each category in
a period, and what they came to. A later statement on the same period takes the place of the one before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as value

from domain.codes import Changes, Code, Count, Money, PersonalLine, changes
from domain.kernel import Aggregate, Command, Event, Facts, Personal, happened, refusal

Status = Literal["absent", "open", "closed"]
HoldingRole = Literal["holder", "joint_holder", "guarantor", "authorised_signatory", "beneficiary"]
Detail = Literal["branch"]


@value(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class CategoryTotal:
    """How many transactions of a category there were in one direction, and what they came to."""

    amount: Money
    category: Code
    flow: Literal["in", "out"]
    transactions: Count


Totals = Annotated[tuple[CategoryTotal, ...], Field(max_length=200)]
Period = tuple[date, date]

# Facts that events and commands share


class Holding(Facts):
    """A product and who holds it as what. Holdings of one account by several customers share `account_id`."""

    customer_id: UUID
    product: Code
    holding_role: HoldingRole = "holder"
    branch: Code | None = None
    account_id: UUID | None = None
    account: Annotated[PersonalLine | None, Personal("account")] = None


class Statement(Facts):
    """What moved in a period, both days counted. Of two on one period the higher `statement_version` holds."""

    first_on: date
    last_on: date
    statement_version: Count
    totals: Totals


# Events


class HoldingOpened(Holding, Event, name="holding.opened"):
    """The customer holds the product from `occurred_at` on."""


class HoldingChanged(Event, name="holding.changed"):
    """It is held otherwise from `occurred_at` on: another product, another role, another branch."""

    customer_id: UUID
    change_id: UUID
    reason: Code
    changes: Changes


class HoldingClosed(Event, name="holding.closed"):
    """The customer holds it no more from `occurred_at` on."""

    customer_id: UUID
    reason: Code


class HoldingActivitySummarised(Statement, Event, name="holding.activity-summarised"):
    """What moved on it in a period is known, or known better."""

    customer_id: UUID


# State


@dataclass(frozen=True, slots=True)
class HoldingState:
    """The holding as decisions see it: no account number."""

    customer_id: UUID | None = None
    holding_status: Status = "absent"
    details: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    changes: frozenset[UUID] = frozenset()
    statements: Mapping[Period, tuple[int, Totals]] = field(default_factory=dict[Period, tuple[int, Totals]])


# Evolve

_DETAILS: Final = ("product", "holding_role", "branch")


def _opened(state: HoldingState, event: HoldingOpened) -> HoldingState:
    details = {name: getattr(event, name) for name in _DETAILS}
    return replace(state, customer_id=event.customer_id, holding_status="open", details=details)


def _changed(state: HoldingState, event: HoldingChanged) -> HoldingState:
    changed = {change.field: change.after for change in event.changes}
    return replace(state, details={**state.details, **changed}, changes=state.changes | {event.change_id})


def _closed(state: HoldingState, _: HoldingClosed) -> HoldingState:
    return replace(state, holding_status="closed")


def _summarised(state: HoldingState, event: HoldingActivitySummarised) -> HoldingState:
    period = (event.first_on, event.last_on)
    return replace(state, statements={**state.statements, period: (event.statement_version, event.totals)})


_EVOLVE: Final[dict[type[Event], Callable[..., HoldingState]]] = {
    HoldingOpened: _opened,
    HoldingChanged: _changed,
    HoldingClosed: _closed,
    HoldingActivitySummarised: _summarised,
}


def evolve(state: HoldingState, event: Event) -> HoldingState:
    """Fold one event into the holding."""
    return _EVOLVE[type(event)](state, event)


# Commands


class HoldingCommand(Command):
    """A command to one holding's stream."""

    stream_field = "holding_id"

    holding_id: UUID


class OpenHolding(Holding, HoldingCommand, name="holding.open"):
    """Record that the customer holds a product."""


class ChangeHolding(HoldingCommand, name="holding.change"):
    """Change what is given; `cleared` names what is not known after all."""

    change_id: UUID
    reason: Code
    product: Code | None = None
    holding_role: HoldingRole | None = None
    branch: Code | None = None
    cleared: Annotated[tuple[Detail, ...], Field(max_length=10)] = ()


class CloseHolding(HoldingCommand, name="holding.close"):
    """Record that the customer holds the product no more."""

    reason: Code


class SummariseActivity(Statement, HoldingCommand, name="holding.summarise-activity"):
    """Record what moved in a period, also after the holding is closed; a correction has a higher version."""


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "holding.already-opened": "This holding is recorded already; change it instead.",
        "holding.not-opened": "There is no such holding; record it first.",
        "holding.closed": "The holding is closed; record a new one.",
        "holding.period-invalid": "A period must not end before it begins.",
        "holding.period-overlaps": "A statement on other days that overlap is there; correct that one.",
        "holding.statement-outdated": "A statement of this or a higher version is there; give yours a higher one.",
        "holding.category-repeated": "A statement has one total for each category, direction and currency.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _open(command: OpenHolding, state: HoldingState) -> Sequence[Event]:
    if state.holding_status != "absent":
        raise _refuse("holding.already-opened", "holding_id")
    return [happened(HoldingOpened, command)]


def _change(command: ChangeHolding, state: HoldingState) -> Sequence[Event]:
    if command.change_id in state.changes:
        return []
    if state.holding_status == "closed":
        raise _refuse("holding.closed")
    given = {name: getattr(command, name) for name in _DETAILS}
    wanted = {name: wanted for name, wanted in given.items() if wanted is not None}
    changed = changes(state.details, wanted | dict.fromkeys(command.cleared))
    return [happened(HoldingChanged, command, customer_id=state.customer_id, changes=changed)] if changed else []


def _close(command: CloseHolding, state: HoldingState) -> Sequence[Event]:
    if state.holding_status == "closed":
        return []
    return [happened(HoldingClosed, command, customer_id=state.customer_id)]


def _summarise(command: SummariseActivity, state: HoldingState) -> Sequence[Event]:
    if command.last_on < command.first_on:
        raise _refuse("holding.period-invalid", "last_on")
    if len({(one.category, one.flow, one.amount.currency) for one in command.totals}) < len(command.totals):
        raise _refuse("holding.category-repeated", "totals")
    known = state.statements.get((command.first_on, command.last_on))
    if known == (command.statement_version, command.totals):
        return []
    if known is not None and command.statement_version <= known[0]:
        raise _refuse("holding.statement-outdated", "statement_version")
    if known is None and any(_overlap(command, period) for period in state.statements):
        raise _refuse("holding.period-overlaps", "first_on")
    return [happened(HoldingActivitySummarised, command, customer_id=state.customer_id)]


def _overlap(command: SummariseActivity, period: Period) -> bool:
    first_on, last_on = period
    return command.first_on <= last_on and first_on <= command.last_on


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    OpenHolding: _open,
    ChangeHolding: _change,
    CloseHolding: _close,
    SummariseActivity: _summarise,
}


def decide(command: Command, state: HoldingState) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.holding_status == "absent" and type(command) is not OpenHolding:
        raise _refuse("holding.not-opened", "holding_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: HoldingState) -> bool:
    return state.holding_status == "closed"


HOLDING: Final = Aggregate(
    name="holding",
    initial=HoldingState(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
