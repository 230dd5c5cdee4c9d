"""Why a touch was sent or not, whether it was lawful then, and what a customer said of being contacted."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.admission import no_such, sight_of
from api.edge import edge
from api.events import check_token
from api.reading import Asking, path_uuid, shown
from domain.customer_messages import ConsentGranted, ConsentScope, ConsentTopic
from engine.lawfulness import lawfulness
from engine.lawfulness_told import event_told, lawfulness_told
from projections.fact import Fact

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
    return shown(await lawfulness_told(daybook, found, sight_of(request)))


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
        **event_told(fact),
    }


def _standing(word: dict[str, Any], now: datetime) -> dict[str, Any]:
    """A consent whose time is over holds no more, whether or not that is recorded yet."""
    over = word["answer"] == "granted" and word["valid_until"] is not None and now >= word["valid_until"]
    names = ("contact_point_id", "channel", "purpose", "topic", "text_version", "valid_until", "event_id")
    return {"answer": "expired" if over else word["answer"], **{name: word[name] for name in names}}
