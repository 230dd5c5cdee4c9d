"""The rules of unusual access: by which version a day is judged. Version 0 comes with the program."""

import tomllib
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import TypeAdapter

from domain.unusual_access import WatchRules
from domain.watch_rules import WatchRulesActivated, WatchRulesProposed
from engine.mapping import EventMapper
from engine.rule_versions import ActiveVersions, in_force_since
from projections.models import ReadModels
from projections.unusual_access import DatedRules, RulesInForce

FIRST_VERSION: Final = 0
"""The version of the rules that come with the program."""

_RULES: Final = TypeAdapter(WatchRules)


@cache
def first_rules() -> DatedRules:
    """The rules that come with the program: each day is judged by them that no later version is in force on."""
    told = (files("engine") / "unusual_access.toml").read_text(encoding="utf-8")
    return DatedRules(FIRST_VERSION, date.min, rules_of(told))


def rules_of(text: str) -> WatchRules:
    """The rules as people write them, in TOML.

    Raises:
        ValueError: they are no such rules; the message says where.
    """
    told = {name.replace("-", "_"): of for name, of in tomllib.loads(text).items()}
    return _RULES.validate_python(told)


async def rules_in_force(models: ReadModels, mapper: EventMapper) -> RulesInForce:
    """All versions that were activated, and the first.

    A version is never in force before the day after its activation: so a day that was judged is judged the same again.
    """
    found = await ActiveVersions(models, mapper, WatchRulesProposed, WatchRulesActivated).look()
    later = [
        DatedRules(
            one.proposed.rules_version,
            in_force_since(one.proposed.in_force_from, one.activated_at, first=False),
            one.proposed.rules,
        )
        for one in found
    ]
    return RulesInForce((first_rules(), *later))
