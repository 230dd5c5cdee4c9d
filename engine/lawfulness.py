"""Was this touch lawful when it was sent? Judged again, from the events that were there and the policy that it names.

The answer follows from the record alone, so everybody gets the same one, whenever they ask: from the customer's events
before the touch's own, the campaign at the version that was seen, the policy by its version, and the moment of judging.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.contact_counting import Wanted
from domain.contact_facts import ALWAYS, LATELY, ContactFacts, Correction
from domain.contact_judging import VALUE_UNKNOWN, CampaignSeen, Judged, judge
from domain.shared_points import SharedSeen
from domain.touch_messages import TouchDecided, TouchReleased
from engine.contact_policies import PolicyVersion
from engine.wiring import Daybook
from projections.fact import Fact
from store.envelope import RecordedEvent

Answer = Literal["lawful", "unlawful", "not-sent"]


@dataclass(frozen=True, slots=True)
class Lawfulness:
    """What is known of one touch.

    `decided_here`: by Daybook's own policy; else it was decided elsewhere and only recorded, and is judged by the
    policy that was in force. `then`: as the record knew the customer when it was recorded; `with_hindsight`: with all
    that was recorded later of what had happened by then. `agrees`: the decision recorded is the one that follows.
    """

    touch_id: UUID
    customer_id: UUID
    campaign_id: UUID
    campaign_version: int
    decided_here: bool
    deciding: RecordedEvent
    policy: PolicyVersion | None
    recorded_decision: str
    recorded_rule: str
    recorded_reason: str
    moment: datetime
    answer: Answer | None
    agrees: bool | None
    then: Judged | None
    with_hindsight: Judged | None
    events: dict[UUID, Fact]


async def lawfulness(daybook: Daybook, touch_id: UUID) -> Lawfulness | None:
    """Judge a touch again as it was sent, or as it was decided where it was not; None: there is no such touch."""
    record = daybook.record
    partition = record.partition_of(touch_id)
    found = await record.read_streams(partition, [touch_id])
    story = [daybook.mapper.fact(one) for one in found.get(touch_id, ())]
    if not story or not isinstance(decided := story[0].event, TouchDecided):
        return None
    released = next((one for one in story if isinstance(one.event, TouchReleased)), None)
    deciding = released or story[0]
    moment, policy = await _by_what(daybook, deciding)
    since = moment if policy is None else moment - policy.rules.reach
    events = await _events(daybook, decided.customer_id, since)
    known = {one.recorded.event_id: one for one in events}
    campaign = await _campaign(daybook, decided, deciding)
    wanted = Wanted(
        touch_id, decided.purpose, decided.channel, decided.topic or "any", decided.matter, decided.contact_point_id
    )
    expires_at = decided.expires_at if released is not None else None
    then = hindsight = None
    if policy is not None:
        before = [one for one in events if one.recorded.position < deciding.recorded.position]
        seen, later, places = await _places(daybook, deciding, decided.contact_point_id, moment)
        known |= {one.recorded.event_id: one for one in places}
        then = judge(policy.rules, _facts(before), wanted, campaign, moment, expires_at, seen)
        others = [one for one in events if one.recorded.stream_id != touch_id and _had_happened(one, moment)]
        hindsight = judge(policy.rules, _facts(others), wanted, campaign, moment, expires_at, later)
    said = _said(deciding)
    return Lawfulness(
        touch_id=touch_id,
        customer_id=decided.customer_id,
        campaign_id=decided.campaign_id,
        campaign_version=campaign.version,
        decided_here=decided.judged_at is not None,
        deciding=deciding.recorded,
        policy=policy,
        recorded_decision=said[0],
        recorded_rule=said[1],
        recorded_reason=said[2],
        moment=moment,
        answer=_answer(said[0], then),
        agrees=None if then is None else said == (then.decision, then.rule, then.reason),
        then=then,
        with_hindsight=hindsight,
        events=known,
    )


async def _by_what(daybook: Daybook, deciding: Fact) -> tuple[datetime, PolicyVersion | None]:
    """The moment and the policy: those that it names, else when it happened and what was in force then."""
    event = deciding.event
    if isinstance(event, TouchDecided | TouchReleased) and event.judged_at is not None:
        return event.judged_at, await daybook.contact_policies.of(event.rule_version, event.policy_id)
    moment = deciding.recorded.occurred_at
    return moment, await daybook.contact_policies.at(moment)


async def _events(daybook: Daybook, customer_id: UUID, since: datetime) -> list[Fact]:
    record = daybook.record
    partition = record.partition_of(customer_id)
    found = await record.read_customers(partition, [customer_id], ALWAYS, lately=LATELY, since=since)
    return [daybook.mapper.fact(one) for one in found.get(customer_id, ())]


def _had_happened(fact: Fact, moment: datetime) -> bool:
    """Whether it tells of what had happened by a moment; the correction of an interaction tells of the interaction."""
    return fact.recorded.occurred_at <= moment or isinstance(fact.event, Correction)


async def _campaign(daybook: Daybook, decided: TouchDecided, deciding: Fact) -> CampaignSeen:
    event = deciding.event
    version = event.campaign_version if isinstance(event, TouchReleased) else decided.campaign_version
    version = decided.campaign_version if version is None else version
    state = await daybook.contact.campaign_at(decided.campaign_id, version)
    held_out = daybook.contact.held_out(decided.campaign_id, decided.customer_id, state.holdout_share)
    return CampaignSeen(version, state, held_out)


async def _places(
    daybook: Daybook, deciding: Fact, contact_point_id: UUID | None, moment: datetime
) -> tuple[SharedSeen | None, SharedSeen | None, Sequence[Fact]]:
    """The places of the number or address as they were seen, as they were by what is known now, and their events.

    None: no cap over customers who share it was looked at.
    """
    event = deciding.event
    looked = isinstance(event, TouchDecided | TouchReleased) and (
        event.reservation_id is not None or event.reason == VALUE_UNKNOWN
    )
    if not looked or contact_point_id is None:
        return None, None, ()
    return await daybook.places.told(deciding, contact_point_id, moment)


def _facts(events: Sequence[Fact]) -> ContactFacts:
    facts = ContactFacts()
    for one in events:
        facts.take(one.event, one.recorded.stream_id, one.recorded.event_id)
    return facts


def _said(deciding: Fact) -> tuple[str, str, str]:
    event = deciding.event
    if isinstance(event, TouchDecided):
        return event.decision, event.rule, event.reason
    if isinstance(event, TouchReleased):
        return "send", event.rule, event.reason
    raise TypeError(event.type)


def _answer(decision: str, then: Judged | None) -> Answer | None:
    """None: the policy that it names is not known here."""
    if decision != "send":
        return "not-sent"
    if then is None:
        return None
    return "lawful" if then.decision == "send" else "unlawful"
