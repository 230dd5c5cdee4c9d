"""Campaigns as touches see them: a moment ago, at a version of their stream that the touch names."""

import asyncio
import time
from typing import Final, NamedTuple
from uuid import UUID

from domain.campaign import CAMPAIGN, Campaign
from domain.kernel import Event
from engine.mapping import EventMapper
from projections.fact import Disposed
from store.envelope import NO_STREAM
from store.record import Record

LOOK_S: Final = 0.5
"""A campaign that is paused or ended is seen so everywhere after so many seconds."""
MOST: Final = 10_000


class Seen(NamedTuple):
    """A campaign at the version of its last event (-1: there is none)."""

    version: int
    state: Campaign


class CampaignsSeen:
    """Reads campaigns on, seldom."""

    def __init__(self, record: Record, mapper: EventMapper) -> None:
        self._record = record
        self._mapper = mapper
        self._known: dict[UUID, tuple[Seen, float]] = {}
        self._reading: dict[UUID, asyncio.Task[Seen]] = {}

    async def seen(self, campaign_id: UUID) -> Seen:
        """The campaign as it stood a moment ago."""
        known = self._known.get(campaign_id)
        if known is not None and time.monotonic() - known[1] < LOOK_S:
            return known[0]
        reading = self._reading.get(campaign_id)
        if reading is None:
            reading = self._reading[campaign_id] = asyncio.create_task(self._read(campaign_id))
            reading.add_done_callback(lambda _: self._reading.pop(campaign_id, None))
        return await asyncio.shield(reading)

    async def at(self, campaign_id: UUID, version: int) -> Campaign:
        """The campaign after its event `version`."""
        return (await self._folded(campaign_id, Seen(NO_STREAM, CAMPAIGN.initial), version)).state

    async def _read(self, campaign_id: UUID) -> Seen:
        now = time.monotonic()  # before reading: what is read is at least as new
        before, _ = self._known.get(campaign_id, (Seen(NO_STREAM, CAMPAIGN.initial), 0.0))
        seen = await self._folded(campaign_id, before)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[campaign_id] = (seen, now)
        return seen

    async def _folded(self, campaign_id: UUID, seen: Seen, until: int | None = None) -> Seen:
        version, state = seen
        while True:
            page = await self._record.read_stream(campaign_id, version)
            for recorded in page:
                if until is not None and recorded.version > until:
                    return Seen(version, state)
                event: Event = self._mapper.fact(recorded).event
                if not isinstance(event, Disposed) and type(event) in CAMPAIGN.events:
                    state = CAMPAIGN.evolve(state, event)
                version = recorded.version
            if not page:
                return Seen(version, state)
