"""Judges invitations to surveys by the survey plan in force, on the customer's invitations as the record has them.

Whoever invites: the keeper of surveys, a person, another system. The invitation is appended under the condition that
the customer was not invited since, so of two that invite at once, in whatever processes, one is judged again.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from domain.kernel import with_fact
from domain.survey import InviteToSurvey, SurveyInvited
from domain.survey_plan import Invited, planned
from engine.deciding import Judgeable
from engine.mapping import EventMapper
from engine.survey_plans import Plans, held_at
from store.envelope import CustomerCondition, RecordedEvent
from store.record import Record

READ: Final = frozenset({SurveyInvited.type})


class SurveyJudge:
    """Reads the plans and the customers' invitations, and judges; it remembers nothing of a customer."""

    def __init__(self, record: Record, mapper: EventMapper, plans: Plans) -> None:
        self._record = record
        self._mapper = mapper
        self._plans = plans

    async def judged_all(self, commands: Sequence[InviteToSurvey]) -> list[Judgeable]:
        """Each command, all of one partition, with what the plan says that held when the customer is invited.

        An invitation from before there was a plan is history, and is recorded as it is told.

        Raises:
            PersistenceError, ReadModelError, ...: which plans there are is not known; nothing is decided by a guess.
        """
        for command in commands:
            if self._record.partition_of(command.customer_id) != self._record.partition_of(command.invitation_id):
                raise ValueError("an invitation lies in the partition of its customer: make its id beside theirs")
        activated = await self._plans.look()
        plans = [held_at(activated, command.occurred_at) for command in commands]
        invited = await self._invited({one.customer_id for one, plan in zip(commands, plans, strict=True) if plan})
        judged: list[Judgeable] = []
        for command, plan in zip(commands, plans, strict=True):
            if plan is None:
                judged.append(Judgeable(command, ()))
                continue
            events = invited.get(command.customer_id, ())
            said = planned(plan.told, command, command.occurred_at, self._told(events))
            after = events[-1].position if events else -1
            condition = CustomerCondition(command.customer_id, READ, after)
            judged.append(Judgeable(with_fact(command, "planned", said), (condition,)))
        return judged

    async def _invited(self, customer_ids: Collection[UUID]) -> dict[UUID, list[RecordedEvent]]:
        if not customer_ids:
            return {}
        partition = self._record.partition_of(next(iter(customer_ids)))
        return await self._record.read_customers(partition, customer_ids, READ)

    def _told(self, events: Sequence[RecordedEvent]) -> list[Invited]:
        """What is still told of these invitations: not of those that were disposed of."""
        told = [self._mapper.fact(one).event for one in events]
        return [Invited.of(one, one.occurred_at) for one in told if isinstance(one, SurveyInvited)]
