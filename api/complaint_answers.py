"""The schemas of answers about complaints: as they stand, their history, letters and clocks."""

from typing import Final

from api.answers_clocks import CLAIMED, CLOCK, STAND
from api.schemas import (
    COUNT,
    LAST,
    OBJECT,
    PARKED,
    TEXT,
    TIME,
    UUID,
    VERSION,
    WITHHELD,
    Schema,
    list_of,
    maybe,
    object_with,
    page,
    rows,
)
from projections.complaint_course import COURSE
from projections.complaint_row import ComplaintRow
from projections.complaint_search import ComplaintCount

_STEP: Final[Schema] = {**OBJECT, "description": "The clear facts of the event, with `at` and `by`."}
_HISTORY_STEP: Final[Schema] = object_with(
    {
        "event_id": UUID,
        "version": VERSION,
        "type": TEXT,
        "means": {**maybe(TEXT), "description": "In words; null where a newer program wrote it."},
        "occurred_at": TIME,
        "recorded_at": TIME,
        "actor": {**TEXT, "description": "Who."},
        "reason": {**maybe(TEXT), "description": "Why, as a code."},
        "status": {**TEXT, "description": "How the complaint stood after it."},
        "facts": OBJECT,
    }
)
_LETTER: Final[Schema] = object_with(
    {
        "letter_id": {**maybe(UUID), "description": "Null where it was recorded without one."},
        "kind": TEXT,
        "event_id": UUID,
        "sent_at": TIME,
        "by": TEXT,
        "channel": maybe(TEXT),
        "language": maybe(TEXT),
        "template": maybe(TEXT),
        "template_version": maybe(COUNT),
        "representative_id": {**maybe(UUID), "description": "To whom, where not to the complainant."},
        "letter": {"description": "Personal data: the text, a mask, or when it was erased."},
        "deliveries": list_of(
            object_with(
                {
                    "attempt_id": UUID,
                    "channel": TEXT,
                    "outcome": TEXT,
                    "proof": maybe(TEXT),
                    "proof_ref": maybe(TEXT),
                    "proof_sha256": maybe(TEXT),
                    "proof_attachment_id": maybe(UUID),
                    "at": TIME,
                    "by": TEXT,
                }
            )
        ),
    }
)


def complaint_answers() -> dict[str, Schema]:
    """By operation id."""
    personal = {
        "type": "object",
        "description": "Of the `complaint`, a `dispute`, last responses, each `representative`, where there are any.",
        "additionalProperties": OBJECT,
    }
    course = object_with({name: {**list_of(_STEP), "description": means} for name, means in COURSE.items()})
    course["properties"]["missing"] = {**list_of(TEXT), "description": COURSE["missing"]}
    of_row = ("partition", "position", "event_id", "sealed", "course", "claims_open", "claims")
    return {
        "complaints": page("complaints", rows(ComplaintRow, of_row, last_event=LAST)),
        "complaint": rows(ComplaintRow, of_row, last_event=LAST, course=course, version=VERSION, personal=personal),
        "complaint_history": page("steps", _HISTORY_STEP),
        "complaint_letters": object_with({"letters": list_of(_LETTER)}),
        "complaint_clocks": object_with(
            {"complaint_id": UUID, "version": VERSION, "at": TIME, "clocks": list_of(object_with(CLOCK))}
        ),
        "complaint_claimed_times": page("complaints", CLAIMED, at=TIME),
        "complaint_board": page("clocks", object_with({"complaint_id": UUID, **CLOCK})),
        "complaint_what_if": object_with(
            {
                "at": TIME,
                **dict.fromkeys(("complaints", "differing", "newly_breached", "no_longer_breached"), COUNT),
                "clocks": list_of(object_with({"clock": TEXT, "state": TEXT, "was": COUNT, "would": COUNT})),
                "differences": list_of(
                    object_with({"complaint_id": UUID, "clock": TEXT, "was": STAND, "would": STAND})
                ),
            }
        ),
        "complaint_counts": object_with(
            {"counts": list_of(rows(ComplaintCount)), "parked": PARKED, "withheld": WITHHELD}
        ),
    }
