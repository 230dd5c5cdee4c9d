import pytest
from pydantic import ValidationError

from domain.codes import Money
from domain.touch import (
    TOUCH,
    ConfirmTouchDelivery,
    DecideTouch,
    ExpireTouch,
    RecordTouchConversion,
    RecordTouchOpening,
    RecordTouchResponse,
    ReleaseTouch,
    SuppressTouch,
    TouchConverted,
    TouchDecided,
    TouchDelivered,
    TouchExpired,
    TouchReleased,
    TouchResponded,
    TouchSuppressed,
)
from tests.domain.scenario import ANNA, ONE, TWO, given, it, play, to

RULING = {"rule": "contact_policy", "rule_version": 3, "reason": "cap"}
TARGET = {"customer_id": ANNA, "campaign_id": ONE, "campaign_version": 2, "channel": "phone", "purpose": "marketing"}


def decide(decision: str, **fields) -> DecideTouch:
    return to(DecideTouch, **TARGET, **RULING, decision=decision, **fields)


def test_a_decision_keeps_its_rule_version_and_reason_and_what_an_import_brings():
    attributes = {"job": "technician", "emp.var.rate": "-1.8", "campaign": 2}
    given(TOUCH).when(decide("send", attributes=attributes)).then(
        it(TouchDecided, **TARGET, **RULING, decision="send", attributes=attributes)
    )


@pytest.mark.parametrize(
    "attributes",
    [{"Job": "a"}, {"job": 1.5}, {"job": True}, {"job": 2**53}, {"job": "x" * 101}, {f"a{n}": n for n in range(51)}],
)
def test_attributes_are_few_small_and_without_fractions(attributes):
    with pytest.raises(ValidationError):
        decide("send", attributes=attributes)


@pytest.mark.parametrize(
    ("command", "event"),
    [
        (to(ReleaseTouch, **RULING), it(TouchReleased, **RULING)),
        (to(SuppressTouch, **RULING), it(TouchSuppressed, **RULING)),
        (to(ExpireTouch, reason="late"), it(TouchExpired, reason="late")),
    ],
)
def test_a_held_touch_is_released_suppressed_or_expired(command, event):
    given(TOUCH, decide("hold")).when(command).then(event)
    given(TOUCH, decide("hold"), command).when(command).then()


def test_a_released_touch_is_sent_like_any_other():
    given(TOUCH, decide("hold"), to(ReleaseTouch, **RULING)).when(to(ConfirmTouchDelivery)).then(it(TouchDelivered))


def test_an_opening_may_be_known_before_the_delivery():
    given(TOUCH, decide("send"), to(RecordTouchOpening)).when(to(ConfirmTouchDelivery)).then(it(TouchDelivered))


def test_what_the_customer_says_is_personal_and_what_it_comes_to_is_not():
    given(TOUCH, decide("send")).when(
        to(RecordTouchResponse, response_id=TWO, response="declined", text="I have no money")
    ).then(it(TouchResponded, customer_id=ANNA, response_id=TWO, response="declined", text="I have no money"))
    bought = {"conversion_id": TWO, "product": "deposit", "value": Money(100_000, "EUR")}
    given(TOUCH, decide("send")).when(to(RecordTouchConversion, **bought)).then(it(TouchConverted, **bought))


def test_a_touch_belongs_to_its_customer():
    assert TOUCH.customer_of(play(TOUCH, [it(TouchDecided, **TARGET, **RULING, decision="hold")])) == ANNA
