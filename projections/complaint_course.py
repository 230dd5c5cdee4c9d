"""The course of a complaint in its row of the register: who acts for whom, what was asked for, granted and told.

What happens seldom and is never searched by stands in one column, `course`: lists by name, each entry with the clear
facts of its event, when it was (`at`) and who recorded it (`by`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

from domain.complaint_agreement import ComplaintTimeAgreed
from domain.complaint_handling import ComplaintCounted, ComplaintQualityChecked, ComplaintRecused
from domain.complaint_intake import ComplaintDetailsRequested, RepresentativeAdded, RepresentativeRemoved
from domain.complaint_letters import ComplaintNotified, DeliveryRecorded, LetterSent, ResolutionAccepted
from domain.complaint_redress import RedressAccepted, RedressApproved, RedressOffered, RedressPaid
from domain.complaint_review import (
    ComplaintReferred,
    ReferralDecided,
    RegulatorReceived,
    ReviewDecided,
    ReviewRequested,
)
from domain.complaint_time import (
    BackdatingConfirmed,
    BackdatingRecorded,
    BackdatingRejected,
    ComplaintExtended,
    ComplaintPaused,
    ComplaintRestarted,
    ComplaintResumed,
    ExtensionRequested,
)
from domain.kernel import Event, personal_fields
from projections.fact import Fact


class HasCourse(Protocol):
    """A row with a course."""

    course: dict[str, Any]


COURSE: Final[Mapping[str, str]] = {
    "missing": "What the registration still lacks.",
    "representatives": "Who speaks for the complainants; their names are in `personal`.",
    "details_requested": "What the complainant was asked for.",
    "recusals": "Who has an interest in the matter.",
    "quality_checks": "What others think of the handling.",
    "counted": "Whether it counts, for each regime the last decision.",
    "pauses": "What stops clocks, until `ended_at`.",
    "extensions": "More time that was asked for; with an `approver` it was granted.",
    "agreements": "Last days of clocks that both sides agreed on.",
    "restarts": "New facts with which clocks begin anew.",
    "claimed_times": "Times that were told late; `verdict` is what another person found.",
    "resolutions": "What the complainant accepted before any final response.",
    "redress": "What was offered to make it good, and how far that got.",
    "letters": "Letters that were sent, beside the responses.",
    "deliveries": "Attempts to deliver letters, with their proof.",
    "notices": "Attempts to tell the complainant something.",
    "reviews": "Reviews that were asked for, and how they were decided.",
    "referrals": "Where it went outside the bank, and what came of it.",
    "regulator_receipts": "When a regulator got it.",
}
"""What a course may have, by name."""

_ADDS: Final[Mapping[type[Event], str]] = {
    RepresentativeAdded: "representatives",
    ComplaintDetailsRequested: "details_requested",
    ComplaintRecused: "recusals",
    ComplaintQualityChecked: "quality_checks",
    ComplaintPaused: "pauses",
    ExtensionRequested: "extensions",
    ComplaintTimeAgreed: "agreements",
    ComplaintRestarted: "restarts",
    BackdatingRecorded: "claimed_times",
    ResolutionAccepted: "resolutions",
    RedressOffered: "redress",
    LetterSent: "letters",
    DeliveryRecorded: "deliveries",
    ComplaintNotified: "notices",
    ReviewRequested: "reviews",
    ComplaintReferred: "referrals",
    RegulatorReceived: "regulator_receipts",
}
_CHANGES: Final[Mapping[type[Event], tuple[str, str]]] = {
    ComplaintResumed: ("pauses", "pause_id"),
    ComplaintExtended: ("extensions", "extension_id"),
    BackdatingConfirmed: ("claimed_times", "number"),
    BackdatingRejected: ("claimed_times", "number"),
    RedressApproved: ("redress", "redress_id"),
    RedressAccepted: ("redress", "redress_id"),
    RedressPaid: ("redress", "redress_id"),
    ReviewDecided: ("reviews", "review_id"),
    ReferralDecided: ("referrals", "referral_id"),
}
_ALSO: Final[Mapping[type[Event], Callable[[Fact], Mapping[str, Any]]]] = {
    ComplaintResumed: lambda fact: {"ended_at": fact.event.occurred_at.isoformat()},
    BackdatingConfirmed: lambda fact: {"verdict": "confirmed", "judged_at": fact.event.occurred_at.isoformat()},
    BackdatingRejected: lambda fact: {"verdict": "rejected", "judged_at": fact.event.occurred_at.isoformat()},
    RedressOffered: lambda fact: {
        "status": "proposed" if cast("RedressOffered", fact.event).needs_approval else "offered"
    },
    RedressApproved: lambda _: {"status": "offered"},
    RedressAccepted: lambda fact: {"status": "accepted", "accepted_at": fact.event.occurred_at.isoformat()},
    RedressPaid: lambda fact: {"status": "paid", "paid_at": fact.event.occurred_at.isoformat()},
    BackdatingRecorded: lambda _: {"verdict": None},
    ReviewDecided: lambda fact: {"decided_at": fact.event.occurred_at.isoformat()},
    ReferralDecided: lambda fact: {"decided_at": fact.event.occurred_at.isoformat()},
}
KEPT: Final = frozenset({*_ADDS, *_CHANGES, RepresentativeRemoved, ComplaintCounted})
"""The events that change a course."""


def keep(row: HasCourse, fact: Fact) -> None:
    """Put what an event says into the course."""
    event, kind = fact.event, type(fact.event)
    if isinstance(event, RepresentativeRemoved):
        gone = str(event.representative_id)
        row.course["representatives"] = [
            one for one in row.course.get("representatives", ()) if one["representative_id"] != gone
        ]
    elif isinstance(event, ComplaintCounted):
        others = [one for one in row.course.get("counted", ()) if one["regime"] != event.regime]
        row.course["counted"] = [*others, _told(fact)]
    elif kind in _ADDS:
        row.course.setdefault(_ADDS[kind], []).append(_told(fact))
    else:
        name, key = _CHANGES[kind]
        told = {**_clear(event), **_ALSO.get(kind, _nothing)(fact)}
        if isinstance(event, BackdatingRejected):  # the claim has a reason of its own
            told["rejected_because"] = told.pop("reason")
        for one in row.course.get(name, ()):
            if one[key] == told[key]:
                one.update(told)


def _nothing(_: Fact) -> Mapping[str, Any]:
    return {}


def _told(fact: Fact) -> dict[str, Any]:
    when = {"at": fact.event.occurred_at.isoformat(), "by": fact.recorded.actor}
    return {**when, **_clear(fact.event), **_ALSO.get(type(fact.event), _nothing)(fact)}


def _clear(event: Event) -> dict[str, Any]:
    left_out = {name for name, _ in personal_fields(type(event))} | {"occurred_at", "complainant_id"}
    return event.model_dump(mode="json", exclude=left_out, exclude_none=True)
