"""Drawing: by rate, period and digest; and what a sample says, against figures computed elsewhere."""

import hmac
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sampling import TEN_THOUSAND, Period, SamplingRate, drawing_text, is_drawn, period_of, rate_of, share_of

KEY = bytes(range(32))
ALL = SamplingRate(None, 100, None)
PHONE = SamplingRate("phone", 500, None)
PHONE_ADVICE = SamplingRate("phone", 2000, "advice")


def test_the_first_rate_that_fits_holds():
    rates = (PHONE_ADVICE, PHONE, ALL)
    assert rate_of(rates, "phone", "advice") == 2000
    assert rate_of(rates, "phone", "servicing") == 500
    assert rate_of(rates, "email", "advice") == 100
    assert rate_of((PHONE,), "email", "advice") == 0


@pytest.mark.parametrize(
    ("period", "at", "name"),
    [
        ("month", "2026-11-30T23:30:00+00:00", "2026-12"),  # the first of December in Shanghai
        ("month", "2026-11-30T15:59:59+00:00", "2026-11"),
        ("quarter", "2026-09-30T16:00:00+00:00", "2026-Q4"),
        ("week", "2026-12-31T00:00:00+00:00", "2026-W53"),
        ("week", "2027-01-03T12:00:00+00:00", "2026-W53"),
        ("week", "2027-01-04T12:00:00+00:00", "2027-W01"),
    ],
)
def test_a_period_is_that_of_the_local_day(period, at, name):
    assert period_of(period, "Asia/Shanghai", datetime.fromisoformat(at)) == name


def test_a_drawing_is_done_again_by_whoever_has_the_key():
    """Golden: text, digest and verdict, so that another program can do the same."""
    text = drawing_text("2026-spring", "2026-11", UUID("0197f3a0-1111-7abc-8def-0123456789ab"))
    assert text == b"2026-spring\n2026-11\n0197f3a0-1111-7abc-8def-0123456789ab"
    digest = hmac.digest(KEY, text, "sha256")
    share = int.from_bytes(digest[:8], "big") / 2**64
    assert is_drawn(digest, int(share * TEN_THOUSAND) + 1)
    assert not is_drawn(digest, int(share * TEN_THOUSAND))


def test_nothing_is_drawn_at_no_rate_and_everything_at_the_highest():
    for digest in (bytes(32), b"\xff" * 32):
        assert not is_drawn(digest, 0)
        assert is_drawn(digest, TEN_THOUSAND)


@given(st.binary(min_size=32, max_size=32), st.integers(0, TEN_THOUSAND), st.integers(0, TEN_THOUSAND))
def test_a_higher_rate_draws_all_that_a_lower_one_does(digest, one, other):
    low, high = sorted((one, other))
    assert is_drawn(digest, high) or not is_drawn(digest, low)


def test_as_many_are_drawn_as_the_rate_says_and_another_seed_draws_others():
    ids = [UUID(int=(1 << 76) + n) for n in range(20_000)]

    def of(seed: str) -> set[UUID]:
        return {one for one in ids if is_drawn(hmac.digest(KEY, drawing_text(seed, "2026-11", one), "sha256"), 500)}

    first, other = of("a"), of("b")
    assert abs(len(first) - 1000) < 5 * 31  # five standard deviations
    assert abs(len(other) - 1000) < 5 * 31
    assert len(first & other) < 120


def test_a_day_is_in_one_period_and_periods_follow_each_other():
    day = datetime(2024, 1, 1, tzinfo=UTC)
    seen: dict[Period, list[str]] = {"week": [], "month": [], "quarter": []}
    while day.date() < date(2028, 1, 1):
        for period, names in seen.items():
            name = period_of(period, "UTC", day)
            if not names or names[-1] != name:
                names.append(name)
        day += timedelta(days=1)
    for names in seen.values():
        assert names == sorted(set(names))


@given(st.integers(1, 100_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_is_wilsons(counts):
    """Its ends are the shares from which the one found is exactly the quantile away: (f - p)^2 = z^2 p (1 - p) / n."""
    found, of = counts
    told = share_of(found, of)
    assert told is not None
    for end in (told.low, told.high):
        if 0 < end < 1:
            assert abs(told.share - end) == pytest.approx(1.959963984540054 * sqrt(end * (1 - end) / of), rel=1e-6)


def test_of_none_and_of_all_an_end_is_told_exactly():
    none, everything = share_of(0, 10), share_of(10, 10)
    assert none is not None
    assert everything is not None
    assert (none.low, round(none.high, 4)) == (0.0, 0.2775)
    assert (round(everything.low, 4), everything.high) == (0.7225, 1.0)


def test_of_nothing_no_share_is_told():
    assert share_of(0, 0) is None


@given(st.integers(1, 100_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_holds_its_share_and_is_mirrored(counts):
    found, of = counts
    told, mirrored = share_of(found, of), share_of(of - found, of)
    assert told is not None
    assert mirrored is not None
    assert 0 <= told.low <= told.share <= told.high <= 1
    assert told.low == pytest.approx(1 - mirrored.high, abs=1e-12)
    more = share_of(found * 4, of * 4)
    assert more is not None
    assert more.high - more.low <= told.high - told.low
