"""Linking rules: which identifiers tell who somebody is, and which rules make two customers likely one person.

A version is proposed by one person, signed off by two others and put in force. What many have is shared, such as the
phone of a family or the mailbox of a company, and links nobody.
"""

from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass as checked

from domain.clock_rules import Version
from domain.codes import ActorId, Code
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of

IdentifierKind = Literal[
    "name",
    "phone",
    "email",
    "resident_id",
    "passport",
    "travel_permit",
    "other_document",
    "unified_social_credit_code",
    "company_registration",
]
"""What of a customer may agree with what of another: kinds of contact points, of documents, and the name."""

Strength = Literal["strong", "weak"]
"""Strong: one person's alone, so it links by itself. Weak: it links only together with something else."""

MailboxName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9][a-z0-9._+-]*$")]
MailDomain = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$")
]

# Facts that events and commands share


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Identifier:
    """A kind of identifier; one that more than `persons_max` people have is shared, and links none of them."""

    kind: IdentifierKind
    persons_max: Annotated[int, Field(ge=1, le=1000)]
    strength: Strength


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class LinkRule:
    """Two customers who agree in all of `needs` are proposed to be one person."""

    name: Code
    needs: Annotated[tuple[IdentifierKind, ...], Field(min_length=1, max_length=9)]


class LinkingRulesProposal(Facts):
    """A whole version.

    `role_mailboxes`: names before the @ that are a desk's, whoever sits there; `company_domains`: after the @, where
    every mailbox is the company's.
    """

    rules_version: Version
    identifiers: Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=20)]
    rules: Annotated[tuple[LinkRule, ...], Field(min_length=1, max_length=50)]
    role_mailboxes: Annotated[tuple[MailboxName, ...], Field(max_length=400)] = ()
    company_domains: Annotated[tuple[MailDomain, ...], Field(max_length=5000)] = ()
    proposed_by: ActorId


# Events


class LinkingRulesProposed(LinkingRulesProposal, Event, name="linking-rules.proposed"):
    """Somebody wants customers to be linked so."""


class LinkingRulesSignedOff(Event, name="linking-rules.signed-off"):
    """Another person answers for them."""

    signed_by: ActorId


class LinkingRulesActivated(Event, name="linking-rules.activated"):
    """They are in force until another version is."""

    rules_version: Version
    activated_by: ActorId


class LinkingRulesWithdrawn(Event, name="linking-rules.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class LinkingRules(RuleVersion):
    """The version as decisions see it."""

    rules_version: int = 0


# Commands


class LinkingRulesCommand(Command):
    """A command to one version's stream."""

    stream_field = "linking_rules_id"

    linking_rules_id: UUID


class ProposeLinkingRules(LinkingRulesProposal, LinkingRulesCommand, name="linking-rules.propose"):
    """Propose a whole version of the rules."""

    actor_field = "proposed_by"


class SignOffLinkingRules(LinkingRulesCommand, name="linking-rules.sign-off"):
    """Answer for a version; not for the one who proposed it."""

    actor_field = "signed_by"

    signed_by: ActorId


class ActivateLinkingRules(LinkingRulesCommand, name="linking-rules.activate"):
    """Put a version in force that two people have signed off."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawLinkingRules(LinkingRulesCommand, name="linking-rules.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final = MappingProxyType(
    {
        "linking-rules.already-proposed": "This version is proposed already.",
        "linking-rules.not-proposed": "There are no such rules.",
        "linking-rules.identifier-repeated": "An identifier stands in the rules twice.",
        "linking-rules.rule-repeated": "Two rules have the same name.",
        "linking-rules.identifier-unknown": "A rule needs an identifier that the version says nothing of.",
        "linking-rules.too-weak": "A rule needs one strong identifier, or two weak ones.",
        "linking-rules.second-person-required": "Who proposed the rules cannot sign them off.",
        "linking-rules.signatures-missing": "Two people must have signed the rules off.",
        "linking-rules.already-active": "The rules are active; propose another version.",
        "linking-rules.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)
WEAK_MIN: Final = 2


def _check(command: ProposeLinkingRules) -> None:
    known = {one.kind: one for one in command.identifiers}
    if len(known) != len(command.identifiers):
        raise _refuse("linking-rules.identifier-repeated", "identifiers")
    if len({one.name for one in command.rules}) != len(command.rules):
        raise _refuse("linking-rules.rule-repeated", "rules")
    for rule in command.rules:
        needs = set(rule.needs)
        if not needs <= set(known):
            raise _refuse("linking-rules.identifier-unknown", "rules")
        if len(needs) < WEAK_MIN and all(known[one].strength == "weak" for one in needs):
            raise _refuse("linking-rules.too-weak", "rules")


LINKING_RULES: Final = course_of(
    LinkingRules(),
    Steps(
        propose=Step(ProposeLinkingRules, LinkingRulesProposed),
        sign_off=Step(SignOffLinkingRules, LinkingRulesSignedOff),
        activate=Step(ActivateLinkingRules, LinkingRulesActivated),
        withdraw=Step(WithdrawLinkingRules, LinkingRulesWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
