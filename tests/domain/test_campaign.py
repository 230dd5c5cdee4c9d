from domain.campaign import (
    CAMPAIGN,
    ApproveCampaign,
    CampaignApproved,
    CampaignCostRecorded,
    CampaignEnded,
    CampaignPlanned,
    CampaignResumed,
    EndCampaign,
    LaunchCampaign,
    PauseCampaign,
    PlanCampaign,
    RecordCampaignCost,
    ResumeCampaign,
)
from domain.codes import Money
from tests.domain.scenario import ONE, given, history, it, play, to

PLANNED = {
    "title": "Savings 2026",
    "purpose": "marketing",
    "channel": "phone",
    "budget": Money(5_000_000, "EUR"),
    "planned_by": "staff:17",
}
PLAN = to(PlanCampaign, **PLANNED)
APPROVE = to(ApproveCampaign, approved_by="staff:18")
RUNNING = [PLAN, APPROVE, to(LaunchCampaign)]
PAUSE = to(PauseCampaign, reason="stock")
END = to(EndCampaign, reason="done")


def test_a_campaign_is_planned_by_one_and_approved_by_another():
    given(CAMPAIGN).when(PLAN).then(it(CampaignPlanned, **PLANNED))
    given(CAMPAIGN, PLAN).when(APPROVE).then(it(CampaignApproved, approved_by="staff:18"))
    given(CAMPAIGN, PLAN, APPROVE).when(APPROVE).then()
    assert (PlanCampaign.actor_field, ApproveCampaign.actor_field) == ("planned_by", "approved_by")


def test_a_paused_campaign_resumes():
    given(CAMPAIGN, *RUNNING, PAUSE).when(to(ResumeCampaign)).then(it(CampaignResumed))
    given(CAMPAIGN, *RUNNING, PAUSE).when(PAUSE).then()


def test_a_campaign_never_launched_can_end():
    given(CAMPAIGN, PLAN).when(END).then(it(CampaignEnded, reason="done"))


def test_costs_come_in_after_the_end_and_once_each():
    cost = {"cost_id": ONE, "kind": "media", "amount": Money(1_999, "EUR")}
    given(CAMPAIGN, *RUNNING, END).when(to(RecordCampaignCost, **cost)).then(it(CampaignCostRecorded, **cost))
    given(CAMPAIGN, *RUNNING, END, to(RecordCampaignCost, **cost)).when(to(RecordCampaignCost, **cost)).then()


def test_a_campaign_has_no_customer():
    assert CAMPAIGN.customer_of(play(CAMPAIGN, history(CAMPAIGN, RUNNING))) is None
