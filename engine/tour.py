"""One question to every read model: what the demo shows, and its check."""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.matters import Sight
from domain.touch_messages import TouchDecided
from engine.wiring import Daybook
from projections import (
    audit_trail,
    campaign_results,
    clock_board,
    complaint_search,
    profile_query,
    satisfaction_history,
)
from projections import timeline as timelines
from projections.listing import LIMIT_MAX
from projections.satisfaction_series import Slice, series
from projections.timeline import Timeline

SHOWN = 50
NOTHING = Sight("system:tour")
"""What is shown here anybody may see: no confidential matter is."""


@dataclass(frozen=True, slots=True)
class Tour:
    """What there is to look at in this record (None: none of the kind), and what each read model answered.

    `touch_id`: one that a rule has suppressed.
    """

    customer_id: UUID | None
    complaint_id: UUID | None
    campaign_id: UUID | None
    touch_id: UUID | None
    answers: dict[str, str]


class Unsent(NamedTuple):
    """A touch that a rule has suppressed."""

    touch_id: UUID
    rule: str
    reason: str


async def tour(daybook: Daybook) -> Tour:
    """Ask every read model something about what is in the record."""
    models = daybook.models
    listed = await complaint_search.search(models, complaint_search.ComplaintFilter(), NOTHING, limit=SHOWN)
    campaigns = (await campaign_results.campaigns(models, limit=SHOWN)).campaigns
    customer_id = await _somebody(daybook)
    campaign_id = campaigns[0].campaign_id if campaigns else None
    unsent = await _unsent(daybook)
    answers = {
        "complaint register": await _register(daybook),
        "complaint board": await _board(daybook),
        "campaign results": await _campaign(daybook, campaign_id),
        "touch not sent": f"{unsent.touch_id}, by the rule on {unsent.rule}: {unsent.reason}" if unsent else "no touch",
        "satisfaction history": await _satisfaction(daybook, customer_id),
        "audit trail": await _audit(daybook),
    }
    if customer_id is not None:
        answers |= await _customer(daybook, customer_id)
    complaint_id = listed.complaints[0].complaint_id if listed.complaints else None
    return Tour(customer_id, complaint_id, campaign_id, unsent.touch_id if unsent else None, answers)


async def _somebody(daybook: Daybook) -> UUID | None:
    """A customer to look at: registered, if anybody is, and lately in contact."""
    for kind in ("survey.answered", "customer.registered", "touch.decided"):
        found = await audit_trail.search(daybook.models, audit_trail.AuditFilter(type=kind), NOTHING, limit=1)
        if found.entries:
            return found.entries[0].customer_id
    return None


async def _customer(daybook: Daybook, customer_id: UUID) -> dict[str, str]:
    profile = await profile_query.profile(daybook.models, customer_id, NOTHING)
    timeline = await timelines.timeline(daybook.models, customer_id, NOTHING, limit=SHOWN)
    if profile is None:
        return {"customer profile": "nobody", "timeline": _events(timeline)}
    contacts = sum(profile.interactions.values())
    touched = f"{profile.complaints} complaints, {profile.touches} touches"
    about = f"{profile.status} customer with {contacts} contacts, {touched}"
    return {"customer profile": about, "timeline": _events(timeline)}


def _events(timeline: Timeline) -> str:
    return (
        f"{len(timeline.entries)} events, the last a {timeline.entries[0].recorded.type}"
        if timeline.entries
        else "none"
    )


async def _register(daybook: Daybook) -> str:
    counted = await complaint_search.counts(daybook.models, complaint_search.CountFilter(), NOTHING, by=("status",))
    by_status = ", ".join(f"{one.complaints:,} {one.status}" for one in counted.counts)
    return (by_status or "no complaints") + _incomplete(counted.parked)


async def _board(daybook: Daybook) -> str:
    lines = (await clock_board.board(daybook.models, None, NOTHING, limit=LIMIT_MAX)).lines
    by_state = ", ".join(f"{count} {state}" for state, count in Counter(one.detail["state"] for one in lines).items())
    following = next((one for one in lines if one.detail["state"] == "running"), None)
    due = f"; first due: {following.clock} at {following.due_at:%Y-%m-%d %H:%M}" if following else ""
    return f"{by_state or 'no clock is waited for'}{due}"


async def _unsent(daybook: Daybook) -> Unsent | None:
    """One of the last that a customer's own word or state has kept from being sent."""
    decided = audit_trail.AuditFilter(type=TouchDecided.type)
    entries = (await audit_trail.search(daybook.models, decided, NOTHING, limit=SHOWN)).entries
    for one in entries:
        (first, *_) = await daybook.record.read_stream(one.stream_id, limit=1)
        event = daybook.mapper.fact(first).event
        if isinstance(event, TouchDecided) and event.decision == "suppress" and event.group is None:
            return Unsent(one.stream_id, event.rule, event.reason)
    return None


async def _campaign(daybook: Daybook, campaign_id: UUID | None) -> str:
    found = await campaign_results.results(daybook.models, campaign_id) if campaign_id is not None else None
    if found is None or found.campaign is None:
        return "no campaigns"
    sent = sum(one.send + one.released for one in found.channels)
    converted = sum(one.converted for one in found.channels)
    return f"{found.campaign.title}: {sent:,} sent, {converted:,} converted" + _incomplete(found.parked)


async def _satisfaction(daybook: Daybook, customer_id: UUID | None) -> str:
    found = await series(daybook.models, Slice(), by=())
    scores = ", ".join(
        f"{point.metric} over {point.answers:,} answers ({point.response_rate_percent or 0:.0f}% of those invited)"
        for point in found.points
    )
    own = await satisfaction_history.history(daybook.models, customer_id) if customer_id is not None else None
    asked = f"; this customer was asked {len(own.invitations)} times" if own is not None and own.invitations else ""
    return (scores or "no surveys") + asked + _incomplete(found.parked)


async def _audit(daybook: Daybook) -> str:
    found = await audit_trail.search(daybook.models, audit_trail.AuditFilter(), NOTHING, limit=1)
    if not found.entries:
        return "nothing happened"
    last = found.entries[0]
    return f"last, {last.actor} did {last.type} at {last.occurred_at:%Y-%m-%d %H:%M}" + _incomplete(found.parked)


def _incomplete(parked: int) -> str:
    return f" (incomplete: {parked} parked)" if parked else ""
