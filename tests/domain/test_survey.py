import pytest

from domain.survey import (
    SURVEY,
    AnswerSurvey,
    ConfirmSurveyDelivery,
    ExpireSurvey,
    InviteToSurvey,
    SurveyAnswered,
    SurveyDelivered,
    SurveyExpired,
    SurveyInvited,
    SurveySuppressed,
)
from tests.domain.scenario import ANNA, ONE, given, it, play, to

ASKED = {
    "customer_id": ANNA,
    "survey": "after_complaint",
    "survey_version": 2,
    "metric": "nps",
    "scale_min": 0,
    "scale_max": 10,
    "channel": "email",
    "product": "savings",
}
INVITE = to(InviteToSurvey, **ASKED, complaint_id=ONE)
LATER = "2026-11-16T09:00:00Z"
JUDGED = {"asked_already": False, "contradicts": None, "expires_at": LATER, "plan_version": 3, "suppressed": None}


def test_a_customer_is_invited_and_answers():
    given(SURVEY).when(INVITE).then(it(SurveyInvited, **ASKED, complaint_id=ONE))
    given(SURVEY, INVITE).when(to(ConfirmSurveyDelivery)).then(it(SurveyDelivered))
    given(SURVEY, INVITE).when(to(AnswerSurvey, score=9, verbatim="Quick!")).then(
        it(SurveyAnswered, **ASKED, score=9, verbatim="Quick!")
    )


@pytest.mark.parametrize("score", [0, 10])
def test_both_ends_belong_to_the_scale(score):
    given(SURVEY, INVITE).when(to(AnswerSurvey, score=score)).then(it(SurveyAnswered, **ASKED, score=score))


@pytest.mark.parametrize("score", [-1, 11])
def test_no_score_lies_outside_the_scale(score):
    given(SURVEY, INVITE).when(to(AnswerSurvey, score=score)).refused("survey.score-out-of-scale", "score")


def test_a_late_receipt_of_delivery_is_still_recorded():
    given(SURVEY, INVITE, to(AnswerSurvey, score=3)).when(to(ConfirmSurveyDelivery)).then(it(SurveyDelivered))


def test_a_cap_is_recorded_instead_of_an_invitation():
    planned = {**JUDGED, "suppressed": "asked-often-over-all"}
    suppressed = to(InviteToSurvey, **ASKED, complaint_id=ONE, planned=planned)
    told = {**ASKED, "complaint_id": ONE, "plan_version": 3, "expires_at": LATER}
    given(SURVEY).when(suppressed).then(it(SurveySuppressed, **told, suppressed="asked-often-over-all"))
    given(SURVEY, suppressed).when(INVITE).refused("survey.already-invited", "invitation_id")


def test_an_invitation_names_the_plan_and_expires_as_it_says():
    told = {**ASKED, "plan_version": 3, "expires_at": LATER}
    given(SURVEY).when(to(InviteToSurvey, **ASKED, planned=JUDGED)).then(it(SurveyInvited, **told))


def test_an_invitation_expires_once():
    given(SURVEY, INVITE).when(to(ExpireSurvey)).then(it(SurveyExpired))
    given(SURVEY, INVITE, to(ExpireSurvey)).when(to(ExpireSurvey)).then()


def test_an_invitation_belongs_to_its_customer():
    assert SURVEY.customer_of(play(SURVEY, [it(SurveyInvited, **ASKED)])) == ANNA
