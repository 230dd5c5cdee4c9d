"""Keeps the clocks of all complaints: counts them anew when something moved them, and records what time alone does.

One process at a time has the lease of a partition. It reads the record's events that move clocks and writes the rows of
their complaints in the transaction that moves its bookmark; then it takes up the rows to which time has done something.
A share or a breach is recorded by a command whose id is made from complaint, clock, run and share, on the version that
was counted: so after any crash it is given again and does nothing, and what comes between makes it count anew.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from uuid import UUID

import orjson

from domain.clock_facts import MOVING
from domain.clocks import Clock
from domain.complaint_clock import EscalateComplaintClock, RecordClockBreach
from domain.kernel import Refusal
from engine.clock_answers import told
from engine.clock_catalogue import Known
from engine.deciding import Context
from engine.keeper_bookmark import KeeperBookmark
from engine.keeping import IDLE_S, Keeping
from engine.statements import statement
from engine.wiring import Daybook
from projections.leases import TTL_S, Claim
from replay.clock_cases import Case, case_of
from store.errors import VersionConflict
from store.identity import derive_id

ACTOR: Final = "daybook:clocks"
BREACH: Final = 100
PAGE: Final = 500
"""Complaints that are counted and written at a time."""
AT_ONCE: Final = 64
"""Commands that are on their way at a time."""
FOR_EVER: Final = datetime.max.replace(tzinfo=UTC)

MARKS: Final = ("complaint.marked-confidential", "complaint.declassified")
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Passed:
    """What one pass did."""

    counted: int = 0
    escalated: int = 0
    breached: int = 0


class ClockKeeper:
    """Keeps the clocks of one partition, by a lease. Made by `open`."""

    def __init__(self, daybook: Daybook, bookmark: KeeperBookmark) -> None:
        self._daybook = daybook
        self._record = daybook.record
        self._bookmark = bookmark
        self._partition = bookmark.partition

    @classmethod
    async def open(cls, daybook: Daybook, partition: int, holder: str, ttl_s: float = TTL_S) -> Self | None:
        """Take the lease and go on where the last holder stopped; None: another process has it."""
        bookmark = await KeeperBookmark.take(daybook, Claim(partition, holder, "clocks", ttl_s))
        return None if bookmark is None else cls(daybook, bookmark)

    async def close(self) -> None:
        """Let another take the lease."""
        await self._bookmark.close()

    async def turn(self) -> bool:
        """Count what was moved, and record what time has done; whether more waits.

        Raises:
            LeaseLost: another process keeps this partition's clocks.
        """
        by = await self._daybook.clock_catalogue.fresh()
        moment = datetime.now(UTC)
        read = await self.step(by, moment)
        passed = await self.take_up(by, moment)
        return bool(read) or passed.counted >= PAGE

    async def step(self, by: Known, moment: datetime) -> int:
        """Read on, and count anew what was moved; how many complaints. Another catalogue begins from the start.

        Raises:
            LeaseLost: another process keeps this partition's clocks.
        """
        await self._bookmark.renew()
        if by.digest != self._bookmark.basis:
            await self._bookmark.move(0, basis=by.digest)
        end = await self._record.next_position(self._partition)
        if self._bookmark.position >= end:
            return 0
        types = MOVING.union(MARKS)
        events = await self._record.read_types(self._partition, types, self._bookmark.position, end, PAGE)
        following = events[-1].position + 1 if len(events) == PAGE else end
        cases = await self._cases({one.stream_id for one in events})
        await self._write(cases, by, moment, following)
        return len(cases)

    async def take_up(self, by: Known, moment: datetime) -> Passed:
        """Record what time alone has done until now, the longest due first, at most a page of it."""
        passed = Passed()
        rows = await self._record.pool.fetch(statement("due_clocks"), self._partition, moment, PAGE)
        due = {row["complaint_id"] for row in rows}
        cases = await self._cases(due)
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(case: Case) -> bool:
            async with turns:
                return await self._record_owed(case, by, moment, passed)

        acted = await asyncio.gather(*(one(case) for case in cases))
        silent = [case for case, has_acted in zip(cases, acted, strict=True) if not has_acted]
        gone = due.difference(case.complaint_id for case in cases)  # disposed of
        if silent or gone:  # what lapsed has no event that would bring it here
            await self._write(silent, by, moment, None, gone)
        passed.counted = len(due)
        return passed

    # Counting

    async def _cases(self, complaint_ids: Collection[UUID]) -> list[Case]:
        found = await self._record.read_streams(self._partition, complaint_ids)
        cases: list[Case] = []
        for number, (complaint_id, events) in enumerate(found.items()):
            case = case_of(complaint_id, [self._daybook.mapper.fact(one) for one in events])
            if case is not None:
                cases.append(case)
            if number % 20 == 0:
                await asyncio.sleep(0)
        return cases

    async def _write(
        self,
        cases: Sequence[Case],
        by: Known,
        moment: datetime,
        following: int | None,
        gone: Collection[UUID] = (),
    ) -> None:
        rows: list[tuple[Any, ...]] = []
        for number, case in enumerate(cases):
            rows += [_row(case, clock) for clock in case.clocks(by.catalogue, moment)]
            if number % 20 == 0:
                await asyncio.sleep(0)
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(_COLUMNS)]
        ids = [*(case.complaint_id for case in cases), *gone]
        writers = self._daybook.models.writers
        async with writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            if following is not None:
                await self._bookmark.move(following, basis=by.digest, connection=connection)
            await connection.execute(statement("delete_other_clocks"), self._partition, ids, columns[0], columns[1])
            await connection.execute(statement("write_clocks"), self._partition, *columns)

    # Recording

    async def _record_owed(self, case: Case, by: Known, moment: datetime, passed: Passed) -> bool:
        """Record what is owed; whether there was anything. Who came first is counted again by the next pass."""
        owed = [(clock, clock.owed(moment)) for clock in case.clocks(by.catalogue, moment)]
        version = case.version
        for clock, share in owed:
            if share is None:
                continue
            try:
                answer = await self._give(case.complaint_id, clock, share, version)
            except (VersionConflict, Refusal) as why:
                _log.info("clock %s of complaint %s waits for the next pass: %s", clock.clock, case.complaint_id, why)
                return True
            version = max(version, answer)
            passed.breached += share == BREACH
            passed.escalated += share != BREACH
        return any(share is not None for _, share in owed)

    async def _give(self, complaint_id: UUID, clock: Clock, share: int, version: int) -> int:
        facts: dict[str, Any] = {
            "complaint_id": complaint_id, "clock": clock.clock, "run": clock.run, "regime": clock.regime,
            "policy_version": clock.policy_version, "calendar": clock.calendar,
            "calendar_versions": clock.calendar_versions, "due_at": clock.due_at, "moved_by": clock.moved_by[-1000:],
        }  # fmt: skip
        if share == BREACH:
            command = RecordClockBreach.model_validate({**facts, "occurred_at": clock.due_at})
        else:
            at = clock.escalate_at[share]
            command = EscalateComplaintClock.model_validate({**facts, "occurred_at": at, "threshold": share})
        parts = (complaint_id.bytes, clock.clock.encode(), b"%d/%d" % (clock.run, share))
        digest = self._daybook.vault.keyed_hmac("clock", *parts)
        command_id = derive_id(digest, beside=complaint_id)
        context = Context(ACTOR, command_id, digest, command_id, clock.moved_by[-1])
        answer = await self._daybook.handler.handle([command], context, expected_version=version)
        return answer.version


_COLUMNS: Final = 11


def _row(case: Case, clock: Clock) -> tuple[Any, ...]:
    following = clock.next_share
    withheld = [] if case.matter is None else sorted(case.matter.withheld_from)
    return (
        case.complaint_id, clock.clock, clock.regime, clock.state, clock.waits, clock.due_at or FOR_EVER,
        None if following is None else following[1], None if case.matter is None else case.matter.group,
        orjson.dumps(withheld).decode(), case.version, orjson.dumps(told(clock), default=str).decode(),
    )  # fmt: skip


class ClockKeeping(Keeping):
    """Keeps the clocks of every partition whose lease it gets. A context manager."""

    def __init__(self, daybook: Daybook, *, idle_s: float = IDLE_S, ttl_s: float = TTL_S) -> None:
        async def opened(partition: int, holder: str) -> ClockKeeper | None:
            return await ClockKeeper.open(daybook, partition, holder, ttl_s)

        super().__init__("clocks", daybook.ends, opened, idle_s=idle_s)


async def keep_until(daybook: Daybook, moment: datetime) -> None:
    """Count all clocks, and record what time has done until a moment; a partition that others keep is left to them.

    Raises:
        ReadModelError, ...: which policies and calendars there are is not known.
    """
    by = await daybook.clock_catalogue.known()

    async def one(partition: int) -> None:
        keeper = await ClockKeeper.open(daybook, partition, f"until {moment}")
        if keeper is None:
            return
        try:
            passed = Passed(counted=1)
            while passed.counted:
                while await keeper.step(by, moment):
                    pass
                passed = await keeper.take_up(by, moment)
        finally:
            await keeper.close()

    await asyncio.gather(*map(one, range(daybook.record.partitions)))


@asynccontextmanager
async def keeping_clocks(daybook: Daybook) -> AsyncGenerator[bool]:
    """Keep clocks while the block runs, where this installation lets this process; whether it does."""
    if not daybook.settings.clocks:
        yield False
        return
    async with ClockKeeping(daybook):
        yield True
