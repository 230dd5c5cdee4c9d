"""Leases: who may feed the read models of a partition.

A lease is time-limited, but nothing relies on clocks being right: every taking has an epoch of its own,
and every page compares it. Whoever lost the lease can write nothing.
"""

import os
import socket
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from projections.errors import LeaseLost
from projections.statements import statement

if TYPE_CHECKING:
    import asyncpg

    from projections.models import Connection

Duty = Literal["follow", "rebuild", "clocks", "sampling", "contact", "campaigns", "surveys"]
TTL_S = 10.0


def new_holder() -> str:
    """A name for a holder: host, process and a random part."""
    return f"{socket.gethostname()}/{os.getpid()}/{os.urandom(4).hex()}"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants which lease. `steal`: take it from whoever has it."""

    partition: int
    holder: str
    duty: Duty = "follow"
    ttl_s: float = TTL_S
    steal: bool = False


@dataclass(slots=True)
class Lease:
    """A lease that was taken; it may have been lost since."""

    partition: int
    duty: Duty
    epoch: int
    ttl_s: float = TTL_S
    renewed_at: float = field(default_factory=time.monotonic)

    @property
    def due(self) -> bool:
        """Whether it is time to renew."""
        return time.monotonic() - self.renewed_at > self.ttl_s / 3

    async def renew(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        """Hold it for another `ttl_s` seconds.

        Raises:
            LeaseLost: another has taken it.
        """
        began = time.monotonic()
        ttl = timedelta(seconds=self.ttl_s)
        if await pool.fetchval(statement("renew_lease"), self.partition, self.duty, self.epoch, ttl) is None:
            raise LeaseLost(f"another process has the lease {self.duty!r} of partition {self.partition}")
        self.renewed_at = began

    async def release(self, pool: "asyncpg.Pool[asyncpg.Record]", trouble: str | None = None) -> None:
        """Let others take it at once; `trouble` says why its holder stopped."""
        await pool.execute(statement("release_lease"), self.partition, self.duty, self.epoch, trouble)


async def take(connection: "Connection", claim: Claim) -> Lease | None:
    """Take a lease that is free, or the holder's own, or is to be stolen; None: another has it."""
    ttl = timedelta(seconds=claim.ttl_s)
    epoch = await connection.fetchval(
        statement("take_lease"), claim.partition, claim.duty, claim.holder, ttl, claim.steal
    )
    return None if epoch is None else Lease(claim.partition, claim.duty, epoch, claim.ttl_s)
