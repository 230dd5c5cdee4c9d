"""Would we have breached under another rule or calendar? One question, answered for all complaints at once.

Read from the record in the order of receipt, partition by partition, a page at a time: the answer needs no read model,
holds no more than a page in memory, and is the same whenever it is asked of the same record and moment.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from domain.clocks import Catalogue, Clock
from domain.matters import Sight
from projections.projection import Decode
from replay.clock_cases import Case, case_of
from store.reading import Reader

RECEIVED: Final = ("complaint.received",)
PAGE: Final = 500
SLICE: Final = 20
"""Complaints counted before others on the event loop get a turn."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a clock stands under one catalogue."""

    state: str
    due_at: datetime | None
    policy_version: int
    calendar_versions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A clock that would stand otherwise; None: there is no such clock."""

    complaint_id: UUID
    clock: str
    was: Stand | None
    would: Stand | None


@dataclass(slots=True)
class Summary:
    """How many complaints were counted, clocks by name and state under both, and what the breaches come to."""

    complaints: int = 0
    differing: int = 0
    newly_breached: int = 0
    no_longer_breached: int = 0
    was: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    would: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def as_json(self) -> dict[str, Any]:
        """The summary for machines; clocks in order of name and state."""
        clocks = [
            {"clock": clock, "state": state, "was": self.was[clock, state], "would": self.would[clock, state]}
            for clock, state in sorted({*self.was, *self.would})
        ]
        return {
            "complaints": self.complaints, "differing": self.differing, "newly_breached": self.newly_breached,
            "no_longer_breached": self.no_longer_breached, "clocks": clocks,
        }  # fmt: skip


class WhatIf:
    """Compares the clocks of all complaints in sight under two catalogues."""

    def __init__(self, record: Reader, decode: Decode, sight: Sight) -> None:
        self._record = record
        self._decode = decode
        self._sight = sight
        self.summary = Summary()

    async def differences(self, ours: Catalogue, other: Catalogue, moment: datetime) -> AsyncIterator[Difference]:
        """What would stand otherwise, in a fixed order; afterwards the summary is whole.

        What the record says of escalations and breaches is passed over on both sides: it was told by one of them.
        """
        for partition in range(self._record.partitions):
            async for case in self._cases(partition):
                self.summary.complaints += 1
                was = {one.clock: one for one in case.clocks(ours, moment, recorded=False)}
                would = {one.clock: one for one in case.clocks(other, moment, recorded=False)}
                for name in sorted({*was, *would}):
                    found = self._compared(case, name, was.get(name), would.get(name))
                    if found is not None:
                        yield found

    async def _cases(self, partition: int) -> AsyncIterator[Case]:
        position = 0
        while True:
            received = await self._record.read_types(partition, RECEIVED, position, limit=PAGE)
            if not received:
                return
            position = received[-1].position + 1
            streams = await self._record.read_streams(partition, [one.stream_id for one in received])
            for number, one in enumerate(received):
                case = case_of(one.stream_id, [self._decode(event) for event in streams.get(one.stream_id, ())])
                if case is not None and (case.matter is None or self._sight.sees(case.matter, case.complaint_id)):
                    yield case
                if number % SLICE == 0:
                    await asyncio.sleep(0)

    def _compared(self, case: Case, name: str, was: Clock | None, would: Clock | None) -> Difference | None:
        before, after = _stand(was), _stand(would)
        for stand, counts in ((before, self.summary.was), (after, self.summary.would)):
            if stand is not None:
                counts[name, stand.state] += 1
        if before is not None and after is not None and (before.state, before.due_at) == (after.state, after.due_at):
            return None
        self.summary.differing += 1
        breached = [stand is not None and stand.state == "breached" for stand in (before, after)]
        self.summary.newly_breached += breached == [False, True]
        self.summary.no_longer_breached += breached == [True, False]
        return Difference(case.complaint_id, name, before, after)


def _stand(clock: Clock | None) -> Stand | None:
    return None if clock is None else Stand(clock.state, clock.due_at, clock.policy_version, clock.calendar_versions)
