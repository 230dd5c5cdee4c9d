"""A body for every command, and an answer for every query; tests send and compare them all."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from domain import AGGREGATES


@cache
def bodies() -> Mapping[str, Any]:
    """An example body by the command's type; those of a stream can be sent one after the other."""
    merged: dict[str, Any] = {}
    for aggregate in AGGREGATES:
        merged |= orjson.loads((files(__name__) / f"{aggregate.name}.json").read_bytes())
    return merged


@cache
def events_of() -> Mapping[str, str]:
    """The event that each command's example leads to."""
    return orjson.loads((files(__name__) / "events.json").read_bytes())


@cache
def answers() -> Mapping[str, Any]:
    """An example answer by the query's operation id."""
    return orjson.loads((files(__name__) / "answers.json").read_bytes())
