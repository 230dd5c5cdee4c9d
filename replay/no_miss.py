"""Whether a read model has missed nothing of a day: its tally, against what the log holds.

The log's side is counted from events, each of which has just been compared with its sealed leaf. The read model's side
was counted where its folds are called, in the transactions that wrote its rows. What could not be folded is parked, and
is listed; what was disposed of before a version was filled is passed over by it. `examine` says for each read model and
partition either what can be certified, or what is wrong.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias
from uuid import UUID

from audit.certificate import Content
from audit.leaf_range import LeafRange, bound_head
from audit.logs import Log, current, read_logs
from audit.verifying import Finding
from domain.kernel import Event
from projections.bookmarks import Bookmark, check_bookmark
from projections.errors import BookmarkAhead
from projections.models import ReadModels
from projections.projection import Projection
from projections.tally import Tally, weight
from replay.day_of_log import DayOfLog, Place, read_day
from replay.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

PARKED_MAX: Final = 10_000
"""Parked events of one read model, partition and day that a certificate lists at most."""

Types: TypeAlias = Mapping[str, type[Event]]
"""Every event type of this program and its class."""
Tallies: TypeAlias = Mapping[tuple[str, bool], Tally]
"""By event type, and whether it is folded."""
Progress: TypeAlias = Callable[[int, int], None]


class Met(NamedTuple):
    """What a version of a read model has met of a partition and a day, all as of one moment."""

    projection: str
    version: int
    code: int
    tallied: bool
    read_to: int
    incarnation: UUID
    tallies: Tallies
    parked: frozenset[int]


class Examined(NamedTuple):
    """A read model, partition and day: what can be certified; None if something was found."""

    projection: str
    partition: int
    content: Content | None
    findings: tuple[Finding, ...]


async def examine(
    models: ReadModels,
    types: Types,
    day: date,
    names: Collection[str] | None = None,
    progress: Progress = lambda _done, _total: None,
) -> list[Examined]:
    """Compare the live versions of these read models (None: all) with the logs, for a day that is over.

    Raises:
        CutInFuture: the day is not over.
    """
    starts, ends = await bounds(models, day)
    logs = {log.name.partition: log for log in current(await read_logs(models.record.pool)) if log.name.kind == "event"}
    found: list[Examined] = []
    for partition, (start, end) in enumerate(zip(starts, ends, strict=True)):
        progress(partition, len(ends))
        met = [one for one in await what_was_met(models, partition, day, (start, end)) if _wanted(models, one, names)]
        refused, place = await place_of(models, logs.get(partition), partition, day, (start, end))
        if place is None:
            found += [Examined(one.projection, partition, None, refused) for one in met]
            continue
        parked = frozenset[int]().union(*(one.parked for one in met))
        read = await read_day(models.record.pool, place, parked, await disposed(models, partition, (start, end)))
        found += [await _examined(models, types, read, one) for one in met]
    progress(len(ends), len(ends))
    return found


async def bounds(models: ReadModels, day: date) -> "tuple[Sequence[int], Sequence[int]]":
    """Where the events of a day begin and end in each partition, for ever.

    Raises:
        CutInFuture: the day is not over.
    """
    midnight, tick = datetime(day.year, day.month, day.day, tzinfo=UTC), timedelta(microseconds=1)
    ends = await models.record.recorded_at(midnight + timedelta(days=1) - tick)
    starts = await models.record.recorded_at(midnight - tick)
    return starts.next_positions, ends.next_positions


async def place_of(
    models: ReadModels, log: Log | None, partition: int, day: date, bound: tuple[int, int]
) -> tuple[tuple[Finding, ...], Place | None]:
    """The day's place in its log, under the head that the record log binds; or why it is not sealed."""
    if log is None:
        return (Finding("log", f"partition {partition}", "was never begun"),), None
    head = await bound_head(models.record.pool, await read_logs(models.record.pool), log.origin)
    if head is None or head.size < bound[1]:
        size = 0 if head is None else head.size
        why = f"{bound[1] - size} events of {day} or before are not bound by the record log yet"
        return (Finding("unsealed", log.origin, why),), None
    return (), Place(log, head, day, *bound)


