"""Judges touches by the contact policy in force, on the customer's facts as the record has them.

What a rule reads of a customer lies in many streams of one partition. So the touch is appended under the condition that
the customer has no later event of the types that the policy reads: facts may be remembered and be behind the record,
a decision on them then is not appended, and is made again on what is there. The campaign lies in another partition: the
touch names the version that was seen.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

from domain.campaign import Campaign
from domain.contact_facts import READ, ContactFacts
from domain.contact_judging import CampaignSeen, Judged, Wanted, judge
from domain.kernel import Command, with_fact
from domain.touch_messages import Group, Judgement, ProposeTouch, ReconsiderTouch
from engine.campaigns_seen import CampaignsSeen, Seen
from engine.contact_policies import ContactPolicies, PolicyVersion
from engine.deciding import Decided
from engine.mapping import EventMapper
from store.envelope import CustomerCondition, RecordedEvent
from store.record import Record
from vault.lane import Lanes

CUSTOMERS_IN_ONE_LOOKUP: Final = 500
TEN_THOUSAND: Final = 10_000
HELD_TOO_LONG: Final = "held-too-long"


@dataclass(slots=True)
class Known:
    """A customer's facts, as of the last of their events that the policy reads (position -1: there is none)."""

    facts: ContactFacts
    position: int


class Judgeable(NamedTuple):
    """A command with its judgement, and the condition under which that holds."""

    command: Command
    conditions: tuple[CustomerCondition, ...]


