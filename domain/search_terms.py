"""By what customers are searched, and how a value is written so that the same value is always the same text."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

SearchKind = Literal["name", "phone", "email"]


class ByField(NamedTuple):
    """What kind a value is, told by another field of the same event; a value of no pair is not searched for."""

    field: str
    kinds: tuple[tuple[str, SearchKind], ...]


SEARCHED_CONTACT_POINTS: Final = ByField("kind", (("phone", "phone"), ("mobile", "phone"), ("email", "email")))


def normalised(kind: SearchKind, value: str) -> str:
    """A value as it is compared; empty if nothing is left to search by.

    Names: NFKC, case folded, spaces collapsed. E-mail: the same, without any space. Phone numbers: digits, with the
    plus of an international number; 00 in front is that plus, a trunk zero in brackets goes. No country is assumed:
    a number written without its country is found as it was written.
    """
    return _NORMALISE[kind](_folded(value))


def _folded(value: str) -> str:
    """NFKC and case folding, in the order that leaves nothing to fold again."""
    for _ in range(2):
        value = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", value).casefold())
    return value


def _name(folded: str) -> str:
    return " ".join(folded.split())


def _email(folded: str) -> str:
    return _folded("".join(folded.split()))  # an accent may stand beside its letter only now


def _phone(folded: str) -> str:
    decimals = [unicodedata.decimal(one, None) for one in _TRUNK_ZERO.sub("", folded)]
    digits = "".join([str(one) for one in decimals if one is not None])
    if not digits:
        return ""
    if _PLUS.match(folded):
        return f"+{digits}"
    return f"+{digits[2:]}" if _INTERNATIONAL.match(digits) else digits


_TRUNK_ZERO: Final = re.compile(r"(?<=\d)\s*\(0\)")
_INTERNATIONAL: Final = re.compile(r"00\d")
_PLUS: Final = re.compile(r"^[^\d+]*\+")
_NORMALISE: Final[Mapping[SearchKind, Callable[[str], str]]] = MappingProxyType(
    {"name": _name, "phone": _phone, "email": _email}
)
