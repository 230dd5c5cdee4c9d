"""The rules of unusual access in force."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from pydantic import TypeAdapter

from domain.unusual_access import WatchRules

FIRST_VERSION: Final = 0
"""The version of the rules that come with the program."""

_RULES: Final = TypeAdapter(WatchRules)


class VersionedRules(NamedTuple):
    """Rules with the version that rows of unusual access name."""

    version: int
    rules: WatchRules


@cache
def first_rules() -> VersionedRules:
    """The rules that come with the program."""
    return VersionedRules(
        FIRST_VERSION, rules_of((files("engine") / "unusual_access.toml").read_text(encoding="utf-8"))
    )


def rules_of(text: str) -> WatchRules:
    """The rules as people write them, in TOML.

    Raises:
        ValueError: they are no such rules; the message says where.
    """
    told = {name.replace("-", "_"): of for name, of in tomllib.loads(text).items()}
    return _RULES.validate_python(told)
