"""What the queries answer, on a history small enough to be read."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.campaign import CampaignCostRecorded, CampaignLaunched, CampaignPlanned
from domain.codes import Change, Money
from domain.complaint import ComplaintClosed, ComplaintReopened, ComplaintWithdrawn
from domain.complaint_handling import ComplaintAssessed, ComplaintAssigned
from domain.complaint_intake import ComplaintReceived
from domain.complaint_letters import FinalResponseIssued
from domain.complaint_redress import RedressOffered
from domain.customer_messages import (
    ConsentGranted,
    ConsentWithdrawn,
    ContactPointAdded,
    ContactPointRemoved,
    ContactPointVerified,
    CustomerDetailsCorrected,
    CustomerRegistered,
    PreferenceSet,
    SegmentEntered,
)
from domain.interaction_messages import InteractionCorrected, InteractionRecorded
from domain.touch import (
    TouchBounced,
    TouchConverted,
    TouchDecided,
    TouchDelivered,
    TouchExpired,
    TouchReleased,
    TouchResponded,
    TouchSuppressed,
)
from projections import (
    audit_trail,
    campaign_results,
    campaign_touches,
    complaint_search,
    profile_query,
    satisfaction_history,
)
from projections.audit_trail import AuditFilter
from projections.complaint_search import ComplaintFilter, CountFilter
from projections.references import SealedAt
from projections.satisfaction_history import Responses
from projections.satisfaction_series import Slice, series
from projections.seeing import EVERYTHING
from projections.timeline import timeline
from store.errors import CursorInvalid, StaleCursor
from store.identity import new_id
from tests.projections.bank import START, asked, complains

# Customer profile


async def test_a_profile_shows_the_customer_as_known_now(bank):
    me, point, gone = bank.customer(), new_id(), new_id()
    await bank.happens(
        me,
        CustomerRegistered,
        customer_id=me,
        kind="person",
        name="王小明",
        language="zh",
        segment="mass",
        region="CN-GD",
    )
    added = await bank.happens(
        me, ContactPointAdded, customer_id=me, contact_point_id=point, kind="mobile", value="+86 1"
    )
    await bank.happens(me, ContactPointAdded, customer_id=me, contact_point_id=gone, kind="email", value="a@b")
    await bank.happens(me, ContactPointVerified, customer_id=me, contact_point_id=point, method="one_time_code")
    await bank.happens(me, ContactPointRemoved, customer_id=me, contact_point_id=gone, reason="closed")
    scope = {"customer_id": me, "contact_point_id": point, "channel": "sms", "purpose": "marketing"}
    await bank.happens(me, ConsentGranted, **scope, text_version="1", evidence_channel="branch")
    taken = await bank.happens(me, ConsentWithdrawn, **scope, text_version="1", evidence_channel="phone")
    await bank.happens(me, PreferenceSet, customer_id=me, preference="language", value="en")
    await bank.happens(me, SegmentEntered, customer_id=me, segment="affluent")
    change = Change(field="region", before="CN-GD", after=None)
    named = await bank.happens(
        me, CustomerDetailsCorrected, customer_id=me, correction_id=new_id(), reason="typo", changes=(change,),
        corrected_personal=("name",), name="王晓明",
    )  # fmt: skip
    await bank.follow()
    found: Any = await profile_query.profile(bank.models, me, EVERYTHING)
    assert (found.status, found.kind, found.language, found.region) == ("active", "person", "zh", None)
    assert found.name == SealedAt(named.event_id, me, "identity", "00" * 32)
    assert found.segments == ("affluent", "mass")
    (kept,) = found.contact_points
    assert (kept.contact_point_id, kept.kind, kept.verified) == (point, "mobile", True)
    assert kept.value == SealedAt(added.event_id, me, "contact", "00" * 32)
    (consent,) = found.consents
    assert (consent.contact_point_id, consent.channel, consent.purpose, consent.topic) == (
        point,
        "sms",
        "marketing",
        "any",
    )
    assert (consent.status, consent.since, consent.event_id) == ("withdrawn", taken.event.occurred_at, taken.event_id)
    assert found.preferences == {"language": "en"}
    assert found.last_event == (1, 9, named.event_id)


async def test_a_profile_counts_what_happens_with_the_customer(bank):
    me = bank.customer()
    contact = {"customer_id": me, "direction": "inbound", "purpose": "servicing"}
    first, later = new_id(me), new_id(me)
    await bank.happens(first, InteractionRecorded, channel="phone", **contact)
    await bank.happens(later, InteractionRecorded, channel="phone", **contact, at=START)
    change = Change(field="channel", before="phone", after="branch")
    await bank.happens(
        later, InteractionCorrected, correction_id=new_id(), customer_id=me, reason="x", changes=(change,)
    )
    for ends in (ComplaintClosed, ComplaintWithdrawn, None):
        complaint = new_id(me)
        await bank.happens(complaint, ComplaintReceived, complainant_id=me, customer_id=me, channel="phone")
        if ends is not None:
            await bank.happens(complaint, ends)
    touch = new_id(me)
    await bank.happens(touch, TouchDecided, **_touch(me, new_id(), "hold"))
    await bank.happens(touch, TouchReleased, rule="r", rule_version=1, reason="x")
    await bank.happens(touch, TouchResponded, response_id=new_id(), customer_id=me, response="interested")
    await asked(bank, me, 9)
    await bank.follow()
    found: Any = await profile_query.profile(bank.models, me, EVERYTHING)
    assert (found.status, found.interactions) == ("unregistered", {"phone": 1, "branch": 1})
    assert found.last_interaction_at == START + timedelta(hours=1)
    assert (found.complaints, found.open_complaints, found.touches, found.responses) == (3, 1, 1, 1)
    assert [(one.metric, one.score, one.scale_max) for one in found.scores] == [("nps", 9, 10)]


async def test_nobody_knows_an_unknown_customer(bank):
    assert await profile_query.profile(bank.models, new_id(), EVERYTHING) is None


# Timeline


async def test_a_timeline_is_paged_and_narrowed_to_types(bank):
    me = bank.customer()
    happened = [await bank.happens(me, CustomerRegistered, customer_id=me, kind="person")]
    happened += [await bank.happens(me, SegmentEntered, customer_id=me, segment=f"s{n}") for n in range(7)]
    await bank.happens(new_id(), CustomerRegistered, customer_id=new_id(), kind="person")
    shown, after = [], None
    while True:
        page = await timeline(bank.models, me, EVERYTHING, after=after, limit=3)
        shown += [entry.recorded.event_id for entry in page.entries]
        after = page.next
        if after is None:
            break
    assert shown == [one.event_id for one in reversed(happened)]
    page = await timeline(bank.models, me, EVERYTHING, types=["customer.registered"])
    assert [entry.fact and entry.fact.event for entry in page.entries] == [happened[0].event]
    with pytest.raises(CursorInvalid):
        await timeline(bank.models, me, EVERYTHING, after="no cursor")


# Satisfaction


async def test_satisfaction_of_a_customer_and_over_time(bank):
    people = [bank.customer(n % 4) for n in range(8)]
    for person, score in zip(people, [10, 9, 8, 7, 6, 0, None, None], strict=True):
        await asked(bank, person, score, at=START)
    for person, score in zip(people, [5, 4, 4, 3, 1, None, None, None], strict=True):
        await asked(bank, person, score, metric="csat", scale_min=1, scale_max=5, product="mortgage", at=START)
    await bank.follow()
    found: Any = await satisfaction_history.history(bank.models, people[0])
    assert [(one.metric, one.score, one.product, one.status) for one in found.invitations] == [
        ("csat", 5, "mortgage", "answered"),
        ("nps", 10, None, "answered"),
    ]
    assert found.invitations[0].verbatim.record_class == "survey"
    assert await satisfaction_history.responses_of_person(bank.models, people[:1]) == Responses(2, 2, 0)
    several = await satisfaction_history.responses_of_person(bank.models, people[4:])
    assert (several, several.response_rate_percent) == (Responses(8, 3, 5), 37.5)
    nobody = await satisfaction_history.responses_of_person(bank.models, [bank.customer()])
    assert (nobody, nobody.response_rate_percent) == (Responses(0, 0, 0), None)
    (nps_invited, nps_answered) = (await series(bank.models, Slice(metric="nps"))).points
    assert (nps_invited.month, nps_invited.invited, nps_invited.responded, nps_invited.expired) == (
        date(2026, 1, 1), 8, 6, 2,
    )  # fmt: skip
    assert (nps_invited.response_rate_percent, nps_invited.nps, nps_invited.mean_score) == (75.0, None, None)
    assert (nps_answered.month, nps_answered.answers, nps_answered.invited) == (date(2026, 2, 1), 6, 0)
    assert (nps_answered.nps, nps_answered.mean_score, nps_answered.csat_percent) == (0.0, 6.67, None)
    (csat,) = (await series(bank.models, Slice(product="mortgage"), by=("product",))).points
    assert (csat.product, csat.csat_percent, csat.scores) == ("mortgage", 60.0, {1: 1, 3: 1, 4: 2, 5: 1})
    nothing = await series(bank.models, Slice(first_month=date(2027, 1, 1)))
    assert (nothing.points, nothing.parked) == ((), 0)


async def test_satisfaction_of_a_customer_is_paged(bank):
    me = bank.customer()
    made = [await asked(bank, me, n) for n in range(5)]
    await bank.follow()
    first = await satisfaction_history.history(bank.models, me, limit=3)
    rest = await satisfaction_history.history(bank.models, me, limit=3, after=first.next)
    assert [one.invitation_id for one in first.invitations + rest.invitations] == made[::-1]
    assert rest.next is None


# Audit trail


async def test_the_audit_trail_is_searched_by_anything_given(bank):
    me, other = bank.customer(0), bank.customer(3)
    happened = []
    for person in (me, other):
        happened.append(await bank.happens(person, CustomerRegistered, customer_id=person, kind="person"))
        happened += [await bank.happens(person, SegmentEntered, customer_id=person, segment=f"s{n}") for n in range(3)]
    await bank.follow()

    async def found(**given: Any) -> list[UUID]:
        ids: list[UUID] = []
        after = None
        while True:
            page = await audit_trail.search(bank.models, AuditFilter(**given), EVERYTHING, after=after, limit=2)
            ids += [one.event_id for one in page.entries]
            if (after := page.next) is None:
                return ids

    ids = [one.event_id for one in reversed(happened)]
    assert await found() == ids
    assert await found(customer_id=me) == ids[4:]
    assert await found(stream_id=other) == ids[:4]
    assert await found(actor="clerk-7") == ids
    assert await found(actor="nobody") == []
    assert await found(correlation_id=me) == ids[4:]  # the made-up history correlates by stream
    assert await found(type="customer.registered") == [ids[3], ids[7]]
    assert await found(type="customer.registered", customer_id=me) == [ids[7]]
    assert (
        await found(occurred_from=happened[2].event.occurred_at, occurred_until=happened[5].event.occurred_at)
        == ids[3:6]
    )
    page = await audit_trail.search(bank.models, AuditFilter(customer_id=me), EVERYTHING)
    second = page.entries[2]
    assert second.recorded_at < page.entries[1].recorded_at
    assert await found(recorded_from=second.recorded_at) == ids[:7]
    assert await found(recorded_until=second.recorded_at) == ids[7:]
    assert await found(recorded_from=second.recorded_at, stream_id=me) == ids[4:7]


async def test_an_audit_detail_shows_before_and_after(bank):
    me = bank.customer()
    await bank.happens(me, CustomerRegistered, customer_id=me, kind="person", region="CN-GD", segment="mass")
    change = Change(field="region", before="CN-GD", after="CN-BJ")
    correction = new_id()
    moved = await bank.happens(
        me, CustomerDetailsCorrected, customer_id=me, correction_id=correction, reason="moved", changes=(change,)
    )
    found: Any = await audit_trail.detail(bank.models, moved.event_id, EVERYTHING)
    assert [(one.field, one.before, one.after) for one in found.changes] == [
        (
            f"corrections.{correction}",
            None,
            {
                "status": "in-force",
                "requested_by": None,
                "changes": [{"after": "CN-BJ", "before": "CN-GD", "field": "region"}],
                "personal": [],
            },
        ),
        ("details.region", "CN-GD", "CN-BJ"),
    ]
    assert found.entry.fact.event == moved.event
    assert await audit_trail.detail(bank.models, new_id(), EVERYTHING) is None


# Complaint register


async def test_a_complaint_shows_how_it_stands(bank):
    one = await complains(bank, description="twice", region="US-FL", tags=("older",), received_on=date(2026, 1, 2))
    await bank.happens(one, ComplaintAssigned, handler="staff:17")
    await bank.happens(one, ComplaintAssessed, severity="high", product="loan", issue="fees")
    await bank.happens(one, RedressOffered, redress_id=new_id(), redress="monetary", amount=Money(100, "EUR"))
    answer = await bank.happens(
        one, FinalResponseIssued, outcome="upheld", redress="monetary", complainant_id=new_id(), letter="sorry",
        timely_asserted=True,
    )  # fmt: skip
    closed = await bank.happens(one, ComplaintClosed)
    await bank.follow()
    found: Any = await complaint_search.complaint(bank.models, one, EVERYTHING)
    assert (found.status, found.product, found.issue, found.severity) == ("closed", "loan", "fees", "high")
    assert (found.handler, found.outcome, found.redress_amount_minor, found.redress_currency) == (
        "staff:17", "upheld", 100, "EUR",
    )  # fmt: skip
    assert (found.responded_at, found.closed_at) == (answer.event.occurred_at, closed.event.occurred_at)
    assert (found.tags, found.received_on, found.timely_asserted) == (["older"], date(2026, 1, 2), True)
    assert found.sealed_at["final_response"].event_id == answer.event_id
    assert found.sealed_at["complaint"].record_class == "complaint"
    assert found.last_event.event_id == closed.event_id
    await bank.happens(one, ComplaintReopened, reason="new-facts")
    await bank.follow()
    again: Any = await complaint_search.complaint(bank.models, one, EVERYTHING)
    assert (again.status, again.closed_at) == ("open", None)
    assert await complaint_search.complaint(bank.models, new_id(), EVERYTHING) is None


async def test_complaints_are_searched_and_paged_over_all_partitions(bank):
    made = [await complains(bank, n % 4, region="US-FL" if n % 2 else None) for n in range(9)]
    for complaint_id in made[:3]:
        await bank.happens(complaint_id, ComplaintAssigned, handler="staff:17")
    await bank.happens(made[4], ComplaintWithdrawn)
    await bank.follow()

    async def found(**given: Any) -> list[int]:
        ids: list[int] = []
        after = None
        while True:
            page = await complaint_search.search(
                bank.models, ComplaintFilter(**given), EVERYTHING, after=after, limit=2
            )
            ids += [made.index(one.complaint_id) for one in page.complaints]
            if (after := page.next) is None:
                return ids

    assert await found() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert await found(status="withdrawn") == [4]
    assert await found(status="open", product="mortgage") == [8, 7, 6, 5, 3, 2, 1, 0]
    assert await found(handler="staff:17") == [2, 1, 0]
    assert await found(handler="staff:17", region="US-FL") == [1]
    assert await found(region="US-FL") == [7, 5, 3, 1]
    complaints: list[Any] = [await complaint_search.complaint(bank.models, one, EVERYTHING) for one in made]
    received = [one.received_at for one in complaints]
    assert await found(received_from=received[2], received_until=received[5]) == [4, 3, 2]
    assert await found(customer_id=complaints[6].customer_id) == [6]
    with pytest.raises(CursorInvalid):
        await complaint_search.search(bank.models, ComplaintFilter(), EVERYTHING, after="nonsense")
    with pytest.raises(ValueError, match="limit"):
        await complaint_search.search(bank.models, ComplaintFilter(), EVERYTHING, limit=0)


async def test_complaints_are_counted_where_they_stand(bank):
    made = [await complains(bank, n % 4, product="loan" if n == 2 else "mortgage") for n in range(5)]
    await bank.happens(made[0], ComplaintWithdrawn)
    await bank.happens(made[1], ComplaintAssessed, severity="low", product="loan")
    await bank.follow()

    async def counted(*by: Any, **given: Any) -> list[tuple[Any, ...]]:
        found = await complaint_search.counts(bank.models, CountFilter(**given), EVERYTHING, by=by)
        return [(one.month, one.status, one.product, one.complaints) for one in found.counts]

    assert await counted("status") == [(None, "open", None, 4), (None, "withdrawn", None, 1)]
    assert await counted("product", status="open") == [(None, None, "loan", 2), (None, None, "mortgage", 2)]
    assert await counted("month") == [(date(2026, 1, 1), None, None, 5)]
    assert await counted("month", first_month=date(2026, 2, 1)) == []


# Campaign results


def _touch(customer_id: UUID, campaign_id: UUID, decision: str = "send") -> dict[str, Any]:
    return {
        "customer_id": customer_id, "campaign_id": campaign_id, "campaign_version": 2, "channel": "email",
        "purpose": "marketing", "decision": decision, "rule": "consent", "rule_version": 1, "reason": "x",
    }  # fmt: skip


async def test_campaign_results_add_up_over_partitions(bank):
    campaign = new_id()
    plan = {"title": "Spring", "purpose": "marketing", "channel": "email", "planned_by": "staff:1"}
    await bank.happens(campaign, CampaignPlanned, **plan, budget=Money(1000, "EUR"))
    await bank.happens(campaign, CampaignLaunched)
    for amount in (300, 50):
        await bank.happens(campaign, CampaignCostRecorded, cost_id=new_id(), kind="print", amount=Money(amount, "EUR"))
    for n in range(8):
        person = bank.customer(n % 4)
        touch = new_id(person)
        await bank.happens(touch, TouchDecided, **_touch(person, campaign, "suppress" if n == 7 else "send"))
        if n < 6:
            await bank.happens(touch, TouchDelivered)
        if n < 3:
            answer = "yes" if n else "no"
            await bank.happens(touch, TouchResponded, response_id=new_id(), customer_id=person, response=answer)
        if n < 2:
            value = Money(2**53 - 1, "EUR") if n else None
            await bank.happens(touch, TouchConverted, conversion_id=new_id(), value=value)
    await bank.follow()
    found: Any = await campaign_results.results(bank.models, campaign)
    assert (found.campaign.title, found.campaign.status, found.campaign.budget_minor) == ("Spring", "running", 1000)
    assert (found.costs, found.parked) == ({"EUR": 350}, 0)
    (email,) = found.channels
    assert (email.channel, email.send, email.suppress, email.delivered) == ("email", 7, 1, 6)
    assert (email.responses, email.converted) == ({"no": 1, "yes": 2}, 2)
    assert email.conversion_values == {"EUR": 2**53 - 1}
    assert await campaign_results.results(bank.models, new_id()) is None
    (listed,) = (await campaign_results.campaigns(bank.models, status="running")).campaigns
    assert listed.campaign_id == campaign
    assert (await campaign_results.campaigns(bank.models, status="ended")).campaigns == ()


async def test_campaigns_are_listed_last_planned_first(bank):
    plan = {"title": "Spring", "purpose": "marketing", "channel": "email", "planned_by": "staff:1"}
    made = [(await bank.happens(new_id(), CampaignPlanned, **plan)).stream_id for _ in range(5)]
    await bank.follow()
    first = await campaign_results.campaigns(bank.models, limit=3)
    rest = await campaign_results.campaigns(bank.models, limit=3, after=first.next)
    assert [one.campaign_id for one in first.campaigns + rest.campaigns] == made[::-1]
    assert rest.next is None


async def test_touches_of_a_campaign_are_listed_last_decided_first_over_all_partitions(bank):
    campaign, other = new_id(), new_id()
    made = []
    for n, decision in enumerate(("send", "hold", "suppress", "hold", "send", "hold", "hold", "send", "send")):
        person = bank.customer(n % 4)
        made.append(new_id(person))
        await bank.happens(made[-1], TouchDecided, **_touch(person, campaign, decision))
        await bank.happens(new_id(person), TouchDecided, **_touch(person, other, decision))
    ruling = {"rule": "window", "rule_version": 1, "reason": "x"}
    await bank.happens(made[3], TouchReleased, **ruling)
    await bank.happens(made[5], TouchSuppressed, **ruling)
    await bank.happens(made[6], TouchExpired, reason="x")
    await bank.happens(made[7], TouchDelivered)
    await bank.happens(made[8], TouchBounced, reason="x")
    await bank.follow()

    async def listed(status: Any = None) -> list[int]:
        found, after = [], None
        while True:
            page = await campaign_touches.campaign_touches(bank.models, campaign, status, after=after, limit=2)
            found += [made.index(one) for one in page.positions]
            after = page.next
            if after is None:
                return found

    assert await listed() == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert {status: await listed(status) for status in campaign_touches.STANDINGS} == {
        "held": [1], "sent": [4, 3, 0], "suppressed": [5, 2], "expired": [6], "delivered": [7], "bounced": [8],
    }  # fmt: skip
    assert not (await campaign_touches.campaign_touches(bank.models, new_id())).positions


async def test_cursors_of_another_incarnation_are_refused(bank, monkeypatch):
    me = bank.customer()
    for n in range(3):
        await asked(bank, me, n)
        await complains(bank, customer_id=me)
    await bank.follow()
    models = bank.models
    history = (await satisfaction_history.history(models, me, limit=1)).next
    listed = (await complaint_search.search(models, ComplaintFilter(), EVERYTHING, limit=1)).next
    audit = (await audit_trail.search(models, AuditFilter(), EVERYTHING, limit=1)).next
    monkeypatch.setattr(models.record.incarnation, "id", new_id())
    for query in (
        satisfaction_history.history(models, me, after=history),
        complaint_search.search(models, ComplaintFilter(), EVERYTHING, after=listed),
        audit_trail.search(models, AuditFilter(), EVERYTHING, after=audit),
    ):
        with pytest.raises(StaleCursor):
            await query
