"""Keeps held touches and consents by time, and by what happens to their customers.

One process at a time has the lease of a partition. It reads the events that the contact policy reads, and writes for
each customer they are of when their held touches are to be looked at again and when their consents run out, in the
transaction that moves its bookmark. Where something happened that ends a hold, such as a consent taken back, that is at
once. Then it takes up what is due: the touch is judged anew in the append itself, under the same conditions as any, so
nothing that comes between can send what the policy forbids. A command's id is made from the touch and what it is looked
at for, the event or the moment: after any crash it is given again and does nothing.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from domain.contact_facts import ALWAYS, ContactFacts
from domain.customer_messages import ExpireConsent
from domain.kernel import Command, Refusal
from domain.touch_messages import ReconsiderTouch
from engine.deciding import Context
from engine.keeper_bookmark import KeeperBookmark
from engine.keeping import IDLE_S, Keeping
from engine.statements import statement
from engine.wiring import Daybook
from projections.leases import TTL_S, Claim
from store.envelope import RecordedEvent
from store.errors import ConditionFailed, VersionConflict
from store.identity import derive_id

ACTOR: Final = "daybook:contact"
PAGE: Final = 500
AT_ONCE: Final = 64
_log = logging.getLogger(__name__)


class Due(NamedTuple):
    """A touch that is to be looked at again, or a consent that runs out; `cause`: the event because of which."""

    kind: str
    key: UUID
    customer_id: UUID
    due_at: datetime
    cause: UUID


@dataclass(slots=True)
class Passed:
    """What one pass did."""

    looked_at: int = 0
    settled: int = 0
    consents_expired: int = 0


class ContactKeeper:
    """Keeps one partition, by a lease. Made by `open`."""

    def __init__(self, daybook: Daybook, bookmark: KeeperBookmark) -> None:
        self._daybook = daybook
        self._record = daybook.record
        self._bookmark = bookmark
        self._partition = bookmark.partition

    @classmethod
    async def open(cls, daybook: Daybook, partition: int, holder: str, ttl_s: float = TTL_S) -> Self | None:
        """Take the lease and go on where the last holder stopped; None: another process has it."""
        bookmark = await KeeperBookmark.take(daybook, Claim(partition, holder, "contact", ttl_s))
        return None if bookmark is None else cls(daybook, bookmark)

    async def close(self) -> None:
        """Let another take the lease."""
        await self._bookmark.close()

    async def turn(self) -> bool:
        """Read on, and take up what is due."""
        moment = datetime.now(UTC)
        read = await self.step(moment)
        passed = await self.take_up(moment)
        return bool(read) or passed.looked_at >= PAGE

    async def step(self, moment: datetime) -> int:
        """Read on, and tell anew when what is due for whom something happened; how many customers.

        Raises:
            LeaseLost: another process keeps this partition.
        """
        await self._bookmark.renew()
        end = await self._record.next_position(self._partition)
        if self._bookmark.position >= end:
            return 0
        # Not what is read lately: it holds more back, and lets nothing go before its time.
        events = await self._record.read_types(self._partition, ALWAYS, self._bookmark.position, end, PAGE)
        following = events[-1].position + 1 if len(events) == PAGE else end
        if self._daybook.contact_policies.shared:
            for one in events:
                if one.type.startswith("touch."):
                    await self._daybook.places.settle_told(self._daybook.mapper.fact(one))
        last = {one.customer_id: one for one in events if one.customer_id is not None}
        due = [one async for one in self._all_due(last, moment)]
        writers = self._daybook.models.writers
        async with writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            await self._bookmark.move(following, connection=connection)
            await connection.execute(statement("delete_contacts_due"), self._partition, list(last))
            await self._write(due, connection)
        return len(last)

    async def take_up(self, moment: datetime) -> Passed:
        """Settle what is due by now, the longest due first, at most a page of it."""
        rows = await self._record.pool.fetch(statement("due_contacts"), self._partition, moment, PAGE)
        passed = Passed(looked_at=len(rows))
        facts = await self._facts({row["customer_id"] for row in rows}, moment)
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(due: Due) -> Due | None:
            async with turns:
                return await self._settle(due, facts.get(due.customer_id), moment, passed)

        asked = [Due(*row) for row in rows]
        later = await asyncio.gather(*map(one, asked))
        # What was settled has an event, by which it leaves; what is still held gets its next time.
        await self._write([due for due in later if due is not None], self._daybook.models.writers)
        gone = [due.key for due in asked if due.customer_id not in facts]  # disposed of
        if gone:
            await self._daybook.models.writers.execute(statement("delete_contacts_gone"), self._partition, gone)
        return passed

    # When what is due

    async def _all_due(self, last: Mapping[UUID, RecordedEvent], moment: datetime) -> AsyncIterator[Due]:
        for customer_id, facts in (await self._facts(last, moment)).items():
            for due in self._consents_due(customer_id, facts):
                yield due
            for touch_id in facts.held:
                yield await self._touch_due(touch_id, customer_id, facts, moment, last[customer_id].event_id)

    def _consents_due(self, customer_id: UUID, facts: ContactFacts) -> Iterator[Due]:
        for word in facts.consents.values():
            if word.answer == "granted" and word.valid_until is not None:
                yield Due("consent", word.event_id, customer_id, word.valid_until, word.event_id)

    async def _touch_due(
        self, touch_id: UUID, customer_id: UUID, facts: ContactFacts, moment: datetime, cause: UUID
    ) -> Due:
        said = await self._daybook.contact.held(touch_id, customer_id, facts, moment)
        held = said is not None and said.decision == "hold" and said.held_until is not None
        due_at = said.held_until if said is not None and held and said.held_until is not None else moment
        return Due("touch", touch_id, customer_id, due_at, cause)

    async def _facts(self, customer_ids: Collection[UUID], moment: datetime) -> dict[UUID, ContactFacts]:
        return (await self._daybook.contact.facts(self._partition, customer_ids, moment))[0] if customer_ids else {}

    async def _write(self, due: Sequence[Due], using: Any) -> None:  # noqa: ANN401  # a connection, or the pool
        if due:
            columns = [list(column) for column in zip(*due, strict=True)]
            await using.execute(statement("write_contacts_due"), self._partition, *columns)

    # Settling

    async def _settle(self, due: Due, facts: ContactFacts | None, moment: datetime, passed: Passed) -> Due | None:
        """Give the command; what is still held afterwards is due again later, as is what another came before."""
        command = None if facts is None else _command(due, facts, moment)
        if command is None or facts is None:
            return None  # an event has settled it, and will be read
        try:
            events = await self._give(command, due)
        except (VersionConflict, ConditionFailed, Refusal) as why:
            _log.info("%s %s waits for the next pass: %s", due.kind, due.key, why)
            return None
        if events:
            passed.settled += due.kind == "touch"
            passed.consents_expired += due.kind == "consent"
            return None
        again = await self._touch_due(due.key, due.customer_id, facts, moment, due.cause)
        return again if again.due_at > due.due_at else None

    async def _give(self, command: Command, due: Due) -> int:
        what = b"%s/%s" % (due.cause.bytes, str(due.due_at).encode())
        digest = self._daybook.vault.keyed_hmac("contact", due.kind.encode(), due.key.bytes, what)
        command_id = derive_id(digest, beside=due.customer_id)
        context = Context(ACTOR, command_id, digest, command_id, due.cause)
        return len((await self._daybook.handler.handle([command], context)).events)


def _command(due: Due, facts: ContactFacts, moment: datetime) -> Command | None:
    if due.kind == "touch":
        if due.key not in facts.held:
            return None
        return ReconsiderTouch(touch_id=due.key, occurred_at=moment)
    for (point, channel, purpose, topic), word in facts.consents.items():
        if word.event_id == due.key and word.valid_until is not None and word.answer == "granted":
            return ExpireConsent(
                customer_id=due.customer_id, occurred_at=word.valid_until, contact_point_id=point, channel=channel,
                purpose=purpose, topic=topic, text_version=word.text_version,
            )  # fmt: skip
    return None


def keeping_contacts(daybook: Daybook, *, idle_s: float = IDLE_S) -> AbstractAsyncContextManager[object]:
    """Keep touches and consents while the block runs, where this installation lets this process."""
    if not daybook.settings.contacts:
        return nullcontext()

    async def opened(partition: int, holder: str) -> ContactKeeper | None:
        return await ContactKeeper.open(daybook, partition, holder)

    return Keeping("contacts", daybook.ends, opened, idle_s=idle_s)
