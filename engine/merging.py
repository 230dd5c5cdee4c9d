"""Carrying a merge through both partitions: whoever comes next goes on from wherever it stands.

The customer with the smaller id is claimed by the command itself. Then the other is claimed, or the merge is cancelled;
then it is completed, first in the stream of the smaller id, which counts. Every step is a command whose id is made from
what it says, so that two who carry on at once do it once.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

import asyncpg
from eventsourcing.persistence import PersistenceError

from domain.customer import CUSTOMER, Customer
from domain.customer_identity import REFUSALS, Merge
from domain.identity_messages import (
    AgreeToMerge,
    CancelMerge,
    CompleteMerge,
    FollowReversal,
    IdentityLinked,
    MergeClaimed,
    MergeCustomers,
    MergeReversed,
    Parties,
)
from domain.kernel import Refusal
from engine.keeping import at_intervals
from engine.program_commands import Program, Story, now
from projections import persons
from projections.errors import ReadModelError
from projections.withheld import erased

if TYPE_CHECKING:
    from engine.wiring import Daybook

E = TypeVar("E", MergeClaimed, MergeReversed)

ACTOR: Final = "daybook:merging"
INTERVAL_S: Final = 2.0
AT_ONCE: Final = 200
IDENTITY: Final = "identity"
ERASED: Final = "merge-erased"
TROUBLES: Final = (
    Refusal, PersistenceError, ReadModelError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError,
)  # fmt: skip

Reached = Callable[[str], None]
"""Told the name of every step that was just done; tests let it fail."""


class Merging:
    """The program's part of merges."""

    def __init__(self, daybook: "Daybook", reached: Reached = lambda _: None) -> None:
        self._daybook = daybook
        self._program = Program(daybook, ACTOR)
        self._reached = reached
        self._after = [-1] * daybook.record.partitions

    async def parties(self, command: MergeCustomers) -> Parties | None:
        """What is known of both customers; None: there is no such link."""
        story = await self._story(command.customer_id)
        link = story.state.identity.links.get(command.link_id)
        if link is None:
            return None
        other = await self._story(link.other_id)
        return Parties(
            erased=await self._erased(command.customer_id, link.other_id),
            other_claimed=other.state.identity.claimed,
            other_known=other.state.customer_id is not None,
        )

    async def carry_on(self, customer_id: UUID, merge_id: UUID) -> None:
        """Bring a merge, of which this customer has the smaller id, to where it is the same in both streams.

        Raises:
            PersistenceError, ...: see `engine.handling`; whoever comes next goes on.
        """
        story = await self._story(customer_id)
        merge = story.state.identity.merges.get(merge_id)
        if merge is None:
            return
        if merge.status == "claimed":
            merge = await self._settle(customer_id, merge_id, story, merge)
        if merge.status in {"merged", "reversed"}:
            await self._tell_other(customer_id, merge_id, merge)

    async def run(self) -> int:
        """Go on with all that somebody began and did not end; how many merges were looked at.

        Raises:
            TROUBLES: one cannot be carried on now.
        """
        looked = 0
        for partition in range(self._daybook.record.partitions):
            while True:
                rows = await self._daybook.models.fetch(
                    persons.PROFILES, "merging", partition, self._after[partition], AT_ONCE
                )
                for row in rows:
                    looked += await self._look(row["customer_id"], persons.read_merges(row["merges"]))
                    self._after[partition] = row["position"]
                if len(rows) < AT_ONCE:
                    break
        return looked

    # Steps

    async def _settle(self, customer_id: UUID, merge_id: UUID, story: Story[Customer], merge: Merge) -> Merge:
        """Claim the other and complete, or cancel; how the merge stands then."""
        why = await self._claim_other(customer_id, merge_id, story, merge)
        self._reached("claimed")
        command = (
            CompleteMerge(occurred_at=now(), customer_id=customer_id, merge_id=merge_id)
            if why is None
            else CancelMerge(occurred_at=now(), customer_id=customer_id, merge_id=merge_id, reason=why)
        )
        await self._program.give(command, merge_id, story.version)
        self._reached("decided")
        return (await self._story(customer_id)).state.identity.merges[merge_id]

    async def _claim_other(self, customer_id: UUID, merge_id: UUID, story: Story[Customer], merge: Merge) -> str | None:
        """Claim the other; why it could not be, as a code."""
        other = await self._story(merge.other_id)
        if merge_id in other.state.identity.merges:
            return None
        if await self._erased(customer_id, merge.other_id):
            return ERASED
        claimed = _last(story, MergeClaimed, merge_id)
        command = AgreeToMerge(
            occurred_at=now(), customer_id=merge.other_id, merge_id=merge_id, other_id=customer_id,
            reason=claimed.reason, merged_by=claimed.merged_by,
        )  # fmt: skip
        try:
            await self._program.give(command, merge_id, other.version)
        except Refusal as refused:
            return refused.code.partition(".")[2]
        return None

    async def _tell_other(self, customer_id: UUID, merge_id: UUID, merge: Merge) -> None:
        """Record in the other's stream what stands in that of the smaller id."""
        other = await self._story(merge.other_id)
        if other.state.identity.merges[merge_id].status == merge.status:
            return
        if merge.status == "merged":
            complete = CompleteMerge(occurred_at=now(), customer_id=merge.other_id, merge_id=merge_id)
            await self._program.give(complete, merge_id, other.version)
        else:
            undone = _last(await self._story(customer_id), MergeReversed, merge_id)
            follow = FollowReversal(
                occurred_at=now(), customer_id=merge.other_id, merge_id=merge_id, other_id=customer_id,
                reason=undone.reason, reversed_by=undone.reversed_by,
            )  # fmt: skip
            await self._program.give(follow, merge_id, other.version)
        self._reached("told")

    async def _look(self, customer_id: UUID, merges: persons.Merges) -> int:
        """Carry on what is not completed, or differs between the two sides."""
        others = await persons.merges_of(self._daybook.models, {side.other_id for side in merges.values()})
        for one in persons.unfinished(customer_id, merges, others):
            await self.carry_on(one.customer_id, one.merge_id)
        return len(merges)

    async def _story(self, customer_id: UUID) -> Story[Customer]:
        return await self._program.story(CUSTOMER, customer_id)

    async def _erased(self, *customer_ids: UUID) -> bool:
        return bool(await erased(self._daybook.record, self._daybook.mapper.fact, customer_ids, IDENTITY))


