"""What a log holds of a partition's events of one UTC day: each compared with its sealed leaf, counted, and proved."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final, NamedTuple

from audit.checkpoint import Checkpoint
from audit.leaf import Row, leaf_hashes
from audit.leaf_range import LeafRange, prove_range
from audit.log_tiles import read_tiles
from audit.logs import Database, Log
from audit.merkle import ProofRefused
from audit.statements import statement
from audit.tiles import WIDTH, At, TileMissing, split
from audit.verifying import Finding
from projections.tally import Tally, weight

PAGE: Final = 16 * WIDTH
NAMED_MAX: Final = 100
"""Findings of one day that are named one by one."""


class Marked(NamedTuple):
    """An event that is kept apart: its type, and what it adds to a tally."""

    type: str
    tally: Tally


class Place(NamedTuple):
    """Events `start` to `end` of a log, which are those of a day, and the head to prove them against."""

    log: Log
    head: Checkpoint
    day: date
    start: int
    end: int


@dataclass(slots=True)
class DayOfLog:
    """What was found there. `range`: the proof; None if something is wrong."""

    place: Place
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    """By type, without those that are marked."""
    marked: dict[int, Marked] = field(default_factory=dict[int, Marked])
    disposed: tuple[int, ...] = ()
    """Of the marked ones those that are disposed of, in the order in which they were."""
    range: LeafRange | None = None
    findings: list[Finding] = field(default_factory=list[Finding])

    def without(self, parked: Collection[int]) -> dict[str, Tally]:
        """Tallies by type of all events but these, which were marked."""
        found: dict[str, Tally] = {}
        left = [(one.type, one.tally) for position, one in self.marked.items() if position not in parked]
        for kind, tally in (*self.tallies.items(), *left):
            found.setdefault(kind, Tally()).add(tally)
        return found

    def of(self, positions: Collection[int]) -> Tally:
        """The tally of some of those that are marked."""
        found = Tally()
        for position in positions:
            found.add(self.marked[position].tally)
        return found

    def first_disposed(self, kind: str, number: int, parked: Collection[int]) -> list[int]:
        """The first so many events of a type that are disposed of, without the parked ones.

        A version of a read model that was filled after a disposal has passed them over, one that was there before has
        folded them: so what any version has passed over are the first ones.
        """
        of_kind = (at for at in self.disposed if at not in parked and self.marked[at].type == kind)
        return list(islice(of_kind, number))

    def parked_by_type(self, parked: Collection[int]) -> dict[str, int]:
        """How many of these events there are of each type."""
        found: dict[str, int] = {}
        for position in parked:
            if position in self.marked:
                kind = self.marked[position].type
                found[kind] = found.get(kind, 0) + 1
        return found


async def read_day(
    database: Database, place: Place, parked: Collection[int], disposed: Collection[int] = ()
) -> DayOfLog:
    """Read all events of the day, each of which must be sealed; the parked and the disposed ones are kept apart."""
    mark = {*parked, *disposed}
    found, leaves = DayOfLog(place), list[bytes]()
    log, stop = place.log, min(place.end + 1, place.head.size)
    try:
        for at in range(max(place.start - 1, 0), stop, PAGE):  # with its neighbours: they must be of other days
            leaves += await _page(database, found, at, min(at + PAGE, stop), mark)
        if not found.findings:
            found.disposed = tuple(at for at in disposed if at in found.marked)
            found.range = await prove_range(database, log, place.head, place.start, b"".join(leaves))
    except (TileMissing, ProofRefused) as refused:
        found.findings.append(Finding("tile", log.origin, str(refused)))
    return found


async def _page(database: Database, found: DayOfLog, at: int, stop: int, mark: Collection[int]) -> list[bytes]:
    """Read a page, and compare it with its leaves; those of the day."""
    log, head, day, start, end = found.place
    rows = [Row._make(row) for row in await database.fetch(statement("read_leaves"), log.name.partition, at, stop - at)]
    tiles = [At(0, number) for number in range(at // WIDTH, -(-stop // WIDTH))]
    stored = await read_tiles(database, log.name, tiles, head.size)
    sealed = split(b"".join(stored[one] for one in tiles))[at % WIDTH :][: stop - at]
    there = {row.position: (row, leaf) for row, leaf in zip(rows, leaf_hashes(rows), strict=True)}
    for position, leaf in enumerate(sealed, at):
        row = there.get(position)
        if row is None or row[1] != leaf:
            _name(found, position, "is missing" if row is None else "is not what was sealed")
        elif (row[0].recorded_at.date() == day) != (start <= position < end):
            _name(found, position, f"was recorded at {row[0].recorded_at.isoformat()}, which its neighbours deny")
        elif start <= position < end:
            _count(found, row[0], mark)
    return sealed[max(start - at, 0) : max(end - at, 0)]


def _count(found: DayOfLog, row: Row, mark: Collection[int]) -> None:
    one = Tally(1, weight(row.position, row.event_id), row.position, row.position)
    if row.position in mark:
        found.marked[row.position] = Marked(row.type, one)
    else:
        found.tallies.setdefault(row.type, Tally()).add(one)


def _name(found: DayOfLog, position: int, why: str) -> None:
    if len(found.findings) < NAMED_MAX:
        found.findings.append(Finding("event", f"{found.place.log.origin} {position}", why))
