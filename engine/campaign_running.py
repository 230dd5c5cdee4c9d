"""Runs launched campaigns: proposes a touch to each customer of the audience, once, whatever stops in between.

The audience is whoever was in one of the campaign's segments as the record knew them when the launch was recorded.
One process at a time has the lease of a partition; it walks the segments there in the order of customers' ids, and
writes how far it is after each page. A proposal's command and touch have ids made from the launch and the customer, so
one that is made again, after a crash or because a customer is in two segments, does nothing. A paused campaign waits,
an ended one is left as it is.
"""

import logging
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Self
from uuid import UUID

from eventsourcing.persistence import PersistenceError

from domain.campaign import CAMPAIGN, Campaign, CampaignLaunched
from domain.touch_messages import ProposeTouch
from engine.answers import Answer
from engine.deciding import Context
from engine.handling import Unit
from engine.keeping import IDLE_S, Keeping
from engine.program_commands import Program, Story
from engine.statements import statement
from engine.wiring import Daybook
from projections import campaign_results, segment_membership
from projections.leases import TTL_S, Claim, Lease, take
from projections.listing import LIMIT_MAX
from projections.segment_membership import At
from projections.table import NIL
from store.cursor import Cursor
from store.identity import derive_id

ACTOR: Final = "daybook:campaigns"
PAGE: Final = 256
"""Customers to whom is proposed before how far it is is written."""
WAIT_S: Final = 5.0
"""How long a turn waits for the read model of segments to know all that was recorded before the launch."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign has come: proposals so far, and in how many partitions it has begun and is done.

    Who is in two segments counts in both. `parked`: so many customers are left out.
    """

    proposed: int
    partitions: int
    partitions_begun: int
    partitions_done: int
    moved_at: datetime | None
    parked: int


class Launch(NamedTuple):
    """A running campaign with an audience: its launch, when that was recorded, and what was recorded before."""

    campaign_id: UUID
    event_id: UUID
    recorded_at: datetime
    cut: Cursor
    segments: tuple[str, ...]


class Place(NamedTuple):
    """How far a partition is: the segment that it walks, and after which customer."""

    proposed: int
    segment: str
    after: UUID
    done: bool


async def progress(daybook: Daybook, campaign_id: UUID) -> Progress:
    """How far a campaign's touches have been proposed."""
    partitions = list(range(daybook.record.partitions))
    rows = await daybook.record.pool.fetch(statement("campaign_runs"), partitions, campaign_id)
    return Progress(
        proposed=sum(row["proposed"] for row in rows),
        partitions=len(partitions),
        partitions_begun=len(rows),
        partitions_done=sum(row["done"] for row in rows),
        moved_at=max((row["moved_at"] for row in rows), default=None),
        parked=(await daybook.models.progress(segment_membership.NAME)).parked,
    )


