"""American places as codes: states as ISO 3166-2, postal codes by their leading digits."""

import re
from typing import Final, NamedTuple

_STATES: Final = (
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY",
    "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH",
    "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY",
)  # fmt: skip
# Outlying areas are subdivisions of US in ISO 3166-2 as well as countries in ISO 3166-1.
_TERRITORIES: Final = ("AS", "GU", "MP", "PR", "UM", "VI")
_REGIONS: Final = {code: f"US-{code}" for code in (*_STATES, *_TERRITORIES)} | {
    "UNITED STATES MINOR OUTLYING ISLANDS": "US-UM"
}
# No subdivision of any country: military post offices, and countries served by the US post.
_NO_REGION: Final = {
    "AA": "region-military",
    "AE": "region-military",
    "AP": "region-military",
    "FM": "region-not-us",
    "MH": "region-not-us",
    "PW": "region-not-us",
}
# Where postal codes begin with 0, and a spreadsheet drops it.
_LEADING_ZERO: Final = frozenset({"CT", "MA", "ME", "NH", "NJ", "RI", "VT", "AE"})
_LEADING_ZEROS: Final = frozenset({"PR", "VI"})
# The 17 areas of 20,000 people or fewer (census of 2000), whose three digits may point to a person:
# guidance of the US Department of Health on 45 CFR 164.514(b), 2012.
_FEW_PEOPLE: Final = frozenset({
    "036", "059", "063", "102", "203", "556", "692", "790", "821", "823", "830", "831", "878", "879", "884",
    "890", "893",
})  # fmt: skip
_WHOLE: Final = re.compile(r"[0-9]{5}(?:-?[0-9]{4})?")
_MASKED: Final = re.compile(r"[0-9]{3}XX", re.IGNORECASE)
_SHORT: Final = re.compile(r"[0-9]{3,4}")


class Region(NamedTuple):
    """`code` is ISO 3166-2 or None; `note` says why there is none."""

    code: str | None
    note: str | None = None


class PostalCode(NamedTuple):
    """`whole` is personal; `prefix` is three digits shared by many, or None."""

    whole: str | None
    prefix: str | None
    note: str | None = None


def region_of(state: str) -> Region | None:
    """The region of a state's code; None if there is no such state."""
    code = state.upper()
    region = _REGIONS.get(code)
    if region is not None:
        return Region(region)
    note = _NO_REGION.get(code)
    return None if note is None else Region(None, f"{note}:{code}")


def postal_code_of(text: str, state: str) -> PostalCode:
    """Read a postal code; one of another form stays whole, and is noted."""
    if _WHOLE.fullmatch(text):
        return _shared(text, text[:3], None)
    if _MASKED.fullmatch(text):
        return _shared(None, text[:3], None)
    if text.upper() == "XXXXX":
        return PostalCode(None, None)
    lost = 5 - len(text)
    if _SHORT.fullmatch(text) and state.upper() in (_LEADING_ZERO if lost == 1 else _LEADING_ZEROS):
        whole = text.zfill(5)
        return _shared(whole, whole[:3], "postal-code-zeros-inferred")
    return PostalCode(text, None, "postal-code-form-unknown")


def _shared(whole: str | None, prefix: str, note: str | None) -> PostalCode:
    return PostalCode(whole, None if prefix in _FEW_PEOPLE else prefix, note)
