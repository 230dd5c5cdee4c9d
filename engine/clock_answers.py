"""One clock as it is shown: how it stands, by which versions, and what moved it."""

from typing import Any

from domain.clocks import Clock


def told(clock: Clock) -> dict[str, Any]:
    """The answer for one clock: how it stands, by which versions, and what moved it."""
    following = clock.next_share
    return {
        "clock": clock.clock,
        "run": clock.run,
        "state": clock.state,
        "waits": clock.waits,
        "regime": clock.regime,
        "policy_version": clock.policy_version,
        "calendar": clock.calendar,
        "calendar_versions": clock.calendar_versions,
        "started_at": clock.started_at,
        "first_day": clock.first_day,
        "due_on": clock.due_on,
        "due_at": clock.due_at,
        "escalate_at": [{"percent": share, "at": at} for share, at in clock.escalate_at.items()],
        "escalated": sorted(clock.escalated),
        "breach_recorded": clock.breach_recorded,
        "next": None if following is None else {"percent": following[0], "at": following[1]},
        "stopped_at": clock.stopped_at,
        "void_by": clock.void_by,
        "extension": clock.extension,
        "agreed_on": clock.agreed_on,
        "missed": clock.missed,
        "provisional": clock.provisional,
        "counsel": clock.counsel,
        "source": clock.source,
        "moved_by": clock.moved_by,
        "passed_over": [{"event_id": event_id, "why": why} for event_id, why in clock.passed_over],
    }
