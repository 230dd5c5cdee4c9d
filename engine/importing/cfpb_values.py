"""What the coded values of a CFPB row mean, and what had to be inferred from them."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, TypeVar

from domain.codes import Channel
from domain.complaint_intake import NarrativeConsent
from engine.importing.cfpb_words import CHANNELS, CONSENTS, RESPONSES, YES_NO, ResponseMeaning
from engine.importing.places import PostalCode, Region, postal_code_of, region_of
from engine.importing.reading import day_of
from engine.importing.verdict import Reason, Unreadable

T = TypeVar("T")

_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_CONTROL: Final = re.compile("[\x80-\x9f]")
# Text in Windows-1252 that somebody took for Latin-1 has control characters in place of these letters.
_LETTERS: Final = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_NO_RESPONSE: Final = RESPONSES[""]
_NOWHERE: Final = Region(None)
_NO_POSTAL_CODE: Final = PostalCode(None, None)


class Values(NamedTuple):
    """A row's texts without the space around them, in the order of `cfpb_words.COLUMNS`."""

    complaint_id: str
    received_on: str
    sent_on: str
    product: str
    sub_product: str
    issue: str
    sub_issue: str
    company: str
    state: str
    postal_code: str
    channel: str
    tags: str
    event_tag: str
    consent: str
    narrative: str
    public_response: str
    company_response: str
    timely: str
    disputed: str

    @classmethod
    def of(cls, texts: Sequence[str]) -> "tuple[Values, tuple[str, ...]]":
        """Take a row's values, in order, and say what had to be repaired."""
        values = [text.strip() for text in texts]
        if _CONTROL.search("".join(values)) is None:
            return cls._make(values), ()
        return cls._make([text.translate(_LETTERS) for text in values]), ("windows-1252-in-utf-8",)


class Meaning(NamedTuple):
    """What they mean, in the domain's words."""

    received_on: date
    sent_on: date | None
    region: Region
    postal_code: PostalCode
    channel: Channel
    consent: NarrativeConsent | None
    response: ResponseMeaning
    timely: bool | None
    disputed: bool | None


def meaning_of(values: Values, *, numbered: bool) -> Meaning:
    """Look every coded value up; `numbered`: the file has complaint numbers.

    Raises:
        Unreadable: with all that is wrong.
    """
    reasons: list[Reason] = []
    if numbered and not _NUMBER.fullmatch(values.complaint_id):
        reasons.append(Reason("number-unreadable" if values.complaint_id else "value-missing", "complaint_id"))
    if not values.product:
        reasons.append(Reason("value-missing", "product"))
    if not values.company:
        reasons.append(Reason("value-missing", "company"))
    received_on = _day(values.received_on, "received_on", reasons)
    if received_on is None and not values.received_on:
        reasons.append(Reason("value-missing", "received_on"))
    meaning = Meaning(
        received_on or date.min,
        _day(values.sent_on, "sent_on", reasons),
        _region(values.state, reasons),
        postal_code_of(values.postal_code, values.state) if values.postal_code else _NO_POSTAL_CODE,
        _looked_up(CHANNELS, values.channel, "channel", reasons, "other"),
        _looked_up(CONSENTS, values.consent, "consent", reasons, None),
        _looked_up(RESPONSES, values.company_response, "company_response", reasons, _NO_RESPONSE),
        _looked_up(YES_NO, values.timely, "timely", reasons, None),
        _looked_up(YES_NO, values.disputed, "disputed", reasons, None),
    )
    if reasons:
        raise Unreadable(*reasons)
    return meaning


def notes_of(values: Values, meaning: Meaning) -> tuple[str, ...]:
    """Codes of what is odd about the row, or was inferred."""
    notes: list[str] = []
    if meaning.sent_on is None:
        notes.append("sent-date-missing")
    elif meaning.sent_on < meaning.received_on:
        notes.append("sent-before-received")
    if meaning.region.note is not None:
        notes.append(meaning.region.note)
    if meaning.postal_code.note is not None:
        notes.append(meaning.postal_code.note)
    kind = meaning.response.kind
    if kind == "none":
        notes.append("response-missing")
    if kind != "final" and meaning.timely is not None:
        # Only a final response has a place for it in the record.
        notes.append(f"timely-asserted-before-final:{values.timely.lower()}")
    if kind != "final" and meaning.disputed:
        notes.append("disputed-before-final")
    return tuple(notes)


def _looked_up(table: Mapping[str, T], text: str, field: str, reasons: list[Reason], otherwise: T) -> T:
    try:
        return table[text.lower()]
    except KeyError:
        reasons.append(Reason("word-unknown" if text else "value-missing", field))
        return otherwise


def _day(text: str, field: str, reasons: list[Reason]) -> date | None:
    if not text:
        return None
    day = day_of(text)
    if day is None:
        reasons.append(Reason("date-unreadable", field))
    return day


def _region(state: str, reasons: list[Reason]) -> Region:
    if not state:
        return _NOWHERE
    region = region_of(state)
    if region is None:
        reasons.append(Reason("word-unknown", "state"))
        return _NOWHERE
    return region
