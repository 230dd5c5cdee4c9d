"""The board of clocks that somebody waits for, first due first, and how far the record was read for it.

The rows are kept by `engine.clock_keeping`.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from domain.matters import Sight
from projections.listing import checked_limit, read_mark, write_mark
from projections.models import ReadModels
from projections.seeing import arguments_of
from projections.statements import statement
from store.cursor import Cursor

OF_A_CLOCK: Final = "and c.clock = $9::text"
"""The condition that has an index of its own."""
POLL_S: Final = 0.05
_FIRST: Final = (datetime(1, 1, 2, tzinfo=UTC), UUID(int=0), "")


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One clock of one complaint; `detail` is the whole answer for it."""

    complaint_id: UUID
    clock: str
    due_at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Lines in order of their end, those that are paused last. `next` continues; None: there is no more."""

    lines: tuple[BoardLine, ...]
    next: str | None


async def board(
    models: ReadModels, clock: str | None, sight: Sight, *, after: str | None = None, limit: int = 50
) -> BoardPage:
    """The clocks that are waited for and in sight, all or those of one name.

    Raises:
        CursorInvalid, StaleCursor: `after` is no cursor of such a list of this record as it is now.
    """
    wanted = checked_limit(limit)
    start = _FIRST
    if after is not None:
        due, complaint_id, name = read_mark(models.record.incarnation, after, 3)
        start = (datetime.fromisoformat(due), UUID(complaint_id), name)
    sql = statement("clock_board", by="" if clock is None else OF_A_CLOCK)
    asked = (*start, wanted + 1, *arguments_of(sight), *(() if clock is None else (clock,)))
    pool = models.record.pool
    pages = await asyncio.gather(*(pool.fetch(sql, partition, *asked) for partition in range(models.record.partitions)))
    rows = sorted(
        # What is paused is due never, which comes without a zone.
        ((due_at.replace(tzinfo=UTC), *others) for page in pages for due_at, *others in page),
        key=lambda row: row[:3],
    )
    found = tuple(BoardLine(row[1], row[2], row[0], orjson.loads(row[3])) for row in rows[:wanted])
    last = found[-1] if len(rows) > wanted else None
    mark = write_mark(models.record.incarnation, last.due_at, last.complaint_id, last.clock) if last else None
    return BoardPage(found, mark)


async def read_until(models: ReadModels) -> Cursor:
    """How far the record was read for the board."""
    positions = [0] * models.record.partitions
    here = models.record.incarnation.id
    for row in await models.record.pool.fetch(statement("clock_bookmarks")):
        if row["incarnation"] == here and row["partition"] < len(positions):
            positions[row["partition"]] = row["position"]
    return Cursor(here, tuple(positions))


async def wait_for(models: ReadModels, cursor: Cursor, timeout_s: float) -> bool:
    """Wait until the board shows all before the cursor; whether it does."""
    models.record.incarnation.check(cursor)
    deadline = time.monotonic() + timeout_s
    while True:
        seen = await read_until(models)
        if all(have >= wanted for have, wanted in zip(seen.next_positions, cursor.next_positions, strict=True)):
            return True
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_S)
