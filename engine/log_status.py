"""How far each log is signed, how much is not, and why one is not signed now."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit.logs import Database, current, read_logs


@dataclass(frozen=True, slots=True)
class LogStatus:
    """A log: entries under its checkpoint, events that are not (None: it is not of the record), what stopped it.

    `held`: a process has the lease to seal it.
    """

    origin: str
    signed: int
    lag: int | None
    trouble: str | None
    held: bool

    def text(self) -> str:
        """For people."""
        behind = f", {self.lag:,} events not yet" if self.lag else ""
        stopped = f", STOPPED: {self.trouble}" if self.trouble else ""
        idle = "" if self.held else ", no process seals it now"
        return f"{self.origin}: {self.signed:,} entries signed{behind}{stopped}{idle}"


async def log_status(database: Database, ends: Sequence[int]) -> tuple[LogStatus, ...]:
    """The current logs. `ends`: the next position of each partition, as committed before this was asked."""
    return tuple(
        LogStatus(
            log.origin,
            log.signed_size,
            max(ends[log.name.partition] - log.signed_size, 0) if log.name.kind == "event" else None,
            log.trouble,
            log.held,
        )
        for log in current(await read_logs(database))
    )
