from domain.codes import Money
from domain.engagement import (
    ENGAGEMENT,
    DecideEngagement,
    EndEngagement,
    EngagementDecided,
    EngagementEnded,
    EngagementOfferMade,
    EngagementOfferSettled,
    EngagementOpened,
    EngagementStageReached,
    MakeEngagementOffer,
    OpenEngagement,
    ReachEngagementStage,
    SettleEngagementOffer,
)
from tests.domain.scenario import ANNA, ONE, TWO, given, it, play, to

ASKED = {"customer_id": ANNA, "kind": "loan", "product": "car_loan", "amount_requested": Money(1_500_000, "EUR")}
OPEN = to(OpenEngagement, **ASKED)
OFFER = to(MakeEngagementOffer, offer_id=ONE, touch_id=TWO)


def test_a_loan_is_asked_for_offered_and_approved():
    given(ENGAGEMENT).when(OPEN).then(it(EngagementOpened, **ASKED))
    given(ENGAGEMENT, OPEN).when(OFFER).then(it(EngagementOfferMade, offer_id=ONE, touch_id=TWO))
    given(ENGAGEMENT, OPEN, OFFER).when(to(SettleEngagementOffer, offer_id=ONE, outcome="accepted")).then(
        it(EngagementOfferSettled, offer_id=ONE, outcome="accepted")
    )
    given(ENGAGEMENT, OPEN).when(to(DecideEngagement, outcome="approved", performed_by="staff:7")).then(
        it(EngagementDecided, outcome="approved", performed_by="staff:7")
    )


def test_a_stage_is_reached_once_until_another_is():
    reach = to(ReachEngagementStage, stage="checked")
    given(ENGAGEMENT, OPEN).when(reach).then(it(EngagementStageReached, stage="checked"))
    given(ENGAGEMENT, OPEN, reach).when(reach).then()
    given(ENGAGEMENT, OPEN, reach, to(ReachEngagementStage, stage="signed")).when(reach).then(
        it(EngagementStageReached, stage="checked")
    )


def test_an_offer_may_be_settled_after_the_decision():
    declined = to(DecideEngagement, outcome="declined")
    given(ENGAGEMENT, OPEN, OFFER, declined).when(to(SettleEngagementOffer, offer_id=ONE, outcome="declined")).then(
        it(EngagementOfferSettled, offer_id=ONE, outcome="declined")
    )


def test_a_declined_one_is_over_and_an_approved_one_goes_on():
    opened = it(EngagementOpened, **ASKED)
    over = {
        outcome: ENGAGEMENT.ended(play(ENGAGEMENT, [opened, it(EngagementDecided, outcome=outcome)]))
        for outcome in ("approved", "declined", "cancelled")
    }
    assert over == {"approved": False, "declined": True, "cancelled": True}
    given(ENGAGEMENT, opened, it(EngagementDecided, outcome="approved")).when(to(EndEngagement, reason="repaid")).then(
        it(EngagementEnded, reason="repaid")
    )
