"""Lists over all partitions: each partition gives its first rows, and the first of all are taken.

No statement needs two partitions, so a list is asked of each and merged here.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import orjson

from projections.statements import statement
from store.cursor import Cursor
from store.errors import CursorInvalid, StaleCursor
from store.incarnation import Incarnation
from store.record import MAX_POSITION, Record

T = TypeVar("T")
LIMIT_MAX = 1000
MARK_CHARACTERS_MAX = 1000
_NOT_OURS = "not a cursor of this list; leave it out to start from the beginning"


def checked_limit(limit: int) -> int:
    """A page's length, 1 to 1000."""
    if not 1 <= limit <= LIMIT_MAX:
        raise ValueError(f"limit: {limit} is not between 1 and {LIMIT_MAX}")
    return limit


def first_of(pages: Iterable[Sequence[T]], limit: int, newest: Callable[[T], Any]) -> tuple[list[T], bool]:
    """The `limit` rows with the greatest `newest`, and whether there are more."""
    rows = sorted((row for page in pages for row in page), key=newest, reverse=True)
    return rows[:limit], len(rows) > limit


class Downwards:
    """How far a list has come that goes down the positions of several partitions at once, newest first."""

    def __init__(self, incarnation: Incarnation, cursor: Cursor) -> None:
        self._incarnation = incarnation
        self._cursor = cursor

    @classmethod
    def parse(cls, incarnation: Incarnation, after: str | None) -> "Downwards":
        """The place that a cursor names; None: the beginning.

        Raises:
            CursorInvalid, StaleCursor: it is no cursor of this record as it is now.
        """
        if after is None:
            return cls(incarnation, incarnation.start())
        cursor = Cursor.parse(after)
        incarnation.check(cursor)
        return cls(incarnation, cursor)

    def before(self, partition: int) -> int:
        """The position from which on a partition was told; all positions are before it at the beginning."""
        told = self._cursor.next_positions[partition]
        return told - 1 if told else MAX_POSITION

    def after(self, told: Iterable[tuple[int, int]]) -> str:
        """The cursor behind what is told now, as pairs of partition and position."""
        cursor = self._cursor
        for partition, position in told:
            known = cursor.next_positions[partition]
            if not known or position + 1 < known:
                cursor = cursor.advanced(partition, position + 1)
        return str(cursor)


def found_at(rows: Iterable[Any]) -> list[tuple[int, int]]:
    """Partition and position of database rows that have both."""
    return [(row["partition"], row["position"]) for row in rows]


async def recorded_at(record: Record, places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], datetime]:
    """When events were recorded, by partition and position."""
    by_partition: dict[int, list[int]] = {}
    for partition, position in places:
        by_partition.setdefault(partition, []).append(position)
    pages = await asyncio.gather(
        *(record.pool.fetch(statement("recorded_at"), partition, of) for partition, of in by_partition.items())
    )
    return {
        (partition, row["position"]): row["recorded_at"]
        for partition, page in zip(by_partition, pages, strict=True)
        for row in page
    }


def write_mark(incarnation: Incarnation, *key: object) -> str:
    """The text of a list's cursor: the sort key of the last row shown, in a named incarnation of the record.

    It names no position, so it would stay good after a restore; but a list that was begun before one may
    have shown what is gone, so it is refused like any other cursor.
    """
    packed = orjson.dumps([incarnation.id.hex, *map(str, key)])
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_mark(incarnation: Incarnation, text: str, width: int) -> list[str]:
    """The key in a list's cursor.

    Raises:
        CursorInvalid: it is no cursor of such a list.
        StaleCursor: the record was restored since; begin the list anew.
    """
    try:
        made_in, *key = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if len(key) != width or len(text) > MARK_CHARACTERS_MAX:
            raise ValueError  # noqa: TRY301  # one way out for everything that is no cursor
        incarnation.check(Cursor(UUID(made_in), (0,) * incarnation.partitions))
    except StaleCursor as stale:
        raise StaleCursor("the beginning") from stale
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise CursorInvalid(_NOT_OURS) from error
    return key


def read_place(incarnation: Incarnation, after: str | None) -> tuple[datetime, UUID] | tuple[None, None]:
    """The moment and id in the cursor of a list that is in their order; none at the beginning.

    Raises:
        CursorInvalid, StaleCursor: as `read_mark`.
    """
    if after is None:
        return None, None
    moment, text = read_mark(incarnation, after, 2)
    try:
        return datetime.fromisoformat(moment), UUID(text)
    except ValueError as error:
        raise CursorInvalid(_NOT_OURS) from error