async def what_was_met(
    models: ReadModels, partition: int, day: date, bound: tuple[int, int], versions: Mapping[str, int] | None = None
) -> list[Met]:
    """What these versions (None: the live ones) have met of a day, as of one moment."""
    asked = (None, None) if versions is None else (list(versions), list(versions.values()))
    async with (
        models.record.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        marks = await connection.fetch(statement("live_bookmarks"), partition, *asked)
        which = [row["projection"] for row in marks], [row["version"] for row in marks]
        tallies = await connection.fetch(statement("tallies_of_day"), partition, day, *which)
        parked = await connection.fetch(
            statement("parked_between"), partition, *bound, *which, PARKED_MAX * len(marks) + 1
        )
    met: dict[tuple[str, int], dict[tuple[str, bool], Tally]] = {}
    for row in tallies:
        of = met.setdefault((row["projection"], row["version"]), {})
        of[row["type"], row["folded"]] = Tally(
            row["events"], int(row["sum"]), row["first_position"], row["last_position"]
        )
    return [
        Met(
            row["projection"],
            row["version"],
            row["code"],
            row["tallied"],
            row["position"],
            row["incarnation"],
            met.get((row["projection"], row["version"]), {}),
            frozenset(one["position"] for one in parked if tuple(one)[:2] == tuple(row)[:2]),
        )
        for row in marks
    ]


async def disposed(models: ReadModels, partition: int, bound: tuple[int, int]) -> list[int]:
    """Positions of events whose data is disposed of, in the order in which they were."""
    return [row["position"] for row in await models.record.pool.fetch(statement("disposed_between"), partition, *bound)]


def _wanted(models: ReadModels, met: Met, names: Collection[str] | None) -> bool:
    return met.projection in models.projections and (names is None or met.projection in names)


async def _examined(models: ReadModels, types: Types, read: DayOfLog, met: Met) -> Examined:
    projection = models.projections[met.projection]
    partition = read.place.log.name.partition
    findings = [*_not_ready(models, projection, read, met), *read.findings]
    if not findings:
        findings = await missed(models, types, read, met)
    if findings or read.range is None:
        return Examined(met.projection, partition, None, tuple(findings))
    return Examined(met.projection, partition, _content(read, read.range, met), ())


def _not_ready(models: ReadModels, projection: Projection, read: DayOfLog, met: Met) -> list[Finding]:
    """Why nothing can be said of a read model yet."""
    partition, where = read.place.log.name.partition, where_of(read, met)
    with suppress(BookmarkAhead):
        check_bookmark(models.record.incarnation, met.projection, Bookmark(partition, met.read_to, met.incarnation))
        if met.code != projection.code:
            return [Finding("unready", where, f"was filled by code {met.code}, this program has {projection.code}")]
        if not met.tallied:
            return [Finding("unready", where, "was filled before there were tallies: run `daybook rebuild`")]
        if met.read_to < read.place.end:
            return [Finding("unready", where, f"has read up to {met.read_to}, the day ends at {read.place.end}")]
        if len(met.parked) > PARKED_MAX:
            return [Finding("unready", where, f"more than {PARKED_MAX:,} events are parked")]
        return []
    return [Finding("unready", where, "has read events that a restore has removed: run `daybook rebuild`")]


def where_of(read: DayOfLog, met: Met) -> str:
    """How a finding names a read model, partition and day."""
    return f"{met.projection}/{read.place.log.name.partition}/{read.place.day}"


async def missed(models: ReadModels, types: Types, read: DayOfLog, met: Met) -> list[Finding]:
    """Where a tally is not what the log's events without the parked ones make it."""
    projection, expected = models.projections[met.projection], dict[tuple[str, bool], Tally]()
    for kind, tally in read.without(met.parked).items():
        folded = kind in types and projection.fold_of(types[kind]) is not None
        passed = _passed(read, met, kind) if folded else ()
        expected[kind, folded] = read.without({*met.parked, *passed}).get(kind, Tally()) if passed else tally
        if passed:
            expected[kind, False] = read.of(passed)
    findings: list[Finding] = []
    for key in sorted({*expected, *met.tallies}):
        should, did = expected.get(key, Tally()), met.tallies.get(key, Tally())
        if should != did:
            which = await _which(models, read, key[0], should.sum - did.sum)
            why = f"{'folded' if key[1] else 'passed over'}: {_differs(should, did)}{which}"
            findings.append(Finding("tally", f"{where_of(read, met)} {key[0]}", why))
    findings += [
        Finding("parked", f"{where_of(read, met)} {position}", "is parked, and the log has no such event that day")
        for position in sorted(met.parked - read.marked.keys())
    ]
    return findings


def _passed(read: DayOfLog, met: Met, kind: str) -> list[int]:
    """The disposed events that a version has passed over though it folds their type, if its tally is of such."""
    found = met.tallies.get((kind, False), Tally())
    passed = read.first_disposed(kind, found.events, met.parked)
    return passed if read.of(passed) == found else []


def _differs(expected: Tally, found: Tally) -> str:
    counted = f"the log has {expected.events} events for it, it has counted {found.events}"
    if found.events < expected.events:
        return f"{counted}: {expected.events - found.events} were missed"
    if found.events > expected.events:
        return f"{counted}: {found.events - expected.events} were counted twice, or are not the log's"
    if found.sum != expected.sum:
        return f"{counted}, and they are not the same"
    span = f"between positions {expected.first} and {expected.last}"
    return f"the log has them {span}, it has counted them between {found.first} and {found.last}"


async def _which(models: ReadModels, read: DayOfLog, kind: str, difference: int) -> str:
    """Where a single event explains the difference, which one."""
    partition, at = read.place.log.name.partition, read.place.start
    while events := await models.record.read_types(partition, [kind], at, read.place.end):
        for event in events:
            if weight(event.position, event.event_id) == abs(difference):
                return f" (position {event.position})"
        at = events[-1].position + 1
    return ""


def _content(read: DayOfLog, proved: LeafRange, met: Met) -> Content:
    parked = read.parked_by_type(met.parked)
    types: list[Content] = []
    for kind, tally in sorted(read.without(()).items()):
        folded, passed = (met.tallies.get((kind, one), Tally()).events for one in (True, False))
        counts = {"folded": folded, "passed_over": passed, "parked": parked.get(kind, 0)}
        types.append({"type": kind, "recorded": tally.events, **counts})
    whole = Tally()
    for (_, is_folded), tally in met.tallies.items():
        if is_folded:
            whole.add(tally)
    return {
        "projection": met.projection,
        "version": met.version,
        "partition": read.place.log.name.partition,
        "day": read.place.day.isoformat(),
        "leaves": proved.content(),
        "types": types,
        "folded": {"events": whole.events, "sum": str(whole.sum)},
        "parked": [{"position": one, "type": read.marked[one].type} for one in sorted(met.parked)],
    }
