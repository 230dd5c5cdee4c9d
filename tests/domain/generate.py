"""Hypothesis strategies for messages, read from their declared fields, and for reachable histories.

Values come from small pools, so that ids meet again and repeats, corrections and refusals happen.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st
from pydantic import AwareDatetime, StringConstraints

from domain import codes
from domain import touch as touches
from domain.kernel import Aggregate, Command, Event, Refusal

IDS = tuple(UUID(int=0x018BCFE5_6800_7000_8000_000000000000 + n) for n in range(2))
STREAM = UUID(int=0x018BCFE5_6800_7000_8000_0000000000FF)

_TIMES = (
    datetime(2012, 2, 29, 23, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
)
_DATES = (date(2012, 2, 29), date(2026, 12, 31))


def _pool(text: Any, *values: str) -> dict[StringConstraints, st.SearchStrategy[str]]:
    (constraints,) = text.__metadata__
    return {constraints: st.sampled_from(values)}


_TEXTS: Mapping[StringConstraints, st.SearchStrategy[str]] = {
    **_pool(codes.Code, "mortgage", "us.cfpb", "a-1_b.c"),
    **_pool(codes.Label, "Closed with explanation", "按揭贷款"),
    **_pool(codes.Reference, "CASE-2026/0001", "7"),
    **_pool(codes.ActorId, "staff:17", "staff:18"),
    **_pool(codes.Country, "CN", "GB"),
    **_pool(codes.Region, "US-FL", "CN-GD"),
    **_pool(codes.PostalPrefix, "330", "SW1A"),
    **_pool(codes.Language, "zh-Hans-CN", "en", "es-419"),
    **_pool(codes.Currency, "CNY", "EUR"),
    **_pool(codes.Text, "I was charged twice.\nXXXX", "投诉 🏦"),
    **_pool(codes.PersonalLine, "Zoë O'Brien", "王小明"),
    **_pool(touches.AttributeName, "job", "emp.var.rate"),
    **_pool(touches.AttributeText, "", "-1.8", "blue-collar"),
}


def _integers(metadata: list[Any]) -> st.SearchStrategy[int]:
    least = max(mark.ge for mark in metadata if hasattr(mark, "ge"))
    most = min(mark.le for mark in metadata if hasattr(mark, "le"))
    near = [value for value in (0, 1, 5, 10) if least <= value <= most]
    return st.sampled_from([least, most, *near])


def _scalars(kind: Any, metadata: list[Any]) -> st.SearchStrategy[Any]:
    if kind is str:
        (constraints,) = (mark for mark in metadata if isinstance(mark, StringConstraints))
        return _TEXTS[constraints]
    if kind is int:
        return _integers(metadata)
    pools: dict[Any, tuple[Any, ...]] = {UUID: IDS, date: _DATES, datetime: _TIMES, bool: (False, True)}
    return st.sampled_from(pools[kind])


def _containers(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is dict:
        return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)
    return st.one_of([values(argument) for argument in reversed(arguments)])


def values(kind: Any, metadata: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """Make values of an annotation, `Annotated` constraints included."""
    origin = get_origin(kind)
    if kind is AwareDatetime:
        return st.sampled_from(_TIMES)
    if kind is types.NoneType:
        return st.none()
    if origin is Annotated:
        inner, *marks = get_args(kind)
        return values(inner, (*marks, *metadata))
    if origin is Literal:
        return st.sampled_from(get_args(kind))
    if origin in {tuple, dict, Union, types.UnionType}:
        return _containers(origin, get_args(kind))
    if hasattr(kind, "__pydantic_fields__"):
        return messages(kind)
    marks = [one for mark in metadata for one in (getattr(mark, "metadata", None) or [mark])]
    return _scalars(kind, marks)


def messages(kind: Any, **fixed: Any) -> st.SearchStrategy[Any]:
    """Make messages or values of a class, with some fields fixed."""
    fields = kind.__pydantic_fields__
    made = {name: values(info.annotation, tuple(info.metadata)) for name, info in fields.items()}
    made |= {name: st.just(value) for name, value in fixed.items()}
    return st.fixed_dictionaries(made).map(lambda given: kind(**given))


def commands(kind: type[Command]) -> st.SearchStrategy[Command]:
    """Make commands of a class, all to one stream."""
    return _commands[kind] if kind in _commands else _commands.setdefault(kind, _to_one_stream(kind))


def _to_one_stream(kind: type[Command]) -> st.SearchStrategy[Command]:
    return messages(kind, **{kind.stream_field: STREAM})


_commands: dict[type[Command], st.SearchStrategy[Command]] = {}


@dataclass(frozen=True)
class Reached:
    """A state and the events that led there."""

    state: Any
    events: tuple[Event, ...]


@st.composite
def reachable(draw: st.DrawFn, aggregate: Aggregate[Any], steps: int = 12) -> Reached:
    """Reach a state by random commands, of which the refused ones are passed over."""
    state, events = aggregate.initial, []
    opening, *others = aggregate.commands
    wanted = draw(st.lists(st.one_of([commands(kind) for kind in others]), max_size=steps))
    if wanted or draw(st.booleans()):
        wanted = [draw(commands(opening)), *wanted]
    for command in wanted:
        try:
            decided = aggregate.decide(command, state)
        except Refusal:
            continue
        for event in decided:
            state = aggregate.evolve(state, event)
            events.append(event)
    return Reached(state, tuple(events))
