"""What the contact policy says, rule by rule, and that it says it whatever else there is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.complaint import ComplaintClosed
from domain.complaint_confidentiality import ComplaintMarkedConfidential
from domain.complaint_intake import ComplaintReceived
from domain.contact_catalogue import FIRST_RULES
from domain.contact_judging import ORDER
from domain.customer_messages import (
    ConsentDenied,
    ConsentExpired,
    ConsentGranted,
    ConsentWithdrawn,
    ContactPointRemoved,
    PreferenceSet,
    RelationshipEnded,
    VulnerabilityCleared,
    VulnerabilityNoted,
)
from domain.privacy_messages import (
    PrivacyRequestDecided,
    PrivacyRequestReceived,
    PrivacyRequestRefused,
    ProcessingRestrictionLifted,
)
from domain.privacy_rules import ClassDecision
from domain.touch_messages import TouchObjectedTo, TouchObjectionReviewed
from tests.domain.contact_scenes import (
    ANNA,
    AT,
    BASE,
    CALLED,
    CONSENTED,
    DEBT,
    EMAIL,
    MOBILE,
    NOON,
    OTHER_DEBT,
    RUNNING,
    Life,
    point,
    registered,
    said,
    verdict,
    with_purpose,
)

DAY = timedelta(days=1)
CASE = UUID(int=BASE + 77)


def test_with_consent_and_nothing_against_it_a_touch_is_sent_to_the_point_that_was_agreed_to():
    found = Life(*CONSENTED).judged()
    assert verdict(found) == ("send", "allowed", "all-rules-pass")
    assert (found.contact_point_id, found.held_until, found.expires_at) == (EMAIL, None, None)
    assert [one.rule for one in found.grounds if one.rule != "window"] == [
        one for one in ORDER if one not in {"window", "shared"}
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ("suppress", "consent", "consent-unset")),
        ([said(ConsentDenied)], ("suppress", "consent", "consent-denied")),
        ([said(ConsentGranted), said(ConsentWithdrawn)], ("suppress", "consent", "consent-withdrawn")),
        ([said(ConsentGranted), said(ConsentExpired)], ("suppress", "consent", "consent-expired")),
        ([said(ConsentGranted, valid_until=NOON)], ("suppress", "consent", "consent-expired")),
        ([said(ConsentGranted, valid_until=NOON + DAY)], ("send", "allowed", "all-rules-pass")),
        ([said(ConsentGranted, purpose="research")], ("suppress", "consent", "consent-unset")),
        ([said(ConsentGranted, channel="sms")], ("suppress", "consent", "consent-unset")),
        ([said(ConsentGranted), said(ConsentDenied, topic="loans")], ("suppress", "consent", "consent-denied")),
        ([said(ConsentDenied), said(ConsentGranted, topic="loans")], ("send", "allowed", "all-rules-pass")),
        ([said(ConsentGranted, topic="loans"), said(ConsentDenied)], ("suppress", "consent", "consent-denied")),
        ([said(ConsentDenied, topic="loans"), said(ConsentGranted)], ("suppress", "consent", "consent-denied")),
        ([said(ConsentDenied), said(ConsentGranted)], ("send", "allowed", "all-rules-pass")),
    ],
)
def test_consent_is_the_last_word_on_the_topic_or_on_any(words, expected):
    life = Life(registered(), point())
    ids = [life.take(word) for word in words]
    found = life.judged(topic="loans")
    assert verdict(found) == expected
    cited = next(one.events for one in found.grounds if one.rule == "consent")
    assert set(cited) <= set(ids)
    assert bool(cited) == (found.reason != "consent-unset")


def test_what_consent_unset_means_is_the_policys_choice():
    life = Life(registered(), point())
    assert life.judged(policy=with_purpose("marketing", consent_unset="hold")).decision == "hold"
    assert life.judged(policy=with_purpose("marketing", consent="unless-refused")).decision == "send"
    assert life.judged(policy=with_purpose("marketing", consent="not-asked")).decision == "send"


def test_the_first_contact_point_that_was_agreed_to_is_taken_and_one_that_was_asked_for_is_kept_to():
    other = UUID(int=BASE + 50)
    life = Life(registered(), point(), point(other), said(ConsentGranted, contact_point_id=other))
    assert life.judged().contact_point_id == other
    assert verdict(life.judged(contact_point_id=EMAIL)) == ("suppress", "consent", "consent-unset")
    life.take(ContactPointRemoved(**AT, customer_id=ANNA, contact_point_id=other, reason="gone"))
    assert verdict(life.judged(contact_point_id=other)) == ("suppress", "contact-point", "contact-point-unusable")
    assert verdict(Life(registered()).judged()) == ("suppress", "contact-point", "no-contact-point")


def test_a_channel_without_contact_points_goes_by_the_word_given_anywhere():
    life = Life(registered(), said(ConsentGranted, channel="branch"))
    assert verdict(life.judged(channel="branch")) == ("send", "allowed", "all-rules-pass")
    life.take(said(ConsentWithdrawn, channel="branch", contact_point_id=MOBILE))
    assert life.judged(channel="branch").reason == "consent-withdrawn"


def complained(**fields):
    return ComplaintReceived(
        **AT, complainant_id=ANNA, customer_id=ANNA, channel="phone", product="loan", issue="fees", **fields
    )


def test_an_open_complaint_holds_marketing_until_it_is_over_and_servicing_not_at_all():
    life = Life(*CONSENTED)
    event = life.take(complained(), CASE)
    found = life.judged()
    assert verdict(found) == ("hold", "complaint", "complaint-open")
    assert found.held_until == found.expires_at == NOON + 14 * DAY
    assert event in next(one.events for one in found.grounds if one.rule == "complaint")
    assert life.judged(purpose="servicing").decision == "send"
    life.take(ComplaintClosed(**AT), CASE)
    assert life.judged().decision == "send"


def test_a_confidential_complaint_shows_in_no_decision():
    life = Life(*CONSENTED)
    life.take(complained(), CASE)
    life.take(ComplaintMarkedConfidential(**AT, group="whistleblower", standing="open"), CASE)
    assert life.judged().decision == "send"
    assert Life(*CONSENTED, complained(confidential="whistleblower")).judged().decision == "send"


def test_who_is_vulnerable_is_not_marketed_to():
    life = Life(*CONSENTED, VulnerabilityNoted(**AT, customer_id=ANNA, basis="told"))
    assert verdict(life.judged()) == ("suppress", "vulnerability", "customer-vulnerable")
    life.take(VulnerabilityCleared(**AT, customer_id=ANNA, basis="told"))
    assert life.judged().decision == "send"


def test_who_left_is_serviced_but_not_marketed_to():
    life = Life(*CONSENTED, RelationshipEnded(**AT, customer_id=ANNA, reason="left"))
    assert verdict(life.judged()) == ("suppress", "relationship", "relationship-ended")
    assert life.judged(purpose="servicing").decision == "send"
    assert Life().judged().reason == "customer-not-registered"


def decided(outcome: Any, until: date | None = None, record_class: str = "contact") -> PrivacyRequestDecided:
    one = ClassDecision(basis="x", holds=(), outcome=outcome, record_class=record_class, until=until)
    return PrivacyRequestDecided(**AT, customer_id=ANNA, decisions=(one,))


def test_restricted_data_is_not_used_until_the_restriction_ends_or_is_lifted():
    life = Life(*CONSENTED)
    life.take(decided("restricted"), CASE)
    assert verdict(life.judged()) == ("suppress", "restriction", "processing-restricted")
    life.take(
        ProcessingRestrictionLifted(
            **AT, customer_id=ANNA, record_classes=("contact",), reason="over", informed_on=date(2026, 1, 1),
            lifted_by="staff:1",
        ),
        CASE,
    )  # fmt: skip
    assert life.judged().decision == "send"
    life.take(decided("restricted", date(2026, 11, 5)), CASE)
    assert life.judged().decision == "suppress"
    assert life.judged(NOON + DAY).decision == "send"
    life.take(decided("refused"), CASE)
    assert life.judged().decision == "send"
    life.take(decided("restricted", record_class="interaction"), CASE)
    assert life.judged().decision == "send"


def test_an_objection_counts_from_its_receipt_until_it_is_refused():
    life = Life(*CONSENTED)
    told: dict[str, Any] = {"customer_id": ANNA, "kind": "objection", "channel": "web", "received_by": "staff:1"}
    life.take(PrivacyRequestReceived(**AT, **told, due_on=date(2026, 12, 1)), CASE)
    assert verdict(life.judged()) == ("suppress", "objection", "objection-raised")
    life.take(PrivacyRequestRefused(**AT, basis="none", refused_by="staff:2"), CASE)
    assert life.judged().decision == "send"


def test_an_objection_to_a_decision_stops_its_purpose_until_a_person_dismisses_it():
    life = Life(*CONSENTED)
    objected: dict[str, Any] = {"objection_id": CASE, "purpose": "marketing", "channel": "phone", "customer_id": ANNA}
    life.take(TouchObjectedTo(**AT, **objected), CASE)
    assert life.judged().reason == "objection-raised"
    assert life.judged(purpose="servicing").decision == "send"
    review: dict[str, Any] = {"objection_id": CASE, "reason": "looked-at", "reviewed_by": "staff:1"}
    life.take(TouchObjectionReviewed(**AT, **review, outcome="upheld"), CASE)
    assert life.judged().reason == "objection-raised"
    life.take(TouchObjectionReviewed(**AT, **review, outcome="dismissed"), CASE)
    assert life.judged().decision == "send"


def test_preferences_keep_marketing_from_other_channels_and_from_whom_it_is_never_wished():
    life = Life(*CONSENTED, PreferenceSet(**AT, customer_id=ANNA, preference="channel", value="phone"))
    assert verdict(life.judged()) == ("suppress", "preference", "another-channel-wished")
    life.take(PreferenceSet(**AT, customer_id=ANNA, preference="channel", value=None))
    assert life.judged().decision == "send"
    life.take(PreferenceSet(**AT, customer_id=ANNA, preference="contact_frequency", value="never"))
    assert life.judged().reason == "no-contact-wished"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "approved"}, ("suppress", "campaign", "campaign-not-launched")),
        ({"status": "paused"}, ("hold", "campaign", "campaign-paused")),
        ({"status": "ended"}, ("suppress", "campaign", "campaign-ended")),
        ({"ends_on": date(2026, 11, 3)}, ("suppress", "campaign", "campaign-over")),
        ({"ends_on": date(2026, 11, 4)}, ("send", "allowed", "all-rules-pass")),
        ({"starts_on": date(2026, 11, 5)}, ("hold", "campaign", "campaign-not-begun")),
    ],
)
def test_a_touch_needs_its_campaign_to_run(changes, expected):
    assert verdict(Life(*CONSENTED).judged(campaign=replace(RUNNING, **changes))) == expected


def test_the_holdout_is_taken_from_those_who_would_be_contacted():
    life = Life(*CONSENTED)
    assert verdict(life.judged(held_out=True)) == ("suppress", "holdout", "kept-for-comparison")
    assert Life(registered(), point()).judged(held_out=True).rule == "consent"
    assert life.judged(datetime(2026, 11, 4, 3, tzinfo=UTC), held_out=True).rule == "holdout"


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (datetime(2026, 11, 4, 7, 59, tzinfo=UTC), datetime(2026, 11, 4, 8, tzinfo=UTC)),
        (datetime(2026, 11, 4, 8, tzinfo=UTC), None),
        (datetime(2026, 11, 4, 20, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 4, 21, tzinfo=UTC), datetime(2026, 11, 5, 8, tzinfo=UTC)),
        (datetime(2026, 7, 4, 7, 30, tzinfo=UTC), None),  # summer time
    ],
)
def test_contact_hours_are_those_of_the_clocks_where_the_customer_is(moment, opening):
    found = Life(*CONSENTED).judged(moment)
    assert (found.decision, found.held_until) == (("send", None) if opening is None else ("hold", opening))


def test_of_whom_only_the_country_is_known_any_of_its_zones_may_be_the_one():
    nowhere = registered(residence_country="US").model_copy(update={"time_zone": None})
    life = Life(nowhere, *CONSENTED[1:])
    assert life.judged(datetime(2026, 1, 15, 13, tzinfo=UTC)).reason == "outside-contact-hours"  # New York only
    assert life.judged(datetime(2026, 1, 15, 18, tzinfo=UTC)).decision == "send"  # 08:00 in Honolulu, 13:00 in New York


def test_hours_that_the_customer_wishes_narrow_those_of_the_policy():
    life = Life(*CONSENTED, PreferenceSet(**AT, customer_id=ANNA, preference="contact_hours", value="06.00-10.00"))
    assert life.judged(NOON).held_until == datetime(2026, 11, 5, 8, tzinfo=UTC)
    assert life.judged(datetime(2026, 11, 4, 9, 59, tzinfo=UTC)).decision == "send"
    never = Life(*CONSENTED, PreferenceSet(**AT, customer_id=ANNA, preference="contact_hours", value="22.00-23.00"))
    assert never.judged().held_until == never.judged().expires_at


def test_seven_calls_in_seven_days_about_one_debt():
    life = Life(*CALLED)
    call: dict[str, Any] = {"purpose": "collection", "channel": "phone"}
    for number in range(7):
        assert life.judged(**call, matter=DEBT).decision == "send"
        life.sent(NOON - 3 * DAY, number=number, matter=DEBT, **call)
    found = life.judged(**call, matter=DEBT)
    assert verdict(found) == ("hold", "window", "collection.calls")
    assert found.held_until == datetime(2026, 11, 8, tzinfo=UTC)  # the 1st is the first of seven days
    assert len(next(one.events for one in found.grounds if one.reason == "collection.calls")) == 7
    assert life.judged(**call, matter=OTHER_DEBT).decision == "send"
    assert life.judged(**call).reason == "matter-not-named"
    assert life.judged(purpose="servicing", channel="phone").decision == "send"


def test_seven_days_after_a_talk_the_day_of_the_talk_being_the_first():
    life = Life(*CALLED)
    call: dict[str, Any] = {"purpose": "collection", "channel": "phone", "matter": DEBT}
    life.sent(datetime(2026, 11, 2, 10, tzinfo=UTC), number=1, delivered=True, **call)  # a Monday
    assert verdict(life.judged(**call)) == ("hold", "window", "collection.talk")
    assert life.judged(datetime(2026, 11, 8, 20, tzinfo=UTC), **call).decision == "hold"
    assert life.judged(datetime(2026, 11, 9, 9, tzinfo=UTC), **call).decision == "send"


def test_a_marketing_cap_holds_no_servicing_back():
    life = Life(*CONSENTED)
    for number in range(9):
        life.sent(NOON, number=number)
    assert life.judged().reason == "marketing.week"
    assert life.judged(purpose="servicing").decision == "send"


def test_a_purpose_that_the_policy_does_not_name_is_not_allowed():
    only = replace(FIRST_RULES, purposes=FIRST_RULES.purposes[1:])
    assert verdict(Life(*CONSENTED).judged(policy=only)) == ("suppress", "purpose", "purpose-not-allowed")


# Against a plain count

_HOURS = st.integers(-40 * 24, 24)
_ZONES = st.sampled_from(["Europe/Lisbon", "Asia/Shanghai", "America/New_York", "Pacific/Auckland"])


@given(
    sent=st.lists(st.tuples(_HOURS, st.sampled_from(["marketing", "servicing", "research"])), max_size=12),
    zone=_ZONES,
    hour=st.integers(0, 23),
)
def test_what_is_sent_never_exceeds_a_window_and_what_is_held_is_let_go_when_there_is_room(sent, zone, hour):
    moment = NOON.replace(hour=hour)
    life = Life(registered().model_copy(update={"time_zone": zone}), *CONSENTED[1:])
    for number, (hours, purpose) in enumerate(sent):
        life.sent(moment + timedelta(hours=hours), number=number, purpose=purpose)
    policy = with_purpose("marketing", hours=None)
    found = life.judged(moment, policy)

    def full(at: datetime) -> bool:
        today = at.astimezone(ZoneInfo(zone)).date()
        days = [
            (moment + timedelta(hours=hours)).astimezone(ZoneInfo(zone)).date()
            for hours, purpose in sent
            if purpose == "marketing"
        ]
        return any(
            sum(day > today - timedelta(days=window.days) for day in days) >= window.limit
            for window in policy.purposes[0].windows
            if not window.channels
        )

    assert (found.decision == "hold") == full(moment)
    if found.held_until is not None and found.held_until != found.expires_at:
        assert full(found.held_until - timedelta(seconds=1))
        assert not full(found.held_until)


@given(zone=_ZONES, minutes=st.integers(0, 400 * 1440))
def test_a_touch_that_hours_hold_may_be_sent_at_the_moment_it_waits_for(zone, minutes):
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    life = Life(registered().model_copy(update={"time_zone": zone}), *CONSENTED[1:])
    found = life.judged(moment)
    local = moment.astimezone(ZoneInfo(zone))
    assert (found.decision == "send") == (8 <= local.hour < 21)
    if found.held_until is not None:
        assert moment < found.held_until < moment + DAY
        assert life.judged(found.held_until).decision == "send"
