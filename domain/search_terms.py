"""By what customers are searched, and how a value is written so that the same value is always the same text."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from domain.postal_addresses import HAN, compared

SearchKind = Literal["name", "phone", "email", "address", "document"]


class ByField(NamedTuple):
    """What kind a value is, told by another field of the same event; a value of no pair is not searched for."""

    field: str
    kinds: tuple[tuple[str, SearchKind], ...]


SEARCHED_CONTACT_POINTS: Final = ByField(
    "kind", (("phone", "phone"), ("mobile", "phone"), ("email", "email"), ("postal_address", "address"))
)

SEARCHED_DOCUMENTS: Final[SearchKind] = "document"


def normalised(kind: SearchKind, value: str) -> str:
    """A value as it is compared; empty if nothing is left to search by.

    Names: NFKC, case folded, spaces collapsed; between Chinese characters a space says nothing, and the dot between the
    parts of a name is one dot, whichever was typed. Traditional and simplified characters stay two: they can be two
    names. E-mail: NFKC, case folded, without any space. Phone numbers: digits, with the plus of an international
    number; 00 in front is that plus, a trunk zero in brackets goes. No country is assumed: a number written without its
    country is found as it was written. Postal addresses: see `domain.postal_addresses`. Documents: NFKC, case
    folded, letters and digits alone.
    """
    return _NORMALISE[kind](_folded(value))


def _folded(value: str) -> str:
    """NFKC and case folding, in the order that leaves nothing to fold again."""
    for _ in range(2):
        value = unicodedata.normalize("NFKC", unicodedata.normalize("NFKD", value).casefold())
    return value


def _name(folded: str) -> str:
    return _HAN_SPACE.sub("", " ".join(_NAME_DOT.sub("\u00b7", folded).split()))


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


def _address(folded: str) -> str:
    return _folded(compared(folded))


def _document(folded: str) -> str:
    return _folded("".join([one for one in folded if one.isalnum()]))


_HAN_SPACE: Final = re.compile(f"(?<=[{HAN}]) (?=[{HAN}])")
_NAME_DOT: Final = re.compile(r" *[\u00b7\u2022\u2027\u22c5\u30fb] *")
_TRUNK_ZERO: Final = re.compile(r"(?<=\d)\s*\(0\)")
_INTERNATIONAL: Final = re.compile(r"00\d")
_PLUS: Final = re.compile(r"^[^\d+]*\+")
_NORMALISE: Final[Mapping[SearchKind, Callable[[str], str]]] = MappingProxyType(
    {"name": _name, "phone": _phone, "email": _email, "address": _address, "document": _document}
)
