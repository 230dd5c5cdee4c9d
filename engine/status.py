"""Where everything stands: positions of the record, how far each read model is, what is parked."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from engine.log_status import LogStatus, log_status
from engine.vouching import Vouching
from engine.wiring import Daybook
from projections import privacy_search
from projections.privacy_search import Standing


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A read model: its live version, next position and lag (events) per partition, parked keys."""

    name: str
    version: int
    positions: tuple[int, ...]
    lag: tuple[int, ...]
    parked: int


@dataclass(frozen=True, slots=True)
class ParkedStatus:
    """A customer or stream whose events wait, since the one at `position` could not be folded."""

    projection: str
    partition: int
    key: str
    position: int
    error: str
    queued: int


@dataclass(frozen=True, slots=True)
class Status:
    """`positions`: the next position of each partition, as committed."""

    incarnation: str
    positions: tuple[int, ...]
    models: tuple[ModelStatus, ...]
    parked: tuple[ParkedStatus, ...]
    vouching: Vouching
    logs: tuple[LogStatus, ...]
    privacy: Standing

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "incarnation": self.incarnation,
            "positions": self.positions,
            "models": [asdict(one) for one in self.models],
            "parked": [asdict(one) for one in self.parked],
            "logs": [asdict(one) for one in self.logs],
            **self.vouching.as_json(),
            "privacy": asdict(self.privacy),
        }

    def text(self) -> str:
        """For people."""
        lines = [f"Record {self.incarnation}: {sum(self.positions):,} events in {len(self.positions)} partitions"]
        lines += [f"  partition {index}: {position:,} events" for index, position in enumerate(self.positions)]
        lines.append("Read models:")
        lines += [
            f"  {model.name} (version {model.version}): "
            + ("up to date" if not sum(model.lag) else f"{sum(model.lag):,} events behind {list(model.lag)}")
            + (f", {model.parked} parked" if model.parked else "")
            for model in self.models
        ]
        lines += [
            f"  parked in {one.projection}: {one.key} (partition {one.partition}) since position {one.position}, "
            f"{one.queued} events wait: {one.error}"
            for one in self.parked
        ]
        lines += ["Logs:", *(f"  {one.text()}" for one in self.logs)] if self.logs else ["Logs: none was begun yet"]
        told = self.privacy
        lines.append(
            f"Privacy: {told.open} requests open, {told.overdue} overdue; {told.erasing} erasures under way, "
            f"{told.failing} failing; {told.held} legal holds"
        )
        return "\n".join(lines + self.vouching.lines())


async def status(daybook: Daybook) -> Status:
    """Look once at everything. The lag of a read model that follows live events is never exact."""
    end = await daybook.record.end()
    progress = await daybook.models.all_progress()
    parked = await daybook.models.parked()
    return Status(
        str(end.incarnation),
        end.next_positions,
        tuple(
            ModelStatus(
                name,
                one.version,
                one.next_positions,
                tuple(max(last - at, 0) for last, at in zip(end.next_positions, one.next_positions, strict=True)),
                one.parked,
            )
            for name, one in sorted(progress.items())
        ),
        tuple(
            ParkedStatus(one.projection, one.partition, str(one.key), one.position, one.error, one.queued)
            for one in parked
        ),
        await Vouching.read(daybook.record.pool),
        await log_status(daybook.record.pool, end.next_positions),
        await privacy_search.standing(daybook.models, datetime.now(UTC).date()),
    )


async def caught_up(daybook: Daybook, poll_s: float = 0.05) -> None:
    """Wait until every read model has seen all that was committed when this was called."""
    end = await daybook.record.end()
    while True:
        progress = (await daybook.models.all_progress()).values()
        if all(at >= last for one in progress for at, last in zip(one.next_positions, end.next_positions, strict=True)):
            return
        await asyncio.sleep(poll_s)
