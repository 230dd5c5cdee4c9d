"""Handing over portfolios: customer by customer, each by a command to their own stream, until none is left.

A customer goes over on the version of their stream that was read, under a command id made from handover, customer and
version. So whoever is killed, and whoever works beside, each customer goes over once, and who was given to a third
meanwhile stays there. What is left to do is read from the record: nothing is kept between runs.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import asyncpg
from eventsourcing.persistence import PersistenceError

from domain import CUSTOMER, PORTFOLIO_HANDOVER
from domain.customer_messages import AssignRelationshipManager, RelationshipManagerAssigned
from domain.kernel import Refusal
from domain.portfolio_handover import CompletePortfolioHandover, PortfolioHandoverOrdered
from engine.deciding import Context
from engine.keeping import at_intervals
from engine.program_commands import Program, now
from engine.wiring import Daybook
from projections import audit_trail, portfolio
from projections.audit_trail import AuditFilter
from projections.errors import ReadModelError
from projections.seeing import EVERYTHING
from projections.table import NIL
from store.errors import VersionConflict

ACTOR: Final = "daybook:portfolios"
PAGE: Final = 200
"""Customers that are looked at before the handover is asked whether it still goes on."""
AT_ONCE: Final = 100
"""Handovers that one run takes up."""
CAUGHT_UP_S: Final = 30.0
INTERVAL_S: Final = 5.0
PAUSE_S: Final = 10.0
TROUBLES: Final = (
    Refusal, PersistenceError, ReadModelError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError,
)  # fmt: skip

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class HandedOver:
    """What one run did: customers who went over, handovers that are complete, and those that are behind."""

    customers: int = 0
    completed: list[UUID] = field(default_factory=list[UUID])
    behind: list[UUID] = field(default_factory=list[UUID])


class HandingOver:
    """Carries out handovers that somebody has ordered."""

    def __init__(self, daybook: Daybook) -> None:
        self._daybook = daybook
        self._program = Program(daybook, ACTOR)

    async def run(self) -> HandedOver:
        """Take up every handover that is ordered; one that gave somebody over is completed by a later run.

        Raises:
            TimeoutError: the read model of portfolios, or the audit trail, is behind.
            PersistenceError, ...: see `store.errors`.
        """
        models, end = self._daybook.models, await self._daybook.record.end()
        for name in (portfolio.NAME, audit_trail.NAME):
            if await models.wait_for(name, end, CAUGHT_UP_S) == "timeout":
                raise TimeoutError(f"the read model {name} is behind")
        done = HandedOver()
        for handover_id in await portfolio.ordered(models, AT_ONCE):
            await self._carry_on(handover_id, done)
        return done

    async def _carry_on(self, handover_id: UUID, done: HandedOver) -> None:
        gone, left = 0, False
        for partition in range(self._daybook.record.partitions):
            after = NIL
            while True:
                order = await self._order(handover_id)
                if order is None:
                    return
                ids = await portfolio.charges_in(self._daybook.models, partition, order.from_manager, after, PAGE)
                outcomes = await asyncio.gather(*(self._one(handover_id, order, one) for one in ids))
                gone += outcomes.count(True)
                left |= None in outcomes
                if len(ids) < PAGE:
                    break
                after = ids[-1]
        done.customers += gone
        if gone or left:
            done.behind.append(handover_id)
            return
        command = CompletePortfolioHandover(
            occurred_at=now(), handover_id=handover_id, customers=await self._handed_over(handover_id)
        )
        await self._program.give(command, handover_id, 0)
        done.completed.append(handover_id)

    async def _order(self, handover_id: UUID) -> PortfolioHandoverOrdered | None:
        """What is ordered; None: it goes on no more."""
        story = await self._program.story(PORTFOLIO_HANDOVER, handover_id)
        opened = story.facts[0].event if story.facts else None
        if not isinstance(opened, PortfolioHandoverOrdered) or story.state.status != "ordered":
            return None
        return opened

    async def _one(self, handover_id: UUID, order: PortfolioHandoverOrdered, customer_id: UUID) -> bool | None:
        """Whether the customer went over now; None: somebody changed the customer meanwhile, so look again."""
        story = await self._program.story(CUSTOMER, customer_id)
        if story.state.relationship_manager != order.from_manager or story.state.ended:
            return False
        command = AssignRelationshipManager(
            occurred_at=now(), customer_id=customer_id, relationship_manager=order.to_manager
        )
        parts = (handover_id.bytes, customer_id.bytes, str(story.version).encode())
        command_id = self._program.derived("portfolio-handover", *parts, beside=customer_id)
        digest = self._daybook.vault.keyed_hmac("portfolio-handover", *parts)
        context = Context(ACTOR, command_id, digest, handover_id, reason=order.reason)
        try:
            await self._daybook.handler.handle([command], context, expected_version=story.version)
        except VersionConflict:
            return None
        except Refusal as refused:
            _log.warning("a customer does not go over: %s", refused.code)
            return False
        return True

    async def _handed_over(self, handover_id: UUID) -> int:
        """How many customers this handover gave over, by the record: earlier runs may have been killed."""
        of = AuditFilter(correlation_id=handover_id, type=RelationshipManagerAssigned.type)
        counted, after = 0, None
        while True:
            page = await audit_trail.search(self._daybook.models, of, EVERYTHING, after=after, limit=1000)
            counted += len(page.entries)
            after = page.next
            if after is None:
                return counted


@asynccontextmanager
async def handing_over(daybook: Daybook, *, interval_s: float = INTERVAL_S) -> AsyncGenerator[bool]:
    """Work while the block runs, where this installation lets this process; whether it does."""
    if not daybook.settings.handovers:
        yield False
        return
    working = HandingOver(daybook)

    async def work() -> None:
        if await portfolio.ordered(daybook.models, 1):
            await working.run()

    async with at_intervals("handing over", work, TROUBLES, interval_s, PAUSE_S):
        yield True
