"""The contact policy that comes with the program: version 0, in force until another version is.

It is data. What a source leaves open is a choice of the bank, so another choice is another version.
"""

from typing import Any, Final

from domain.contact_rules import ContactHours, ContactRules, ContactWindow, PurposeRules, RegionZones

_DAYTIME: Final = ContactHours(channels=(), from_time="08:00", until_time="21:00")
_CALLS: Final = ("phone", "video", "visit")


def _purpose(purpose: str, source: str, **facts: Any) -> PurposeRules:  # noqa: ANN401  # fields of a purpose's rules
    all_facts: dict[str, Any] = {
        "complaint": "pass",
        "consent": "not-asked",
        "consent_unset": "pass",
        "ended": "pass",
        "held_days_max": 7,
        "hours": None,
        "objection": "pass",
        "preference": "pass",
        "restricted": "suppress",
        "vulnerable": "pass",
        "windows": (),
        **facts,
    }
    return PurposeRules(purpose=purpose, source=source, **all_facts)  # pyright: ignore[reportArgumentType]  # checked by pydantic


def _window(window: str, limit: int, days: int, **facts: Any) -> ContactWindow:  # noqa: ANN401  # fields of a window
    all_facts: dict[str, Any] = {"channels": (), "counts": "sent", "matter": False, "reached": "hold", **facts}
    return ContactWindow(window=window, limit=limit, days=days, **all_facts)


_PURPOSES: Final = (
    _purpose(
        "marketing", "PIPL arts. 13-16, 24; GDPR arts. 6, 7, 21; 47 CFR 64.1200(c)(1); caps: the bank's own",
        complaint="hold", consent="required", consent_unset="suppress", ended="suppress", held_days_max=14,
        hours=_DAYTIME, objection="suppress", preference="suppress", vulnerable="suppress",
        windows=(
            _window("marketing.week", 2, 7),
            _window("marketing.month", 4, 30),
            _window("marketing.calls", 1, 7, channels=_CALLS),
        ),
    ),
    _purpose(
        "research", "PIPL arts. 13-16; GDPR arts. 6, 7, 21; caps: the bank's own",
        complaint="hold", consent="unless-refused", ended="suppress", held_days_max=14, hours=_DAYTIME,
        objection="suppress", preference="suppress", vulnerable="suppress", windows=(_window("research.month", 1, 30),),
    ),
    _purpose(
        "collection", "12 CFR 1006.6(b)(1), 1006.14(b)(2)(i); 47 CFR 64.1200",
        complaint="hold", held_days_max=14, objection="hold", vulnerable="hold",
        hours=_DAYTIME,
        windows=(
            _window("collection.calls", 7, 7, channels=_CALLS, matter=True),
            _window("collection.talk", 1, 7, channels=_CALLS, matter=True, counts="delivered"),
        ),
    ),
    _purpose(
        "servicing", "PIPL art. 13(2); GDPR art. 6(1)(b)", consent="unless-refused", preference="pass",
        hours=ContactHours(channels=_CALLS, from_time="08:00", until_time="21:00"), held_days_max=3,
    ),
    _purpose("consultation", "PIPL art. 13(2); GDPR art. 6(1)(b)", consent="unless-refused"),
    _purpose("advice", "PIPL art. 13(2); GDPR art. 6(1)(b)", consent="unless-refused", ended="suppress"),
    _purpose("onboarding", "PIPL art. 13(2); GDPR art. 6(1)(b)", consent="unless-refused", ended="suppress"),
    _purpose("complaint", "CBIRC Order 2020 No. 3; FCA DISP 1.6", restricted="pass"),
    _purpose("security", "PIPL art. 13(3), (4); GDPR art. 6(1)(c), (d)", restricted="pass"),
    _purpose("regulatory", "PIPL art. 13(3); GDPR art. 6(1)(c)", restricted="pass"),
)  # fmt: skip

_US: Final = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "Pacific/Honolulu",
)  # fmt: skip

FIRST_RULES: Final = ContactRules(
    purposes=_PURPOSES,
    regions=(
        RegionZones(region="CN", zones=("Asia/Shanghai",)),
        RegionZones(region="DE", zones=("Europe/Berlin",)),
        RegionZones(region="FR", zones=("Europe/Paris",)),
        RegionZones(region="GB", zones=("Europe/London",)),
        RegionZones(region="HK", zones=("Asia/Hong_Kong",)),
        RegionZones(region="NL", zones=("Europe/Amsterdam",)),
        RegionZones(region="PT", zones=("Europe/Lisbon", "Atlantic/Azores")),
        RegionZones(region="PT-11", zones=("Europe/Lisbon",)),
        RegionZones(region="US", zones=_US),
        RegionZones(region="US-CA", zones=("America/Los_Angeles",)),
        RegionZones(region="US-FL", zones=("America/New_York", "America/Chicago")),
        RegionZones(region="US-NY", zones=("America/New_York",)),
    ),
    zones_unknown=("Asia/Shanghai",),
)
"""Where nothing is known of a customer's place, it is the bank's own: change it by a version of your own."""
