"""Who may do and see what: a pure decision over an access table."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final, Literal, cast
from uuid import UUID

from pydantic import TypeAdapter

from domain import event_types
from domain.access_rules import AccessRules, CorrectionsAlone, RoleRights
from domain.kernel import personal_fields
from domain.matters import Sight
from store.canonical import canonical_json

Decision = Literal["shown", "masked"]

_RULES: Final = TypeAdapter(AccessRules)

PRIVACY_OFFICER: Final = "privacy-officer"
PRIVACY_REQUEST: Final = "privacy-request"
"""The role and the purpose by which a person is given their own data."""

FIRST_VERSION: Final = 0
"""The version of the table that an installation begins with."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Break-glass access in force: record classes of a customer, and a confidential matter, beyond what roles see."""

    grant_id: UUID
    customer_id: UUID
    record_classes: frozenset[str]
    matter_id: UUID | None = None

    def shows(self, subject_id: UUID, record_class: str) -> bool:
        """Whether personal data is shown by it."""
        return subject_id == self.customer_id and record_class in self.record_classes

    def names(self, text: str) -> bool:
        """Whether a part of a path names what it was taken for."""
        return text.lower() in {str(self.customer_id), str(self.matter_id)}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks and why. `actor` is a pseudonym; `name` is for answers only and goes into no event.

    `grant` is break-glass access that is in force now.
    """

    actor: str
    roles: frozenset[str]
    purpose: str | None = None
    name: str | None = None
    grant: Grant | None = None


@dataclass(frozen=True)
class AccessTable:
    """Rules in force, with the version that looks are recorded under."""

    version: int
    rules: AccessRules
    _matched: dict[tuple[str, str, str], bool] = field(default_factory=dict[tuple[str, str, str], bool], repr=False)
    _last_sight: list[tuple[Viewer, Sight]] = field(
        default_factory=list[tuple[Viewer, Sight]], repr=False, compare=False
    )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rules as canonical JSON, in hex.

        Looks are recorded with it. So what a table has nothing of is left out where tables of before did not know it.
        """
        rules = {one.name: getattr(self.rules, one.name) for one in fields(self.rules)}
        if self.rules.corrections_alone == CorrectionsAlone():
            del rules["corrections_alone"]
        return sha256(canonical_json(rules)).hexdigest()

    @cached_property
    def _rights(self) -> Mapping[str, RoleRights]:
        return {one.role: one for one in self.rules.roles}

    @cached_property
    def _shown(self) -> Mapping[tuple[str, str, str], frozenset[str] | None]:
        return {
            (one.role, one.purpose, one.record_class): None if one.fields is None else frozenset(one.fields)
            for one in self.rules.showings
        }

    def purposes(self, roles: Collection[str]) -> frozenset[str]:
        """The purposes that any of the roles may look for."""
        return frozenset(purpose for role in roles if role in self._rights for purpose in self._rights[role].purposes)

    def sight(self, viewer: Viewer) -> Sight:
        """The confidential matters that the viewer may see."""
        for viewed, sight in self._last_sight:  # a bulk request asks for each of its lines
            if viewed is viewer:
                return sight
        rights = [self._rights[role] for role in viewer.roles if role in self._rights]
        matter_id = None if viewer.grant is None else viewer.grant.matter_id
        groups = frozenset(group for one in rights for group in one.confidential)
        sight = Sight(viewer.actor, groups, frozenset(() if matter_id is None else (matter_id,)))
        self._last_sight[:] = [(viewer, sight)]
        return sight

    def may_ask(self, viewer: Viewer, operation: str) -> bool:
        """Whether the viewer may use an operation that changes nothing, or an intake of commands."""
        return self._any_matches(viewer, "queries", operation)

    def may_command(self, viewer: Viewer, command: str) -> bool:
        """Whether the viewer may give a command of this type."""
        return self._any_matches(viewer, "commands", command)

    def decide(self, viewer: Viewer, record_class: str, name: str) -> Decision:
        """Whether a personal field is shown: for a purpose that the role has, and by one row of that role.

        Whoever says no purpose is shown nothing.
        """
        purpose = viewer.purpose
        if purpose is None:
            return "masked"
        for role in viewer.roles:
            rights = self._rights.get(role)
            if rights is None or purpose not in rights.purposes:
                continue
            shown = self._shown.get((role, purpose, record_class), frozenset[str]())
            if shown is None or name in shown:
                return "shown"
        return "masked"

    def _any_matches(self, viewer: Viewer, kind: str, name: str) -> bool:
        for role in viewer.roles:  # noqa: SIM110  # `any` takes three times as long, and each line of a bulk is asked
            if self._matches(role, kind, name):
                return True
        return False

    def _matches(self, role: str, kind: str, name: str) -> bool:
        key = (role, kind, name)
        found = self._matched.get(key)
        if found is None:
            rights = self._rights.get(role)
            patterns: tuple[str, ...] = () if rights is None else getattr(rights, kind)
            found = any(_fits(pattern, name) for pattern in patterns)
            if rights is not None:  # a role of a token may be anything; only known ones are remembered
                self._matched[key] = found
        return found


def _fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@cache
def personal_registry() -> Mapping[str, Mapping[str, str]]:
    """Every personal field of every event by record class, with its mask."""
    made: dict[str, dict[str, str]] = {}
    for event in event_types().values():
        for name, mark in personal_fields(event):
            made.setdefault(mark.record_class, {})[name] = mark.mask
    return MappingProxyType(made)


@cache
def opened_alone() -> frozenset[str]:
    """Record classes that are so large that they are opened only where they are asked for by themselves."""
    marks = (mark for event in event_types().values() for _, mark in personal_fields(event))
    return frozenset(mark.record_class for mark in marks if mark.alone)


def mask_of(record_class: str, name: str) -> str:
    """What is shown in place of a personal field."""
    return personal_registry().get(record_class, {}).get(name, "***")


@cache
def first_table() -> AccessTable:
    """The table that an installation begins with."""
    return AccessTable(FIRST_VERSION, rules_of((files("engine") / "access_table.toml").read_text(encoding="utf-8")))


def rules_of(text: str) -> AccessRules:
    """The rules of a table as people write it, in TOML.

    Raises:
        ValueError: it is no such table; the message says where.
    """
    told = cast("dict[str, dict[str, Any]]", tomllib.loads(text))
    alone = told.pop("corrections-alone", {})
    limits = [{"currency": currency, "amount_minor": most} for currency, most in told.pop("redress-limits", {}).items()]
    given = [{"role": role, **{k: v for k, v in told[role].items() if k != "shown"}} for role in told]
    showings = [
        {"role": role, "purpose": purpose, "record_class": name, "fields": None if of == "*" else of}
        for role in told
        for purpose, classes in told[role].get("shown", {}).items()
        for name, of in classes.items()
    ]
    return _RULES.validate_python(
        {"corrections_alone": alone, "redress_limits": limits, "roles": given, "showings": showings}
    )
