"""How a touch's lawfulness is told, over the API and on the command line: every rule, and the events that decided it.

Events of what is confidential and not in sight are left out, wherever they stand.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from domain.contact_judging import Ground, Judged
from domain.matters import Sight
from engine.lawfulness import Lawfulness
from engine.wiring import Daybook
from projections.fact import Fact
from projections.seeing import hidden_streams


async def lawfulness_told(daybook: Daybook, found: Lawfulness, sight: Sight) -> dict[str, Any]:
    """What is known of one touch, for who has this sight."""
    cited = {event for judged in (found.then, found.with_hindsight) if judged for event in _cited(judged)}
    streams = [found.events[one].recorded.stream_id for one in cited if one in found.events]
    hidden = await hidden_streams(daybook.record, sight, streams)
    shown = {one for one in cited if one in found.events and found.events[one].recorded.stream_id not in hidden}
    return {
        **_told(found),
        "then": _judged(found.then, shown),
        "with_hindsight": _judged(found.with_hindsight, shown),
        "events": [event_told(one) for name, one in found.events.items() if name in shown],
    }


def event_told(fact: Fact) -> dict[str, Any]:
    """Which event it is, without what it says."""
    recorded = fact.recorded
    return {
        "event_id": recorded.event_id, "stream_id": recorded.stream_id, "version": recorded.version,
        "type": recorded.type, "position": recorded.position, "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at, "actor": recorded.actor,
    }  # fmt: skip


def _told(found: Lawfulness) -> dict[str, Any]:
    policy = found.policy
    return {
        "touch_id": found.touch_id,
        "customer_id": found.customer_id,
        "lawful": None if found.answer in {None, "not-sent"} else found.answer == "lawful",
        "sent": found.recorded_decision == "send",
        "decided_here": found.decided_here,
        "agrees": found.agrees,
        "at": found.moment,
        "event_id": found.deciding.event_id,
        "partition": found.deciding.partition,
        "position": found.deciding.position,
        "decision": found.recorded_decision,
        "rule": found.recorded_rule,
        "reason": found.recorded_reason,
        "policy_version": None if policy is None else policy.version,
        "policy_id": None if policy is None else policy.policy_id,
        "campaign_id": found.campaign_id,
        "campaign_version": found.campaign_version,
    }


def _judged(judged: Judged | None, visible: Collection[UUID]) -> dict[str, Any] | None:
    if judged is None:
        return None
    return {
        "decision": judged.decision,
        "rule": judged.rule,
        "reason": judged.reason,
        "held_until": judged.held_until,
        "expires_at": judged.expires_at,
        "rules": [_ground(one, visible) for one in judged.grounds],
    }


def _ground(ground: Ground, visible: Collection[UUID]) -> dict[str, Any]:
    return {
        "rule": ground.rule,
        "outcome": ground.outcome,
        "reason": ground.reason,
        "until": ground.until,
        "events": [one for one in ground.events if one in visible],
    }


def _cited(judged: Judged) -> set[UUID]:
    return {event for ground in judged.grounds for event in ground.events}
