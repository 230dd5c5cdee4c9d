"""Organisation: the bank's units as they stood at a moment, and as it was known at a moment.

Every event of a unit is one or more lines, one for each aspect that it says something of: kind, names, parent, whether
the unit is closed. Of what had happened by a moment, the line of an aspect that was recorded last decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, groupby
from typing import Any, Final, NamedTuple, get_args
from uuid import UUID

import orjson

from domain.kernel import Event
from domain.organisation_unit import UnitClosed, UnitKind, UnitMoved, UnitName, UnitOpened, UnitRenamed
from projections.fact import Fact
from projections.held import Lines, Rows
from projections.listing import checked_limit, read_mark, write_mark
from projections.models import ReadModels
from projections.projection import Fold, Projection
from projections.references import LastEvent
from projections.segment_membership import NOW, At
from projections.table import NEVER, NIL, Table

NAME: Final = "organisation"
RANK: Final = {kind: n for n, kind in enumerate(get_args(UnitKind))}
"""0: the bank itself."""

# Tables


class UnitLine(NamedTuple):
    """What an event says of one aspect of a unit. `value`: JSON."""

    partition: int
    position: int
    aspect: str
    unit_id: UUID
    code: str
    value: str
    occurred_at: datetime
    recorded_at: datetime
    event_id: UUID


@dataclass(slots=True)
class UnitRow:
    """A unit's code, for lines that come later; and since when it is there."""

    partition: int
    unit_id: UUID
    code: str = ""
    opened_at: datetime = NEVER
    position: int = 0
    event_id: UUID = NIL

    @property
    def last_event(self) -> LastEvent:
        """The event that last changed it."""
        return LastEvent(self.partition, self.position, self.event_id)


LINE: Final = Table(
    name="unit_line",
    kind="lines",
    row=UnitLine,
    key=("position", "aspect"),
    indexes={
        "code": "(partition, code, aspect, position desc)",
        "kind": "(partition, code) include (occurred_at, recorded_at) where aspect = 'kind'",
    },
)
UNIT: Final = Table(name="unit", kind="rows", row=UnitRow, key=("unit_id",))


class Units(NamedTuple):
    """The held tables."""

    line: Lines
    unit: Rows[UnitRow]


# Folds


def _say(rows: Units, fact: Fact, aspect: str, value: Any) -> None:  # noqa: ANN401  # any JSON value
    r = fact.recorded
    row = rows.unit.change(r.stream_id, r)
    told = orjson.dumps(value).decode()
    line = UnitLine(
        r.partition, r.position, aspect, r.stream_id, row.code, told, r.occurred_at, r.recorded_at, r.event_id
    )
    rows.line.added.append(line)


def _opened(rows: Units, event: UnitOpened, fact: Fact) -> None:
    row = rows.unit.begin(fact.recorded.stream_id, fact.recorded)
    row.code, row.opened_at = event.code, event.occurred_at
    _say(rows, fact, "kind", event.unit_kind)
    _say(rows, fact, "names", event.names)
    if event.parent is not None:
        _say(rows, fact, "parent", event.parent)


def _renamed(rows: Units, event: UnitRenamed, fact: Fact) -> None:
    _say(rows, fact, "names", event.names)


def _moved(rows: Units, event: UnitMoved, fact: Fact) -> None:
    _say(rows, fact, "parent", event.parent)


def _closed(rows: Units, event: UnitClosed, fact: Fact) -> None:
    _say(rows, fact, "closed", {"at": event.occurred_at, "reason": event.reason, "successor": event.successor})


_FOLDS: Final[dict[type[Event], Fold]] = {
    UnitOpened: _opened,
    UnitRenamed: _renamed,
    UnitMoved: _moved,
    UnitClosed: _closed,
}

ORGANISATION: Final = Projection(NAME, 1, (LINE, UNIT), Units, _FOLDS)

