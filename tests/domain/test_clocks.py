"""Boundary cases of every clock, counted by hand from the rules cited; weekdays stand beside the days."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from domain.clocks import clocks_of
from tests.domain.clock_scenes import CN, ENGLAND, FAR, SEED, at, catalogue, clock, facts

ART_18 = "Order 2020 No. 3 art. 18"
ART_21 = "Order 2020 No. 3 art. 21"
CIVIL_201, CIVIL_202, CIVIL_203 = (f"Civil Code art. {number}" for number in (201, 202, 203))
R = ("received", "2026-03-02")  # a Monday
DECIDED = "decision-notified"

Case = tuple[str, str, list[tuple[Any, ...]], str]

COMPLEX = {"key": "cn.decide", "code": "complex"}
SPECIAL = {
    "key": "cn.decide", "code": "special", "level": "superior", "notice_at": datetime(2026, 3, 30, tzinfo=UTC),
}  # fmt: skip
APPRAISAL = {"key": "p1", "code": "external-appraisal"}
MEDIATION = {"key": "p2", "code": "mediation"}


def agreed(when: str, day: str, name: str = "cn.decide") -> tuple[Any, ...]:
    return "agreed", when, {"key": name, "due_on": date.fromisoformat(day)}


# rule, what is special, facts, the last day
CN_DUE: list[Case] = [
    (CIVIL_201, "the day of receipt does not count", [R], "2026-03-17"),
    (CIVIL_201, "received on a Sunday", [("received", "2026-03-01")], "2026-03-16"),
    (CIVIL_201, "received in the last second of a day", [("received", "2026-03-02 23:59:59")], "2026-03-17"),
    (CIVIL_201, "received at the first moment of the next", [("received", "2026-03-03 00:00")], "2026-03-18"),
    (ART_18, "received after close of business", [("received", "2026-03-02 18:30")], "2026-03-17"),
    (CIVIL_201, "the day is Beijing's, whatever UTC has", [("received", "2026-03-01T16:30:00Z")], "2026-03-17"),
    (CIVIL_203, "last day a Saturday", [("received", "2026-03-06")], "2026-03-23"),
    (CIVIL_203, "last day a Sunday", [("received", "2026-03-07")], "2026-03-23"),
    (CIVIL_203, "last day in Spring Festival", [("received", "2026-02-02")], "2026-02-24"),
    (CIVIL_203, "last day a make-up Saturday before it", [("received", "2026-01-30")], "2026-02-14"),
    (CIVIL_203, "last day a make-up Saturday after it", [("received", "2026-02-13")], "2026-02-28"),
    (CIVIL_203, "last day on Mid-Autumn, a Friday", [("received", "2026-09-10")], "2026-09-28"),
    (CIVIL_203, "last day on National Day", [("received", "2026-09-16")], "2026-10-08"),
    (CIVIL_203, "last day a make-up Saturday in October", [("received", "2026-09-25")], "2026-10-10"),
    (CIVIL_203, "last day the last of Labour Day", [("received", "2026-04-20")], "2026-05-06"),
    (CIVIL_203, "last day on Tomb-Sweeping, a Saturday", [("received", "2026-03-20")], "2026-04-07"),
    (CIVIL_203, "New Year, then a make-up Sunday", [("received", "2025-12-17")], "2026-01-04"),
    (CIVIL_203, "the last day before a holiday does not roll", [("received", "2026-04-15")], "2026-04-30"),
    (ART_18, "complex: 30 from receipt", [R, ("extended", "2026-03-10", COMPLEX)], "2026-04-01"),
    (ART_18, "extended on the last day", [R, ("extended", "2026-03-17 23:30", COMPLEX)], "2026-04-01"),
    (
        ART_18, "extended on the day that the last one rolled to",
        [("received", "2026-03-06"), ("extended", "2026-03-22", COMPLEX)], "2026-04-07",
    ),
    (ART_18, "extended too late changes nothing", [R, ("extended", "2026-03-18 00:01", COMPLEX)], "2026-03-17"),
    (
        ART_18, "special: 30 more, and the end rolls over Labour Day",
        [R, ("extended", "2026-03-10", COMPLEX), ("extended", "2026-03-31", SPECIAL)], "2026-05-06",
    ),
    (
        ART_18, "special, approved by head office",
        [R, ("extended", "2026-03-10", COMPLEX), ("extended", "2026-03-31", {**SPECIAL, "level": "head-office"})],
        "2026-05-06",
    ),
    (
        ART_18, "special, approved by the institution itself, does not count",
        [R, ("extended", "2026-03-10", COMPLEX), ("extended", "2026-03-31", {**SPECIAL, "level": "own"})],
        "2026-04-01",
    ),
    (
        ART_18, "special, and the complainant was not told",
        [R, ("extended", "2026-03-10", COMPLEX), ("extended", "2026-03-31", {**SPECIAL, "notice_at": None})],
        "2026-04-01",
    ),
    (
        ART_18, "special, and the complainant was told too late",
        [
            R, ("extended", "2026-03-10", COMPLEX),
            ("extended", "2026-03-31", {**SPECIAL, "notice_at": at("2026-04-02")}),
        ],
        "2026-04-01",
    ),
    (
        ART_18, "a shorter extension than the cap, its end a Sunday",
        [R, ("extended", "2026-03-10", {**COMPLEX, "more": 5})], "2026-03-23",
    ),
    (
        ART_18, "more than the cap is the cap",
        [R, ("extended", "2026-03-10", {**COMPLEX, "more": 30})], "2026-04-01",
    ),
    (
        ART_18, "an extension told by its length alone",
        [R, ("extended", "2026-03-10", {"key": "cn.decide", "more": 15, "unit": "natural-day"})], "2026-04-01",
    ),
    (
        ART_18, "an extension until a day, its end a Sunday",
        [R, ("extended", "2026-03-10", {"key": "cn.decide", "until": at("2026-03-22")})], "2026-03-23",
    ),
    (
        ART_18, "an extension in another unit than the rule's",
        [R, ("extended", "2026-03-10", {**COMPLEX, "more": 2, "unit": "week"})], "2026-03-17",
    ),
    (
        ART_18, "an extension of another clock",
        [R, ("extended", "2026-03-10", {**COMPLEX, "key": "cn.review.decide"})], "2026-03-17",
    ),
    (
        ART_18, "appraisal for five days, the end a Sunday",
        [R, ("paused", "2026-03-05", APPRAISAL), ("resumed", "2026-03-10", {"key": "p1"})], "2026-03-23",
    ),
    (
        ART_18, "mediation for two days",
        [R, ("paused", "2026-03-05", MEDIATION), ("resumed", "2026-03-07", {"key": "p2"})], "2026-03-19",
    ),
    (
        ART_18, "appraisal begun and ended on one day",
        [R, ("paused", "2026-03-05 09:00", APPRAISAL), ("resumed", "2026-03-05 17:00", {"key": "p1"})], "2026-03-17",
    ),
    (
        ART_18, "pause across Spring Festival",
        [("received", "2026-02-02"), ("paused", "2026-02-10", APPRAISAL), ("resumed", "2026-02-25", {"key": "p1"})],
        "2026-03-04",
    ),
    (
        ART_18, "pause begun on the last day",
        [R, ("paused", "2026-03-17", APPRAISAL), ("resumed", "2026-03-19", {"key": "p1"})], "2026-03-19",
    ),
    (
        ART_18, "pause begun on a Sunday that the end rolled over",
        [("received", "2026-03-06"), ("paused", "2026-03-22", APPRAISAL), ("resumed", "2026-03-25", {"key": "p1"})],
        "2026-03-26",
    ),
    (
        ART_18, "two pauses that overlap give their days back once",
        [
            R, ("paused", "2026-03-05", APPRAISAL), ("paused", "2026-03-08", MEDIATION),
            ("resumed", "2026-03-10", {"key": "p1"}), ("resumed", "2026-03-12", {"key": "p2"}),
        ],
        "2026-03-24",
    ),
    (
        ART_18, "two pauses one after the other",
        [
            R, ("paused", "2026-03-05", APPRAISAL), ("resumed", "2026-03-07", {"key": "p1"}),
            ("paused", "2026-03-10", MEDIATION), ("resumed", "2026-03-11", {"key": "p2"}),
        ],
        "2026-03-20",
    ),
    (
        ART_18, "no pause for a reason that the rule does not know",
        [R, ("paused", "2026-03-05", {"key": "p1", "code": "staff-shortage"})], "2026-03-17",
    ),
    (ART_18, "a pause after the end comes too late", [R, ("paused", "2026-03-18", APPRAISAL)], "2026-03-17"),
    (ART_18, "closing ends a pause", [R, ("paused", "2026-03-05", APPRAISAL), ("closed", "2026-03-09")], "2026-03-23"),
    (ART_18, "new facts begin it anew", [R, ("new-facts", "2026-03-10")], "2026-03-25"),
    (ART_18, "new facts on the last day", [R, ("new-facts", "2026-03-17")], "2026-04-01"),
    (ART_18, "new facts after the end come too late", [R, ("new-facts", "2026-03-18 09:00")], "2026-03-17"),
    (
        ART_18, "new facts, and the extension is gone",
        [R, ("extended", "2026-03-10", COMPLEX), ("new-facts", "2026-03-20")], "2026-04-07",
    ),
    (
        ART_18, "new facts while it is appraised",
        [
            R, ("paused", "2026-03-05", APPRAISAL), ("new-facts", "2026-03-09"),
            ("resumed", "2026-03-11", {"key": "p1"}),
        ],
        "2026-03-26",
    ),
    (ART_21, "another day, agreed on", [R, agreed("2026-03-10", "2026-04-10")], "2026-04-10"),
    (ART_21, "an earlier day, agreed on", [R, agreed("2026-03-10", "2026-03-12")], "2026-03-12"),
    (ART_21, "the very day on which it is agreed on", [R, agreed("2026-03-10", "2026-03-10")], "2026-03-10"),
    (ART_21, "a Sunday that was agreed on does not roll", [R, agreed("2026-03-10", "2026-03-22")], "2026-03-22"),
    (
        ART_21, "nor a day of Spring Festival",
        [("received", "2026-02-02"), agreed("2026-02-10", "2026-02-18")], "2026-02-18",
    ),
    (ART_21, "agreed on the last day", [R, agreed("2026-03-17 23:59", "2026-03-31")], "2026-03-31"),
    (ART_21, "agreed on too late changes nothing", [R, agreed("2026-03-18 00:01", "2026-03-31")], "2026-03-17"),
    (ART_21, "a day that has passed when it is told", [R, agreed("2026-03-10", "2026-03-09")], "2026-03-17"),
    (ART_21, "a day ten years on", [R, agreed("2026-03-10", "2036-03-09")], "2036-03-09"),
    (ART_21, "a day that nobody can mean", [R, agreed("2026-03-10", "9999-12-31")], "2026-03-17"),
    (ART_21, "of another clock", [R, agreed("2026-03-10", "2026-04-10", "cn.review.decide")], "2026-03-17"),
    (
        ART_21, "agreed on twice: the last holds",
        [R, agreed("2026-03-10", "2026-04-10"), agreed("2026-04-09", "2026-04-24")], "2026-04-24",
    ),
    (
        ART_21, "goes before an extension",
        [R, ("extended", "2026-03-09", COMPLEX), agreed("2026-03-10", "2026-03-20")], "2026-03-20",
    ),
    (
        ART_21, "no extension after it: both sides agree again",
        [R, agreed("2026-03-10", "2026-03-20"), ("extended", "2026-03-11", COMPLEX)], "2026-03-20",
    ),
    (
        ART_21, "appraisal for five days after it",
        [
            R, agreed("2026-03-04", "2026-03-27"), ("paused", "2026-03-05", APPRAISAL),
            ("resumed", "2026-03-10", {"key": "p1"}),
        ],
        "2026-04-01",
    ),
    (
        ART_21, "appraisal before it was known to both",
        [
            R, ("paused", "2026-03-05", APPRAISAL), ("resumed", "2026-03-10", {"key": "p1"}),
            agreed("2026-03-11", "2026-03-27"),
        ],
        "2026-03-27",
    ),
    (
        ART_21, "agreed on while it is appraised: what comes after is given back",
        [
            R, ("paused", "2026-03-05", APPRAISAL), agreed("2026-03-08", "2026-03-27"),
            ("resumed", "2026-03-10", {"key": "p1"}),
        ],
        "2026-03-29",
    ),
    (
        ART_21, "new facts, and the agreement is gone",
        [R, agreed("2026-03-10", "2026-04-24"), ("new-facts", "2026-03-20")], "2026-04-07",
    ),
    (
        ART_21, "withdrawn and opened again: the four days between do not count",
        [R, agreed("2026-03-04", "2026-03-27"), ("withdrawn", "2026-03-10"), ("reopened", "2026-03-14")], "2026-03-31",
    ),
    (
        "Order 2020 No. 3 art. 15", "withdrawn and opened again: the four days between do not count",
        [R, ("withdrawn", "2026-03-10"), ("reopened", "2026-03-14")], "2026-03-23",
    ),
]  # fmt: skip


def named(case: tuple[Any, ...]) -> str:
    return f"{case[0]}: {case[1]}"


@pytest.mark.parametrize("case", CN_DUE, ids=named)
def test_cn_decide_is_due(case):
    _, _, told, due = case
    found = clock("cn.decide", facts("cn", *told))
    assert found.due_on == date.fromisoformat(due)
    assert found.due_at == at(f"{due} 23:59:59") + timedelta(seconds=1)


# rule, what is special, facts, the state in the end
CN_STATE: list[Case] = [
    (ART_21, "sent on the agreed day", [R, agreed("2026-03-10", "2026-03-22"), (DECIDED, "2026-03-22 23:59")], "met"),
    (ART_21, "sent a day later", [R, agreed("2026-03-10", "2026-03-22"), (DECIDED, "2026-03-23 00:01")], "breached"),
    (
        ART_21, "sent by the fifteenth day, after an earlier one that was agreed on",
        [R, agreed("2026-03-10", "2026-03-12"), (DECIDED, "2026-03-13")], "breached",
    ),
    (ART_18, "sent on the last day", [R, (DECIDED, "2026-03-17 23:59:59")], "met"),
    (CIVIL_203, "sent at 24:00", [R, (DECIDED, "2026-03-18 00:00:00")], "met"),
    (CIVIL_203, "sent a second later", [R, (DECIDED, "2026-03-18 00:00:01")], "breached"),
    (ART_18, "dialled on the last day, nobody answered", [R, (DECIDED, "2026-03-17 19:00")], "met"),
    (
        ART_18, "sent on the last day, arrived a week later",
        [R, (DECIDED, "2026-03-17"), ("decision-received", "2026-03-24")], "met",
    ),
    (ART_18, "decided, and nobody told the complainant", [R, ("final-response-sent", "2026-03-10")], "breached"),
    (CIVIL_203, "sent on the day that the end rolled to", [("received", "2026-02-02"), (DECIDED, "2026-02-24")], "met"),
    (CIVIL_203, "sent the day after", [("received", "2026-02-02"), (DECIDED, "2026-02-25")], "breached"),
    (ART_18, "decided while it is appraised", [R, ("paused", "2026-03-05", APPRAISAL), (DECIDED, "2026-05-30")], "met"),
    (ART_18, "still appraised", [R, ("paused", "2026-03-05", APPRAISAL)], "paused"),
    ("Order 2020 No. 3 art. 15", "withdrawn: ended the same day", [R, ("withdrawn", "2026-03-10")], "void"),
    ("Order 2020 No. 3 art. 15", "withdrawn on the last day", [R, ("withdrawn", "2026-03-17")], "void"),
    (ART_18, "withdrawn after the end: the breach stays", [R, ("withdrawn", "2026-03-19")], "breached"),
    (ART_18, "a repeat, merged into the first case", [R, ("merged", "2026-03-10")], "void"),
    (
        ART_18, "opened again after the decision: no new clock",
        [R, (DECIDED, "2026-03-10"), ("closed", "2026-03-11"), ("reopened", "2026-06-01")], "met",
    ),
    (
        ART_18, "opened again after a late decision: the breach stays",
        [R, (DECIDED, "2026-03-20"), ("reopened", "2026-03-21"), (DECIDED, "2026-03-22")], "breached",
    ),
    (
        ART_18, "a breach that stands in the record stays, though a backdated notice follows",
        [R, ("breached", "2026-03-18", {"key": "cn.decide", "run": 1, "threshold": 100}), (DECIDED, "2026-03-16")],
        "breached",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CN_STATE, ids=named)
def test_cn_decide_ends(case):
    found = clock("cn.decide", facts("cn", *case[2]))
    assert found.state == case[3]


REVIEW = "Order 2020 No. 3, on review"
ART_33 = "Order 2020 No. 3 art. 33"
DISP_15, DISP_16, DISP_16A, DISP_28 = (f"DISP {number}" for number in ("1.5.1R", "1.6.2R", "1.6.2AR", "2.8.2R"))
PORTAL = "CFPB Company Portal Manual 8.1"
UK_R = ("received", "2026-03-02")
RESPONSE, HOLDING, ACCEPTED = "final-response-sent", "holding-response-sent", "acceptance-indicated"

Timed = tuple[str, str, str, list[tuple[Any, ...]], str, str]
# rule, what is special, clock, facts, the end (local), the state in the end
TIMED: list[Timed] = [
    (REVIEW, "30 days from the day the decision arrived", "cn.review.request",
     [R, ("decision-received", "2026-03-10")], "2026-04-10 00:00", "lapsed"),
    (REVIEW, "asked for on the last day", "cn.review.request",
     [R, ("decision-received", "2026-03-10"), ("review-requested", "2026-04-09 23:00")], "2026-04-10 00:00", "met"),
    (REVIEW, "the end rolls over Labour Day", "cn.review.request",
     [R, ("decision-received", "2026-04-03")], "2026-05-07 00:00", "lapsed"),
    (REVIEW, "the last day of the decision is a make-up Saturday", "cn.review.decide",
     [R, ("review-requested", "2026-04-09")], "2026-05-10 00:00", "breached"),
    (REVIEW, "on a day that both sides agreed on", "cn.review.decide",
     [R, ("review-requested", "2026-04-09"), agreed("2026-04-20", "2026-05-30", "cn.review.decide")],
     "2026-05-31 00:00", "breached"),
    (REVIEW, "the right to ask for it is not open to agreement", "cn.review.request",
     [R, ("decision-received", "2026-03-10"), agreed("2026-03-12", "2026-05-30", "cn.review.request")],
     "2026-04-10 00:00", "lapsed"),
    (REVIEW, "told on the last day", "cn.review.decide",
     [R, ("review-requested", "2026-04-09"), ("review-notified", "2026-05-09 20:00")], "2026-05-10 00:00", "met"),
    (ART_33, "a make-up Saturday is a working day; Spring Festival is none", "cn.regulator.forward",
     [R, ("regulator-received", "2026-02-09")], "2026-02-26 00:00", "lapsed"),
    (ART_33, "over Labour Day, with its make-up Saturday", "cn.regulator.forward",
     [R, ("regulator-received", "2026-04-30")], "2026-05-14 00:00", "lapsed"),
    (ART_33, "received by the regulator on a Saturday", "cn.regulator.forward",
     [R, ("regulator-received", "2026-03-07")], "2026-03-18 00:00", "lapsed"),
    (ART_33, "received on a make-up Saturday", "cn.regulator.forward",
     [R, ("regulator-received", "2026-02-28")], "2026-03-11 00:00", "lapsed"),
    (ART_33, "forwarded on the last day", "cn.regulator.forward",
     [R, ("regulator-received", "2026-02-28"), ("forwarded", "2026-03-10 17:00")], "2026-03-11 00:00", "met"),
    (DISP_15, "the third business day after a Monday", "uk.src", [UK_R], "2026-03-05 17:00", "lapsed"),
    (DISP_15, "after a Friday", "uk.src", [("received", "2026-03-06")], "2026-03-11 17:00", "lapsed"),
    (DISP_15, "received on a Saturday", "uk.src", [("received", "2026-03-07")], "2026-03-11 17:00", "lapsed"),
    (DISP_15, "received after close of business", "uk.src",
     [("received", "2026-03-02 18:00")], "2026-03-05 17:00", "lapsed"),
    (DISP_15, "received the day before Good Friday", "uk.src",
     [("received", "2026-04-02")], "2026-04-09 17:00", "lapsed"),
    (DISP_15, "over the change to summer time", "uk.src",
     [("received", "2026-03-27")], "2026-04-01T16:00:00Z", "lapsed"),
    (DISP_15, "accepted at close of business", "uk.src",
     [UK_R, (ACCEPTED, "2026-03-05 17:00")], "2026-03-05 17:00", "met"),
    (DISP_15, "accepted a minute later", "uk.src",
     [UK_R, (ACCEPTED, "2026-03-05 17:01")], "2026-03-05 17:00", "lapsed"),
    (DISP_16, "eight weeks from a Monday", "uk.final", [("received", "2026-01-05")], "2026-03-03 00:00", "breached"),
    (DISP_16, "over the change to summer time: the day ends at 23:00 UTC", "uk.final",
     [("received", "2026-02-02")], "2026-03-30T23:00:00Z", "breached"),
    (DISP_16, "over the change to winter time", "uk.final",
     [("received", "2026-09-01")], "2026-10-28T00:00:00Z", "breached"),
    (DISP_16, "a last day on Easter Monday does not roll", "uk.final",
     [("received", "2026-02-09")], "2026-04-07 00:00", "breached"),
    (DISP_16, "a written not-yet on the last day", "uk.final",
     [("received", "2026-01-05"), (HOLDING, "2026-03-02 23:00")], "2026-03-03 00:00", "met"),
    (DISP_16, "a final response a second late", "uk.final",
     [("received", "2026-01-05"), (RESPONSE, "2026-03-03 00:00:01")], "2026-03-03 00:00", "breached"),
    (DISP_16A, "15 business days", "uk.psd.final", [UK_R], "2026-03-24 00:00", "breached"),
    (DISP_16A, "15 business days over Easter", "uk.psd.final",
     [("received", "2026-03-20")], "2026-04-15 00:00", "breached"),
    (DISP_16A, "15 business days over Christmas and New Year", "uk.psd.final",
     [("received", "2026-12-11")], "2027-01-07 00:00", "breached"),
    (DISP_16A, "a holding response on day 15", "uk.psd.final",
     [UK_R, (HOLDING, "2026-03-23 16:00")], "2026-03-24 00:00", "met"),
    (DISP_16A, "and 35 business days for the final one", "uk.psd.exceptional",
     [UK_R, (HOLDING, "2026-03-23 16:00"), (RESPONSE, "2026-04-22")], "2026-04-23 00:00", "met"),
    (DISP_16A, "no holding response: day 15 is breached, whatever comes by day 35", "uk.psd.final",
     [UK_R, (RESPONSE, "2026-03-27")], "2026-03-24 00:00", "breached"),
    (DISP_28, "six months", "uk.fos.referral", [UK_R, (RESPONSE, "2026-01-15")], "2026-07-16 00:00", "lapsed"),
    (DISP_28, "from the 31st to a month of 30 days", "uk.fos.referral",
     [UK_R, (RESPONSE, "2026-03-31")], "2026-10-01 00:00", "lapsed"),
    (CIVIL_202, "from the 31st to the end of February", "uk.fos.referral",
     [UK_R, (RESPONSE, "2025-08-31")], "2026-03-01 00:00", "lapsed"),
    (DISP_28, "to a leap day", "uk.fos.referral", [UK_R, (RESPONSE, "2023-08-30")], "2024-03-01 00:00", "lapsed"),
    (DISP_28, "referred on the last day", "uk.fos.referral",
     [UK_R, (RESPONSE, "2026-01-15"), ("referred", "2026-07-15 23:00")], "2026-07-16 00:00", "met"),
    (DISP_28, "a second final response starts no second clock", "uk.fos.referral",
     [UK_R, (RESPONSE, "2026-01-15"), (RESPONSE, "2026-03-15")], "2026-07-16 00:00", "lapsed"),
    (PORTAL, "15 calendar days after it was sent to the company", "us.cfpb.respond",
     [("received", "2026-03-01"), ("sent-to-company", "2026-03-02")], "2026-03-18 00:00", "breached"),
    (PORTAL, "60 calendar days", "us.cfpb.final",
     [("received", "2026-03-01"), ("sent-to-company", "2026-03-02")], "2026-05-02 00:00", "breached"),
    (PORTAL, "over the change to summer time", "us.cfpb.respond",
     [("received", "2026-03-01"), ("sent-to-company", "2026-03-01")], "2026-03-17T04:00:00Z", "breached"),
    (PORTAL, "a last day on a Sunday does not roll", "us.cfpb.respond",
     [("received", "2026-03-07"), ("sent-to-company", "2026-03-07")], "2026-03-23 00:00", "breached"),
    (PORTAL, "in progress on day 15 is a response", "us.cfpb.respond",
     [("received", "2026-03-02"), ("sent-to-company", "2026-03-02"), (HOLDING, "2026-03-17 22:00")],
     "2026-03-18 00:00", "met"),
    (PORTAL, "and is not a final one", "us.cfpb.final",
     [("received", "2026-03-02"), ("sent-to-company", "2026-03-02"), (HOLDING, "2026-03-17"), ("closed", "2026-05-02")],
     "2026-05-02 00:00", "breached"),
    (PORTAL, "sent to the company before it was received, by the day that the source states", "us.cfpb.respond",
     [("received", "2026-03-05"), ("sent-to-company", "2026-03-05", {"on": date(2026, 3, 2)})],
     "2026-03-18 00:00", "breached"),
    (PORTAL, "an answer that an import only asserts is no clock's result", "us.cfpb.respond",
     [("received", "2026-03-02"), ("sent-to-company", "2026-03-02"),
      ("asserted-answer", "2026-03-02", {"code": RESPONSE})], "2026-03-18 00:00", "void"),
    ("Regulation 1182/71 art. 3", "a month from the 31st, its end a Saturday", "dsr",
     [("received", "2026-01-31"), ("request-received", "2026-01-31")], "2026-03-03 00:00", "breached"),
    ("GDPR art. 12(3)", "two months more, with notice in time", "dsr",
     [("received", "2026-02-10"), ("request-received", "2026-02-10"),
      ("extended", "2026-03-09", {"key": "dsr", "code": "complex", "notice_at": datetime(2026, 3, 9, tzinfo=UTC)})],
     "2026-05-12 00:00", "breached"),
]  # fmt: skip


@pytest.mark.parametrize("case", TIMED, ids=lambda case: f"{case[0]}: {case[1]}")
def test_timed(case):
    _, _, name, told, due, state = case
    regime = next(one for one in ("cn", "uk.psd", "uk", "us.cfpb", "dsr") if name.startswith(one))
    found = clock(name, facts(regime, *told))
    assert found.due_at == at(due, regime)
    assert found.state == state


def test_there_are_at_least_eighty_cases_and_each_names_its_rule():
    cases = [*CN_DUE, *CN_STATE, *TIMED]
    assert len(cases) >= 80
    assert all(any(letter.isdigit() for letter in case[0]) or case[0] == REVIEW for case in cases)


# Parameters: what a rule leaves open is data


@pytest.mark.parametrize(
    ("changed", "received", "due"),
    [
        ({"first_day_counts": True}, "2026-03-02", "2026-03-16"),
        ({"roll": "none"}, "2026-03-06", "2026-03-21"),
        ({"roll": "holiday"}, "2026-03-06", "2026-03-21"),
        ({"roll": "holiday"}, "2026-02-02", "2026-02-24"),
        ({"after_close": "next-working-day"}, "2026-03-02 17:01", "2026-03-18"),
        ({"after_close": "next-working-day"}, "2026-03-02 17:00", "2026-03-17"),
        ({"after_close": "next-working-day"}, "2026-02-14 18:00", "2026-03-11"),
        ({"after_close": "next-working-day"}, "2026-03-07", "2026-03-24"),
    ],
)
def test_a_choice_is_a_parameter(changed, received, due):
    found = clock("cn.decide", facts("cn", ("received", received)), catalogue(changed))
    assert found.due_on == date.fromisoformat(due)


def test_reopening_can_leave_a_withdrawn_case_without_a_clock():
    told = facts("cn", R, ("withdrawn", "2026-03-10"), ("reopened", "2026-03-14"))
    found = clock("cn.decide", told, catalogue({"reopening": "stays-ended"}))
    assert (found.state, found.void_by) == ("void", "withdrawn")


def test_without_a_start_there_is_no_clock():
    nobody_reached = clocks_of(facts("cn", R, (DECIDED, "2026-03-05")), SEED, FAR)
    assert [one.clock for one in nobody_reached] == ["cn.decide"]
    assert clocks_of(facts("us.cfpb", ("received", "2026-03-02")), SEED, FAR) == ()


def test_a_case_of_no_regime_or_from_before_the_rules_has_no_clocks():
    told = facts("cn", ("received", "2020-02-29"))
    assert clocks_of(told, SEED, at("2026-01-01")) == ()
    assert clocks_of([one for one in told if one.told != "regime"], SEED, at("2026-01-01")) == ()
    assert clocks_of(facts("cn", ("received", "2020-03-01 00:10")), SEED, at("2026-01-01")) != ()


def test_another_regime_after_assessment_counts_from_receipt():
    told = [*facts("uk", UK_R), replace(facts("cn", R)[1], key="uk.psd")]
    assert {one.clock for one in clocks_of(told, SEED, at("2026-03-03"))} == {
        "uk.src", "uk.psd.final", "uk.psd.exceptional",
    }  # fmt: skip


def test_what_could_not_move_a_clock_is_told():
    told = facts("cn", R, ("extended", "2026-03-10", {**SPECIAL, "level": "own"}), ("paused", "2026-03-20", APPRAISAL))
    found = clock("cn.decide", told)
    assert [why for _, why in found.passed_over] == ["approver-level", "already-over"]


def test_every_answer_names_versions_and_events():
    told = facts("cn", R, ("extended", "2026-03-10", COMPLEX), ("acknowledged", "2026-03-11"), (DECIDED, "2026-03-12"))
    found = clock("cn.decide", told)
    assert (found.policy_version, found.calendar, found.calendar_versions) == (1, "cn", (1,))
    assert found.moved_by == (told[0].event_id, told[2].event_id, told[4].event_id)


# Calendars in versions

LATER = replace(
    CN, version=2, effective_from=date(2026, 12, 20), covers_from=date(2026, 1, 1), covers_until=date(2027, 12, 31),
    holidays=CN.holidays | {date(2027, 1, 1), date(2026, 12, 30)},
)  # fmt: skip


def test_a_day_that_no_calendar_knows_makes_the_end_provisional():
    found = clock("cn.decide", facts("cn", ("received", "2026-12-17")))
    assert (found.due_on, found.provisional) == (date(2027, 1, 1), True)


def test_a_later_version_decides_what_the_first_did_not_cover():
    found = clock("cn.decide", facts("cn", ("received", "2026-12-17")), catalogue(more={"cn": [LATER]}))
    assert (found.due_on, found.provisional) == (date(2027, 1, 4), False)  # 2 and 3 January are a weekend
    assert found.calendar_versions == (1, 2)


def test_a_later_version_changes_no_day_that_was_told_before():
    told = facts("cn", ("received", "2026-12-15"))
    before, after = clock("cn.decide", told), clock("cn.decide", told, catalogue(more={"cn": [LATER]}))
    assert before.due_on == after.due_on == date(2026, 12, 30)
    begun_later = clock("cn.decide", facts("cn", ("received", "2026-12-21")), catalogue(more={"cn": [LATER]}))
    assert begun_later.due_on == date(2027, 1, 5)


def test_a_holiday_declared_at_short_notice_can_move_running_clocks():
    told = facts("cn", ("received", "2026-12-15"))
    found = clock("cn.decide", told, catalogue(more={"cn": [replace(LATER, amends_running=True)]}))
    assert found.due_on == date(2026, 12, 31)


def test_without_close_of_business_a_day_ends_at_midnight():
    found = clock("uk.src", facts("uk", UK_R), catalogue(more={"gb.england": [replace(ENGLAND, version=2)]}))
    tables = catalogue(more={"gb.england": [replace(ENGLAND, version=2, close_of_business=None)]})
    assert clock("uk.src", facts("uk", UK_R), tables).due_at == at("2026-03-06 00:00", "uk")
    assert found.due_at == at("2026-03-05 17:00", "uk")
    assert ENGLAND.close_of_business == time(17)


# Shares


def test_shares_of_the_time_are_exact():
    found = clock("cn.decide", facts("cn", ("received", "2026-03-02 10:00")))
    assert found is not None  # 15 days and 14 hours are 374 hours; 75% are 280.5, 90% are 336.6
    assert found.escalate_at == {75: at("2026-03-14 02:30"), 90: at("2026-03-16 10:36")}


def test_paused_time_is_no_share_of_it():
    told = facts("cn", R, ("paused", "2026-03-05", APPRAISAL), ("resumed", "2026-03-09", {"key": "p1"}))
    found = clock("cn.decide", told)
    assert found.due_on == date(2026, 3, 23)  # four days later a Saturday, so two more
    assert found.escalate_at[75] == at("2026-03-19 14:30")  # 75% of 422 hours, and the 96 of the pause


def test_what_is_owed_and_when():
    told = facts("cn", R)
    name = {"key": "cn.decide", "run": 1}
    for when, owed in (
        ("2026-03-14 02:29", None), ("2026-03-14 02:30", 75), ("2026-03-16 10:36", 90), ("2026-03-18 00:00", 90),
        ("2026-03-18 00:01", 100),
    ):  # fmt: skip
        found = clock("cn.decide", told, moment=at(when))
        assert found.owed(at(when)) == owed
    seen = clock(
        "cn.decide", [*told, *facts("cn", ("escalated", "2026-03-14", {**name, "threshold": 75}))], moment=at(when)
    )
    assert seen.next_share == (90, at("2026-03-16 10:36"))
    over = clock("cn.decide", [*told, *facts("cn", ("breached", "2026-03-18", {**name, "threshold": 100}))])
    assert (over.next_share, over.owed(at("2026-04-01"))) == (None, None)


def test_what_lapses_is_never_owed():
    found = clock("uk.src", facts("uk", UK_R), moment=at("2026-03-04", "uk"))
    assert (found.next_share, found.owed(at("2026-04-01", "uk"))) == ((100, at("2026-03-05 17:00", "uk")), None)
