"""The schemas of what is answered about contacts: why a touch was sent or not, consents, and what campaigns added."""

from typing import Final

from api.schemas import COUNT, TEXT, TIME, UUID, VERSION, Schema, list_of, maybe, object_with, page, rows
from engine.campaign_running import Progress
from engine.touches_told import ToldTouch
from projections.attribution import Credit

_YES: Final[Schema] = {"type": "boolean"}
_ANSWER: Final[Schema] = {"enum": ["granted", "denied", "withdrawn", "expired"]}
_SCOPE: Final[dict[str, Schema]] = {
    "contact_point_id": UUID,
    **dict.fromkeys(("channel", "purpose", "topic", "text_version"), TEXT),
}
_EVENT: Final[dict[str, Schema]] = {
    "event_id": UUID, "stream_id": UUID, "version": VERSION, "type": TEXT, "position": COUNT, "occurred_at": TIME,
    "recorded_at": TIME, "actor": TEXT,
}  # fmt: skip
_RULE: Final[Schema] = object_with(
    {
        "rule": TEXT,
        "outcome": {"enum": ["pass", "hold", "suppress"]},
        "reason": TEXT,
        "until": {**maybe(TIME), "description": "Of what holds: until when; null: until something happens."},
        "events": {**list_of(UUID), "description": "Those that decide it."},
    }
)
_JUDGED: Final[Schema] = maybe(
    object_with(
        {
            "decision": {"enum": ["send", "suppress", "hold"]},
            "rule": TEXT,
            "reason": TEXT,
            "held_until": maybe(TIME),
            "expires_at": maybe(TIME),
            "rules": {**list_of(_RULE), "description": "Every rule that was looked at, in their order."},
        }
    )
)
_LAWFULNESS: Final[dict[str, Schema]] = {
    "touch_id": UUID,
    "customer_id": UUID,
    "lawful": {**maybe(_YES), "description": "Null: it was not sent, or names a policy not known here."},
    "sent": _YES,
    "decided_here": {**_YES, "description": "By the contact policy; else recorded as others decided it."},
    "agrees": {**maybe(_YES), "description": "The recorded decision is the one that follows."},
    "at": {**TIME, "description": "The moment that it was judged for."},
    "event_id": UUID,
    "partition": COUNT,
    "position": {**COUNT, "description": "Of the deciding event: what came later was not known."},
    "decision": TEXT,
    "rule": TEXT,
    "reason": TEXT,
    "policy_version": maybe(COUNT),
    "policy_id": {**maybe(UUID), "description": "Null: the policy that came with the program."},
    "campaign_id": UUID,
    "campaign_version": COUNT,
    "then": {**_JUDGED, "description": "As the record knew the customer when it was decided."},
    "with_hindsight": {**_JUDGED, "description": "With all that was recorded later of what was so by then."},
    "events": list_of(object_with(_EVENT)),
}
_WORD: Final[dict[str, Schema]] = {
    "answer": _ANSWER, **_SCOPE, "evidence_channel": maybe(TEXT), "valid_until": maybe(TIME), **_EVENT,
}  # fmt: skip


def contact_answers() -> dict[str, Schema]:
    """By operation id."""
    standing = object_with({"answer": _ANSWER, **_SCOPE, "valid_until": maybe(TIME), "event_id": UUID})
    return {
        "touch_lawfulness": object_with(_LAWFULNESS),
        "customer_consents": object_with({"scopes": list_of(standing), "history": list_of(object_with(_WORD))}),
    }


def campaign_answers(parked: Schema) -> dict[str, Schema]:
    """By operation id; `parked` is the schema of what is left out."""
    number: Schema = {"type": "number"}
    group = object_with({"customers": COUNT, "converted": COUNT, "rate": maybe(number)})
    interval = maybe(object_with({"low": number, "high": number}))
    return {
        "campaign_lift": object_with(
            {
                "treated": {**group, "description": "Customers who would be contacted, and were or are held."},
                "holdout": {**group, "description": "Customers who would be contacted, and are kept out by chance."},
                "confidence": number,
                "difference": {**maybe(number), "description": "Of the rates; null: a group is empty."},
                "difference_interval": interval,
                "relative": {**maybe(number), "description": "To the holdout's rate; null: it cannot be told."},
                "relative_interval": interval,
                "methods": {**list_of(TEXT), "description": "Of the two intervals."},
                "parked": parked,
            }
        ),
        "campaign_attribution": object_with({"credits": list_of(rows(Credit)), "conversions": COUNT, "parked": parked}),
        "campaign_progress": rows(Progress, campaign_id=UUID),
        "campaign_touches": page("touches", rows(ToldTouch)),
    }
