"""Touch: one contact of a campaign with one customer, decided by a rule, and what came of it.

Its events and commands are declared in `domain.touch_messages`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

from domain.codes import Code, Purpose
from domain.kernel import Aggregate, Command, Event, clear_facts, happened, refusal
from domain.touch_messages import (
    ConfirmTouchDelivery,
    Conversion,
    DecideTouch,
    ExpireTouch,
    Group,
    ObjectToTouch,
    ProposeTouch,
    ReconsiderTouch,
    RecordTouchBounce,
    RecordTouchConversion,
    RecordTouchOpening,
    RecordTouchResponse,
    ReleaseTouch,
    ReviewTouchObjection,
    SuppressTouch,
    TouchBounced,
    TouchConverted,
    TouchDecided,
    TouchDelivered,
    TouchExpired,
    TouchObjectedTo,
    TouchObjectionReviewed,
    TouchOpened,
    TouchReleased,
    TouchResponded,
    TouchSuppressed,
)

Standing = Literal["held", "sent", "suppressed", "expired", "delivered", "bounced"]
"""How a touch that was decided stands."""
Status = Literal["absent", Standing]
ObjectionStatus = Literal["open", "upheld", "dismissed"]

# State


def _none_yet() -> dict[UUID, Any]:
    """Of every touch there are three: `dict[UUID, Code]()` would take five times as long."""
    return {}


@dataclass(frozen=True, slots=True)
class Touch:
    """The touch as decisions see it."""

    status: Status = "absent"
    customer_id: UUID | None = None
    purpose: Purpose | None = None
    judged: bool = False
    group: Group | None = None
    opened: bool = False
    responses: Mapping[UUID, Code] = field(default_factory=_none_yet)
    conversions: Mapping[UUID, tuple[object, ...]] = field(default_factory=_none_yet)
    objections: Mapping[UUID, ObjectionStatus] = field(default_factory=_none_yet)


# Evolve

DECIDED: Final[Mapping[str, Standing]] = MappingProxyType({"send": "sent", "suppress": "suppressed", "hold": "held"})
"""How a touch stands by its decision."""


def _decided(_: Touch, event: TouchDecided) -> Touch:
    # The first event: there is nothing to keep.
    judged = event.judged_at is not None
    return Touch(DECIDED[event.decision], event.customer_id, event.purpose, judged, event.group)


def _becomes(status: Status) -> Callable[[Touch, Event], Touch]:
    def evolve_status(state: Touch, _: Event) -> Touch:
        return replace(state, status=status)

    return evolve_status


def _opened(state: Touch, _: TouchOpened) -> Touch:
    return replace(state, opened=True)


def _responded(state: Touch, event: TouchResponded) -> Touch:
    return replace(state, responses={**state.responses, event.response_id: event.response})


def _converted(state: Touch, event: TouchConverted) -> Touch:
    conversion = clear_facts(Conversion, event)
    return replace(state, conversions={**state.conversions, event.conversion_id: conversion})


def _objected_to(state: Touch, event: TouchObjectedTo) -> Touch:
    return replace(state, objections={**state.objections, event.objection_id: "open"})


def _objection_reviewed(state: Touch, event: TouchObjectionReviewed) -> Touch:
    return replace(state, objections={**state.objections, event.objection_id: event.outcome})


_EVOLVE: Final[dict[type[Event], Callable[..., Touch]]] = {
    TouchDecided: _decided,
    TouchReleased: _becomes("sent"),
    TouchSuppressed: _becomes("suppressed"),
    TouchExpired: _becomes("expired"),
    TouchDelivered: _becomes("delivered"),
    TouchBounced: _becomes("bounced"),
    TouchOpened: _opened,
    TouchResponded: _responded,
    TouchConverted: _converted,
    TouchObjectedTo: _objected_to,
    TouchObjectionReviewed: _objection_reviewed,
}


def evolve(state: Touch, event: Event) -> Touch:
    """Fold one event into the touch."""
    return _EVOLVE[type(event)](state, event)


# Decide

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "touch.already-decided": "This touch is decided already.",
        "touch.not-decided": "There is no such touch; decide it first.",
        "touch.not-held": "Only a held touch can be released, suppressed or expired.",
        "touch.not-sent": "The touch was not sent.",
        "touch.already-delivered": "The touch was delivered already.",
        "touch.already-bounced": "The touch did not reach the customer.",
        "touch.response-id-reused": "This response id names another response.",
        "touch.conversion-id-reused": "This conversion id names another conversion.",
        "touch.campaign-unknown": "There is no campaign with this id; plan it first.",
        "touch.held-by-policy": "The contact policy holds this touch; have it reconsidered, suppress it, or expire it.",
        "touch.not-judged": "The contact policy did not decide this touch.",
        "touch.objection-id-reused": "This objection id names one that is over.",
        "touch.objection-unknown": "There is no such objection to this touch.",
        "touch.objection-reviewed": "The objection was reviewed with another outcome.",
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _decide(command: DecideTouch, state: Touch) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("touch.already-decided", "touch_id")
    return [happened(TouchDecided, command)]


def _propose(command: ProposeTouch, state: Touch) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("touch.already-decided", "touch_id")
    said = command.judgement
    if said is None:
        raise _refuse("touch.campaign-unknown", "campaign_id")
    held = said.decision == "hold"
    return [
        happened(
            TouchDecided, command, occurred_at=said.at, judged_at=said.at, policy_id=said.policy_id, rule=said.rule,
            rule_version=said.rule_version, reason=said.reason, campaign_version=said.campaign_version,
            channel=said.channel, purpose=said.purpose, topic=said.topic, group=said.group,
            decision="suppress" if said.decision == "expire" else said.decision,
            contact_point_id=said.contact_point_id, held_until=said.held_until if held else None,
            expires_at=said.expires_at if held else None, reservation_id=said.reservation_id,
            reservation_version=said.reservation_version,
        )
    ]  # fmt: skip


def _reconsider(command: ReconsiderTouch, state: Touch) -> Sequence[Event]:
    if state.status != "held":
        raise _refuse("touch.not-held")
    said = command.judgement
    if not state.judged or said is None:
        raise _refuse("touch.not-judged")
    match said.decision:
        case "hold":
            return []
        case "expire":
            return [happened(TouchExpired, command, occurred_at=said.at, reason=said.reason)]
        case decision:
            ruling: dict[str, object] = {
                "rule": said.rule, "rule_version": said.rule_version, "reason": said.reason,
                "campaign_version": said.campaign_version, "occurred_at": said.at, "judged_at": said.at,
                "policy_id": said.policy_id, "reservation_id": said.reservation_id,
                "reservation_version": said.reservation_version,
            }  # fmt: skip
            return [happened(TouchReleased if decision == "send" else TouchSuppressed, command, **ruling)]


def _release(command: ReleaseTouch, state: Touch) -> Sequence[Event]:
    if state.judged and state.status == "held":
        raise _refuse("touch.held-by-policy")
    return _settles("sent", TouchReleased)(command, state)


def _settles(status: Status, event: type[Event]) -> Callable[[Command, Touch], Sequence[Event]]:
    def settle(command: Command, state: Touch) -> Sequence[Event]:
        if state.status == status:
            return []
        if state.status != "held":
            raise _refuse("touch.not-held")
        return [happened(event, command)]

    return settle


def _confirm_delivery(command: ConfirmTouchDelivery, state: Touch) -> Sequence[Event]:
    if state.status == "delivered":
        return []
    _require_sent(state)
    return [happened(TouchDelivered, command)]


def _record_bounce(command: RecordTouchBounce, state: Touch) -> Sequence[Event]:
    if state.status == "bounced":
        return []
    if state.status == "delivered":
        raise _refuse("touch.already-delivered")
    _require_sent(state)
    return [happened(TouchBounced, command)]


def _record_opening(command: RecordTouchOpening, state: Touch) -> Sequence[Event]:
    _require_sent(state)
    return [] if state.opened else [happened(TouchOpened, command)]


def _record_response(command: RecordTouchResponse, state: Touch) -> Sequence[Event]:
    _require_sent(state)
    known = state.responses.get(command.response_id)
    if known == command.response:
        return []
    if known is not None:
        raise _refuse("touch.response-id-reused", "response_id")
    return [happened(TouchResponded, command, customer_id=state.customer_id)]


def _record_conversion(command: RecordTouchConversion, state: Touch) -> Sequence[Event]:
    if state.group is None:  # who is compared is counted, contacted or not
        _require_sent(state)
    known = state.conversions.get(command.conversion_id)
    if known == clear_facts(Conversion, command):
        return []
    if known is not None:
        raise _refuse("touch.conversion-id-reused", "conversion_id")
    return [happened(TouchConverted, command)]


def _object(command: ObjectToTouch, state: Touch) -> Sequence[Event]:
    if not state.judged:
        raise _refuse("touch.not-judged")
    known = state.objections.get(command.objection_id)
    if known == "open":
        return []
    if known is not None:
        raise _refuse("touch.objection-id-reused", "objection_id")
    return [happened(TouchObjectedTo, command, purpose=state.purpose, customer_id=state.customer_id)]


def _review_objection(command: ReviewTouchObjection, state: Touch) -> Sequence[Event]:
    known = state.objections.get(command.objection_id)
    if known is None:
        raise _refuse("touch.objection-unknown", "objection_id")
    if known == command.outcome:
        return []
    if known != "open":
        raise _refuse("touch.objection-reviewed")
    return [happened(TouchObjectionReviewed, command)]


def _require_sent(state: Touch) -> None:
    if state.status == "bounced":
        raise _refuse("touch.already-bounced")
    if state.status not in {"sent", "delivered"}:
        raise _refuse("touch.not-sent")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    DecideTouch: _decide,
    ProposeTouch: _propose,
    ReconsiderTouch: _reconsider,
    ReleaseTouch: _release,
    SuppressTouch: _settles("suppressed", TouchSuppressed),
    ExpireTouch: _settles("expired", TouchExpired),
    ConfirmTouchDelivery: _confirm_delivery,
    RecordTouchBounce: _record_bounce,
    RecordTouchOpening: _record_opening,
    RecordTouchResponse: _record_response,
    RecordTouchConversion: _record_conversion,
    ObjectToTouch: _object,
    ReviewTouchObjection: _review_objection,
}


_OPENING: Final = (DecideTouch, ProposeTouch)


def decide(command: Command, state: Touch) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) not in _OPENING:
        raise _refuse("touch.not-decided", "touch_id")
    return _DECIDE[type(command)](command, state)


def _ended(state: Touch) -> bool:
    return state.status in {"suppressed", "expired", "delivered", "bounced"}


TOUCH: Final = Aggregate(
    name="touch",
    initial=Touch(),
    evolve=evolve,
    decide=decide,
    commands=tuple(_DECIDE),
    events=tuple(_EVOLVE),
    customer_of=attrgetter("customer_id"),
    ended=_ended,
    refusals=REFUSALS,
)
