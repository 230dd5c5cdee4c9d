"""What the codes of the closed vocabularies are called, for screens and letters."""

from collections import abc
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from api.bodies import JSON
from api.language import TAGS, Language, label, spoken, spoken_headers
from domain import AGGREGATES, event_types
from domain.access_rules import Role
from domain.attaching import MediaType

_ENGLISH: Final[Mapping[str, str]] = MappingProxyType(
    {"atm": "ATM", "ces": "CES", "csat": "CSAT", "email": "E-mail", "nps": "NPS", "sms": "SMS"}
)
"""Labels that are more than the code with a capital letter and blanks."""

_BLANKS: Final = str.maketrans("_-.", "   ")
_UNSHOWN: Final = frozenset({"absent", *get_args(MediaType)})
"""Codes that no person is shown, or that are names already."""


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(tags=["reference"], default_response_class=Response)
    made.add_api_route("/labels", _labels, methods=["GET"], operation_id="labels")
    return made


async def _labels() -> Response:
    """What each code is called, by vocabulary, in English or Chinese as `Accept-Language` prefers."""
    return Response(_body(spoken()), 200, {**spoken_headers(), "Cache-Control": "max-age=3600"}, JSON)


@cache
def _body(language: Language) -> bytes:
    told = {
        name: {code: label(name, english_of(code), language) for code in codes}
        for name, codes in vocabularies().items()
    }
    return orjson.dumps({"language": TAGS[language], "labels": told})


def english_of(code: str) -> str:
    """The English label of a code."""
    known = _ENGLISH.get(code)
    if known is not None:
        return known
    text = code.translate(_BLANKS).replace("follow up", "follow-up") if code[:1].isalpha() else code
    return text[:1].upper() + text[1:]


@cache
def vocabularies() -> Mapping[str, tuple[str, ...]]:
    """Every closed vocabulary by the name of the field that it stands in, its codes in declared order."""
    found: dict[str, dict[str, None]] = {
        "event": dict.fromkeys(event_types()),
        "role": dict.fromkeys(get_args(Role)),
    }
    for aggregate in AGGREGATES:
        state = cast("type[Any]", type(aggregate.initial))
        for holder in (*aggregate.events, *aggregate.commands, state):
            for name, code in _codes_of(holder):
                found.setdefault(name, {})[code] = None
    return MappingProxyType({name: tuple(codes) for name, codes in sorted(found.items())})


def _codes_of(holder: type[Any]) -> Iterator[tuple[str, str]]:
    """Field and code of each literal that may stand in a message, a state or a value in them."""
    names = [one.name for one in fields(holder)] if is_dataclass(holder) else list(holder.model_fields)
    hints = get_type_hints(holder)
    for name in names:
        yield from _literals(name, hints[name])


def _literals(name: str, hint: object) -> Iterator[tuple[str, str]]:
    if get_origin(hint) is Literal:
        yield from ((name, code) for code in get_args(hint) if code not in _UNSHOWN)
    elif get_origin(hint) in {dict, abc.Mapping}:
        yield from _literals(name, get_args(hint)[1])  # the codes that it is keyed by stand in fields as well
    elif isinstance(hint, type) and is_dataclass(hint):
        yield from _codes_of(hint)
    else:
        for part in get_args(hint):
            yield from _literals(name, part)
