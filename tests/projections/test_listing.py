"""The cursors of lists that are in the order of a moment and an id."""

from datetime import UTC, datetime

import pytest

from projections.listing import read_place, write_mark
from store.errors import CursorInvalid
from store.identity import new_id
from store.incarnation import Incarnation

HERE = Incarnation("a database", {}, 4)


def test_a_place_is_read_as_it_was_written() -> None:
    moment, one = datetime(2026, 11, 28, tzinfo=UTC), new_id()
    assert read_place(HERE, write_mark(HERE, moment, one)) == (moment, one)
    assert read_place(HERE, None) == (None, None)


@pytest.mark.parametrize("key", [("yesterday", new_id()), (datetime(2026, 11, 28, tzinfo=UTC), "one"), ("2026-11-28",)])
def test_a_place_that_was_made_up_is_refused(key: tuple[object, ...]) -> None:
    with pytest.raises(CursorInvalid, match="not a cursor of this list"):
        read_place(HERE, write_mark(HERE, *key))
