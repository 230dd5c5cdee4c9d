"""Documents that say who somebody is: their kinds, how a number is written, and what makes it wrong.

Chinese resident identity numbers: GB 11643-1999, with region, date of birth and check character; their region codes are
those of GB/T 2260, of which the first two digits are checked: a county's code outlives the county in old numbers.
Unified social credit codes: GB 32100-2015, whose organisation code has a check character of its own (GB 11714).
"""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from domain.codes import CustomerKind

DocumentKind = Literal[
    "resident_id",
    "passport",
    "travel_permit",
    "other_document",
    "unified_social_credit_code",
    "company_registration",
]

DocumentNumber = Annotated[
    str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\p{Cc}]*[\p{L}\p{N}][^\p{Cc}]*$")
]
"""The number of a document, however it was written: personal data wherever it stands."""

OF_CUSTOMERS: Final[Mapping[DocumentKind, CustomerKind]] = MappingProxyType(
    {
        "resident_id": "person",
        "passport": "person",
        "travel_permit": "person",
        "unified_social_credit_code": "organisation",
        "company_registration": "organisation",
    }
)
"""Who has such a document; one of a kind that is not here anybody may have."""

Fault = Literal[
    "document_length",
    "document_characters",
    "document_region",
    "document_date",
    "document_checksum",
    "document_organisation_checksum",
    "document_registrar",
]
"""What makes a number wrong; the edge tells it in words."""

OTHERS_MIN: Final = 4
"""A passport or permit has at least so many characters."""


def written_plainly(number: str) -> str:
    """A number as it is kept: half width, upper case, letters and digits alone."""
    wide = unicodedata.normalize("NFKC", number).upper()
    return "".join(one for one in wide if one.isalnum())


def fault_of(kind: DocumentKind, number: str, at: datetime) -> Fault | None:
    """What is wrong with a plainly written number, as of a time; None: nothing that the number itself shows."""
    return _FAULTS[kind](number, at)


def region_of(kind: DocumentKind, number: str) -> str | None:
    """The six digits of GB/T 2260 in a number; None: the kind has none."""
    return {"resident_id": number[:6], "unified_social_credit_code": number[2:8]}.get(kind)


# Resident identity numbers

_OF_REGIONS: Final = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
PROVINCES: Final = frozenset(str(one) for first, last in _OF_REGIONS for one in range(first, last + 1))
"""Provincial levels; 81 to 83 also begin the numbers of residence permits of people from Hong Kong, Macao, Taiwan."""

_RESIDENT_LENGTH: Final = 18
_RESIDENT_WEIGHTS: Final = tuple(2**place % 11 for place in range(17, 0, -1))
_RESIDENT_CHECKS: Final = "10X98765432"
_BORN_SINCE: Final = 1850


def resident_check(body: str) -> str:
    """The check character of the first 17 digits (ISO 7064 MOD 11-2)."""
    return _RESIDENT_CHECKS[sum(int(one) * weight for one, weight in zip(body, _RESIDENT_WEIGHTS, strict=True)) % 11]


def _resident_fault(number: str, at: datetime) -> Fault | None:
    if len(number) != _RESIDENT_LENGTH:
        return "document_length"
    body, check = number[:-1], number[-1]
    if not (_is_ascii_digits(body) and check in _RESIDENT_CHECKS):
        return "document_characters"
    if body[:2] not in PROVINCES:
        return "document_region"
    try:
        born = date(int(body[6:10]), int(body[10:12]), int(body[12:14]))
    except ValueError:
        return "document_date"
    if born.year < _BORN_SINCE or born > at.date():
        return "document_date"
    return None if resident_check(body) == check else "document_checksum"


# Unified social credit codes

CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_LENGTH: Final = 18
_CREDIT_WEIGHTS: Final = tuple(3**place % 31 for place in range(17))
_REGISTRARS: Final = frozenset("123456789ANY")
_ORGANISATION_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


def credit_check(body: str) -> str:
    """The check character of the first 17 characters (GB 32100: MOD 31)."""
    total = sum(CREDIT_ALPHABET.index(one) * weight for one, weight in zip(body, _CREDIT_WEIGHTS, strict=True))
    return CREDIT_ALPHABET[-total % 31]


def organisation_check(body: str) -> str:
    """The check character of the first 8 characters of an organisation code (GB 11714: MOD 11)."""
    total = sum(
        _ORGANISATION_ALPHABET.index(one) * weight for one, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X"[-total % 11]


def _credit_fault(number: str, _: datetime) -> Fault | None:
    if len(number) != _CREDIT_LENGTH:
        return "document_length"
    if not set(number) <= set(CREDIT_ALPHABET) or not _is_ascii_digits(number[2:8]):
        return "document_characters"
    if number[0] not in _REGISTRARS:
        return "document_registrar"
    if credit_check(number[:-1]) != number[-1]:
        return "document_checksum"
    return None if organisation_check(number[8:16]) == number[16] else "document_organisation_checksum"


# Others


def _other_fault(number: str, _: datetime) -> Fault | None:
    if len(number) < OTHERS_MIN:
        return "document_length"
    return None if number.isascii() else "document_characters"


def _free_fault(_number: str, _at: datetime) -> Fault | None:
    return None


def _is_ascii_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


_FAULTS: Final[Mapping[DocumentKind, Callable[[str, datetime], Fault | None]]] = MappingProxyType(
    {
        "resident_id": _resident_fault,
        "passport": _other_fault,
        "travel_permit": _other_fault,
        "other_document": _free_fault,
        "unified_social_credit_code": _credit_fault,
        "company_registration": _free_fault,
    }
)