# Queries


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit at a moment. `parent_stands`: whether the parent was there then, and of a higher kind (None: the bank)."""

    unit_id: UUID
    code: str
    unit_kind: str
    names: tuple[UnitName, ...]
    parent: str | None
    opened_at: datetime
    closed_at: datetime | None
    reason: str | None
    successor: str | None
    last_event: LastEvent


@dataclass(frozen=True, slots=True)
class UnitPage:
    """By code. `next` continues; None: there is no more."""

    units: tuple[Unit, ...]
    next: str | None


async def units(models: ReadModels, at: At = NOW, *, after: str | None = None, limit: int = 50) -> UnitPage:
    """The units that were there at a moment, closed ones among them.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    last = "" if after is None else read_mark(models.record.incarnation, after, 1)[0]
    pages = await models.fetch_all(NAME, "units", last, at.occurred, at.recorded, wanted + 1)
    found = [unit for page in pages for unit in _units(page)]
    found.sort(key=lambda one: one.code)
    more = len(found) > wanted
    shown = tuple(found[:wanted])
    return UnitPage(shown, write_mark(models.record.incarnation, shown[-1].code) if more else None)


async def by_codes(models: ReadModels, codes: Iterable[str], at: At = NOW) -> dict[str, Unit]:
    """Those of these units that were there at a moment, by code."""
    wanted = sorted(set(codes))
    if not wanted:
        return {}
    pages = await models.fetch_all(NAME, "units_by_code", wanted, at.occurred, at.recorded)
    return {unit.code: unit for page in pages for unit in _units(page)}


async def code_of(models: ReadModels, unit_id: UUID) -> str | None:
    """The code of the unit with this id; None: there is none."""
    rows = await models.fetch(NAME, "unit_by_id", models.record.partition_of(unit_id), unit_id)
    return rows[0]["code"] if rows else None


async def above(models: ReadModels, unit: Unit, at: At = NOW) -> tuple[Unit, ...]:
    """What the unit stands under at a moment, the next first; ends where a parent is unknown or of no higher kind."""
    found: list[Unit] = []
    below = unit
    while below.parent is not None:
        parent = (await by_codes(models, [below.parent], at)).get(below.parent)
        if parent is None or RANK[parent.unit_kind] >= RANK[below.unit_kind]:
            break
        found.append(parent)
        below = parent
    return tuple(found)


def stands(unit: Unit, parents: dict[str, Unit]) -> str:
    """Whether what a unit stands under is as it should be: `standing`, else what is wrong with the parent."""
    if unit.parent is None:
        return "standing"
    parent = parents.get(unit.parent)
    if parent is None:
        return "parent-unknown"
    if RANK[parent.unit_kind] >= RANK[unit.unit_kind]:
        return "parent-not-higher"
    return "standing" if parent.closed_at is None or unit.closed_at is not None else "parent-closed"


def _units(page: Sequence[Any]) -> list[Unit]:
    """Units of rows that come by code; of a unit that was not there yet nothing comes."""
    found: list[Unit] = []
    for code, lines in groupby(page, key=lambda row: row["code"]):
        rows = {row["aspect"]: row for row in lines}
        if "kind" not in rows:
            continue
        told: dict[str, Any] = {aspect: orjson.loads(row["value"]) for aspect, row in rows.items()}
        last = max(rows.values(), key=lambda row: row["position"])
        closed: dict[str, str | None] = told.get("closed", {})
        closed_at = closed.get("at")
        found.append(
            Unit(
                unit_id=last["unit_id"],
                code=code,
                unit_kind=told["kind"],
                names=tuple(UnitName(**one) for one in told["names"]),
                parent=told.get("parent"),
                opened_at=rows["kind"]["occurred_at"],
                closed_at=None if closed_at is None else datetime.fromisoformat(closed_at),
                reason=closed.get("reason"),
                successor=closed.get("successor"),
                last_event=LastEvent(last["partition"], last["position"], last["event_id"]),
            )
        )
    return found


async def staff(
    models: ReadModels, code: str, *, after: str | None = None, limit: int = 50
) -> tuple[list[UUID], str | None]:
    """Entries of the actor directory that belong to the unit now, by pseudonym, and where to go on."""
    wanted = checked_limit(limit)
    last = "" if after is None else read_mark(models.record.incarnation, after, 1)[0]
    pages = await models.fetch_all("actor_directory", "actors_of_unit", code, last, wanted + 1)
    rows = sorted(chain.from_iterable(pages), key=lambda row: row["actor"])
    more = len(rows) > wanted
    mark = write_mark(models.record.incarnation, rows[wanted - 1]["actor"]) if more else None
    return [row["entry_id"] for row in rows[:wanted]], mark
