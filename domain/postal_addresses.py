"""Postal addresses as people write them: how one is compared, and what makes a Chinese one wrong.

A postal code of China has six digits, of which the first two stand for a province; which of them there are is as China
Post assigns them. Counties and streets are not known here.
"""

import re
import unicodedata
from typing import Final, Literal

Fault = Literal["address_postal_code", "address_place"]
"""What makes an address wrong; the edge tells it in words."""

HAN: Final = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""Chinese characters, as the inside of a class of a regular expression."""

_HAN: Final = re.compile(f"[{HAN}]")
_LABEL: Final = "(?:\u90ae\u653f\u7f16\u7801|\u90ae\u7f16)"
_LABELLED: Final = re.compile(rf"{_LABEL}[\s:]*(\d+)")
_CODE: Final = re.compile(r"(?:0[1-7]|1[0-6]|2[0-7]|3[0-6]|4[0-7]|5[1-7]|6[1-7]|7[1-5]|8[1-6]|99)\d{4}", re.ASCII)
# Province, city, district, county, banner, township, village, road, lane, number, building, in both scripts.
_PLACE: Final = re.compile(
    "[\u7701\u5e02\u533a\u5340\u53bf\u7e23\u7e0c\u65d7\u5dde\u76df\u4e61\u9109\u9547\u93ae\u6751\u8857\u8def\u9053\u5df7\u5f04"
    "\u53f7\u865f\u91cc\u697c\u6a13\u5ba4\u5e84\u838a\u56ed\u5712\u753a\u5e9c\u90fd]|\\d"
)
_SEPARATORS: Final = re.compile(r"[\W_]+")
_BETWEEN: Final = re.compile(f"(?<=[{HAN}]) | (?=[{HAN}])")
_SAYS_NOTHING: Final = re.compile(
    rf"{_LABEL}\d{{6}}(?!\d)|^(?:\u4e2d\u534e\u4eba\u6c11\u5171\u548c\u56fd|\u4e2d\u56fd)?(?:\d{{6}})?(?=[{HAN}])"
)


def fault_of(address: str) -> Fault | None:
    """What is wrong with an address in Chinese characters; None: nothing that it shows itself, or it is in others."""
    written = unicodedata.normalize("NFKC", address)  # digits may be as wide as characters
    if _HAN.search(written) is None:
        return None
    labelled = _LABELLED.search(written)
    if labelled is not None and _CODE.fullmatch(labelled[1]) is None:
        return "address_postal_code"
    return None if _PLACE.search(written) else "address_place"


def compared(folded: str) -> str:
    """A folded address as it is compared: letters and digits, a space between two where something stands.

    Between Chinese characters nothing is left. There the country and the postal code say nothing, since the rest says
    where it is, and one writes them and another does not.
    """
    text = _BETWEEN.sub("", _SEPARATORS.sub(" ", folded).strip())
    while (shorter := _SAYS_NOTHING.sub("", text).strip()) != text:
        text = shorter
    return text
