"""A bank whose clocks run: policies and calendars in force, complaints of any age, keepers driven by hand."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock_catalogue import CATALOGUE
from domain.clock_policy import ActivateClockPolicy, ProposeClockPolicy, SignOffClockPolicy
from domain.kernel import Command
from domain.working_calendar import AdoptCalendar, DraftCalendar
from engine.clock_catalogue import Known
from engine.clock_keeping import ClockKeeper, Passed
from engine.deciding import Context
from engine.drafting_calendars import drafted
from engine.following import Following
from projections import audit_trail
from store.identity import new_id


class ClockBank:
    """Gives commands and drives the keepers of all partitions."""

    def __init__(self, daybook: Any) -> None:
        self.daybook = daybook
        self.keepers: list[ClockKeeper] = []

    async def give(self, command: Command) -> Any:
        command_id = new_id()
        context = Context("staff:1", command_id, b"x" * 32, command_id)
        return await self.daybook.handler.handle([command], context)

    async def say(self, kind: type[Command], stream_id: UUID, at: datetime | None = None, **facts: Any) -> Any:
        moment = at or datetime.now(UTC)
        return await self.give(kind.model_validate({kind.stream_field: stream_id, "occurred_at": moment, **facts}))

    async def policy(self, regime: str, rules: Sequence[Any] | None = None, version: int = 1, **facts: Any) -> UUID:
        """Propose, sign and activate; with `agreed=False` only propose."""
        policy_id, seeded = new_id(), CATALOGUE[regime]
        agreed = facts.pop("agreed", True)
        told: dict[str, Any] = {"in_force_from": seeded.in_force_from, **facts}
        proposal = {
            "regime": regime,
            "policy_version": version,
            "rules": rules or seeded.rules,
            "proposed_by": "staff:1",
        }
        await self.say(ProposeClockPolicy, policy_id, **proposal, **told)
        if agreed:
            for one in ("staff:2", "staff:3"):
                await self.say(SignOffClockPolicy, policy_id, signed_by=one)
            await self.say(ActivateClockPolicy, policy_id, activated_by="staff:2")
        return policy_id

    async def calendar(self, name: str, version: int = 1, **facts: Any) -> UUID:
        """Draft and adopt; with `agreed=False` only draft."""
        calendar_id = new_id()
        agreed = facts.pop("agreed", True)
        told: dict[str, Any] = {**drafted(name, 2025, 2026), "in_force_from": date(2011, 1, 1), **facts}
        await self.say(DraftCalendar, calendar_id, calendar_version=version, drafted_by="staff:1", **told)
        if agreed:
            await self.say(AdoptCalendar, calendar_id, adopted_by="staff:2")
        return calendar_id

    async def known(self) -> Known:
        """What is in force, once the audit trail has seen it."""
        end = await self.daybook.record.end()
        assert await self.daybook.models.wait_for(audit_trail.NAME, end, 20) == "seen"
        return await self.daybook.clock_catalogue.known()

    async def keep(self, moment: datetime) -> Passed:
        """Count what was moved, and record what time has done until a moment, until nothing is left to do."""
        by, done = await self.known(), Passed()
        for keeper in self.keepers:
            while await keeper.step(by, moment):
                pass
            passed = await keeper.take_up(by, moment)
            done.counted += passed.counted
            done.escalated += passed.escalated
            done.breached += passed.breached
            while await keeper.step(by, moment):
                pass
        return done

    async def open_keepers(self, holder: str = "one", ttl_s: float = 10) -> None:
        found = [
            await ClockKeeper.open(self.daybook, partition, holder, ttl_s)
            for partition in range(self.daybook.record.partitions)
        ]
        self.keepers = [one for one in found if one is not None]

    async def types(self, complaint_id: UUID) -> list[str]:
        return [one.type for one in await self.daybook.record.read_stream(complaint_id)]

    async def rows(self) -> list[Any]:
        return await self.daybook.record.pool.fetch(
            "select * from read_model.complaint_clock order by complaint_id, clock"
        )


@asynccontextmanager
async def clock_bank(daybook):
    bank = ClockBank(daybook)
    async with await Following.start(daybook.models):
        yield bank


DAY = timedelta(days=1)
