"""Watch rules: a version of the rules by which looks are unusual. Two others sign what one proposes.

The rules themselves are told by `domain.unusual_access`; version 0 comes with the program.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final
from uuid import UUID

from domain.clock_rules import Version
from domain.codes import ActorId, Code
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of
from domain.unusual_access import WatchRules

# Facts that events and commands share


class WatchRulesProposal(Facts):
    """All rules with their number.

    `in_force_from`: for looks of this day of the bank or later, and never before the day after their activation. Among
    those the highest version is in force.
    """

    rules_version: Version
    in_force_from: date
    rules: WatchRules
    proposed_by: ActorId


# Events


class WatchRulesProposed(WatchRulesProposal, Event, name="watch-rules.proposed"):
    """Somebody wants days to be judged by these rules."""


class WatchRulesSignedOff(Event, name="watch-rules.signed-off"):
    """Another person agrees."""

    signed_by: ActorId


class WatchRulesActivated(Event, name="watch-rules.activated"):
    """The rules are in force from the day that they name."""

    rules_version: Version
    activated_by: ActorId


class WatchRulesWithdrawn(Event, name="watch-rules.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class WatchRulesVersion(RuleVersion):
    """The version as decisions see it."""

    rules_version: int = 0


# Commands


class WatchRulesCommand(Command):
    """A command to one version's stream."""

    stream_field = "rules_id"

    rules_id: UUID


class ProposeWatchRules(WatchRulesProposal, WatchRulesCommand, name="watch-rules.propose"):
    """Propose all rules anew; one that is left out is off."""

    actor_field = "proposed_by"
    key_fields = ("rules_version",)


class SignOffWatchRules(WatchRulesCommand, name="watch-rules.sign-off"):
    """Agree to a proposal; not for the one who made it."""

    actor_field = "signed_by"

    signed_by: ActorId


class ActivateWatchRules(WatchRulesCommand, name="watch-rules.activate"):
    """Put rules in force that two others have signed."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawWatchRules(WatchRulesCommand, name="watch-rules.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "watch-rules.already-proposed": "This version is proposed already.",
        "watch-rules.none-on": "At least one rule must be on; without any nothing would be unusual.",
        "watch-rules.not-proposed": "There is no such proposal.",
        "watch-rules.second-person-required": "Who proposed watch rules cannot sign them off.",
        "watch-rules.signatures-missing": "Two other people must sign the rules off before they are activated.",
        "watch-rules.already-active": "The watch rules are active; propose another version.",
        "watch-rules.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _check(command: ProposeWatchRules) -> None:
    if command.rules == WatchRules():
        raise _refuse("watch-rules.none-on", "rules")


WATCH_RULES: Final = course_of(
    WatchRulesVersion(),
    Steps(
        propose=Step(ProposeWatchRules, WatchRulesProposed),
        sign_off=Step(SignOffWatchRules, WatchRulesSignedOff),
        activate=Step(ActivateWatchRules, WatchRulesActivated),
        withdraw=Step(WithdrawWatchRules, WatchRulesWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
