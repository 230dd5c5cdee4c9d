"""What holds of every clock, whatever happened to its complaint."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.clock_facts import ClockFact
from domain.clocks import ENDED, Clock, clocks_of
from domain.counting import Calendar, last_day, moved_on, rolled
from tests.domain.clock_scenes import CALENDAR_OF, CN, FAR, SEED, catalogue

REGIMES = ("cn", "uk", "uk.psd", "us.cfpb")
CLOCKS = ("cn.decide", "cn.review.decide", "uk.final", "uk.psd.exceptional", "us.cfpb.final")
TOLD = (
    "sent-to-company", "decision-notified", "decision-received", "holding-response-sent", "final-response-sent",
    "acceptance-indicated", "closed", "forwarded", "regulator-received", "referred", "review-requested",
    "review-notified", "withdrawn", "reopened", "merged", "paused", "resumed", "extended", "agreed", "new-facts",
    "escalated", "breached", "asserted-answer", "regime",
)  # fmt: skip
START = datetime(2026, 1, 5, 1, tzinfo=UTC)
quick = settings(max_examples=60, deadline=None, database=None)


@st.composite
def cases(draw: st.DrawFn, *told: str) -> list[ClockFact]:
    """A complaint of some regime with changes at any time, mostly in order of time."""
    regime = draw(st.sampled_from(REGIMES))
    moment = START + timedelta(hours=draw(st.integers(0, 24 * 90)))
    found = [ClockFact("received", moment, UUID(int=1)), ClockFact("regime", moment, UUID(int=1), key=regime)]
    for number in range(draw(st.integers(0, 8))):
        moment += timedelta(hours=draw(st.integers(-48, 24 * 20)))
        what: Any = draw(st.sampled_from(told or TOLD))
        clock = draw(st.sampled_from(CLOCKS))
        keys = {"regime": regime, "paused": f"p{number % 2}", "resumed": f"p{number % 2}"}
        codes = {
            "paused": draw(st.sampled_from(("mediation", "external-appraisal", "holiday"))),
            "extended": draw(st.sampled_from(("complex", "special", None))), "asserted-answer": "final-response-sent",
        }  # fmt: skip
        found.append(
            ClockFact(
                what, moment, UUID(int=number + 2), key=keys.get(what, clock), code=codes.get(what),
                more=draw(st.sampled_from((None, 1, 5, 16, 3000))), level=draw(st.sampled_from((None, "superior"))),
                due_on=moment.date() + timedelta(days=draw(st.integers(-5, 90))), notice_at=moment,
                run=draw(st.integers(1, 2)), threshold=75 if what == "escalated" else 100,
            )
        )  # fmt: skip
    return found


moments = st.integers(0, 24 * 400).map(lambda hours: START + timedelta(hours=hours))


def by_name(told: list[ClockFact], now: datetime) -> dict[str, Clock]:
    return {one.clock: one for one in clocks_of(told, SEED, now)}


@quick
@given(cases(), moments)
def test_the_same_facts_with_the_same_versions_give_the_same_answer(told, now):
    assert clocks_of(told, SEED, now) == clocks_of(list(told), catalogue(), now)


@quick
@given(cases(), moments)
def test_a_clock_is_never_both_met_and_breached(told, now):
    early, late = by_name(told, now), by_name(told, FAR)
    for name, one in early.items():
        then = late[name]
        if one.state in ENDED:
            assert (then.state, then.due_at) == (one.state, one.due_at)
        if one.state == "met":
            assert not one.breach_recorded
            assert one.stopped_at is not None
        if one.breach_recorded:
            assert one.state == "breached"


@quick
@given(cases())
def test_every_clock_ends_unless_it_stands_still(told):
    for one in clocks_of(told, SEED, FAR):
        assert one.state in ENDED or (one.state == "paused" and one.due_at is None)
    closed = [*told, ClockFact("closed", told[-1].at, UUID(int=99))]
    assert all(one.state in ENDED for one in clocks_of(closed, SEED, FAR))


@quick
@given(cases("paused", "resumed", "extended"), st.integers(0, 40), st.integers(0, 40))
def test_a_pause_never_shortens(told, after, days):
    plain = [one for one in told if one.told not in {"paused", "resumed"}]
    since = plain[0].at + timedelta(days=after)
    pause = [
        ClockFact("paused", since, UUID(int=50), key="more", code="mediation"),
        ClockFact("resumed", since + timedelta(days=days), UUID(int=51), key="more"),
    ]
    without, paused = by_name(plain[:2], FAR), by_name([*plain[:2], *pause], FAR)
    for name, one in without.items():
        later = paused[name].due_at
        assert later is not None
        assert one.due_at is not None
        assert later >= one.due_at


@quick
@given(cases("extended"))
def test_an_extension_never_exceeds_its_cap_and_never_shortens(told):
    rules = {rule.clock: rule for one in SEED.policies.values() for table in one for rule in table.rules}
    plain = by_name(told[:2], FAR)
    for name, one in by_name(told, FAR).items():
        days = SEED.calendars[one.calendar].at(one.started_at)
        rule = rules[name]
        cap = rolled(last_day(one.first_day, rule.longest, rule.unit, days), rule.roll, days)
        first = plain[name].due_on
        assert first is not None
        assert one.due_on is not None
        assert first <= one.due_on <= cap


@quick
@given(cases("agreed", "extended"))
def test_an_agreed_day_holds_until_the_next_one_and_no_extension_moves_it(told):
    open_to = {rule.clock for of in SEED.policies.values() for one in of for rule in one.rules if rule.agreement}
    for name, one in by_name(told, FAR).items():
        passed_over = {event_id for event_id, _ in one.passed_over}
        made = [fact for fact in told if fact.told == "agreed" and fact.key == name and fact.event_id in one.moved_by]
        assert {fact.event_id for fact in told if fact.told == "agreed" and fact.key == name} <= (
            {fact.event_id for fact in made} | passed_over
        )
        assert one.agreed_on == (made[-1].due_on if made else None)
        if made:
            assert name in open_to
            assert one.due_on == one.agreed_on
            later = told[told.index(made[-1]) :]
            assert {fact.event_id for fact in later if fact.told == "extended" and fact.key == name} <= passed_over


@quick
@given(cases(), moments)
def test_shares_lie_between_start_and_end_in_order(told, now):
    for one in clocks_of(told, SEED, now):
        if one.due_at is not None:
            assert one.escalate_at[75] <= one.escalate_at[90] <= max(one.due_at, one.started_at)


@quick
@given(cases(), moments)
def test_what_is_owed_once_recorded_is_not_owed_again(told, now):
    told, owed = list(told), 0
    for one in clocks_of(told, SEED, now):
        share = one.owed(now)
        while share is not None:
            kind = "breached" if share == 100 else "escalated"
            told.append(ClockFact(kind, now, UUID(int=200 + owed), key=one.clock, run=one.run, threshold=share))
            owed += 1
            again = by_name(told, now)[one.clock].owed(now)
            assert again is None or again > share
            share = again
    assert owed <= 3 * len(clocks_of(told, SEED, now))


spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 30)).map(
        lambda one: (date(2026, 1, 1) + timedelta(days=one[0]), date(2026, 1, 1) + timedelta(days=sum(one)))
    ),
    max_size=4,
)


@quick
@given(st.integers(0, 360), st.integers(1, 40), st.sampled_from(("natural-day", "working-day")), spans)
def test_worked_days_are_counted_one_by_one(start, length, unit, paused):
    days = Calendar("cn", (CN,)).as_of(date(2026, 1, 1))
    first = date(2026, 1, 1) + timedelta(days=start)
    last = last_day(first, length, unit, days)
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(days.worked(one) for one in between if unit == "working-day") in {0, length}
    assert moved_on(last, paused, unit, days) >= last
    assert days.worked(last) or unit == "natural-day"
    assert days.worked(rolled(last, "rest-day", days))


@quick
@given(cases(), moments)
def test_a_later_version_of_a_calendar_changes_nothing_that_was_covered(told, now):
    name = CALENDAR_OF[told[1].key]
    day = now.date()
    table = SEED.calendars[name].tables[0]
    every_day = frozenset(day + timedelta(days=n) for n in range(300))
    later = replace(table, version=2, effective_from=day, holidays=every_day)
    before = {one.clock: one for one in clocks_of(told, SEED, now)}
    for one in clocks_of(told, catalogue(more={name: [later]}), now):
        if one.started_at.date() < day - timedelta(days=1) and not before[one.clock].provisional:
            assert one.due_at == before[one.clock].due_at
