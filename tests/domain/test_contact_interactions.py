"""Contacts that were recorded as interactions count in the windows of the contact policy, once each."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codes import Change
from domain.contact_catalogue import FIRST_RULES
from domain.contact_rules import ContactWindow
from domain.interaction_messages import InteractionCorrected, InteractionDeclassified, InteractionMarkedConfidential
from domain.touch_messages import TouchDelivered
from tests.domain.contact_scenes import (
    ANNA,
    AT,
    BASE,
    CALLED,
    CONSENTED,
    DEBT,
    NOON,
    OTHER_DEBT,
    Life,
    interaction,
    touch_of,
    verdict,
    with_purpose,
)

DAY = timedelta(days=1)
CORRECTION = UUID(int=BASE + 77)


CALL: dict[str, Any] = {"purpose": "collection", "channel": "phone"}


def test_a_call_that_staff_made_and_recorded_is_one_of_the_seven():
    windows = tuple(one for one in FIRST_RULES.purposes[2].windows if one.counts == "sent")
    policy = with_purpose("collection", windows=windows)
    life = Life(*CALLED)
    for number in range(3):
        life.sent(NOON - 3 * DAY, number=number, matter=DEBT, **CALL)
    event = None
    for number in range(4):
        assert life.judged(policy=policy, **CALL, matter=DEBT).decision == "send"
        event = life.recorded(NOON - 3 * DAY, number=number, **CALL)
    found = life.judged(policy=policy, **CALL, matter=DEBT)
    assert verdict(found) == ("hold", "window", "collection.calls")
    (ground,) = [one for one in found.grounds if one.reason == "collection.calls"]
    assert len(ground.events) == 7
    assert event in ground.events
    assert life.judged(policy=policy, **CALL, matter=OTHER_DEBT).decision == "send"  # four, of whichever debt


def test_a_contact_that_took_place_reached_the_customer():
    life = Life(*CALLED)
    life.recorded(NOON - 3 * DAY, number=1, **CALL)
    assert verdict(life.judged(**CALL, matter=DEBT)) == ("hold", "window", "collection.talk")


@pytest.mark.parametrize(
    "other",
    [{"direction": "inbound"}, {"purpose": "servicing"}, {"channel": "email"}, {"confidential": "suspicious-activity"}],
)
def test_what_came_in_or_is_of_another_purpose_or_channel_or_confidential_counts_for_nothing(other):
    life = Life(*CALLED)
    life.recorded(NOON - 3 * DAY, number=1, **{**CALL, **other})
    assert life.judged(**CALL, matter=DEBT).decision == "send"


def test_an_interaction_counts_as_it_was_corrected_and_not_while_few_may_know_of_it():
    life = Life(*CALLED)
    life.recorded(NOON - 3 * DAY, number=1, **{**CALL, "direction": "inbound"})

    def corrected(before: str, after: str) -> UUID:
        changes = (Change(after=after, before=before, field="direction"),)
        event = InteractionCorrected(**AT, customer_id=ANNA, correction_id=CORRECTION, reason="wrong", changes=changes)
        return life.take(event, interaction(1))

    event = corrected("inbound", "outbound")
    found = life.judged(**CALL, matter=DEBT)
    assert found.rule == "window"
    assert event in next(one.events for one in found.grounds if one.reason == "collection.talk")
    marked = InteractionMarkedConfidential(**AT, group="suspicious-activity", channel="phone")
    life.take(marked, interaction(1))
    assert life.judged(**CALL, matter=DEBT).decision == "send"
    life.take(InteractionDeclassified(**AT, channel="phone", declassified_by="staff:2"), interaction(1))
    assert life.judged(**CALL, matter=DEBT).rule == "window"
    corrected("outbound", "inbound")
    assert life.judged(**CALL, matter=DEBT).decision == "send"


def test_an_interaction_that_carried_out_a_touch_counts_where_the_touch_does_not():
    life = Life(*CALLED)
    life.sent(NOON - 3 * DAY, number=1, matter=DEBT, **CALL)
    assert life.judged(**CALL, matter=DEBT).decision == "send"
    life.recorded(NOON - 3 * DAY, number=1, touch_id=touch_of(1), **CALL)
    found = life.judged(**CALL, matter=DEBT)
    assert verdict(found) == ("hold", "window", "collection.talk")  # nobody has confirmed that the touch was delivered
    counted = {one.reason: len(one.events) for one in found.grounds if one.rule == "window"}
    assert counted == {"collection.calls": 1, "collection.talk": 1}
    assert life.judged(**CALL, matter=OTHER_DEBT).decision == "send"  # the touch says which debt it was about
    life.take(TouchDelivered(occurred_at=NOON - 3 * DAY), touch_of(1))
    grounds = [one for one in life.judged(**CALL, matter=DEBT).grounds if one.rule == "window"]
    assert [len(one.events) for one in grounds] == [1, 1]


# Against a plain count

_CONTACTS = st.lists(
    st.tuples(
        st.integers(-9 * 24, 0),  # hours
        st.sampled_from(["touch", "interaction", "both", "inbound"]),
        st.sampled_from(["marketing", "servicing"]),
        st.sampled_from(["email", "sms"]),
    ),
    max_size=9,
)


@given(contacts=_CONTACTS, data=st.data())
def test_each_contact_counts_once_whether_it_was_a_touch_an_interaction_or_both_in_any_order(contacts, data):
    life = Life(*CONSENTED)
    events: list[tuple[int, str]] = []
    for number, (_, kind, *_) in enumerate(contacts):
        events += [(number, "touch")] if kind in {"touch", "both"} else []
        events += [(number, kind)] if kind != "touch" else []
    # A touch is sent before an interaction can name it; else they are told in any order.
    for number, kind in sorted(data.draw(st.permutations(events)), key=lambda one: one[1] != "touch"):
        hours, _, purpose, channel = contacts[number]
        at, of = NOON + timedelta(hours=hours), {"purpose": purpose, "channel": channel}
        if kind == "touch":
            life.sent(at, number=number, **of)
        else:
            direction = "inbound" if kind == "inbound" else "outbound"
            touch_id = touch_of(number) if kind == "both" else None
            life.recorded(at, number=number, direction=direction, touch_id=touch_id, **of)
    window = ContactWindow(
        channels=("email",), counts="sent", days=7, limit=2, matter=False, reached="hold", window="two.a.week"
    )
    found = life.judged(policy=with_purpose("marketing", windows=(window,), hours=None))
    days = [
        (NOON + timedelta(hours=hours)).date()
        for hours, kind, *of in contacts
        if of == ["marketing", "email"] and kind != "inbound"
    ]
    within = sum(day > NOON.date() - 7 * DAY for day in days)
    assert (found.decision == "hold") == (within >= window.limit)
