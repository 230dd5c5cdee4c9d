"""Bookmarks: how far a version of a read model has read each partition, in which incarnation of the record."""

from typing import NamedTuple
from uuid import UUID

from projections.errors import BookmarkAhead
from projections.statements import statement
from projections.writing import Connection
from store.cursor import Cursor
from store.errors import StaleCursor
from store.incarnation import Incarnation


class Bookmark(NamedTuple):
    """The next position to read, as it was counted in an incarnation."""

    partition: int
    position: int
    incarnation: UUID


def check_bookmark(incarnation: Incarnation, projection: str, bookmark: Bookmark) -> None:
    """See whether what was read before the bookmark is still the record's history.

    Raises:
        BookmarkAhead: a restore of the record has removed some of it.
    """
    start = Cursor(bookmark.incarnation, (0,) * incarnation.partitions)
    try:
        incarnation.check(start.advanced(bookmark.partition, bookmark.position))
    except StaleCursor as stale:
        known = Cursor.parse(stale.resume).next_positions[bookmark.partition]
        if bookmark.position > known:
            raise BookmarkAhead(projection, bookmark.partition, bookmark.position, known) from stale


async def are_good(connection: Connection, incarnation: Incarnation, projection: str, version: int) -> bool:
    """Whether a version can be filled on from its bookmarks."""
    try:
        for row in await connection.fetch(statement("bookmarks"), projection, version):
            check_bookmark(incarnation, projection, Bookmark(*row))
    except BookmarkAhead:
        return False
    return True
