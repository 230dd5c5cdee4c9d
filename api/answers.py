"""The schema of every query's answer, by operation id."""

from collections.abc import Mapping
from functools import cache

from api.answers_clocks import CLAIMED, CLOCK, STAND
from api.contact_answers import campaign_answers, contact_answers
from api.customer_search import FoundCustomer
from api.events import WITHOUT_READ_MODEL
from api.relation_answers import entry as _entry
from api.relation_answers import relations
from api.schemas import (
    COUNT,
    CURSOR,
    DATE,
    OBJECT,
    TEXT,
    TIME,
    UUID,
    VERSION,
    WITHHELD,
    Schema,
    list_of,
    maybe,
    object_with,
    ref,
    rows,
)
from api.schemas import LAST as _LAST
from api.schemas import PARKED as _PARKED
from api.schemas import page as _page
from domain import AGGREGATES
from domain.privacy_clock import RequestClock
from domain.unusual_access import RULE_NAMES
from engine.linking import Candidate, Evidence, KnownLink, Shared
from engine.retention_ended import RetentionEnded
from projections.audit_detail import Changed
from projections.audit_trail import AuditEntry
from projections.break_glass_register import GrantRow
from projections.campaign_results import CampaignRow, ChannelResults
from projections.complaint_course import COURSE
from projections.complaint_row import ComplaintRow
from projections.complaint_search import ComplaintCount
from projections.correction_queue import Waiting, WaitingCorrection
from projections.kpi_query import Behind, Cell, Counted
from projections.looks import Look, Part
from projections.privacy_register import DisposalRow, ErasureRow, LegalHoldRow, PrivacyRequestRow
from projections.profile_query import (
    Consent,
    ContactPoint,
    DetailChange,
    Document,
    LastScore,
    PendingCorrection,
    Profile,
)
from projections.satisfaction_history import Invitation, Responses
from projections.satisfaction_series import Point
from projections.screening_queue import DrawnRow, Stratum

