"""Why a touch was sent or not, whether it was lawful then, and what a customer said of being contacted."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.admission import no_such, sight_of
from api.edge import edge
from api.events import check_token
from api.reading import Asking, path_uuid, shown
from domain.contact_judging import Ground, Judged
from domain.customer_messages import ConsentGranted, ConsentScope, ConsentTopic
from engine.lawfulness import Lawfulness, lawfulness
from projections.fact import Fact
from projections.seeing import hidden_streams

CONSENT: dict[str, str] = {
    "customer.consent-granted": "granted",
    "customer.consent-denied": "denied",
    "customer.consent-withdrawn": "withdrawn",
    "customer.consent-expired": "expired",
}


def router() -> APIRouter:
    """The routes."""
    made = APIRouter(default_response_class=Response)
    made.add_api_route(
        "/touches/{touch_id}/lawfulness",
        _lawfulness,
        methods=["GET"],
        operation_id="touch_lawfulness",
        tags=["touches"],
    )
    made.add_api_route(
        "/customers/{customer_id}/consents", _consents, methods=["GET"], operation_id="customer_consents",
        tags=["customers"],
    )  # fmt: skip
    return made


async def _lawfulness(request: Request, touch_id: str, query: Annotated[Asking, Query()]) -> Response:
    """Whether a touch was lawful when it was sent, by every rule of the policy and the events that decide.

    It is judged again from the record alone, so it is the same answer whenever it is asked for. It is also the
    explanation of an automated decision.
    """
    daybook, stream_id = edge(request).daybook, path_uuid(touch_id, "touch_id")
    check_token(daybook, query.token_of(request))
    found = await lawfulness(daybook, stream_id)
    if found is None:
        raise no_such("touch")
    cited = {event for judged in (found.then, found.with_hindsight) if judged for event in _cited(judged)}
    streams = [found.events[one].recorded.stream_id for one in cited if one in found.events]
    hidden = await hidden_streams(daybook.record, sight_of(request), streams)
    shown_events = {one for one in cited if one in found.events and found.events[one].recorded.stream_id not in hidden}
    return shown(
        {
            **_told(found),
            "then": _judged(found.then, shown_events),
            "with_hindsight": _judged(found.with_hindsight, shown_events),
            "events": [_event(one) for name, one in found.events.items() if name in shown_events],
        }
    )


async def _consents(request: Request, customer_id: str, query: Annotated[Asking, Query()]) -> Response:
    """All that was ever said of consents, with its evidence, in the record's order; and how each scope stands now."""
    daybook, customer = edge(request).daybook, path_uuid(customer_id, "customer_id")
    check_token(daybook, query.token_of(request))
    record = daybook.record
    found = await record.read_customers(record.partition_of(customer), [customer], CONSENT)
    facts = [daybook.mapper.fact(one) for one in found.get(customer, ())]
    words = [_word(one, one.event) for one in facts if isinstance(one.event, ConsentTopic)]
    now = datetime.now(UTC)
    last = {(one["contact_point_id"], one["channel"], one["purpose"], one["topic"]): one for one in words}
    return shown({"scopes": [_standing(one, now) for one in last.values()], "history": words})


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


def _event(fact: Fact) -> dict[str, Any]:
    recorded = fact.recorded
    return {
        "event_id": recorded.event_id, "stream_id": recorded.stream_id, "version": recorded.version,
        "type": recorded.type, "position": recorded.position, "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at, "actor": recorded.actor,
    }  # fmt: skip


def _word(fact: Fact, said: ConsentTopic) -> dict[str, Any]:
    return {
        "answer": CONSENT[fact.recorded.type],
        "contact_point_id": said.contact_point_id,
        "channel": said.channel,
        "purpose": said.purpose,
        "topic": said.topic,
        "text_version": said.text_version,
        "evidence_channel": said.evidence_channel if isinstance(said, ConsentScope) else None,
        "valid_until": said.valid_until if isinstance(said, ConsentGranted) else None,
        **_event(fact),
    }


def _standing(word: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A consent whose time is over holds no more, whether or not that is recorded yet."""
    over = word["answer"] == "granted" and word["valid_until"] is not None and now >= word["valid_until"]
    names = ("contact_point_id", "channel", "purpose", "topic", "text_version", "valid_until", "event_id")
    return {"answer": "expired" if over else word["answer"], **{name: word[name] for name in names}}
