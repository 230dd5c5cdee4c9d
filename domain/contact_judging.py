"""Whether a customer may be contacted: pure, from a policy, the customer's facts, the campaign and the moment.

Every rule is looked at, in the order of `ORDER`, and says what decided it. The first that suppresses decides. Else the
first that holds does, and the touch waits for the last of all that hold. Else it is sent. The holdout comes last of
those that suppress, so that who is kept out for comparison would have been contacted but for that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, NamedTuple
from uuid import UUID

from domain.campaign import Campaign
from domain.codes import Code
from domain.consent_judging import Place, consented
from domain.contact_counting import Wanted, contacts_counted
from domain.contact_facts import ContactFacts
from domain.contact_hours import calendar_day, day_starts, next_opening
from domain.contact_rules import ContactRules, ContactWindow, Outcome, PurposeRules, SharedWindow
from domain.shared_points import SharedSeen

LOOK_AGAIN: Final = timedelta(hours=1)
"""How soon a touch is looked at again that waits for its campaign."""

VALUE_UNKNOWN: Final = "value-unknown"
"""Why a touch is held whose number or address cannot be found, so that it cannot be counted."""

Verdict = Literal["send", "suppress", "hold"]

ORDER: Final = (
    "purpose", "relationship", "restriction", "objection", "campaign", "contact-point", "consent", "preference",
    "vulnerability", "complaint", "window", "shared", "hours", "holdout",
)  # fmt: skip
"""In this order the rules are looked at, and precede each other."""


@dataclass(frozen=True, slots=True)
class CampaignSeen:
    """A campaign at a version of its stream; `held_out`: the customer is kept out of it for comparison."""

    version: int
    state: Campaign
    held_out: bool = False


class Ground(NamedTuple):
    """What one rule says, and the events that decided it. `until`: when a hold ends; None: when something happens."""

    rule: Code
    outcome: Outcome
    reason: Code
    events: tuple[UUID, ...] = ()
    until: datetime | None = None


# Grounds that most touches have, made once.
_ALLOWED: Final = Ground("purpose", "pass", "purpose-allowed")
_UNRESTRICTED: Final = Ground("restriction", "pass", "not-restricted")
_UNOPPOSED: Final = Ground("objection", "pass", "no-objection")
_RUNNING: Final = Ground("campaign", "pass", "campaign-running")
_NO_PREFERENCE: Final = Ground("preference", "pass", "no-preference-against-it")
_NOT_VULNERABLE: Final = Ground("vulnerability", "pass", "not-known-as-vulnerable")
_NO_COMPLAINT: Final = Ground("complaint", "pass", "no-open-complaint")
_ANY_HOUR: Final = Ground("hours", "pass", "at-any-hour")
_NOT_HELD_OUT: Final = Ground("holdout", "pass", "not-held-out")


class Judged(NamedTuple):
    """The decision, by which rule and why; and everything that was looked at.

    `held_until`: when it is to be looked at again by time alone, never after `expires_at`, when it is given up.
    `needs`: the window in which the touch's number or address must be looked at, and judged again with what is seen:
    one that would be sent needs a place there first. One that is held out only goes by whether there is any.
    """

    decision: Verdict
    rule: Code
    reason: Code
    contact_point_id: UUID | None
    held_until: datetime | None
    expires_at: datetime | None
    grounds: tuple[Ground, ...]
    needs: SharedWindow | None = None


class _Case(NamedTuple):
    """All that a rule may look at."""

    rules: PurposeRules
    zones: tuple[str, ...]
    facts: ContactFacts
    wanted: Wanted
    campaign: CampaignSeen
    moment: datetime
    contact_point_id: UUID | None
    shared: SharedSeen | None


_SENT: Final = ("allowed", "all-rules-pass")


def judge(  # noqa: PLR0913, PLR0917  # all that decides
    policy: ContactRules,
    facts: ContactFacts,
    wanted: Wanted,
    campaign: CampaignSeen,
    moment: datetime,
    expires_at: datetime | None = None,
    shared: SharedSeen | None = None,
) -> Judged:
    """Decide one touch. `expires_at`: of a touch that is held already; else the policy's own limit counts from now.

    `shared`: what was seen of the number or address; without it no cap over several customers is looked at.
    """
    rules = policy.of(wanted.purpose)
    if rules is None:
        ruled_out = Ground("purpose", "suppress", "purpose-not-allowed")
        return Judged("suppress", "purpose", ruled_out.reason, wanted.contact_point_id, None, None, (ruled_out,))
    place = consented(rules, facts, wanted.channel, wanted.purpose, wanted.topic, wanted.contact_point_id, moment)
    zones = zones_at(policy, facts)
    case = _Case(rules, zones, facts, wanted, campaign, moment, place.contact_point_id, shared)
    grounds = [_ALLOWED]
    for rule in _RULES:
        found = rule(case)
        if isinstance(found, Ground):
            grounds.append(found)
        else:
            grounds.extend(found)
        if rule is _campaign:
            grounds.extend(_reachable(place))
    expires_at = expires_at or moment + timedelta(days=rules.held_days_max)
    found = _decided(grounds, place.contact_point_id, expires_at)
    return found if rules.shared is None else found._replace(needs=_needs(case, rules.shared, found))


def zones_at(policy: ContactRules, facts: ContactFacts) -> tuple[str, ...]:
    """The time zones that the customer may be in."""
    place = facts.place
    own = place.get("time_zone")
    return (own,) if own else policy.zones_of((place.get("region"), place.get("residence_country")))


def _decided(grounds: list[Ground], contact_point_id: UUID | None, expires_at: datetime) -> Judged:
    holding: list[Ground] = []
    for one in grounds:
        if one.outcome == "suppress":
            return Judged("suppress", one.rule, one.reason, contact_point_id, None, None, tuple(grounds))
        if one.outcome == "hold":
            holding.append(one)
    if not holding:
        return Judged("send", *_SENT, contact_point_id, None, None, tuple(grounds))
    until = expires_at
    if all(one.until is not None for one in holding):
        until = min(max(one.until for one in holding if one.until is not None), expires_at)
    first = holding[0]
    return Judged("hold", first.rule, first.reason, contact_point_id, until, expires_at, tuple(grounds))


# The rules


def _relationship(case: _Case) -> Ground:
    facts = case.facts
    if facts.registered is None:
        return Ground("relationship", "suppress", "customer-not-registered")
    if facts.ended is not None:
        return Ground("relationship", case.rules.ended, "relationship-ended", (facts.ended,))
    return Ground("relationship", "pass", "customer-registered", (facts.registered,))


def _restriction(case: _Case) -> Ground:
    if not case.facts.restrictions:
        return _UNRESTRICTED
    standing: list[UUID] = []
    until: datetime | None = None
    for known in [one for of in case.facts.restrictions.values() for one in of if one.classes]:
        ends = None if known.until is None else day_starts(known.until, case.zones)
        if ends is None or case.moment < ends:
            standing.append(known.event_id)
            until = ends
    if not standing:
        return _UNRESTRICTED
    until = until if len(standing) == 1 else None
    return Ground("restriction", case.rules.restricted, "processing-restricted", tuple(standing), until)


def _objection(case: _Case) -> Ground:
    facts = case.facts
    events = [*facts.objections.values()]
    events += [event for purpose, event in facts.touch_objections.values() if purpose == case.wanted.purpose]
    if not events:
        return _UNOPPOSED
    return Ground("objection", case.rules.objection, "objection-raised", tuple(events))


_STATUS: Final[Mapping[str, tuple[Outcome, Code]]] = MappingProxyType(
    {
        "absent": ("suppress", "campaign-unknown"),
        "planned": ("suppress", "campaign-not-launched"),
        "approved": ("suppress", "campaign-not-launched"),
        "running": ("pass", "campaign-running"),
        "paused": ("hold", "campaign-paused"),
        "ended": ("suppress", "campaign-ended"),
    }
)


def _campaign(case: _Case) -> Ground:
    state = case.campaign.state
    outcome, reason = _STATUS[state.status]
    if outcome == "pass":
        return _of_running(case)
    # Its resuming is told in another partition: whoever waits looks again by time.
    again = case.moment + LOOK_AGAIN if outcome == "hold" else None
    return Ground("campaign", outcome, reason, (), again)


def _of_running(case: _Case) -> Ground:
    state = case.campaign.state
    if state.ends_on is not None and max(calendar_day(case.moment, zone) for zone in case.zones) > state.ends_on:
        return Ground("campaign", "suppress", "campaign-over")
    if state.starts_on is not None and min(calendar_day(case.moment, zone) for zone in case.zones) < state.starts_on:
        starts = day_starts(state.starts_on, case.zones)
        return Ground("campaign", "hold", "campaign-not-begun", (), starts)
    if state.budget_spent:
        return Ground("campaign", "suppress", "budget-spent")
    return _RUNNING


def _reachable(place: Place) -> list[Ground]:
    return [
        Ground("contact-point", place.point_outcome, place.point_reason, place.point_events),
        Ground("consent", place.consent_outcome, place.consent_reason, place.consent_events),
    ]


def _preference(case: _Case) -> Ground:
    preferences = case.facts.preferences
    never = preferences.get("contact_frequency")
    if never is not None and never[0] == "never":
        return Ground("preference", case.rules.preference, "no-contact-wished", (never[1],))
    channel = preferences.get("channel")
    if channel is not None and channel[0] != case.wanted.channel:
        return Ground("preference", case.rules.preference, "another-channel-wished", (channel[1],))
    return _NO_PREFERENCE


def _vulnerability(case: _Case) -> Ground:
    event = case.facts.vulnerable
    if event is None:
        return _NOT_VULNERABLE
    return Ground("vulnerability", case.rules.vulnerable, "customer-vulnerable", (event,))


def _complaint(case: _Case) -> Ground:
    events = case.facts.open_complaints
    if not events:
        return _NO_COMPLAINT
    return Ground("complaint", case.rules.complaint, "complaint-open", tuple(events))


def _windows(case: _Case) -> list[Ground]:
    found = [
        _window(case, window)
        for window in case.rules.windows
        if not window.channels or case.wanted.channel in window.channels
    ]
    if case.rules.shared is not None and (seen := _seen(case, case.rules.shared)) is not None:
        found.append(_shared(case, case.rules.shared, seen))
    return found


def _window(case: _Case, window: ContactWindow) -> Ground:
    """Contacts on one of the window's days, today being the last of them, in any zone that the customer may be in."""
    if window.matter and case.wanted.matter is None:
        return Ground("window", "suppress", "matter-not-named")
    counted = contacts_counted(case.facts, case.wanted, window)
    if len(counted) < window.limit:
        return Ground("window", "pass", window.window, tuple([event for _, event in counted]))
    counted.sort()
    free_at, within = _free_at(case, window, counted)
    if free_at is None:
        return Ground("window", "pass", window.window, within)
    return Ground("window", window.reached, window.window, within, free_at)


