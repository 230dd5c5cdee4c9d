"""How often a customer may be asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.survey import InviteToSurvey
from domain.survey_plan import Cap, Invited, Question, SurveyInstrument, SurveyPlanProposed, planned, suppression
from tests.domain.scenario import ANNA, ONE, TWO, it, to

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


moments = st.lists(st.integers(0, 120).map(lambda n: NOW + n * DAY), max_size=25)


@given(caps, moments)
def test_in_whatever_order_invitations_are_told_no_window_is_too_full(cap: Cap, told):
    often, invited = Cap(days=1, most=1000), []
    for at in told:
        if suppression(often, instrument(cap), invited, at) is None:
            invited.append(Invited("this", at))
    days = [one.at for one in invited]
    assert all(sum(first <= one < first + cap.days * DAY for one in days) <= cap.most for first in days)


PLAN = it(
    SurveyPlanProposed, plan_version=7, overall=Cap(days=30, most=2), instruments=(instrument(Cap(days=30, most=1)),),
    proposed_by="staff:1",
)  # fmt: skip
TOLD = {"survey_version": 1, "metric": "csat", "scale_min": 1, "scale_max": 5, "channel": "web", "customer_id": ANNA}


def wanted(survey: str = "this", **changes: Any) -> InviteToSurvey:
    return to(InviteToSurvey, **{**TOLD, "survey": survey, **changes})


def test_what_the_plan_says_is_filled_in():
    said = planned(PLAN, wanted(), NOW, [])
    assert (said.plan_version, said.expires_at, said.suppressed) == (7, NOW + 14 * DAY, None)
    assert planned(PLAN, wanted(expires_at=NOW + 14 * DAY), NOW, []) == said


def test_what_is_otherwise_in_the_plan_is_named():
    for name, other in (("survey_version", 2), ("metric", "ces"), ("scale_max", 7), ("expires_at", NOW + DAY)):
        assert planned(PLAN, wanted("this", **{name: other}), NOW, []).contradicts == name


def test_a_survey_outside_the_plan_is_held_by_the_cap_over_all_alone():
    invited = [Invited("other", NOW - DAY)]
    said = planned(PLAN, wanted("other", metric="nps", scale_min=0, scale_max=10), NOW, invited)
    assert (said.contradicts, said.expires_at, said.suppressed) == (None, None, None)
    assert planned(PLAN, wanted("other"), NOW, [*invited, Invited("this", NOW)]).suppressed == "asked-often-over-all"


def test_one_thing_is_asked_about_once_by_each_survey():
    before = [Invited.of(wanted(interaction_id=ONE), NOW - 90 * DAY)]
    assert planned(PLAN, wanted(interaction_id=ONE, complaint_id=TWO), NOW, before).asked_already
    assert not planned(PLAN, wanted(interaction_id=TWO), NOW, before).asked_already
    assert not planned(PLAN, wanted("other", interaction_id=ONE), NOW, before).asked_already
    assert not planned(PLAN, wanted(), NOW, [Invited.of(wanted(), NOW - 90 * DAY)]).asked_already
