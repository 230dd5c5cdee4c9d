"""The schema of every query's answer, by operation id."""

from collections.abc import Mapping
from functools import cache

from api.complaint_answers import complaint_answers
from api.contact_answers import campaign_answers, contact_answers
from api.customer_search import FoundCustomer
from api.events import WITHOUT_READ_MODEL
from api.kpi_answers import kpi_answers, return_answers
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
from projections.correction_queue import Waiting, WaitingCorrection
from projections.link_queue import Linked, ProposedLink
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
_USER = ("actor", "role", "name", "purpose")


@cache
def answers() -> Mapping[str, Schema]:
    """An answer's schema by the query's operation id."""
    made = (
        _customers()
        | complaint_answers()
        | contact_answers()
        | _campaigns()
        | _privacy()
        | _others()
        | _access()
        | kpi_answers()
        | return_answers()
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
        "links": _page("waiting", rows(Linked, links=list_of(rows(ProposedLink)))),
        "customer_timeline": _page("events", ref("Event"), **ids),
        "customer_satisfaction": _page("invitations", rows(Invitation), responses=responses, **ids),
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


def _facts(id_field: str) -> Schema:
    last = object_with({"event_id": UUID, "type": TEXT, "occurred_at": TIME, "actor": TEXT})
    told = {id_field: UUID, "version": VERSION, "facts": OBJECT, "last_event": last}
    waiting: Schema = {
        **list_of(OBJECT),
        "description": "Corrections that wait for another person.",
    }
    return object_with({**told, "pending_corrections": waiting}, optional=("pending_corrections",))
