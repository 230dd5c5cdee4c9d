"""Judges touches by the contact policy in force, on the customer's facts as the record has them.

What a rule reads of a customer lies in many streams of one partition. So the touch is appended under the condition that
the customer has no later event of the types that the policy reads: facts may be remembered and be behind the record,
a decision on them then is not appended, and is made again on what is there. The campaign lies in another partition: the
touch names the version that was seen.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from domain.campaign import Campaign
from domain.contact_counting import Wanted
from domain.contact_facts import ALWAYS, LATELY, READ, ContactFacts, HeldTouch
from domain.contact_judging import CampaignSeen, Judged, judge
from domain.kernel import Command, with_fact
from domain.shared_points import SharedSeen
from domain.touch_messages import Group, Judgement, ProposeTouch, ReconsiderTouch
from engine.campaigns_seen import CampaignsSeen, Seen
from engine.contact_policies import Policies, PolicyVersion
from engine.deciding import Context, Decided, Judgeable
from engine.mapping import EventMapper
from store.envelope import NO_STREAM, CustomerCondition
from store.record import Record
from vault.lane import Lanes

if TYPE_CHECKING:
    from engine.contact_places import ContactPlaces

CUSTOMERS_IN_ONE_LOOKUP: Final = 500
TEN_THOUSAND: Final = 10_000
HELD_TOO_LONG: Final = "held-too-long"


def held_out(keyed_hmac: Callable[..., bytes], campaign_id: UUID, customer_id: UUID, share: int) -> bool:
    """Whether a customer is kept out of a campaign for comparison, always the same; share in ten-thousandths."""
    if not share:
        return False
    digest = keyed_hmac("holdout", campaign_id.bytes, customer_id.bytes)
    return int.from_bytes(digest[:8], "big") % TEN_THOUSAND < share


def _now(_: Command) -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Known:
    """A customer's facts, with all that was recorded up to a position (-1: nothing yet).

    `reach`: how long before they were read interactions were looked for.
    """

    facts: ContactFacts
    position: int
    reach: timedelta


class Found(NamedTuple):
    """What the policy says, and of what. `late`: it is held already, and its time is over."""

    said: Judged
    wanted: Wanted
    policy: PolicyVersion
    campaign: CampaignSeen
    moment: datetime
    late: bool = False

    @property
    def looks(self) -> UUID | None:
        """The contact point whose number or address must be looked at before this holds; None: it holds."""
        return None if self.said.needs is None or self.late else self.said.contact_point_id


class ContactJudge:
    """Gathers and remembers facts, and judges. Only committed events are remembered."""

    def __init__(  # noqa: PLR0913  # what it reads and judges by
        self,
        record: Record,
        mapper: EventMapper,
        policies: Policies,
        keyed_hmac: Callable[..., bytes],
        *,
        moment_of: Callable[[Command], datetime] = _now,
        most: int = 100_000,
    ) -> None:
        """`moment_of`: by which moment a command is judged; that of asking, but for a bank that is simulated."""
        self._record = record
        self._mapper = mapper
        self._policies = policies
        self._keyed_hmac = keyed_hmac
        self._moment_of = moment_of
        self._campaigns = CampaignsSeen(record, mapper)
        self.places: ContactPlaces | None = None
        self._most = most
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self._lookups = Lanes(self._read, CUSTOMERS_IN_ONE_LOOKUP)

    # For commands

    async def judged(self, command: Command, customer_id: UUID | None, context: Context) -> Judgeable:
        """The command with what the policy says now; without, where there is nothing to judge.

        `customer_id`: of the touch as it is; None: there is none yet. Where a cap is over customers who share a number
        or address, a place there is claimed for the command before it is said that the touch is sent.

        Raises:
            PersistenceError, ...: see `engine.handling`.
        """
        if not isinstance(command, ProposeTouch | ReconsiderTouch):
            return Judgeable(command, ())
        if isinstance(command, ProposeTouch):
            customer_id = command.customer_id
        if customer_id is None:
            return Judgeable(command, ())
        self._require_beside(command, customer_id)
        shared: SharedSeen | None = None
        if isinstance(command, ReconsiderTouch) and command.touch_id not in (await self._of(customer_id)).facts.held:
            # What is remembered may be behind what others have recorded; a refusal for that would be kept as answer.
            self._known.pop(customer_id, None)
        while True:  # once more only where a place is claimed, or the contact point that is chosen has changed
            policy = await self._policies.at(self._moment_of(command))  # first, for it says how much is read
            known = await self._of(customer_id)
            found = await self._found(command, customer_id, known, policy, shared)
            if found is None or found.looks is None:
                return _judgeable(command, found, customer_id, known.position, shared)
            shared = await self._seen(found, known.facts, customer_id, context)

    async def judged_all(self, commands: Sequence[ProposeTouch]) -> list[Judgeable] | None:
        """The same for many new touches of one partition, whose customers are read together and not remembered.

        None: some need a place, so each is to be judged by itself.
        """
        for command in commands:
            self._require_beside(command, command.customer_id)
        partition = self._record.partition_of(commands[0].customer_id)
        customers = {command.customer_id for command in commands}
        moments = self._moments_of(commands)
        policies = {moment: await self._policies.at(moment) for moment in set(moments)}
        seen = {one: await self._campaigns.seen(one) for one in {command.campaign_id for command in commands}}
        known, position = await self.facts(partition, customers, min(moments))
        judged: list[Judgeable] = []
        for command, moment in zip(commands, moments, strict=True):
            facts = known.get(command.customer_id) or ContactFacts()
            found = self._of_proposal(command, facts, policies[moment], seen[command.campaign_id], moment)
            if found is not None and found.looks is not None:
                return None
            judged.append(_judgeable(command, found, command.customer_id, position))
        return judged

    def _moments_of(self, commands: Sequence[ProposeTouch]) -> list[datetime]:
        """By which moments they are judged: all by that of asking, or each by its own."""
        if self._moment_of is _now:
            return [datetime.now(UTC)] * len(commands)
        return [self._moment_of(command) for command in commands]

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
        found = self._of_held(held, touch_id, customer_id, facts, policy, seen, moment)
        if found.looks is None:
            return _judgement(found)
        shared = await self._seen(found, facts)
        return _judgement(self._of_held(held, touch_id, customer_id, facts, policy, seen, moment, shared), shared)

    def held_out(self, campaign_id: UUID, customer_id: UUID, share: int) -> bool:
        """Whether a customer is kept out of a campaign for comparison; share in ten-thousandths."""
        return held_out(self._keyed_hmac, campaign_id, customer_id, share)

    async def campaign_at(self, campaign_id: UUID, version: int) -> Campaign:
        """A campaign as it stood after its event `version`."""
        return await self._campaigns.at(campaign_id, version)

    # Judging

    async def _found(
        self,
        command: ProposeTouch | ReconsiderTouch,
        customer_id: UUID,
        known: Known,
        policy: PolicyVersion,
        shared: SharedSeen | None,
    ) -> Found | None:
        moment = self._moment_of(command)
        if isinstance(command, ProposeTouch):
            seen = await self._campaigns.seen(command.campaign_id)
            # From here on nothing is awaited: the facts are those at the position that the condition names.
            return self._of_proposal(command, known.facts, policy, seen, moment, shared)
        held = known.facts.held.get(command.touch_id)
        if held is None:
            return None
        seen = await self._campaigns.seen(held.campaign_id)
        held = known.facts.held.get(command.touch_id)  # as above
        if held is None:
            return None
        return self._of_held(held, command.touch_id, customer_id, known.facts, policy, seen, moment, shared)

    async def _seen(
        self, found: Found, facts: ContactFacts, customer_id: UUID | None = None, context: Context | None = None
    ) -> SharedSeen:
        """Who has places of the number or address: looked at, or taken where a command would send."""
        window, point = found.said.needs, found.looks
        if window is None or point is None or self.places is None:
            raise ValueError("this judge looks at no places")
        place = (point, found.wanted.purpose, window, facts)
        if context is None or customer_id is None or found.said.decision != "send":
            return await self.places.look(*place)
        return await self.places.claim(*place, customer_id, context)

    def _of_proposal(  # noqa: PLR0913, PLR0917  # all that decides
        self,
        command: ProposeTouch,
        facts: ContactFacts,
        policy: PolicyVersion,
        seen: Seen,
        moment: datetime,
        shared: SharedSeen | None = None,
    ) -> Found | None:
        plan = seen.state
        if plan.purpose is None or plan.channel is None:
            return None
        campaign = self._campaign(command.campaign_id, command.customer_id, seen)
        wanted = Wanted(
            command.touch_id, plan.purpose, plan.channel, plan.topic or "any", command.matter, command.contact_point_id
        )
        said = judge(policy.rules, facts, wanted, campaign, moment, None, shared)
        return Found(said, wanted, policy, campaign, moment)

    def _of_held(  # noqa: PLR0913, PLR0917  # all that decides
        self,
        held: HeldTouch,
        touch_id: UUID,
        customer_id: UUID,
        facts: ContactFacts,
        policy: PolicyVersion,
        seen: Seen,
        moment: datetime,
        shared: SharedSeen | None = None,
    ) -> Found:
        campaign = self._campaign(held.campaign_id, customer_id, seen)
        wanted = Wanted(touch_id, held.purpose, held.channel, held.topic, held.matter, held.contact_point_id)
        said = judge(policy.rules, facts, wanted, campaign, moment, held.expires_at, shared)
        return Found(said, wanted, policy, campaign, moment, said.decision != "suppress" and moment >= held.expires_at)

    def _campaign(self, campaign_id: UUID, customer_id: UUID, seen: Seen) -> CampaignSeen:
        held_out = self.held_out(campaign_id, customer_id, seen.state.holdout_share)
        return CampaignSeen(seen.version, seen.state, held_out)

    # Facts

    async def _of(self, customer_id: UUID) -> Known:
        known, reach = self._known.get(customer_id), self._policies.reach
        if known is not None and known.reach >= reach:
            self._known.move_to_end(customer_id)
            return known
        found = await self._lookups.get(self._record.partition_of(customer_id), (customer_id,))
        known = self._known[customer_id] = found[customer_id]
        if len(self._known) > self._most:
            self._known.popitem(last=False)
        return known

    async def facts(
        self, partition: int, customer_ids: Collection[UUID], moment: datetime
    ) -> tuple[dict[UUID, ContactFacts], int]:
        """Customers' facts for a judgement of this moment or a later one, and up to which position (-1: nothing yet).

        Of whom nothing is recorded is absent.
        """
        since = moment - self._policies.reach
        # What is not read, because no window counts it any more, may lie behind all that is.
        end = await self._record.next_position(partition)
        found = await self._record.read_customers(partition, customer_ids, ALWAYS, end, lately=LATELY, since=since)
        folded, fact_of = dict[UUID, ContactFacts](), self._mapper.fact
        for number, (customer_id, events) in enumerate(found.items()):
            facts = folded[customer_id] = ContactFacts()
            for recorded in events:
                facts.take(fact_of(recorded).event, recorded.stream_id, recorded.event_id)
            if number % 20 == 0:
                await asyncio.sleep(0)
        return folded, end - 1

    async def _read(self, partition: int, customer_ids: Collection[UUID]) -> dict[UUID, Known]:
        reach = self._policies.reach
        facts, position = await self.facts(partition, customer_ids, datetime.now(UTC))
        return {one: Known(facts.get(one) or ContactFacts(), position, reach) for one in customer_ids}


def _judgement(found: Found, shared: SharedSeen | None = None) -> Judgement:
    said, wanted, policy, campaign, moment, late = found
    return Judgement(
        at=moment,
        campaign_version=campaign.version,
        channel=wanted.channel,
        contact_point_id=said.contact_point_id,
        decision="expire" if late else said.decision,
        expires_at=said.expires_at,
        group=_group(said),
        held_until=said.held_until,
        policy_id=policy.policy_id,
        purpose=wanted.purpose,
        reason=HELD_TOO_LONG if late else said.reason,
        reservation_id=None if shared is None else shared.reservation_id,
        reservation_version=None if shared is None or shared.version == NO_STREAM else shared.version,
        rule=said.rule,
        rule_version=policy.version,
        topic=wanted.topic,
    )


def _group(found: Judged) -> Group | None:
    if found.rule == "holdout":
        return "holdout"
    return None if found.decision == "suppress" else "treated"


def _judgeable(
    command: Command, found: Found | None, customer_id: UUID, position: int, shared: SharedSeen | None = None
) -> Judgeable:
    given = command if found is None else with_fact(command, "judgement", _judgement(found, shared))
    return Judgeable(given, (CustomerCondition(customer_id, READ, position),))
