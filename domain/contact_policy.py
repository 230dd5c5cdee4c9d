"""Contact policy: a version of the rules by which customers are contacted. Two others sign what one proposes.

The rules themselves are told by `domain.contact_rules`; those that come with the program by `domain.contact_catalogue`.
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
from domain.contact_hours import zone_known
from domain.contact_rules import ContactRules
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of

# Facts that events and commands share


class ContactPolicyProposal(Facts):
    """All rules of contact. `in_force_from`: a day, and never before the day after its activation.

    Of those in force the highest version decides.
    """

    policy_version: Version
    in_force_from: date
    rules: ContactRules
    proposed_by: ActorId


# Events


class ContactPolicyProposed(ContactPolicyProposal, Event, name="contact-policy.proposed"):
    """Somebody wants customers to be contacted by these rules."""


class ContactPolicySignedOff(Event, name="contact-policy.signed-off"):
    """Another person agrees."""

    signed_by: ActorId


class ContactPolicyActivated(Event, name="contact-policy.activated"):
    """The rules are in force from the day that they name."""

    policy_version: Version
    activated_by: ActorId


class ContactPolicyWithdrawn(Event, name="contact-policy.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class ContactPolicy(RuleVersion):
    """The version as decisions see it."""

    policy_version: int = 0


# Commands


class ContactPolicyCommand(Command):
    """A command to one version's stream."""

    stream_field = "contact_policy_id"

    contact_policy_id: UUID


class ProposeContactPolicy(ContactPolicyProposal, ContactPolicyCommand, name="contact-policy.propose"):
    """Propose a whole policy."""

    actor_field = "proposed_by"
    key_fields = ("policy_version",)


class SignOffContactPolicy(ContactPolicyCommand, name="contact-policy.sign-off"):
    """Agree to a proposal; not for the one who made it."""

    actor_field = "signed_by"

    signed_by: ActorId


class ActivateContactPolicy(ContactPolicyCommand, name="contact-policy.activate"):
    """Put a policy in force that two others have signed."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawContactPolicy(ContactPolicyCommand, name="contact-policy.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "contact-policy.already-proposed": "This version is proposed already.",
        "contact-policy.purpose-repeated": "Each purpose, region and window has one rule.",
        "contact-policy.hours-invalid": "Contact hours must end after they begin.",
        "contact-policy.zone-unknown": "The time zone database has no such zone.",
        "contact-policy.not-proposed": "There is no such proposal.",
        "contact-policy.second-person-required": "Who proposed a contact policy cannot sign it off.",
        "contact-policy.signatures-missing": "Two other people must sign the policy off before it is activated.",
        "contact-policy.already-active": "The policy is active; propose another version.",
        "contact-policy.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _check(command: ProposeContactPolicy) -> None:
    rules = command.rules
    purposes = [one.purpose for one in rules.purposes]
    regions = [one.region for one in rules.regions]
    windows = [window.window for one in rules.purposes for window in one.windows]
    if any(len(set(names)) != len(names) for names in (purposes, regions, windows)):
        raise _refuse("contact-policy.purpose-repeated", "rules")
    for one in rules.purposes:
        if one.hours is not None and one.hours.from_time >= one.hours.until_time:
            raise _refuse("contact-policy.hours-invalid", "rules")
    for zones in (rules.zones_unknown, *(one.zones for one in rules.regions)):
        if not all(map(zone_known, zones)):
            raise _refuse("contact-policy.zone-unknown", "rules")


CONTACT_POLICY: Final = course_of(
    ContactPolicy(),
    Steps(
        propose=Step(ProposeContactPolicy, ContactPolicyProposed),
        sign_off=Step(SignOffContactPolicy, ContactPolicySignedOff),
        activate=Step(ActivateContactPolicy, ContactPolicyActivated),
        withdraw=Step(WithdrawContactPolicy, ContactPolicyWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
