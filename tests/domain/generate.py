"""Messages made from their declared fields, and hypothesis strategies for reachable histories.

Values come from small pools, so that ids meet again and repeats, corrections and refusals happen.
The n-th message of a class is always the same one: a step of a history is one cheap, shrinkable draw.
"""

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from hypothesis import strategies as st
from pydantic import AwareDatetime, StringConstraints

from domain import (
    access_rules,
    attaching,
    clock_rules,
    codes,
    erasure,
    identity_documents,
    linking_rules,
    privacy_rules,
    sampling,
    unusual_access,
)
from domain import touch_messages as touches
from domain.kernel import Aggregate, Command, Event, Message, Refusal

IDS = tuple(UUID(int=0x018BCFE5_6800_7000_8000_000000000000 + n) for n in range(2))
STREAM = UUID(int=0x018BCFE5_6800_7000_8000_0000000000FF)
VARIANTS = 100

_POOLS: Mapping[Any, tuple[Any, ...]] = {
    UUID: IDS,
    bool: (False, True),
    types.NoneType: (None,),
    date: (date(2012, 2, 29), date(2026, 12, 31)),
    AwareDatetime: (
        datetime(2012, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=8))),
    ),
    # Annotations that pydantic has already taken apart name the plain class.
    datetime: (datetime(2026, 11, 2, 9, tzinfo=UTC),),
}


def _pool(text: Any, *pool: str) -> dict[StringConstraints, tuple[str, ...]]:
    (constraints,) = text.__metadata__
    return {constraints: pool}


_TEXTS: Mapping[StringConstraints, tuple[str, ...]] = {
    **_pool(codes.Code, "mortgage", "us.cfpb", "a-1_b.c"),
    **_pool(codes.Label, "Closed with explanation", "按揭贷款"),
    **_pool(codes.Reference, "CASE-2026/0001", "7"),
    **_pool(codes.ActorId, "staff:17", "staff:18", "staff:19"),
    **_pool(codes.Country, "CN", "GB"),
    **_pool(codes.Region, "US-FL", "CN-GD"),
    **_pool(codes.PostalPrefix, "330", "SW1A"),
    **_pool(codes.Language, "zh-Hans-CN", "en", "es-419"),
    **_pool(codes.Currency, "CNY", "EUR"),
    **_pool(codes.Text, "I was charged twice.\nXXXX", "投诉 🏦"),
    **_pool(codes.PersonalLine, "Zoë O'Brien", "王小明"),
    **_pool(attaching.Content, "aGVsbG8K", "JVBERi0xLjc="),
    **_pool(attaching.FileName, "passport.pdf", "录音 1.m4a"),
    **_pool(access_rules.NamePattern, "access-table.*", "customer.*"),
    **_pool(access_rules.FieldName, "identity", "name"),
    **_pool(identity_documents.DocumentNumber, "110101199001120169", "110101199001160179"),  # of every kind at once
    **_pool(linking_rules.MailboxName, "info", "office"),
    **_pool(linking_rules.MailDomain, "trading.example"),
    **_pool(codes.Sha256, "ab" * 32, "0f" * 32),
    **_pool(privacy_rules.RecordClass, "identity", "contact"),
    **_pool(clock_rules.TimeOfDay, "17:00", "23:59"),
    **_pool(clock_rules.Zone, "Asia/Shanghai", "Europe/London", "Mars/Olympus_Mons"),
    **_pool(sampling.PeriodName, "2026-11", "2026-W48"),
    **_pool(erasure.StoreName, "vault", "key-file"),
    **_pool(unusual_access.TypePattern, "interaction.*", "survey.answered"),
    **_pool(touches.AttributeName, "job", "emp.var.rate"),
    **_pool(touches.AttributeText, "", "-1.8", "blue-collar"),
}


def _choice(pool: tuple[Any, ...], random: Random) -> Any:
    """Choose from a pool; of a long vocabulary mostly the first words, so that they meet again."""
    return random.choice(pool) if len(pool) <= 5 else pool[int(len(pool) * random.random() ** 6)]


def _integer(marks: list[Any], random: Random) -> int:
    least = max(mark.ge for mark in marks if hasattr(mark, "ge"))
    most = min(mark.le for mark in marks if hasattr(mark, "le"))
    return random.choice([least, most, *(near for near in (0, 1, 5, 10) if least <= near <= most)])


def _flat(metadata: tuple[Any, ...]) -> list[Any]:
    return [one for mark in metadata for one in (getattr(mark, "metadata", None) or [mark])]


def _container(origin: Any, arguments: tuple[Any, ...], random: Random, least: int) -> Any:
    if origin is tuple:
        return tuple(value(arguments[0], random) for _ in range(random.randrange(least, 3)))
    if origin is dict:
        return {value(arguments[0], random): value(arguments[1], random) for _ in range(random.randrange(3))}
    return value(random.choice(arguments), random)


def value(kind: Any, random: Random, metadata: tuple[Any, ...] = ()) -> Any:
    """Make a value of an annotation, `Annotated` constraints included."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *marks = get_args(kind)
        return value(inner, random, (*marks, *metadata))
    if kind in _POOLS or origin is Literal:
        return _choice(_POOLS.get(kind, get_args(kind)), random)
    if origin in {tuple, dict, Union, types.UnionType}:
        least = max((mark.min_length for mark in _flat(metadata) if hasattr(mark, "min_length")), default=0)
        return _container(origin, get_args(kind), random, least)
    if hasattr(kind, "__pydantic_fields__"):
        return made(kind, random)
    marks = _flat(metadata)
    if kind is int:
        return _integer(marks, random)
    return random.choice(next(_TEXTS[mark] for mark in marks if isinstance(mark, StringConstraints)))


def made(kind: Any, random: Random, **fixed: Any) -> Any:
    """Make a message or value of a class, with some fields fixed."""
    fields = kind.__pydantic_fields__
    values = {name: value(info.annotation, random, tuple(info.metadata)) for name, info in fields.items()}
    return kind(**{**values, **fixed})


@cache
def variant(kind: type[Message], number: int) -> Any:
    """Make the n-th message of a class; commands all go to one stream."""
    fixed = {kind.stream_field: STREAM} if issubclass(kind, Command) else {}
    return made(kind, Random(f"{kind.__name__} {number}"), **fixed)


def messages(*kinds: type[Message]) -> st.SearchStrategy[Any]:
    """Choose a message of one of the classes."""
    last = len(kinds) * VARIANTS - 1
    return st.integers(0, last).map(lambda number: variant(kinds[number % len(kinds)], number // len(kinds)))


@dataclass(frozen=True)
class Reached:
    """A state and the events that led there."""

    state: Any
    events: tuple[Event, ...]


def reach(aggregate: Aggregate[Any], wanted: list[Command]) -> Reached:
    """Decide commands one after another, passing over the refused ones."""
    state, events = aggregate.initial, []
    for command in wanted:
        try:
            decided = aggregate.decide(command, state)
        except Refusal:
            continue
        for event in decided:
            state = aggregate.evolve(state, event)
            events.append(event)
    return Reached(state, tuple(events))


def reachable(aggregate: Aggregate[Any], steps: int = 15) -> st.SearchStrategy[Reached]:
    """Reach a state by random commands, of which the refused ones are passed over."""
    opening, *others = [kind for kind in aggregate.commands if not kind.opens]
    begun = st.tuples(messages(opening), st.lists(messages(*others), max_size=steps))
    wanted = st.just([]) | begun.map(lambda parts: [parts[0], *parts[1]])
    return wanted.map(lambda commands: reach(aggregate, commands))
