"""The clocks that come with the program: seed data, to be proposed, signed off and activated like any other policy.

Each names its source. What a source leaves open is a choice made here, marked `counsel`; it is data, so another choice
is another version. No rule is here that its source does not state: the Chinese measures set no number for
acknowledging, so there is no such clock.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from domain.clock_rules import ClockRule, ExtensionStep

CN: Final = "cn"
ENGLAND: Final = "gb.england"
US: Final = "us.federal"

_ORDER = "CBIRC Order 2020 No. 3"  # as printed in the State Council Gazette 2020 No. 14
_COUNSEL_CN = (
    "Days are natural and 以内 includes the number (art. 43); whether day one counts and the end rolls are choices"
)


def _rule(clock: str, calendar: str, **facts: Any) -> ClockRule:  # noqa: ANN401  # fields of a rule
    all_facts: dict[str, Any] = {
        "clock": clock,
        "calendar": calendar,
        "after_close": "same-day",
        "agreement": False,
        "counsel": False,
        "ends": "end-of-day",
        "extensions": (),
        "first_day_counts": False,
        "missed": "breach",
        "note": None,
        "pauses": (),
        "reopening": "goes-on",
        "restarts": False,
        "roll": "none",
        **facts,
    }
    return ClockRule(**all_facts)


# Art. 18: complex cases may take 30 days, without anybody's leave; 30 more need the leave of the institution above or
# of senior management at the head office, and that the complainant was told. Appraisal by others (鉴定, 检测, 评估) may
# be left out of the time, and the complainant is told; mediation is left out (art. 23); new facts begin it anew.
# Art. 21: what both sides have agreed on is kept to, also the time in which the complainant is told. The time to ask
# for a review is none in which the bank tells anything, so it is not open to agreement.
_CN_RULES: Final = (
    _rule(
        "cn.decide", CN, starts="received", length=15, unit="natural-day", stops=("decision-notified",),
        extensions=(
            ExtensionStep(approvers=(), code="complex", length=30, notice=False),
            ExtensionStep(approvers=("superior", "head-office"), code="special", length=60, notice=True),
        ),
        pauses=("external-appraisal", "mediation"), restarts=True, agreement=True, roll="rest-day", counsel=True,
        note=_COUNSEL_CN,
        source=f"{_ORDER} arts. 15, 18, 21, 23, 43; Civil Code arts. 201, 203",
    ),
    _rule(
        "cn.review.request", CN, starts="decision-received", length=30, unit="natural-day", stops=("review-requested",),
        missed="lapse", roll="rest-day", counsel=True, note=_COUNSEL_CN,
        source=f"{_ORDER} arts. 20, 43; Civil Code arts. 201, 203",
    ),
    _rule(
        "cn.review.decide", CN, starts="review-requested", length=30, unit="natural-day", stops=("review-notified",),
        agreement=True, roll="rest-day", counsel=True, note=_COUNSEL_CN,
        source=f"{_ORDER} arts. 20, 21, 43; Civil Code arts. 201, 203",
    ),
    _rule(
        "cn.regulator.forward", CN, starts="regulator-received", length=7, unit="working-day", stops=("forwarded",),
        missed="lapse", note="The regulator's own period; make-up working days count",
        source=f"{_ORDER} arts. 33, 43",
    ),
)  # fmt: skip

_UK_SRC: Final = _rule(
    "uk.src", ENGLAND, starts="received", length=3, unit="business-day", stops=("acceptance-indicated",),
    ends="close-of-business", missed="lapse", counsel=True,
    note="Later, the time limit rules apply. Older texts let receipt after close count as of the next business day",
    source="FCA DISP 1.5.1R, 1.5.2R",
)  # fmt: skip
_UK_REFERRAL: Final = _rule(
    "uk.fos.referral", ENGLAND, starts="final-response-sent", length=6, unit="month", stops=("referred",),
    missed="lapse", source="FCA DISP 2.8.2R(1)",
)  # fmt: skip
_UK_RULES: Final = (
    _UK_SRC,
    _rule(
        "uk.final", ENGLAND, starts="received", length=8, unit="week",
        stops=("final-response-sent", "holding-response-sent", "acceptance-indicated"), source="FCA DISP 1.6.2R",
    ),
    _UK_REFERRAL,
)  # fmt: skip
_UK_PSD_RULES: Final = (
    _UK_SRC,
    _rule(
        "uk.psd.final", ENGLAND, starts="received", length=15, unit="business-day",
        stops=("final-response-sent", "holding-response-sent", "acceptance-indicated"), source="FCA DISP 1.6.2AR(1)",
        note="Without a holding response by day 15 it is breached, whatever comes by day 35",
    ),
    _rule(
        "uk.psd.exceptional", ENGLAND, starts="received", length=35, unit="business-day",
        stops=("final-response-sent", "acceptance-indicated"), source="FCA DISP 1.6.2AR(2)",
    ),
    _UK_REFERRAL,
)  # fmt: skip
_US_RULES: Final = (
    _rule(
        "us.cfpb.respond", US, starts="sent-to-company", length=15, unit="calendar-day",
        stops=("final-response-sent", "holding-response-sent"),
        source="CFPB Company Portal Manual 8.1; 12 U.S.C. 5534(b)", note="In progress is a response",
    ),
    _rule(
        "us.cfpb.final", US, starts="sent-to-company", length=60, unit="calendar-day",
        stops=("final-response-sent", "closed"), source="CFPB Company Portal Manual 8.1",
    ),
)  # fmt: skip
_DSR_RULES: Final = (
    _rule(
        "dsr", ENGLAND, starts="request-received", length=1, unit="month", stops=("request-answered",),
        extensions=(ExtensionStep(approvers=(), code="complex", length=3, notice=True),), roll="rest-day",
        source="GDPR art. 12(3); Regulation (EEC) 1182/71 art. 3",
    ),
)  # fmt: skip


class SeedPolicy(NamedTuple):
    """The first version of a regime's clocks, and from when the rules have been in force."""

    in_force_from: date
    rules: tuple[ClockRule, ...]


CATALOGUE: Final[Mapping[str, SeedPolicy]] = MappingProxyType(
    {
        "cn": SeedPolicy(date(2020, 3, 1), _CN_RULES),
        "dsr": SeedPolicy(date(2018, 5, 25), _DSR_RULES),
        "uk": SeedPolicy(date(2016, 6, 30), _UK_RULES),
        "uk.psd": SeedPolicy(date(2018, 1, 13), _UK_PSD_RULES),
        "us.cfpb": SeedPolicy(date(2012, 1, 1), _US_RULES),
    }
)
"""By regime. Complaints know theirs by `regime`, as it was received or assessed."""