def _free_at(
    case: _Case, window: ContactWindow, counted: list[tuple[datetime, UUID]]
) -> tuple[datetime | None, tuple[UUID, ...]]:
    """When the window has room again in every zone (None: it has), and the events that count in it now."""
    free_at: datetime | None = None
    within: tuple[UUID, ...] = ()
    for zone in case.zones:
        first_day = calendar_day(case.moment, zone) - timedelta(days=window.days - 1)
        inside = [(at, event) for at, event in counted if calendar_day(at, zone) >= first_day]
        if len(inside) > len(within):
            within = tuple(event for _, event in inside)
        if len(inside) >= window.limit:
            leaves = calendar_day(inside[len(inside) - window.limit][0], zone) + timedelta(days=window.days)
            free = day_starts(leaves, (zone,))
            free_at = free if free_at is None else max(free_at, free)
    return free_at, within


def _seen(case: _Case, window: SharedWindow) -> SharedSeen | None:
    """What was seen of the contact point that is chosen now; None: nothing, or it is not of the window."""
    seen = case.shared
    if seen is None or seen.contact_point_id != case.contact_point_id or not window.counts(case.wanted.channel):
        return None
    return seen


def _shared(case: _Case, window: SharedWindow, seen: SharedSeen) -> Ground:
    again = case.moment + LOOK_AGAIN
    if seen.reservation_id is None:
        return Ground("shared", "hold", VALUE_UNKNOWN, (), again)
    room = seen.room(window, case.moment, again)
    return Ground("shared", "pass" if room.free_at is None else window.reached, window.window, *room)


