"""The schemas of complaints' clocks in answers."""

from collections.abc import Mapping
from typing import Final

from api.schemas import COUNT, DATE, TEXT, TIME, UUID, Schema, list_of, maybe, object_with

_STATE: Final[Schema] = {"enum": ["running", "paused", "met", "breached", "lapsed", "void"]}
_SHARE: Final[Schema] = object_with(
    {"percent": {**COUNT, "description": "Of its time; 100 when it runs out."}, "at": TIME}
)
CLOCK: Final[Mapping[str, Schema]] = {
    **dict.fromkeys(("clock", "regime", "calendar", "source"), TEXT),
    "run": {**COUNT, "description": "Rises when new facts begin it anew."},
    "state": _STATE,
    "waits": {"type": "boolean", "description": "Somebody still waits, also after a breach."},
    "policy_version": COUNT,
    "calendar_versions": {**list_of(COUNT), "description": "Those that decided its days."},
    "started_at": TIME,
    "first_day": DATE,
    "due_on": maybe(DATE),
    "due_at": {**maybe(TIME), "description": "Null while it is paused."},
    "escalate_at": list_of(_SHARE),
    "escalated": list_of(COUNT),
    "breach_recorded": {"type": "boolean"},
    "next": {**maybe(_SHARE), "description": "What time alone does to it next."},
    "stopped_at": maybe(TIME),
    "void_by": maybe(TEXT),
    "extension": maybe(TEXT),
    "agreed_on": {**maybe(DATE), "description": "The last day that both sides agreed on."},
    "missed": {"enum": ["breach", "lapse"]},
    "provisional": {"type": "boolean", "description": "No adopted calendar knows its last day yet."},
    "counsel": {"type": "boolean", "description": "What its source leaves open should be confirmed with counsel."},
    "moved_by": {**list_of(UUID), "description": "Events that started, moved or ended it."},
    "passed_over": {
        **list_of(object_with({"event_id": UUID, "why": TEXT})),
        "description": "Events that should have moved it and could not.",
    },
}
STAND: Final[Schema] = maybe(
    object_with({"state": _STATE, "due_at": maybe(TIME), "policy_version": COUNT, "calendar_versions": list_of(COUNT)})
)

CLAIMED: Final[Schema] = object_with(
    {
        "complaint_id": UUID,
        "regime": maybe(TEXT),
        "status": TEXT,
        "claims": list_of(
            object_with(
                {
                    "event_id": {**maybe(UUID), "description": "The event whose time was told late."},
                    **dict.fromkeys(("event", "given_by", "reason"), TEXT),
                    **dict.fromkeys(("claimed_at", "given_at"), TIME),
                    "number": COUNT,
                    "verdict": {"enum": ["confirmed", "rejected", None]},
                    **dict.fromkeys(("judged_by", "judged_because"), maybe(TEXT)),
                    "judged_at": maybe(TIME),
                }
            )
        ),
        "clocks": list_of(
            object_with(
                {
                    "clock": TEXT,
                    "counts": {**STAND, "description": "As it counts: as claimed unless rejected."},
                    "as_claimed": STAND,
                    "as_told": STAND,
                    "moved": {"type": "boolean", "description": "The claims move it."},
                }
            )
        ),
    }
)
