"""A writer: does its commands, each until it is told what became of it, and notes that in its journal.

Killed and started again it does those that its journal does not know, under the same command ids.
"""

import asyncio
from random import Random
from uuid import UUID

from eventsourcing.persistence import OperationalError

from store.connecting import CONNECTION_LOST
from store.envelope import Appended
from store.errors import CommandAnswered, OutcomeUnknown, VersionConflict
from store.lane import LaneLimits
from store.record import Record
from tests.acceptance.chaos.world import Command, Journal, Part

AT_ONCE = 48
DELAY_S = 0.01
UNREACHABLE = (OperationalError, *CONNECTION_LOST)


class Writer:
    """Does the commands of its part, many at once.

    The journal's lines: ("done", number, partition, position, events), ("answered", number, partition, last
    position) where a repeat found the answer, and ("unknown", number) where the outcome was unknown for a while.
    """

    def __init__(self, part: Part, record: Record) -> None:
        self._part = part
        self._record = record
        self._rng = Random(part.seed)
        self._journal = Journal(part.journal)
        self._versions: dict[UUID, int] = {}

    async def run(self) -> None:
        settled = {line[1] for line in Journal.read(self._part.journal) if line[0] != "unknown"}
        left = iter(number for number in range(self._part.commands) if number not in settled)

        async def work() -> None:
            for number in left:
                await asyncio.sleep(self._rng.random() * DELAY_S)
                await self._settle(number)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    async def _settle(self, number: int) -> None:
        command = Command.of(self._part.name, number)
        while True:
            try:
                self._journal.write(*await self._do(number, command))
            except VersionConflict:
                await self._catch_up(command.stream_id)
            except OutcomeUnknown:
                self._journal.write("unknown", number)
            except UNREACHABLE:
                await asyncio.sleep(0.05)
            else:
                return

    async def _do(self, number: int, command: Command) -> tuple[str | int, ...]:
        partition = self._record.partition_of(command.stream_id)
        version = self._versions.get(command.stream_id, -1)
        try:
            appended: Appended = await self._record.append(command.request(partition, version))
        except CommandAnswered:
            found = await self._record.find_answers(partition, [command.command_id])
            return "answered", number, partition, found[command.command_id].position
        self._versions[command.stream_id] = max(version + appended.count, self._versions.get(command.stream_id, -1))
        return "done", number, partition, appended.position, appended.count

    async def _catch_up(self, stream_id: UUID) -> None:
        try:
            events = await self._record.read_stream(stream_id, self._versions.get(stream_id, -1))
        except UNREACHABLE:
            return
        if events:
            self._versions[stream_id] = events[-1].version


async def main() -> None:
    part = Part.of_arguments()
    while True:
        try:
            record = await Record.open(part.dsn, limits=LaneLimits(reach_s=0.5))
            break
        except UNREACHABLE:
            await asyncio.sleep(0.05)
    await Writer(part, record).run()
    await record.close()


if __name__ == "__main__":
    asyncio.run(main())
