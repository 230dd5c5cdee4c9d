"""Lists over all partitions: each partition gives its first rows, and the first of all are taken.

No statement needs two partitions, so a list is asked of each and merged here.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import orjson

from store.cursor import Cursor
from store.errors import CursorInvalid, StaleCursor
from store.incarnation import Incarnation

T = TypeVar("T")
LIMIT_MAX = 1000
MARK_CHARACTERS_MAX = 1000


def checked_limit(limit: int) -> int:
    """A page's length, 1 to 1000."""
    if not 1 <= limit <= LIMIT_MAX:
        raise ValueError(f"limit: {limit} is not between 1 and {LIMIT_MAX}")
    return limit


def first_of(pages: Iterable[Sequence[T]], limit: int, newest: Callable[[T], Any]) -> tuple[list[T], bool]:
    """The `limit` rows with the greatest `newest`, and whether there are more."""
    rows = sorted((row for page in pages for row in page), key=newest, reverse=True)
    return rows[:limit], len(rows) > limit


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
        raise CursorInvalid("not a cursor of this list; leave it out to start from the beginning") from error
    return key
