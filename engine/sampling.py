"""Draws the interactions that are screened for missed complaints, as the record tells of them.

One process at a time has the lease of a partition. It reads the interactions that were recorded since its bookmark,
gives a command for each that the plan in force draws, and moves the bookmark afterwards. A command's id is made from
the event that recorded the interaction: so after any crash it is given again and draws nothing twice.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Self, cast

from domain.interaction_messages import DrawInteraction, InteractionRecorded
from domain.kernel import Refusal
from engine.deciding import Context
from engine.keeper_bookmark import KeeperBookmark
from engine.keeping import IDLE_S, Keeping
from engine.sampling_plans import ActivePlan, Drawn, SamplingPlans, drawn
from engine.wiring import Daybook
from projections.leases import TTL_S, Claim
from store.envelope import RecordedEvent
from store.identity import derive_id

ACTOR: Final = "daybook:sampling"
PAGE: Final = 1000
AT_ONCE: Final = 64
"""Commands that are on their way at a time."""

_log = logging.getLogger(__name__)


class Sampler:
    """Draws from one partition, by a lease. Made by `open`."""

    def __init__(self, daybook: Daybook, plans: SamplingPlans, bookmark: KeeperBookmark) -> None:
        self._daybook = daybook
        self._plans = plans
        self._bookmark = bookmark
        self._partition = bookmark.partition

    @classmethod
    async def open(
        cls, daybook: Daybook, plans: SamplingPlans, partition: int, holder: str, ttl_s: float = TTL_S
    ) -> Self | None:
        """Take the lease and go on where the last holder stopped; None: another process has it."""
        bookmark = await KeeperBookmark.take(daybook, Claim(partition, holder, "sampling", ttl_s))
        return None if bookmark is None else cls(daybook, plans, bookmark)

    async def close(self) -> None:
        """Let another take the lease."""
        await self._bookmark.close()

    async def turn(self) -> bool:
        """Draw from what was recorded since the last turn; whether more waits.

        Raises:
            LeaseLost: another process draws from this partition.
        """
        await self._bookmark.renew()
        plans, record = await self._plans.fresh(), self._daybook.record
        end = await record.next_position(self._partition)
        if self._bookmark.position >= end:
            return False
        if not plans:  # and none will draw from what is there already
            await self._bookmark.move(end)
            return False
        start = self._bookmark.position
        events = await record.read_types(self._partition, (InteractionRecorded.type,), start, end, PAGE)
        await self._draw(plans, events)
        await self._bookmark.move(events[-1].position + 1 if len(events) == PAGE else end)
        return len(events) == PAGE

    async def _draw(self, plans: Sequence[ActivePlan], events: Sequence[RecordedEvent]) -> None:
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(recorded: RecordedEvent, by: Drawn) -> None:
            async with turns:
                await self._give(recorded, by)

        found: list[tuple[RecordedEvent, Drawn]] = []
        for recorded in events:
            event = cast("InteractionRecorded", self._daybook.mapper.fact(recorded).event)
            by = drawn(self._daybook.vault, plans, recorded.stream_id, event)
            if by is not None:
                found.append((recorded, by))
        await asyncio.gather(*(one(recorded, by) for recorded, by in found))

    async def _give(self, recorded: RecordedEvent, by: Drawn) -> None:
        interaction_id = recorded.stream_id
        digest = self._daybook.vault.keyed_hmac("sampling", recorded.event_id.bytes)
        command_id = derive_id(digest, beside=interaction_id)
        command = DrawInteraction(
            interaction_id=interaction_id, occurred_at=recorded.recorded_at, draw_id=command_id,
            plan_id=by.plan.plan_id, plan_version=by.plan.told.plan_version, period=by.period,
            per_10_000=by.per_10_000, channel=by.channel, purpose=by.purpose,
        )  # fmt: skip
        context = Context(ACTOR, command_id, digest, recorded.correlation_id, recorded.event_id, recorded.recorded_at)
        try:
            await self._daybook.handler.handle([command], context)
        except Refusal as why:  # drawn before, and then the record was restored
            _log.info("interaction %s is not drawn: %s", interaction_id, why)


class Sampling(Keeping):
    """Draws from every partition whose lease it gets. A context manager."""

    def __init__(self, daybook: Daybook, *, idle_s: float = IDLE_S, ttl_s: float = TTL_S) -> None:
        plans = SamplingPlans(daybook.models, daybook.mapper)

        async def opened(partition: int, holder: str) -> Sampler | None:
            return await Sampler.open(daybook, plans, partition, holder, ttl_s)

        super().__init__("sampling", daybook.ends, opened, idle_s=idle_s)


@asynccontextmanager
async def drawing_samples(daybook: Daybook) -> AsyncGenerator[bool]:
    """Draw while the block runs, where this installation lets this process; whether it does."""
    if not daybook.settings.sampling:
        yield False
        return
    async with Sampling(daybook):
        yield True
