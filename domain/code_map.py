"""Code map: how the bank's own codes are told to somebody else, many to many, by version. A second person activates it.

A complaint keeps the bank's own code for ever; what a regulator calls it is looked up when a return is made.
"""

from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from domain.clock_rules import Version
from domain.codes import ActorId, Code, Label, Reference
from domain.kernel import Command, Event, Facts, refusal
from domain.rule_version import RuleVersion, Step, Steps, course_of

MappedDimension = Literal["channel", "service_channel", "product", "issue", "cause"]
"""What of a complaint is mapped; the cause is the bank's one internal code."""

# Facts that events and commands share


@checked(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class MapEntry:
    """One of the bank's codes and one code of the other's; each may stand in many entries. `name` is the other's."""

    code: Label
    external: Reference
    name: Label


Entries = Annotated[tuple[MapEntry, ...], Field(min_length=1, max_length=5000)]


class CodeMapProposal(Facts):
    """A whole version of a map. Among those in force on a day the highest version is.

    `in_force_from`: for returns that end on this day or later, and never before the day after its activation, but for
    the first version. `provisional`: the other's official list was not at hand. `source`: where the codes are from.
    """

    code_map: Code
    map_version: Version
    dimension: MappedDimension
    in_force_from: date
    provisional: bool = False
    source: Label
    entries: Entries
    proposed_by: ActorId


# Events


class CodeMapProposed(CodeMapProposal, Event, name="code-map.proposed"):
    """Somebody wants codes to be told so."""


class CodeMapActivated(Event, name="code-map.activated"):
    """Another person has looked at every entry and answers for it."""

    code_map: Code
    map_version: Version
    activated_by: ActorId


class CodeMapWithdrawn(Event, name="code-map.withdrawn"):
    """The proposal is given up."""

    reason: Code


# State


@dataclass(frozen=True, slots=True)
class CodeMap(RuleVersion):
    """The version as decisions see it."""

    code_map: Code = ""
    map_version: int = 0


# Commands


class CodeMapCommand(Command):
    """A command to one version's stream."""

    stream_field = "map_id"

    map_id: UUID


class ProposeCodeMap(CodeMapProposal, CodeMapCommand, name="code-map.propose"):
    """Propose a whole version of a map."""

    actor_field = "proposed_by"
    key_fields = ("code_map", "map_version")


class ActivateCodeMap(CodeMapCommand, name="code-map.activate"):
    """Put a version in force; not for the one who proposed it."""

    actor_field = "activated_by"

    activated_by: ActorId


class WithdrawCodeMap(CodeMapCommand, name="code-map.withdraw"):
    """Give a proposal up."""

    reason: Code


# Decide

REFUSALS: Final = MappingProxyType(
    {
        "code-map.already-proposed": "This version is proposed already.",
        "code-map.not-proposed": "There is no such proposal.",
        "code-map.entry-repeated": "A pair of codes stands in the map twice.",
        "code-map.name-ambiguous": "One code of the other side has two names.",
        "code-map.second-person-required": "Who proposed a code map cannot activate it.",
        "code-map.already-active": "The code map is active; propose another version.",
        "code-map.withdrawn": "The proposal was withdrawn; make a new one.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _check(command: ProposeCodeMap) -> None:
    pairs = [(one.code, one.external) for one in command.entries]
    if len(set(pairs)) != len(pairs):
        raise _refuse("code-map.entry-repeated", "entries")
    if len({(one.external, one.name) for one in command.entries}) != len({one.external for one in command.entries}):
        raise _refuse("code-map.name-ambiguous", "entries")


CODE_MAP: Final = course_of(
    CodeMap(),
    Steps(
        propose=Step(ProposeCodeMap, CodeMapProposed),
        activate=Step(ActivateCodeMap, CodeMapActivated),
        withdraw=Step(WithdrawCodeMap, CodeMapWithdrawn),
    ),
    REFUSALS,
    check=_check,
)
