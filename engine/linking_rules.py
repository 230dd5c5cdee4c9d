"""Linking rules in force: those that an installation begins with, until a version of its own is activated."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from domain.linking_rules import Identifier, IdentifierKind, LinkingRulesActivated, LinkingRulesProposed, LinkRule
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions
from projections.models import ReadModels


@dataclass(frozen=True)
class Linking:
    """A whole version of the rules; `persons_max` of an identifier: one that more people have is shared."""

    rules_version: int
    identifiers: tuple[Identifier, ...]
    rules: tuple[LinkRule, ...]
    role_mailboxes: tuple[str, ...] = ()
    company_domains: tuple[str, ...] = ()

    def met_by(self, evidence: frozenset[IdentifierKind]) -> tuple[LinkRule, ...]:
        """The rules that ask for nothing more than this."""
        return tuple(rule for rule in self.rules if evidence.issuperset(rule.needs))

    def shared_mailbox(self, address: str) -> bool:
        """Whether a normalised e-mail address is a desk's or a company's."""
        name, _, domain = address.rpartition("@")
        return name in self.role_mailboxes or domain in self.company_domains


_LINKING: Final = TypeAdapter(Linking)


@cache
def first_linking() -> Linking:
    """Version 0."""
    read = tomllib.loads((files("engine") / "linking_rules.toml").read_text(encoding="utf-8"))
    return _LINKING.validate_python(read)


async def linking_in_force(models: ReadModels, mapper: EventMapper) -> Linking:
    """The highest version that is active; of two with one number everybody takes the same."""
    versions = await ActiveVersions(models, mapper, LinkingRulesProposed, LinkingRulesActivated).look()
    if not versions:
        return first_linking()
    told = max(versions, key=lambda one: (one.proposed.rules_version, one.stream_id)).proposed
    return Linking(told.rules_version, told.identifiers, told.rules, told.role_mailboxes, told.company_domains)
