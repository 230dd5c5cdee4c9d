"""Disposal: data whose time is over is erased, for many customers at once. One person proposes, another approves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as value

from domain.codes import INTEGER_MAX, ActorId, Code
from domain.four_eyes import require_another
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal
from domain.privacy_rules import RecordClass

Status = Literal["absent", "proposed", "approved", "completed", "withdrawn"]

CUSTOMERS_MAX: Final = 400

_STRICT: Final = ConfigDict(extra="forbid")


@value(frozen=True, slots=True, config=_STRICT)
class Kept:
    """A customer whose data was not disposed of after all, and on which basis."""

    basis: Code
    customer_id: UUID


# Facts that events and commands share


class Lot(Facts):
    """A record class of so many customers. `clear`: what is not personal of ended matters of the class goes, too."""

    record_class: RecordClass
    clear: bool = False
    customer_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=CUSTOMERS_MAX)]
    proposed_by: ActorId


class Disposed(Facts):
    """Whose data is gone, by which erasures it was done, and whose was kept; `streams`: whose clear data went."""

    erasures: Annotated[tuple[UUID, ...], Field(max_length=CUSTOMERS_MAX)]
    kept: Annotated[tuple[Kept, ...], Field(max_length=CUSTOMERS_MAX)]
    streams: Annotated[int, Field(ge=0, le=INTEGER_MAX)] = 0


# Events


class DisposalProposed(Lot, Event, name="disposal.proposed"):
    """Somebody found data whose retention has ended."""


class DisposalApproved(Event, name="disposal.approved"):
    """Another person agrees that it goes."""

    approved_by: ActorId


class DisposalCompleted(Disposed, Event, name="disposal.completed"):
    """Each customer's data was erased, or kept with a reason."""

    record_class: RecordClass


class DisposalWithdrawn(Event, name="disposal.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class Disposal:
    """The disposal as decisions see it."""

    status: Status = "absent"
    record_class: RecordClass = ""
    clear: bool = False
    customer_ids: tuple[UUID, ...] = ()
    proposed_by: ActorId | None = None


# Evolve


def _proposed(state: Disposal, event: DisposalProposed) -> Disposal:
    return replace(
        state,
        status="proposed",
        record_class=event.record_class,
        clear=event.clear,
        customer_ids=event.customer_ids,
        proposed_by=event.proposed_by,
    )


def _becomes(status: Status) -> Callable[[Disposal, Event], Disposal]:
    return lambda state, _: replace(state, status=status)


_EVOLVE: Final[dict[type[Event], Callable[..., Disposal]]] = {
    DisposalProposed: _proposed,
    DisposalApproved: _becomes("approved"),
    DisposalCompleted: _becomes("completed"),
    DisposalWithdrawn: _becomes("withdrawn"),
}


def evolve(state: Disposal, event: Event) -> Disposal:
    """Fold one event into the disposal."""
    return _EVOLVE[type(event)](state, event)


# Commands


class DisposalCommand(Command):
    """A command to one disposal's stream."""

    stream_field = "disposal_id"

    disposal_id: UUID


class ProposeDisposal(Lot, DisposalCommand, name="disposal.propose"):
    """Propose that data whose retention has ended is erased."""

    actor_field = "proposed_by"


class ApproveDisposal(DisposalCommand, name="disposal.approve"):
    """Agree to a disposal; not for the one who proposed it."""

    actor_field = "approved_by"

    approved_by: ActorId


class WithdrawDisposal(DisposalCommand, name="disposal.withdraw"):
    """Give a proposal up."""

    reason: Code


class CompleteDisposal(Disposed, DisposalCommand, name="disposal.complete"):
    """Say what became of each customer's data."""

    internal = True


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "disposal.already-proposed": "This disposal is proposed already.",
        "disposal.not-proposed": "There is no such disposal; propose it first.",
        "disposal.second-person-required": "Who proposed a disposal cannot approve it.",
        "disposal.not-approved": "A second person must approve the disposal before it is carried out.",
        "disposal.already-approved": "It is approved, so the program carries it out.",
        "disposal.already-ended": "The disposal was completed or withdrawn.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _propose(command: ProposeDisposal, state: Disposal) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("disposal.already-proposed", "disposal_id")
    return [happened(DisposalProposed, command)]


def _approve(command: ApproveDisposal, state: Disposal) -> Sequence[Event]:
    if state.status == "approved":
        return []
    _require_open(state)
    refused = _refuse("disposal.second-person-required", "approved_by")
    require_another(command.approved_by, [state.proposed_by], refused)
    return [happened(DisposalApproved, command)]


def _withdraw(command: WithdrawDisposal, state: Disposal) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_open(state)
    if state.status == "approved":
        raise _refuse("disposal.already-approved")
    return [happened(DisposalWithdrawn, command)]


def _complete(command: CompleteDisposal, state: Disposal) -> Sequence[Event]:
    if state.status == "completed":
        return []
    _require_open(state)
    if state.status != "approved":
        raise _refuse("disposal.not-approved")
    return [happened(DisposalCompleted, command, record_class=state.record_class)]


def _require_open(state: Disposal) -> None:
    if state.status in {"completed", "withdrawn"}:
        raise _refuse("disposal.already-ended")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ProposeDisposal: _propose,
    ApproveDisposal: _approve,
    WithdrawDisposal: _withdraw,
    CompleteDisposal: _complete,
}


def decide(command: Command, state: Disposal) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ProposeDisposal:
        raise _refuse("disposal.not-proposed", "disposal_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: Disposal) -> None:
    return None


def _ended(state: Disposal) -> bool:
    return state.status in {"completed", "withdrawn"}


DISPOSAL: Final = Aggregate(
    name="disposal",
    initial=Disposal(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
