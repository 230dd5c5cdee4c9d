"""How often a customer may be asked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.survey_plan import Cap, Invited, Question, SurveyInstrument, suppression

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
caps = st.builds(Cap, days=st.integers(1, 60), most=st.integers(1, 4))
histories = st.lists(
    st.builds(Invited, survey=st.sampled_from(["this", "other"]), at=st.integers(0, 90).map(lambda n: NOW - n * DAY)),
    max_size=12,
)


def instrument(cap: Cap) -> SurveyInstrument:
    return SurveyInstrument(
        cap=cap, expires_after_days=14, metric="csat", questions=(Question("en", "Content?"),), scale_max=5,
        scale_min=1, survey="this", survey_version=1,
    )  # fmt: skip


def test_each_cap_counts_by_itself():
    often, seldom = Cap(days=30, most=9), Cap(days=30, most=1)
    other, this = Invited("other", NOW - DAY), Invited("this", NOW - DAY)
    assert suppression(often, instrument(seldom), [other], NOW) is None
    assert suppression(often, instrument(seldom), [this], NOW) == "asked-often-by-survey"
    assert suppression(seldom, instrument(often), [other], NOW) == "asked-often-over-all"
    assert suppression(seldom, instrument(seldom), [], NOW) is None


def test_the_window_goes_on_with_the_clock():
    cap, before = Cap(days=30, most=1), [Invited("this", NOW - 30 * DAY)]
    assert suppression(cap, instrument(cap), before, NOW - timedelta(seconds=1)) == "asked-often-by-survey"
    assert suppression(cap, instrument(cap), before, NOW) is None


@given(caps, caps, histories)
def test_who_is_invited_is_within_both_caps(overall: Cap, own: Cap, history: list[Invited]):
    found = suppression(overall, instrument(own), history, NOW)
    within = sum(NOW - one.at < overall.days * DAY for one in history) < overall.most
    by_survey = sum(NOW - one.at < own.days * DAY for one in history if one.survey == "this") < own.most
    assert (found is None) == (within and by_survey)
    assert (found == "asked-often-by-survey") == (not by_survey)


@given(caps, caps, histories, st.randoms(use_true_random=False))
def test_the_order_of_invitations_does_not_matter(overall: Cap, own: Cap, history: list[Invited], random):
    shuffled = random.sample(history, len(history))
    assert suppression(overall, instrument(own), history, NOW) == suppression(overall, instrument(own), shuffled, NOW)
