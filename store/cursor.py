"""Cursors: how far a reader is, per partition, in a named incarnation of the record."""

import base64
from dataclasses import dataclass
from uuid import UUID

import orjson

from store.errors import CursorInvalid

_MAX_CHARACTERS = 1 << 17  # 4096 partitions far on
_MAX_POSITION = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The next position to read of each partition (0: from the start), and the incarnation they count in."""

    incarnation: UUID
    next_positions: tuple[int, ...]

    def __str__(self) -> str:
        """URL-safe text; opaque to callers, `parse` reads it."""
        packed = orjson.dumps([self.incarnation.hex, *self.next_positions])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read a cursor from its text.

        Raises:
            CursorInvalid: the text was not made by `str(cursor)`.
        """
        try:
            return cls._parse(text)
        except (ValueError, TypeError, AttributeError) as error:
            raise CursorInvalid("not a cursor of this record; leave it out to start from the beginning") from error

    @classmethod
    def _parse(cls, text: str) -> "Cursor":
        if len(text) > _MAX_CHARACTERS:
            raise ValueError("too long")
        incarnation, *positions = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not all(type(position) is int and 0 <= position <= _MAX_POSITION for position in positions):
            raise ValueError("not positions")
        cursor = cls(UUID(incarnation), tuple(positions))
        if str(cursor) != text:  # base64 and UUID read more than one spelling
            raise ValueError("another spelling")
        return cursor

    def advanced(self, partition: int, next_position: int) -> "Cursor":
        """The cursor with one partition read up to (not including) this position."""
        positions = list(self.next_positions)
        positions[partition] = next_position
        return Cursor(self.incarnation, tuple(positions))
