"""Clock policy: a version of one regime's clocks. Two others sign what one proposes.

The rules themselves are told by `domain.clock_rules`; those that come with the program by `domain.clock_catalogue`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal
from uuid import UUID

from domain.clock_rules import ClockRules, Version
from domain.codes import ActorId, Code
from domain.four_eyes import SIGNATURES, require_another
from domain.kernel import Aggregate, Command, Event, Facts, happened, refusal

Status = Literal["absent", "proposed", "active", "withdrawn"]

# Facts that events and commands share


class PolicyProposal(Facts):
    """All clocks of a regime.

    `in_force_from`: for complaints received on this day or later, and never before the day after its activation, but
    for the first version. Among those the highest version is in force.
    """

    regime: Code
    policy_version: Version
    in_force_from: date
    rules: ClockRules
    proposed_by: ActorId


# Events


class ClockPolicyProposed(PolicyProposal, Event, name="clock-policy.proposed"):
    """Somebody wants complaints of the regime to be timed so."""


class ClockPolicySignedOff(Event, name="clock-policy.signed-off"):
    """Another person agrees."""

    signed_by: ActorId


class ClockPolicyActivated(Event, name="clock-policy.activated"):
    """The rules are in force from the day that they name."""

    regime: Code
    policy_version: Version
    activated_by: ActorId


class ClockPolicyWithdrawn(Event, name="clock-policy.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class ClockPolicy:
    """The version as decisions see it."""

    status: Status = "absent"
    regime: Code = ""
    policy_version: int = 0
    proposed_by: ActorId | None = None
    signed_by: tuple[ActorId, ...] = ()


# Evolve


def _proposed(state: ClockPolicy, event: ClockPolicyProposed) -> ClockPolicy:
    proposed = {name: getattr(event, name) for name in ("regime", "policy_version", "proposed_by")}
    return replace(state, status="proposed", **proposed)


def _signed_off(state: ClockPolicy, event: ClockPolicySignedOff) -> ClockPolicy:
    return replace(state, signed_by=(*state.signed_by, event.signed_by))


def _activated(state: ClockPolicy, _: ClockPolicyActivated) -> ClockPolicy:
    return replace(state, status="active")


def _withdrawn(state: ClockPolicy, _: ClockPolicyWithdrawn) -> ClockPolicy:
    return replace(state, status="withdrawn")


_EVOLVE: Final[dict[type[Event], Callable[..., ClockPolicy]]] = {
    ClockPolicyProposed: _proposed,
    ClockPolicySignedOff: _signed_off,
    ClockPolicyActivated: _activated,
    ClockPolicyWithdrawn: _withdrawn,
}


def evolve(state: ClockPolicy, event: Event) -> ClockPolicy:
    """Fold one event into the version."""
    return _EVOLVE[type(event)](state, event)


# Commands


class ClockPolicyCommand(Command):
    """A command to one version's stream."""

    stream_field = "policy_id"

    policy_id: UUID


class ProposeClockPolicy(PolicyProposal, ClockPolicyCommand, name="clock-policy.propose"):
    """Propose a whole policy."""

    actor_field = "proposed_by"


class SignOffClockPolicy(ClockPolicyCommand, name="clock-policy.sign-off"):
    """Agree to a proposal; not for the one who made it."""

    actor_field = "signed_by"

    signed_by: ActorId


class ActivateClockPolicy(ClockPolicyCommand, name="clock-policy.activate"):
    """Put a policy in force that two others have signed."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawClockPolicy(ClockPolicyCommand, name="clock-policy.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clock-policy.already-proposed": "This version is proposed already.",
        "clock-policy.clock-repeated": "Each clock of a regime has a name of its own.",
        "clock-policy.cap-not-longer": "Every extension must be longer than what came before it.",
        "clock-policy.not-proposed": "There is no such proposal.",
        "clock-policy.second-person-required": "Who proposed a policy cannot sign it off.",
        "clock-policy.signatures-missing": "Two other people must sign the policy off before it is activated.",
        "clock-policy.already-active": "The policy is active; propose another version.",
        "clock-policy.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _propose(command: ProposeClockPolicy, state: ClockPolicy) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("clock-policy.already-proposed", "policy_id")
    names = [rule.clock for rule in command.rules]
    if len(set(names)) != len(names):
        raise _refuse("clock-policy.clock-repeated", "rules")
    for rule in command.rules:
        lengths = [rule.length, *(step.length for step in rule.extensions)]
        if any(later <= earlier for earlier, later in pairwise(lengths)):
            raise _refuse("clock-policy.cap-not-longer", "rules")
    return [happened(ClockPolicyProposed, command)]


def _sign_off(command: SignOffClockPolicy, state: ClockPolicy) -> Sequence[Event]:
    if command.signed_by in state.signed_by:
        return []
    _require_open(state)
    refused = _refuse("clock-policy.second-person-required", "signed_by")
    require_another(command.signed_by, [state.proposed_by], refused)
    return [happened(ClockPolicySignedOff, command)]


def _activate(command: ActivateClockPolicy, state: ClockPolicy) -> Sequence[Event]:
    if state.status == "active":
        return []
    _require_open(state)
    if len(state.signed_by) < SIGNATURES:
        raise _refuse("clock-policy.signatures-missing")
    return [happened(ClockPolicyActivated, command, regime=state.regime, policy_version=state.policy_version)]


def _withdraw(command: WithdrawClockPolicy, state: ClockPolicy) -> Sequence[Event]:
    if state.status == "withdrawn":
        return []
    _require_open(state)
    return [happened(ClockPolicyWithdrawn, command)]


def _require_open(state: ClockPolicy) -> None:
    if state.status == "active":
        raise _refuse("clock-policy.already-active")
    if state.status == "withdrawn":
        raise _refuse("clock-policy.withdrawn")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    ProposeClockPolicy: _propose,
    SignOffClockPolicy: _sign_off,
    ActivateClockPolicy: _activate,
    WithdrawClockPolicy: _withdraw,
}


def decide(command: Command, state: ClockPolicy) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not ProposeClockPolicy:
        raise _refuse("clock-policy.not-proposed", "policy_id")
    return _DECIDE[type(command)](command, state)


def _customer_of(_: ClockPolicy) -> None:
    return None


def _ended(state: ClockPolicy) -> bool:
    return state.status in {"active", "withdrawn"}


CLOCK_POLICY: Final = Aggregate(
    name="clock-policy",
    initial=ClockPolicy(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=_customer_of,
    ended=_ended,
    refusals=REFUSALS,
)