def _needs(case: _Case, window: SharedWindow, found: Judged) -> SharedWindow | None:
    sends = found.decision == "send"
    if not window.counts(case.wanted.channel) or not (sends or found.rule == "holdout"):
        return None
    seen = _seen(case, window)
    return window if seen is None or (sends and not seen.covers(window, case.moment)) else None


def _hours(case: _Case) -> Ground:
    hours = case.rules.hours
    if hours is None or (hours.channels and case.wanted.channel not in hours.channels):
        return _ANY_HOUR
    wished = case.facts.preferences.get("contact_hours")
    opening = next_opening(hours, None if wished is None else wished[0], case.zones, case.moment)
    events = () if wished is None else (wished[1],)
    if opening == case.moment:
        return Ground("hours", "pass", "within-contact-hours", events)
    return Ground("hours", "hold", "outside-contact-hours", events, opening)


def _holdout(case: _Case) -> Ground:
    if case.campaign.held_out:
        return Ground("holdout", "suppress", "kept-for-comparison")
    return _NOT_HELD_OUT


_RULES: Final[tuple[Callable[[_Case], Ground | list[Ground]], ...]] = (
    _relationship, _restriction, _objection, _campaign, _preference, _vulnerability, _complaint, _windows, _hours,
    _holdout,
)  # fmt: skip
