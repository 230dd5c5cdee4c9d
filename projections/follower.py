"""A follower: reads one partition once and feeds every read model that has its bookmarks there."""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from projections import table_sql
from projections.bookmarks import Bookmark, check_bookmark
from projections.folding import Folder, PoisonMet, decode_page, wanted_keys
from projections.held import Rows
from projections.leases import Claim, Lease, take
from projections.projection import Holding
from projections.statements import statement
from projections.writing import PageEnds, RowsRefused, write_page, written
from store.envelope import RecordedEvent
from store.errors import NewerSchema, UnknownType
from store.record import PAGE

if TYPE_CHECKING:
    from projections.folding import Item
    from projections.models import Connection, ReadModels

HELD_MAX = 20_000
"""Rows kept in memory per table between pages."""
SLICE = 64
"""Events folded before others on the event loop get a turn."""


class Follower:
    """Holds a lease of one partition and feeds the versions it was opened for. Made by `open`."""

    def __init__(self, models: "ReadModels", lease: Lease, holdings: Sequence[Holding], held_max: int) -> None:
        self.lease = lease
        self.holdings = holdings
        self._models = models
        self._held_max = held_max
        self.on_read: Callable[[int], None] = lambda _: None
        """Told the next position after every page, before it is written."""
        self._condemned: dict[tuple[str, int], str] = {}
        self._events_max = sys.maxsize

    @classmethod
    async def open(
        cls, models: "ReadModels", claim: Claim, versions: Mapping[str, int] | None = None, held_max: int = HELD_MAX
    ) -> Self | None:
        """Take the lease and claim the bookmarks of these versions (None: of the live ones).

        None: another process has the lease.

        Raises:
            BookmarkAhead: a bookmark stands in events that a restore has removed.
        """
        async with models.writers.acquire() as connection, connection.transaction(isolation="read_committed"):
            lease = await take(connection, claim)
            if lease is None:
                return None
            if versions is None:
                versions = await models.live_versions(connection)
            holdings = await _claim(connection, models, lease, versions)
        return cls(models, lease, holdings, held_max)

    async def close(self, trouble: str | None = None) -> None:
        """Let another take the lease; `trouble` says why this one stopped."""
        await self.lease.release(self._models.writers, trouble)

    @property
    def partition(self) -> int:
        """The partition that is read."""
        return self.lease.partition

    async def step(self, limit: int = PAGE, pages: int = 1, *, stop: int | None = None) -> int:
        """Read up to `pages` pages of `limit` events, fold them and write once; how many were read.

        Read models whose bookmarks differ are fed one after another and meet where the next one stands.
        `stop`: a position not to pass.

        Raises:
            LeaseLost: another process has taken over; open a new follower.
            NewerSchema, UnknownType: the next event was written by a newer program.
            Anything else the database raises: what is held is dropped; step again.
        """
        if self.lease.due:
            await self.lease.renew(self._models.writers)
        read = 0
        for position in sorted({holding.position for holding in self.holdings}):
            group = [holding for holding in self.holdings if holding.position == position]
            ahead = [holding.position for holding in self.holdings if holding.position > position]
            ends = ahead if stop is None else [*ahead, stop]
            room = min(ends) - position if ends else limit * pages
            if room > 0:
                read += await self._guarded(group, position, limit, min(room, limit * pages))
        return read

    # One group of read models, one write

    async def _guarded(self, group: Sequence[Holding], position: int, limit: int, events_max: int) -> int:
        """Feed a group; on any failure drop what it holds."""
        careful = False
        while True:
            events_max = min(events_max, self._events_max)
            try:
                done = await self._feed(group, position, limit, events_max, careful=careful)
            except PoisonMet as poison:
                # First what comes before it, then with care the few events among which it is.
                self._forget(group)
                careful = poison.clean == 0
                events_max = poison.clean or SLICE
            except RowsRefused as refused:
                self._forget(group)
                if events_max == 1:  # this event it is
                    self._condemned[refused.projection, position] = refused.reason
                    careful = True
                self._events_max = max(events_max // 2, 1)
            except BaseException:
                self._forget(group)
                raise
            else:
                self._events_max = min(self._events_max * 2, sys.maxsize)
                return done

    async def _feed(
        self, group: Sequence[Holding], position: int, limit: int, events_max: int, *, careful: bool
    ) -> int:
        folder = Folder(group)
        last: RecordedEvent | None = None
        done = 0
        stopper: NewerSchema | UnknownType | None = None
        while done < events_max and stopper is None:
            wanted = min(limit, events_max - done)
            events = await self._models.record.read_partition(self.partition, position + done, wanted)
            try:
                folded, stopper = await self._fold(group, folder, events, careful=careful)
            except PoisonMet as poison:
                raise PoisonMet(done + poison.clean) from poison
            folder.tally()  # after each page, so that its events need not be kept
            done += folded
            last = events[folded - 1] if folded else last
            self.on_read(position + done)
            if len(events) < wanted:
                break
            if self.lease.due:
                await self.lease.renew(self._models.writers)
        if last is not None:
            await self._write(group, position, last)
        elif stopper is not None:
            raise stopper
        return done

    async def _fold(
        self, group: Sequence[Holding], folder: Folder, events: Sequence[RecordedEvent], *, careful: bool
    ) -> tuple[int, NewerSchema | UnknownType | None]:
        folded = 0
        for start in range(0, len(events), SLICE):
            items, stopper = decode_page(self._models.decode, events[start : start + SLICE])
            await self.load(group, items)
            try:
                if careful:
                    folder.fold_carefully(items, self._condemned)
                else:
                    folder.fold(items)
            except PoisonMet as poison:
                raise PoisonMet(folded) from poison
            folded += len(items)
            if stopper is not None:
                return folded, stopper
            await asyncio.sleep(0)
        return folded, None

    async def load(self, group: Sequence[Holding], items: "Sequence[Item]") -> None:
        """Hold the rows that these events touch."""
        for holding in group:
            for held in holding.tables:
                if isinstance(held, Rows) and (keys := wanted_keys(holding.projection, held, items)):
                    sql = table_sql.load(held.table, holding.version)
                    for row in await self._models.writers.fetch(sql, self.partition, keys):
                        held.add_loaded(held.table.row_of(tuple(row)), row[1])

    async def _write(self, group: Sequence[Holding], position: int, last: RecordedEvent) -> None:
        page = PageEnds(position, last.position + 1, last.event_id, self._models.record.incarnation.id)
        async with self._models.writers.acquire() as connection:
            await write_page(connection, self.lease, group, page)
        written(group, page.next_position, self._held_max)
        self._condemned.clear()

    def _forget(self, group: Sequence[Holding]) -> None:
        for holding in group:
            parked_now = {one.key for one in holding.parking if one.error is not None}
            holding.parked -= parked_now
            holding.forget(self.partition)


async def _claim(
    connection: "Connection", models: "ReadModels", lease: Lease, versions: Mapping[str, int]
) -> list[Holding]:
    names, numbers = list(versions), list(versions.values())
    incarnation = models.record.incarnation
    rows = await connection.fetch(statement("claim_bookmarks"), lease.partition, names, numbers, lease.epoch)
    for row in rows:
        check_bookmark(incarnation, row["projection"], Bookmark(lease.partition, row["position"], row["incarnation"]))
    holdings = {
        row["projection"]: Holding(
            models.projections[row["projection"]], row["version"], lease.partition, row["position"]
        )
        for row in rows
    }
    for row in await connection.fetch(statement("parked_keys"), lease.partition, names, numbers):
        holdings[row["projection"]].parked.add(row["key"])
    return [holdings[name] for name in sorted(holdings)]
