"""When a data subject's request is due by the policy and calendar in force, at every boundary of both."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given as examples_of
from hypothesis import strategies as st

from domain.clocks import Catalogue, PolicyTable
from domain.counting import add_months
from domain.privacy_clock import RequestClock, request_clock
from domain.privacy_messages import (
    ExtendPrivacyRequest,
    PrivacyRequestExtended,
    PrivacyRequestReceived,
    ReceivePrivacyRequest,
)
from domain.privacy_request import PRIVACY_REQUEST
from tests.domain.clock_scenes import ENGLAND, SEED, catalogue
from tests.domain.scenario import ANNA, given, it, to

WISH = {"customer_id": ANNA, "kind": "access", "channel": "letter", "received_by": "staff:1"}


def due(received: str, of: Catalogue = SEED, regime: str | None = None) -> RequestClock:
    found = request_clock(of, regime, datetime.fromisoformat(received))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("received", "due_on", "extended"),
    [
        ("2026-11-02T10:00:00+00:00", date(2026, 12, 2), date(2027, 2, 2)),
        ("2026-11-25T10:00:00+00:00", date(2026, 12, 29), date(2027, 2, 25)),  # 25 Dec, a weekend, 28 Dec in lieu
        ("2026-03-03T10:00:00+00:00", date(2026, 4, 7), date(2026, 6, 3)),  # Good Friday to Easter Monday
        ("2026-11-05T10:00:00+00:00", date(2026, 12, 7), date(2027, 2, 5)),  # a Saturday
        ("2026-01-31T10:00:00+00:00", date(2026, 3, 2), date(2026, 4, 30)),  # no 31st: 28 February, a Saturday
        (
            "2026-10-01T10:00:00+00:00",
            date(2026, 11, 2),
            date(2027, 1, 4),
        ),  # from the start, not the rolled day
        ("2026-06-30T23:30:00+00:00", date(2026, 8, 3), date(2026, 10, 1)),  # 1 July in London already
    ],
)
def test_it_rolls_off_rest_days_from_the_local_day_of_receipt(received, due_on, extended):
    found = due(received)
    assert (found.due_on, found.extended_due_on) == (due_on, extended)
    assert (found.regime, found.clock, found.policy_version, found.calendar) == ("dsr", "dsr", 1, "gb.england")
    assert (found.calendar_versions, found.provisional) == ((1,), False)


def test_the_last_day_that_a_calendar_knows_and_the_first_that_it_does_not():
    assert not due("2027-11-30T10:00:00+00:00").provisional
    assert due("2027-12-02T10:00:00+00:00").provisional


def test_none_is_counted_without_a_policy_or_its_calendar_in_force():
    policies = {name: of for name, of in SEED.policies.items() if name != "dsr"}
    at = datetime(2026, 11, 2, tzinfo=UTC)
    assert request_clock(replace(SEED, policies=policies), None, at) is None
    assert request_clock(replace(SEED, calendars={}), None, at) is None
    assert request_clock(SEED, None, datetime(2018, 5, 24, tzinfo=UTC)) is None, "before it was in force"
    assert request_clock(SEED, None, datetime(9999, 12, 31, tzinfo=UTC)) is None


def test_the_version_in_force_on_the_day_of_receipt_counts():
    (first,) = SEED.policies["dsr"]
    (rule,) = first.rules
    later = PolicyTable("dsr", 2, date(2026, 7, 1), (replace(rule, length=2),))
    both = replace(SEED, policies={**SEED.policies, "dsr": (first, later)})
    assert (due("2026-06-30T10:00:00+00:00", both).policy_version, due("2026-07-01T10:00:00+00:00", both).due_on) == (
        1,
        date(2026, 9, 1),
    )
    amended = replace(ENGLAND, version=2, effective_from=date(2026, 7, 1), holidays=frozenset((date(2026, 12, 2),)))
    of = catalogue(more={"gb.england": (amended,)})
    assert due("2026-06-30T10:00:00+00:00", of).calendar_versions == (1,)
    found = due("2026-11-02T10:00:00+00:00", of)
    assert (found.calendar_versions, found.due_on) == ((2,), date(2026, 12, 3))


def test_a_policy_of_its_own_regime_goes_first_if_it_has_a_clock_for_requests():
    (rule,) = SEED.policies["dsr"][0].rules
    of_cn = PolicyTable("cn.pipl", 4, date(2021, 11, 1), (replace(rule, clock="cn.dsr", calendar="cn", length=15,
                        unit="working-day", extensions=()),))  # fmt: skip
    of = replace(SEED, policies={**SEED.policies, "cn.pipl": (of_cn,)})
    found = due("2026-09-21T10:00:00+08:00", of, "cn.pipl")
    assert (found.clock, found.policy_version, found.due_on, found.extended_due_on) == (
        "cn.dsr", 4, date(2026, 10, 19), None,
    )  # fmt: skip
    assert due("2026-11-02T10:00:00+00:00", of, "cn").regime == "dsr", "the rules for complaints have none for requests"


@examples_of(st.integers(0, 11 * 366 * 24 * 60))
def test_it_is_never_before_the_month_is_over_and_never_ends_on_a_rest_day(minutes):
    moment = datetime(2018, 5, 26, tzinfo=UTC) + timedelta(minutes=minutes)
    found = due(moment.isoformat())
    days = SEED.calendars["gb.england"].at(moment)
    started = days.day_of(moment)
    assert found.extended_due_on is not None
    for day, months in ((found.due_on, 1), (found.extended_due_on, 3)):
        plain = add_months(started, months)
        assert days.worked(day)
        assert day >= plain
        assert not any(days.worked(date.fromordinal(n)) for n in range(plain.toordinal(), day.toordinal()))


def test_the_day_is_decided_with_the_request_and_so_is_that_of_an_extension():
    clock = due("2026-11-25T10:00:00+00:00")
    receive = to(ReceivePrivacyRequest, **WISH, clock=clock)
    given(PRIVACY_REQUEST).when(receive).then(
        it(PrivacyRequestReceived, **WISH, clock=clock, due_on=date(2026, 12, 29))
    )
    told = {"reason": "complex", "notified_on": "2026-12-20", "extended_by": "staff:2"}
    given(PRIVACY_REQUEST, receive).when(to(ExtendPrivacyRequest, **told)).then(
        it(PrivacyRequestExtended, **told, due_on=date(2027, 2, 25))
    )


def test_where_the_policy_knows_no_extension_two_months_are_given():
    clock = replace(due("2026-11-25T10:00:00+00:00"), extended_due_on=None)
    told = {"reason": "complex", "notified_on": "2026-12-20", "extended_by": "staff:2"}
    given(PRIVACY_REQUEST, to(ReceivePrivacyRequest, **WISH, clock=clock)).when(to(ExtendPrivacyRequest, **told)).then(
        it(PrivacyRequestExtended, **told, due_on=date(2027, 2, 28))
    )