_ROW = ("partition", "position", "event_id", "sealed")
_SCREENED = ("finding", "complaint_id", "screened_by", "screened_at")
_LOG: Schema = object_with(
    {
        "log": TEXT,
        "of": {"enum": ["event", "look", "checkpoint"], "description": "What its entries stand for."},
        "partition": COUNT,
        "shard": COUNT,
        "vkey": TEXT,
        "size": {**COUNT, "description": "Entries that are signed."},
        "checkpoint": {**maybe(TEXT), "description": "A signed note; null before the first."},
        "stopped": {"type": "boolean", "description": "It is signed no more until somebody has looked."},
        "consistency": maybe(object_with({"log": TEXT, "old_size": COUNT, "size": COUNT, "hashes": list_of(TEXT)})),
    }
)
_STEP: Schema = {**OBJECT, "description": "The clear facts of the event, with `at` and `by`."}
_HISTORY_STEP: Schema = object_with(
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
_LETTER: Schema = object_with(
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
_USER = ("actor", "role", "name", "purpose")


@cache
def answers() -> Mapping[str, Schema]:
    """An answer's schema by the query's operation id."""
    made = (
        _customers()
        | _complaints()
        | contact_answers()
        | _campaigns()
        | _privacy()
        | _others()
        | _access()
        | _kpis()
        | _returns()
        | _screenings()
        | _corrections()
    )
    made |= relations()
    for aggregate in AGGREGATES:
        made[f"{aggregate.name.replace('-', '_')}_events"] = _page("events", ref("Event"))
        if aggregate.name in WITHOUT_READ_MODEL:
            made[aggregate.name.replace("-", "_")] = _facts(aggregate.commands[0].stream_field)
    return made


def _customers() -> dict[str, Schema]:
    lists = {
        "contact_points": list_of(rows(ContactPoint)),
        "pending_corrections": list_of(rows(PendingCorrection, changes=list_of(rows(DetailChange)))),
        "documents": list_of(rows(Document)),
        "customers": list_of(object_with({"customer_id": UUID, "version": maybe(VERSION), "status": TEXT})),
        "consents": list_of(rows(Consent)),
        "scores": list_of(rows(LastScore)),
        "version": {**maybe(VERSION), "description": "Null: events name the customer, but nobody registered it yet."},
    }
    ids = {"canonical_id": UUID, "merged_ids": {**list_of(UUID), "description": "The person's other customer ids."}}
    responses = rows(Responses, response_rate_percent=maybe({"type": "number"}))
    return {
        "customer_profile": rows(Profile, **lists),
        "customer_search": _page("customers", rows(FoundCustomer)),
        "customer_link_candidates": object_with(
            {
                **ids,
                "rules_version": COUNT,
                "candidates": list_of(rows(Candidate, evidence=list_of(rows(Evidence)), link=maybe(rows(KnownLink)))),
                "shared": list_of(rows(Shared)),
                "not_shown": {**list_of(TEXT), "description": "Kinds that you are not shown, so were not compared."},
            }
        ),
        "customer_timeline": _page("events", ref("Event"), **ids),
        "customer_satisfaction": _page("invitations", rows(Invitation), responses=responses, **ids),
    }


def _complaints() -> dict[str, Schema]:
    personal = {
        "type": "object",
        "description": "Of the `complaint`, a `dispute`, last responses, each `representative`, where there are any.",
        "additionalProperties": OBJECT,
    }
    course = object_with({name: {**list_of(_STEP), "description": means} for name, means in COURSE.items()})
    course["properties"]["missing"] = {**list_of(TEXT), "description": COURSE["missing"]}
    of_row = (*_ROW, "course", "claims_open", "claims")
    return {
        "complaints": _page("complaints", rows(ComplaintRow, of_row, last_event=_LAST)),
        "complaint": rows(ComplaintRow, of_row, last_event=_LAST, course=course, version=VERSION, personal=personal),
        "complaint_history": _page("steps", _HISTORY_STEP),
        "complaint_letters": object_with({"letters": list_of(_LETTER)}),
        "complaint_clocks": object_with(
            {"complaint_id": UUID, "version": VERSION, "at": TIME, "clocks": list_of(object_with(CLOCK))}
        ),
        "complaint_claimed_times": _page("complaints", CLAIMED, at=TIME),
        "complaint_board": _page("clocks", object_with({"complaint_id": UUID, **CLOCK})),
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
            {"counts": list_of(rows(ComplaintCount)), "parked": _PARKED, "withheld": WITHHELD}
        ),
    }


def _campaigns() -> dict[str, Schema]:
    amounts: Schema = {
        "type": "object",
        "description": "Minor units by currency; below 0 where more was refunded than paid.",
        "additionalProperties": {"type": "integer"},
    }
    campaign = rows(CampaignRow, _ROW, last_event=_LAST)
    results = {
        "campaign": maybe(campaign), "channels": list_of(rows(ChannelResults)), "costs": amounts, "parked": _PARKED,
    }  # fmt: skip
    return {
        "campaigns": _page("campaigns", campaign),
        "campaign": rows(CampaignRow, _ROW, last_event=_LAST, version=VERSION),
        "campaign_results": object_with(results),
        **campaign_answers(_PARKED),
    }


def _privacy() -> dict[str, Schema]:
    clock = {**maybe(rows(RequestClock)), "description": "Null: no policy for requests was in force."}
    request = rows(PrivacyRequestRow, _ROW, clock=clock)
    names: Schema = {"type": "object", "description": "By disclosure.", "additionalProperties": TEXT}
    return {
        "privacy_requests": _page("privacy_requests", request),
        "privacy_request": rows(PrivacyRequestRow, _ROW, clock=clock, version=VERSION),
        "erasures": _page("erasures", rows(ErasureRow, _ROW, telling=names)),
        "legal_holds": _page("legal_holds", rows(LegalHoldRow, _ROW)),
        "disposals": _page("disposals", rows(DisposalRow, _ROW)),
        "disposal_candidates": _page("candidates", rows(RetentionEnded), schedule_version=maybe(COUNT), examined=COUNT),
    }


def _others() -> dict[str, Schema]:
    words = dict.fromkeys(("kind", "subject", "sha256", "note"), TEXT)
    rows_of_certificates = object_with({**words, "partition": COUNT, "issued_at": TIME})
    names = ("response_rate_percent", "mean_score", "csat_percent", "nps")
    named: Schema = {"type": "object", "description": "By code.", "additionalProperties": TEXT}
    scores: Schema = {"type": "object", "description": "Answers by score.", "additionalProperties": COUNT}
    point = rows(Point, scores=scores, answers=COUNT, **dict.fromkeys(names, maybe({"type": "number"})))
    changes = {**maybe(list_of(rows(Changed))), "description": "Null: a newer program wrote the stream."}
    event = ref("Event")
    return {
        "satisfaction": object_with({"points": list_of(point), "parked": _PARKED, "withheld": WITHHELD}),
        "access_table": object_with({"table_version": COUNT, "sha256": TEXT, "rules": OBJECT}),
        "receipt": ref("Receipt"),
        "audit_logs": object_with({"logs": list_of(_LOG)}),
        "certificates": _page("certificates", rows_of_certificates),
        "audit_looks": _page("looks", rows(Look, looked=list_of(rows(Part)))),
        "audit_detail": object_with(
            {"event": event, "changes": changes, "put_in_force": maybe(event), "stood_before": list_of(event)}
        ),
        "feed": object_with({"events": list_of(ref("FeedEvent")), "next": CURSOR}),
        "dev_users": object_with({"users": list_of(object_with(dict.fromkeys(_USER, TEXT)))}),
        "health": object_with({"status": TEXT}),
        "labels": object_with({"language": TEXT, "labels": {"type": "object", "additionalProperties": named}}),
        "ready": {**object_with({"status": {"enum": ["ready", "not ready"]}}), "additionalProperties": True},
    }


def _access() -> dict[str, Schema]:
    text: Schema = {"description": "Personal data: the explanation, a mask, or when it was erased."}
    entry = _entry()
    grant = rows(GrantRow, (*_ROW[:3], "explanation"), explanation=text, last_event=_LAST)
    actors = {**maybe(list_of(entry)), "description": "Whom the entries' actors stand for, where `actors` asks for it."}
    return {
        "actors": _page("entries", entry),
        "actor": _entry(version=VERSION),
        "break_glass": _page("grants", grant),
        "watch_rules_in_force": object_with({"rules_version": COUNT, "since": maybe(DATE), "rules": OBJECT}),
        "audit": _page("entries", rows(AuditEntry), parked=_PARKED, actors=actors),
        "unusual_access": _page(
            "days",
            _unusual_day(),
            rules_version=COUNT,
            time_zone=TEXT,
            actors=actors,
            behind={**COUNT, "description": "Events of the reads log that are not counted yet."},
        ),
    }


_MAP: Schema = object_with({
    "map_id": UUID, "code_map": TEXT, "map_version": COUNT, "in_force_from": DATE, "source": TEXT,
    "provisional": {"type": "boolean"},
})  # fmt: skip


def _kpis() -> dict[str, Schema]:
    texts = dict.fromkeys(("name", "digest", "title", "unit", "note"), TEXT)
    basis = object_with({"basis": TEXT, "numerator": TEXT, "denominator": maybe(TEXT)})
    kpi = object_with({**texts, "version": COUNT, "scale": COUNT, "bases": list_of(basis), "dimensions": list_of(TEXT)})
    group: Schema = {
        "type": "object", "description": "By dimension; null: not known.", "additionalProperties": maybe(TEXT),
    }  # fmt: skip
    down: Schema = {**TEXT, "description": "Path of what the numerator has counted; `part=denominator`: of the other."}
    spread: Schema = {"type": "object", "description": "How often each value came.", "additionalProperties": COUNT}
    cell = rows(Cell, group=group, spread=spread, events=down)
    figures = {
        "kpi": kpi, "from": maybe(DATE), "to": maybe(DATE), "by": list_of(TEXT), "cells": list_of(cell),
        "parked": _PARKED, "withheld": WITHHELD,
        "map": {**maybe(_MAP), "description": "By whose codes its dimension is told."},
        "clocks_behind": {**COUNT, "description": "Events not read yet for the clocks; incomplete unless it is 0."},
        "quarantined": {
            "type": "object", "description": "Rows of imports that are counted nowhere, by source.",
            "additionalProperties": COUNT,
        },
    }  # fmt: skip
    return {
        "kpis": object_with({"kpis": list_of(kpi)}),
        "kpi": object_with(figures),
        "kpi_behind": _page("counted", rows(Counted, events=list_of(rows(Behind)))),
    }


def _unusual_day() -> Schema:
    figures: Schema = {"type": "object", "additionalProperties": COUNT}
    return object_with(
        {
            "day": DATE, "actor": TEXT, "roles": list_of(TEXT), "rule": {"enum": list(RULE_NAMES)},
            "rules_version": COUNT, "figures": figures, "thresholds": OBJECT, "customers": list_of(UUID),
            "events": {**list_of(UUID), "description": "Looks, or other events of the reads log, that made it."},
            "more_events": {"type": "boolean"},
            "looks": {**TEXT, "description": "Where all looks of the actor on the day are."},
        }
    )  # fmt: skip


def _corrections() -> dict[str, Schema]:
    waiting = list_of(rows(WaitingCorrection, changes=list_of(rows(DetailChange)), personal=list_of(TEXT)))
    kind: Schema = {"enum": ["customer", "interaction"]}
    return {"corrections": _page("waiting", rows(Waiting, kind=kind, corrections=waiting, last_event=_LAST))}


def _screenings() -> dict[str, Schema]:
    share: Schema = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    shares = dict.fromkeys(("missed_share", "missed_share_low", "missed_share_high"), share)
    counts = dict.fromkeys(("drawn", "screened", "recorded", "missed"), COUNT)
    return {
        "screenings": _page("waiting", rows(DrawnRow, (*_ROW, *_SCREENED), last_event=_LAST)),
        "screening_sample": object_with({
            "period": TEXT, "strata": list_of(rows(Stratum, **shares)), "total": object_with({**counts, **shares}),
            "parked": _PARKED,
        }),
    }  # fmt: skip


_BUSINESS_DAYS: Schema = {
    **maybe(object_with({
        "calendar": maybe(TEXT), "calendar_versions": list_of(COUNT), "zone": TEXT, "covers_from": maybe(DATE),
        "covers_until": maybe(DATE),
        "weekdays": {"type": "boolean", "description": "In part of the period only weekends are known."},
    })),
    "description": "By which calendar business days were counted; null: none were.",
}  # fmt: skip


def _returns() -> dict[str, Schema]:
    amounts: Schema = {"type": "object", "description": "By column.", "additionalProperties": {"type": "integer"}}
    named = {"code": TEXT, "says": TEXT}
    row = object_with({"code": TEXT, "name": TEXT, "codes": list_of(TEXT), "amounts": amounts})
    table = object_with({
        "name": TEXT, "says": TEXT, "dimension": TEXT, "columns": list_of(object_with(named)), "rows": list_of(row),
        "map": {**maybe(_MAP), "description": "Null: none is in force, and rows are the bank's own codes."},
        "total": amounts,
    })  # fmt: skip
    of = {"name": TEXT, "title": TEXT, "version": COUNT, "provisional": {"type": "boolean"}, "note": TEXT}
    left_out: Schema = {"type": "object", "description": "Rows of imports, by source.", "additionalProperties": COUNT}
    made = object_with({
        "return": object_with(of), "from": DATE, "to": DATE, "entity": maybe(TEXT), "tables": list_of(table),
        "figures": list_of(object_with({**named, "amount": {"type": "integer"}})), "parked": _PARKED,
        "quarantined": left_out, "business_days": _BUSINESS_DAYS,
    })  # fmt: skip
    exported = _page("rows", object_with({"complaint_id": UUID, "values": list_of(TEXT)}), fields=list_of(TEXT))
    return {
        "returns": object_with({"returns": list_of({**object_with(of), "additionalProperties": True})}),
        "return": made,
        "return_cfpb": exported,
        "return_behind": _page("counted", rows(Counted, events=list_of(rows(Behind)))),
    }


def _facts(id_field: str) -> Schema:
    last = object_with({"event_id": UUID, "type": TEXT, "occurred_at": TIME, "actor": TEXT})
    told = {id_field: UUID, "version": VERSION, "facts": OBJECT, "last_event": last}
    waiting: Schema = {
        **list_of(OBJECT),
        "description": "Corrections that wait for another person.",
    }
    return object_with({**told, "pending_corrections": waiting}, optional=("pending_corrections",))
