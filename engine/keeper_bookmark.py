"""How far a keeper has read a partition: taken together with the lease, and moved by nobody who has lost that."""

from typing import Self

from engine.statements import statement
from engine.wiring import Daybook
from projections.errors import LeaseLost
from projections.leases import Claim, Lease, take
from projections.models import Connection


class KeeperBookmark:
    """A lease with the position that is read next under it. Made by `take`, ended by `close`."""

    def __init__(self, daybook: Daybook, lease: Lease, position: int, basis: str) -> None:
        self._record = daybook.record
        self._writers = daybook.models.writers
        self._lease = lease
        self._position = position
        self._basis: str = basis

    @classmethod
    async def take(cls, daybook: Daybook, claim: Claim) -> Self | None:
        """Take the lease and go on where its last holder stopped; None: another process has it."""
        writers, here = daybook.models.writers, daybook.record.incarnation.id
        async with writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            lease = await take(connection, claim)
            if lease is None:
                return None
            asked = (claim.partition, claim.duty, here, lease.epoch)
            row = await connection.fetchrow(statement("claim_keeper_bookmark"), *asked)
        if row is None:
            raise LeaseLost(f"no bookmark of {claim.duty!r} for partition {claim.partition}")
        made = cls(daybook, lease, row["position"], row["basis"])
        if row["incarnation"] != here:  # the record was restored: what was read may be gone
            await made.move(0)
        return made

    @property
    def partition(self) -> int:
        """Of which partition."""
        return self._lease.partition

    @property
    def position(self) -> int:
        """The next position to read."""
        return self._position

    @property
    def basis(self) -> str:
        """By what the keeper's rows were counted, such as the digest of a catalogue; empty: by the record alone."""
        return self._basis

    async def renew(self) -> None:
        """Hold the lease longer, when it is time to.

        Raises:
            LeaseLost: another process has taken it.
        """
        if self._lease.due:
            await self._lease.renew(self._writers)

    async def move(self, position: int, *, basis: str | None = None, connection: "Connection | None" = None) -> None:
        """Read on from another position, and count by another basis if one is given.

        `connection`: in its transaction, which then commits what was read and how far that was at once.

        Raises:
            LeaseLost: another process keeps this partition; what else the transaction has written must not stay.
        """
        lease, counted_by = self._lease, self._basis if basis is None else basis
        moved = (position, self._record.incarnation.id, counted_by)
        asked = (lease.partition, lease.duty, lease.epoch, self._position, *moved)
        using = self._writers if connection is None else connection
        if await using.fetchval(statement("move_keeper_bookmark"), *asked) is None:
            raise LeaseLost(f"another process has the lease {lease.duty!r} of partition {lease.partition}")
        self._position, self._basis = position, counted_by

    async def close(self) -> None:
        """Let another take the lease."""
        await self._lease.release(self._writers)