class ContactJudge:
    """Gathers and remembers facts, and judges. Only committed events are remembered."""

    def __init__(
        self,
        record: Record,
        mapper: EventMapper,
        policies: ContactPolicies,
        keyed_hmac: Callable[..., bytes],
        *,
        most: int = 100_000,
    ) -> None:
        self._record = record
        self._mapper = mapper
        self._policies = policies
        self._keyed_hmac = keyed_hmac
        self._campaigns = CampaignsSeen(record, mapper)
        self._most = most
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self._lookups = Lanes(self._read, CUSTOMERS_IN_ONE_LOOKUP)

    # For commands

    async def judged(self, command: Command, customer_id: UUID | None) -> Judgeable:
        """The command with what the policy says now; without, where there is nothing to judge.

        `customer_id`: of the touch as it is; None: there is none yet.
        """
        if not isinstance(command, ProposeTouch | ReconsiderTouch):
            return Judgeable(command, ())
        if isinstance(command, ProposeTouch):
            customer_id = command.customer_id
        if customer_id is None:
            return Judgeable(command, ())
        self._require_beside(command, customer_id)
        known = await self._of(customer_id)
        policy, moment = await self._policies.at(datetime.now(UTC)), datetime.now(UTC)
        held = None if isinstance(command, ProposeTouch) else known.facts.held.get(command.touch_id)
        campaign_id = command.campaign_id if isinstance(command, ProposeTouch) else held and held.campaign_id
        seen = None if campaign_id is None else await self._campaigns.seen(campaign_id)
        # From here on nothing is awaited: the facts are those at the position that the condition names.
        if isinstance(command, ProposeTouch):
            said = None if seen is None else self._of_proposal(command, known.facts, policy, seen, moment)
        else:
            said = (
                None
                if seen is None
                else self._of_held(command.touch_id, customer_id, known.facts, policy, seen, moment)
            )
        return _judgeable(command, said, customer_id, known.position)

    async def judged_all(self, commands: Sequence[ProposeTouch]) -> list[Judgeable]:
        """The same for many new touches of one partition, whose customers are read together and not remembered."""
        for command in commands:
            self._require_beside(command, command.customer_id)
        partition = self._record.partition_of(commands[0].customer_id)
        customers = {command.customer_id for command in commands}
        policy, moment = await self._policies.at(datetime.now(UTC)), datetime.now(UTC)
        seen = {one: await self._campaigns.seen(one) for one in {command.campaign_id for command in commands}}
        found = await self._record.read_customers(partition, customers, READ)
        known = {one: self.folded(found.get(one, ())) for one in customers}
        judged: list[Judgeable] = []
        for command in commands:
            facts, position = known[command.customer_id].facts, known[command.customer_id].position
            said = self._of_proposal(command, facts, policy, seen[command.campaign_id], moment)
            judged.append(_judgeable(command, said, command.customer_id, position))
        return judged

    def _require_beside(self, command: ProposeTouch | ReconsiderTouch, customer_id: UUID) -> None:
        if self._record.partition_of(customer_id) != self._record.partition_of(command.touch_id):
            raise ValueError("a touch lies in the partition of its customer: make its id beside the customer's")

    def appended(self, conditions: Sequence[CustomerCondition], events: Sequence[Decided], last: int) -> None:
        """Remember what was appended under these conditions; `last`: the position of the last of the events."""
        for condition in conditions:
            known = self._known.get(condition.customer_id)
            if known is None or not events:
                continue
            if known.position != condition.after:
                del self._known[condition.customer_id]
                continue
            for one in events:
                if one.customer_id == condition.customer_id:
                    known.facts.take(one.event, one.stream_id, one.event_id)
            known.position = last

    def forget(self, conditions: Sequence[CustomerCondition]) -> None:
        """Read these customers anew next time."""
        for condition in conditions:
            self._known.pop(condition.customer_id, None)

    # For who keeps held touches

    async def held(self, touch_id: UUID, customer_id: UUID, facts: ContactFacts, moment: datetime) -> Judgement | None:
        """What is to be done with a held touch at a moment; None: it is not held by a policy."""
        held = facts.held.get(touch_id)
        if held is None:
            return None
        policy, seen = await self._policies.at(moment), await self._campaigns.seen(held.campaign_id)
        return self._of_held(touch_id, customer_id, facts, policy, seen, moment)

    def held_out(self, campaign_id: UUID, customer_id: UUID, share: int) -> bool:
        """Whether a customer is kept out of a campaign for comparison, always the same; share in ten-thousandths."""
        if not share:
            return False
        digest = self._keyed_hmac("holdout", campaign_id.bytes, customer_id.bytes)
        return int.from_bytes(digest[:8], "big") % TEN_THOUSAND < share

    async def campaign_at(self, campaign_id: UUID, version: int) -> Campaign:
        """A campaign as it stood after its event `version`."""
        return await self._campaigns.at(campaign_id, version)

    # Judging

    def _of_proposal(
        self, command: ProposeTouch, facts: ContactFacts, policy: PolicyVersion, seen: Seen, moment: datetime
    ) -> Judgement | None:
        plan = seen.state
        if plan.purpose is None or plan.channel is None:
            return None
        campaign = self._campaign(command.campaign_id, command.customer_id, seen)
        wanted = Wanted(
            command.touch_id, plan.purpose, plan.channel, plan.topic or "any", command.matter, command.contact_point_id
        )
        return _judgement(judge(policy.rules, facts, wanted, campaign, moment), wanted, policy, campaign, moment)

    def _of_held(  # noqa: PLR0913, PLR0917  # all that decides
        self,
        touch_id: UUID,
        customer_id: UUID,
        facts: ContactFacts,
        policy: PolicyVersion,
        seen: Seen,
        moment: datetime,
    ) -> Judgement | None:
        held = facts.held.get(touch_id)
        if held is None:
            return None
        campaign = self._campaign(held.campaign_id, customer_id, seen)
        wanted = Wanted(touch_id, held.purpose, held.channel, held.topic, held.matter, held.contact_point_id)
        found = judge(policy.rules, facts, wanted, campaign, moment, held.expires_at)
        said = _judgement(found, wanted, policy, campaign, moment)
        if said.decision != "suppress" and moment >= held.expires_at:
            return replace(said, decision="expire", reason=HELD_TOO_LONG)
        return said

    def _campaign(self, campaign_id: UUID, customer_id: UUID, seen: Seen) -> CampaignSeen:
        held_out = self.held_out(campaign_id, customer_id, seen.state.holdout_share)
        return CampaignSeen(seen.version, seen.state, held_out)

    # Facts

    async def _of(self, customer_id: UUID) -> Known:
        known = self._known.get(customer_id)
        if known is not None:
            self._known.move_to_end(customer_id)
            return known
        found = await self._lookups.get(self._record.partition_of(customer_id), (customer_id,))
        known = self._known[customer_id] = self.folded(found.get(customer_id, ()))
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return known

    def folded(self, events: Sequence[RecordedEvent]) -> Known:
        """The facts of one customer's events, in the order of the record."""
        facts, fact_of = ContactFacts(), self._mapper.fact
        for recorded in events:
            facts.take(fact_of(recorded).event, recorded.stream_id, recorded.event_id)
        return Known(facts, events[-1].position if events else -1)

    async def _read(self, partition: int, customer_ids: Collection[UUID]) -> dict[UUID, list[RecordedEvent]]:
        return await self._record.read_customers(partition, customer_ids, READ)


def _judgement(
    found: Judged, wanted: Wanted, policy: PolicyVersion, campaign: CampaignSeen, moment: datetime
) -> Judgement:
    return Judgement(
        at=moment,
        campaign_version=campaign.version,
        channel=wanted.channel,
        contact_point_id=found.contact_point_id,
        decision=found.decision,
        expires_at=found.expires_at,
        group=_group(found),
        held_until=found.held_until,
        policy_id=policy.policy_id,
        purpose=wanted.purpose,
        reason=found.reason,
        rule=found.rule,
        rule_version=policy.version,
        topic=wanted.topic,
    )


def _group(found: Judged) -> Group | None:
    if found.rule == "holdout":
        return "holdout"
    return None if found.decision == "suppress" else "treated"


def _judgeable(command: Command, said: Judgement | None, customer_id: UUID, position: int) -> Judgeable:
    given = command if said is None else with_fact(command, "judgement", said)
    return Judgeable(given, (CustomerCondition(customer_id, READ, position),))
