"""Touch: one contact of a campaign with one customer, decided by a rule, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StrictInt, StringConstraints

from domain.codes import INTEGER_MAX, Channel, Code, Count, Money, Purpose, Reference, Text
from domain.kernel import Aggregate, Command, Event, Facts, Personal, clear_facts, happened, refusal

Status = Literal["absent", "held", "sent", "suppressed", "expired", "delivered", "bounced"]
AttributeName = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z][a-z0-9_.]*$")]
AttributeText = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\p{Cc}]*$")]
AttributeNumber = Annotated[StrictInt, Field(ge=-INTEGER_MAX, le=INTEGER_MAX)]
Attributes = Annotated[dict[AttributeName, AttributeText | AttributeNumber], Field(max_length=50)]

# Facts that events and commands share


class Ruling(Facts):
    """The rule that decided, its version, and the reason it gave."""

    rule: Code
    rule_version: Count
    reason: Code


class Decision(Ruling):
    """Whether a customer is contacted. `campaign_version` is the campaign's stream version seen.

    `attributes` are clear, coarse values an import brings along; decimals come as text.
    """

    customer_id: UUID
    campaign_id: UUID
    campaign_version: Count
    channel: Channel
    purpose: Purpose
    decision: Literal["send", "suppress", "hold"]
    external_ref: Reference | None = None
    attributes: Attributes = Field(default_factory=dict)


class Conversion(Facts):
    """What the customer took up, and its value if known."""

    conversion_id: UUID
    product: Code | None = None
    value: Money | None = None


# Events


class TouchDecided(Decision, Event, name="touch.decided"):
    """A rule decided to send, suppress or hold."""


class TouchReleased(Ruling, Event, name="touch.released"):
    """A held touch was sent after all."""


class TouchSuppressed(Ruling, Event, name="touch.suppressed"):
    """A held touch will not be sent."""


class TouchExpired(Event, name="touch.expired"):
    """A held touch was not sent in time."""

    reason: Code


class TouchDelivered(Event, name="touch.delivered"):
    """The message reached the customer, or the call was taken."""


class TouchBounced(Event, name="touch.bounced"):
    """The message did not reach the customer."""

    reason: Code


class TouchOpened(Event, name="touch.opened"):
    """The customer opened the message."""


class TouchResponded(Event, name="touch.responded"):
    """The customer answered."""

    response_id: UUID
    customer_id: UUID
    response: Code
    text: Annotated[Text | None, Personal("touch")] = None


class TouchConverted(Conversion, Event, name="touch.converted"):
    """The customer took up what was offered."""


# State


@dataclass(frozen=True, slots=True)
class Touch:
    """The touch as decisions see it."""

    status: Status = "absent"
    customer_id: UUID | None = None
    opened: bool = False
    responses: Mapping[UUID, Code] = field(default_factory=dict[UUID, Code])
    conversions: Mapping[UUID, tuple[object, ...]] = field(default_factory=dict[UUID, tuple[object, ...]])


# Evolve

_DECIDED: Final[Mapping[str, Status]] = {"send": "sent", "suppress": "suppressed", "hold": "held"}


def _decided(_: Touch, event: TouchDecided) -> Touch:
    return Touch(_DECIDED[event.decision], event.customer_id)  # the first event: there is nothing to keep


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
}


def evolve(state: Touch, event: Event) -> Touch:
    """Fold one event into the touch."""
    return _EVOLVE[type(event)](state, event)


# Commands


class TouchCommand(Command):
    """A command to one touch's stream."""

    stream_field = "touch_id"

    touch_id: UUID


class DecideTouch(Decision, TouchCommand, name="touch.decide"):
    """Record what a rule decided about contacting a customer."""


class ReleaseTouch(Ruling, TouchCommand, name="touch.release"):
    """Send a held touch."""


class SuppressTouch(Ruling, TouchCommand, name="touch.suppress"):
    """Give a held touch up."""


class ExpireTouch(TouchCommand, name="touch.expire"):
    """Give a held touch up because its time has passed."""

    reason: Code


class ConfirmTouchDelivery(TouchCommand, name="touch.confirm-delivery"):
    """Record that the touch reached the customer."""


class RecordTouchBounce(TouchCommand, name="touch.record-bounce"):
    """Record that the touch did not reach the customer."""

    reason: Code


class RecordTouchOpening(TouchCommand, name="touch.record-opening"):
    """Record that the customer opened the message."""


class RecordTouchResponse(TouchCommand, name="touch.record-response"):
    """Record the customer's answer."""

    response_id: UUID
    response: Code
    text: Annotated[Text | None, Personal("touch")] = None


class RecordTouchConversion(Conversion, TouchCommand, name="touch.record-conversion"):
    """Record that the customer took the offer up."""


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
    }
)
_refuse: Final = partial(refusal, REFUSALS)


def _decide(command: DecideTouch, state: Touch) -> Sequence[Event]:
    if state.status != "absent":
        raise _refuse("touch.already-decided", "touch_id")
    return [happened(TouchDecided, command)]


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
    _require_sent(state)
    known = state.conversions.get(command.conversion_id)
    if known == clear_facts(Conversion, command):
        return []
    if known is not None:
        raise _refuse("touch.conversion-id-reused", "conversion_id")
    return [happened(TouchConverted, command)]


def _require_sent(state: Touch) -> None:
    if state.status == "bounced":
        raise _refuse("touch.already-bounced")
    if state.status not in {"sent", "delivered"}:
        raise _refuse("touch.not-sent")


_DECIDE: Final[dict[type[Command], Callable[..., Sequence[Event]]]] = {
    DecideTouch: _decide,
    ReleaseTouch: _settles("sent", TouchReleased),
    SuppressTouch: _settles("suppressed", TouchSuppressed),
    ExpireTouch: _settles("expired", TouchExpired),
    ConfirmTouchDelivery: _confirm_delivery,
    RecordTouchBounce: _record_bounce,
    RecordTouchOpening: _record_opening,
    RecordTouchResponse: _record_response,
    RecordTouchConversion: _record_conversion,
}


def decide(command: Command, state: Touch) -> Sequence[Event]:
    """Accept a command as events, or refuse it."""
    if state.status == "absent" and type(command) is not DecideTouch:
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