class CampaignRunner:
    """Runs every campaign in one partition, by a lease. Made by `open`."""

    def __init__(self, daybook: Daybook, lease: Lease) -> None:
        self._daybook = daybook
        self._record = daybook.record
        self._lease = lease
        self._partition = lease.partition
        self._program = Program(daybook, ACTOR)
        self._cuts: dict[UUID, Cursor] = {}

    @classmethod
    async def open(cls, daybook: Daybook, partition: int, holder: str, ttl_s: float = TTL_S) -> Self | None:
        """Take the lease; None: another process has it."""
        writers = daybook.models.writers
        async with writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            lease = await take(connection, Claim(partition, holder, "campaigns", ttl_s))
        return None if lease is None else cls(daybook, lease)

    async def close(self) -> None:
        """Let another take the lease."""
        await self._lease.release(self._daybook.models.writers)

    async def turn(self) -> bool:
        """Propose to some of each running campaign's audience; whether there are more.

        Raises:
            LeaseLost: another process runs this partition.
        """
        more = False
        for campaign_id in await self._running():
            if self._lease.due:
                await self._lease.renew(self._daybook.models.writers)
            launch = await self._launch(campaign_id)
            if launch is not None:
                more |= await self._run(launch)
        return more

    async def _running(self) -> list[UUID]:
        found: list[UUID] = []
        after: str | None = None
        while True:
            page = await campaign_results.campaigns(
                self._daybook.models, status="running", after=after, limit=LIMIT_MAX
            )
            found += [row.campaign_id for row in page.campaigns]
            after = page.next
            if after is None:
                return found

    async def _launch(self, campaign_id: UUID) -> Launch | None:
        """The launch, where the campaign is running by its own stream and has an audience."""
        story: Story[Campaign] = await self._program.story(CAMPAIGN, campaign_id)
        if story.state.status != "running" or not story.state.segments:
            return None
        launched = next(one.recorded for one in story.facts if isinstance(one.event, CampaignLaunched))
        cut = self._cuts.get(launched.event_id)
        if cut is None:
            cut = self._cuts[launched.event_id] = await self._record.recorded_at(launched.recorded_at)
        segments = tuple(sorted(set(story.state.segments)))
        return Launch(campaign_id, launched.event_id, launched.recorded_at, cut, segments)

    async def _run(self, launch: Launch) -> bool:
        """Propose to a page of the audience, and write how far it is."""
        place = await self._place(launch)
        if place.done:
            return False
        if await self._daybook.models.wait_for(segment_membership.NAME, launch.cut, WAIT_S) == "timeout":
            return True
        at = At(recorded=launch.recorded_at)
        page = await segment_membership.members_in(
            self._daybook.models, self._partition, place.segment, at, after=place.after, limit=PAGE
        )
        await self._propose_all(launch, page)
        following = self._following(launch, place, page)
        asked = (self._partition, launch.campaign_id, launch.event_id, *following)
        await self._daybook.models.writers.execute(statement("move_campaign_run"), *asked)
        return not following.done

    async def _place(self, launch: Launch) -> Place:
        row = await self._record.pool.fetchrow(statement("campaign_run"), self._partition, launch.campaign_id)
        return Place(0, launch.segments[0], NIL, done=False) if row is None else Place(*row)

    def _following(self, launch: Launch, place: Place, page: list[UUID]) -> Place:
        proposed = place.proposed + len(page)
        if len(page) == PAGE:
            return Place(proposed, place.segment, page[-1], done=False)
        later = [one for one in launch.segments if one > place.segment]
        if later:
            return Place(proposed, later[0], NIL, done=False)
        return Place(proposed, place.segment, page[-1] if page else place.after, done=True)

    async def _propose_all(self, launch: Launch, customers: Collection[UUID]) -> None:
        """Together: the customers of a page are read by one statement, and appended in few."""
        units = [self._proposal(launch, customer_id) for customer_id in customers]
        for outcome in await self._daybook.handler.handle_copy(units):
            if isinstance(outcome, PersistenceError):
                raise outcome
            if not isinstance(outcome, Answer):  # decided already, longer ago than answers are kept
                _log.info("campaign %s: a touch is not proposed again: %s", launch.campaign_id, outcome)

    def _proposal(self, launch: Launch, customer_id: UUID) -> Unit:
        digest = self._daybook.vault.keyed_hmac("campaign-touch", launch.event_id.bytes, customer_id.bytes)
        command = ProposeTouch(
            touch_id=derive_id(digest, beside=customer_id),
            occurred_at=launch.recorded_at,
            customer_id=customer_id,
            campaign_id=launch.campaign_id,
        )
        command_id = derive_id(digest + b"command", beside=customer_id)
        context = Context(ACTOR, command_id, digest, launch.event_id, launch.event_id)
        return Unit([command], context, new_stream=True)


def running_campaigns(daybook: Daybook, *, idle_s: float = IDLE_S) -> AbstractAsyncContextManager[object]:
    """Run campaigns while the block runs, where this installation lets this process."""
    if not daybook.settings.contacts:
        return nullcontext()

    async def opened(partition: int, holder: str) -> CampaignRunner | None:
        return await CampaignRunner.open(daybook, partition, holder)

    return Keeping("campaigns", daybook.ends, opened, idle_s=idle_s)
