"""Clock policy: a version of one regime's clocks. Two others sign what one proposes.

The rules themselves are told by `domain.clock_rules`; those that come with the program by `domain.clock_catalogue`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.clock_rules import ClockRules, Version
from domain.codes import ActorId, Code
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of

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
class ClockPolicy(RuleVersion):
    """The version as decisions see it."""

    regime: Code = ""
    policy_version: int = 0


# Commands


class ClockPolicyCommand(Command):
    """A command to one version's stream."""

    stream_field = "policy_id"

    policy_id: UUID


class ProposeClockPolicy(PolicyProposal, ClockPolicyCommand, name="clock-policy.propose"):
    """Propose a whole policy."""

    actor_field = "proposed_by"
    key_fields = ("regime", "policy_version")


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


def _check(command: ProposeClockPolicy) -> None:
    names = [rule.clock for rule in command.rules]
    if len(set(names)) != len(names):
        raise _refuse("clock-policy.clock-repeated", "rules")
    for rule in command.rules:
        lengths = [rule.length, *(step.length for step in rule.extensions)]
        if any(later <= earlier for earlier, later in pairwise(lengths)):
            raise _refuse("clock-policy.cap-not-longer", "rules")


CLOCK_POLICY: Final = course_of(
    ClockPolicy(),
    Steps(
        propose=Step(ProposeClockPolicy, ClockPolicyProposed),
        sign_off=Step(SignOffClockPolicy, ClockPolicySignedOff),
        activate=Step(ActivateClockPolicy, ClockPolicyActivated),
        withdraw=Step(WithdrawClockPolicy, ClockPolicyWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
