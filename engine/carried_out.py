"""Judges interactions that name the touch which they carried out, by what the record has of both.

One contact carries a touch out, so the interaction is appended under the condition that no other of the customer was
recorded since it was looked. An interaction that only few may know of counts for nothing here either.
"""

from typing import Final
from uuid import UUID

from domain.contact_facts import ContactFacts
from domain.interaction_messages import (
    InteractionDeclassified,
    InteractionMarkedConfidential,
    InteractionRecorded,
    RecordInteraction,
    TouchSeen,
)
from domain.kernel import with_fact
from domain.touch import TOUCH
from domain.touch_messages import TouchDecided
from engine.deciding import Judgeable
from engine.mapping import EventMapper
from projections.fact import Fact
from store.envelope import CustomerCondition
from store.record import Record

READ: Final = frozenset({InteractionRecorded.type, InteractionMarkedConfidential.type, InteractionDeclassified.type})
SENT: Final = frozenset({"sent", "delivered", "bounced"})


class CarriedOutJudge:
    """Looks at the touch that an interaction names; it remembers nothing."""

    def __init__(self, record: Record, mapper: EventMapper) -> None:
        self._record = record
        self._mapper = mapper

    async def judged(self, command: RecordInteraction, touch_id: UUID) -> Judgeable:
        """The command with what there is of its touch, and the condition under which that holds."""
        partition = self._record.partition_of(command.customer_id)
        if self._record.partition_of(command.interaction_id) != partition:
            raise ValueError("an interaction lies in the partition of its customer: make its id beside the customer's")
        found = await self._record.read_streams(partition, [touch_id])
        story = [self._mapper.fact(one) for one in found.get(touch_id, ())]
        if not story or not isinstance(decided := story[0].event, TouchDecided):
            return Judgeable(command, ())
        # Who names the touch has seen it, and lies behind it.
        carried_out_by, after = await self._named(command.customer_id, touch_id, story[0].recorded.position)
        seen = TouchSeen(carried_out_by, decided.channel, decided.customer_id, _is_sent(story))
        condition = CustomerCondition(command.customer_id, READ, after)
        return Judgeable(with_fact(command, "touch_seen", seen), (condition,))

    async def _named(self, customer_id: UUID, touch_id: UUID, start: int) -> tuple[UUID | None, int]:
        """The interaction that names the touch, and the last position up to which that is known."""
        partition = self._record.partition_of(customer_id)
        found = await self._record.read_customers(partition, [customer_id], READ, start=start)
        facts, position = ContactFacts(), start
        for recorded in found.get(customer_id, ()):
            facts.take(self._mapper.fact(recorded).event, recorded.stream_id, recorded.event_id)
            position = recorded.position
        naming = [name for name, one in facts.contacts.items() if one.touch_id == touch_id]
        return next((name for name in naming if name not in facts.confidential), None), position


def _is_sent(story: list[Fact]) -> bool:
    state = TOUCH.initial
    for fact in story:
        state = TOUCH.evolve(state, fact.event)
    return state.status in SENT
