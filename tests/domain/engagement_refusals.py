"""What the commands about engagements and tasks refuse."""

from domain.engagement import (
    DecideEngagement,
    EndEngagement,
    MakeEngagementOffer,
    OpenEngagement,
    ReachEngagementStage,
    SettleEngagementOffer,
)
from domain.task import CancelTask, CompleteTask, ScheduleTask, StartTask, SuspendTask
from tests.domain.access_refusals import Case
from tests.domain.scenario import ANNA, ONE, TWO, to

OPEN = to(OpenEngagement, customer_id=ANNA, kind="loan")
REACH = to(ReachEngagementStage, stage="checked")
OFFER = to(MakeEngagementOffer, offer_id=ONE, touch_id=ONE)
ACCEPT = to(SettleEngagementOffer, offer_id=ONE, outcome="accepted")
END = to(EndEngagement, reason="repaid")
ENGAGEMENT_CASES: list[Case] = [
    ("engagement.not-opened", "engagement_id", [], REACH),
    ("engagement.already-opened", "engagement_id", [OPEN], OPEN),
    ("engagement.offer-unknown", "offer_id", [OPEN], ACCEPT),
    ("engagement.offer-id-reused", "offer_id", [OPEN, OFFER], to(MakeEngagementOffer, offer_id=ONE, touch_id=TWO)),
    (
        "engagement.offer-already-settled", "outcome", [OPEN, OFFER, ACCEPT],
        to(SettleEngagementOffer, offer_id=ONE, outcome="cancelled"),
    ),
    (
        "engagement.already-decided", "outcome", [OPEN, to(DecideEngagement, outcome="approved")],
        to(DecideEngagement, outcome="declined"),
    ),
    ("engagement.already-ended", None, [OPEN, END], REACH),
]  # fmt: skip

SCHEDULE = to(ScheduleTask, customer_id=ANNA, kind="call-about-offer")
COMPLETE = to(CompleteTask)
TASK_CASES: list[Case] = [
    ("task.not-scheduled", "task_id", [], to(StartTask)),
    ("task.already-scheduled", "task_id", [SCHEDULE], SCHEDULE),
    ("task.not-started", None, [SCHEDULE], to(SuspendTask)),
    ("task.already-completed", None, [SCHEDULE, COMPLETE], to(StartTask)),
    ("task.already-cancelled", None, [SCHEDULE, to(CancelTask, reason="late")], COMPLETE),
]