def _last(story: Story[Customer], kind: type[E], merge_id: UUID) -> E:
    """The last event of a kind that is about a merge."""
    found = [fact.event for fact in story.facts if isinstance(fact.event, kind) and fact.event.merge_id == merge_id]
    return found[-1]


async def merge_story(daybook: "Daybook", customer_id: UUID, link_id: UUID) -> dict[str, Any]:
    """How a link of this customer, who has the smaller id, and its merge stand, and what was done, first to last.

    Raises:
        Refusal: the customer has no such link.
    """
    first = await daybook.record.read_stream(customer_id, limit=1)
    known = bool(first) and first[0].topic.startswith("customer.")
    story = await Program(daybook).story(CUSTOMER, customer_id) if known else None
    if story is None or link_id not in story.state.identity.links:
        raise Refusal("customer.link-unknown", REFUSALS["customer.link-unknown"], "link_id")
    identity = story.state.identity
    linked = next(of for one in story.facts if isinstance(of := one.event, IdentityLinked) and of.link_id == link_id)
    about = {"link_id", "merge_id"}
    steps = [
        {
            "type": one.recorded.type,
            "occurred_at": one.recorded.occurred_at,
            "actor": one.recorded.actor,
            "reason": getattr(one.event, "reason", None),
        }
        for one in story.facts
        if link_id in {getattr(one.event, name, None) for name in about}
    ]
    return {
        "customer_id": customer_id,
        "other_id": identity.links[link_id].other_id,
        "link_id": link_id,
        "rule": linked.rule,
        "evidence": linked.evidence,
        "comparison": None if linked.comparison is None else asdict(linked.comparison),
        "status": identity.stands(link_id),
        "steps": steps,
    }


def merging(daybook: "Daybook", *, interval_s: float = INTERVAL_S) -> AbstractAsyncContextManager[object]:
    """While the block runs, go on with merges that whoever began them has not ended."""
    carrying = Merging(daybook)

    async def work() -> None:
        await carrying.run()

    return at_intervals("merging", work, TROUBLES, interval_s)
