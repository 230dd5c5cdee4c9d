import base64

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store.cursor import Cursor
from store.errors import CursorInvalid
from store.identity import new_id

POSITIONS = st.lists(st.integers(0, (1 << 63) - 1), max_size=64).map(tuple)


@given(st.uuids(), POSITIONS)
@example(new_id(), (0,) * 4096)
@example(new_id(), ((1 << 63) - 1,) * 4096)
def test_a_cursor_reads_its_own_text(incarnation, positions):
    cursor = Cursor(incarnation, positions)
    text = str(cursor)
    assert Cursor.parse(text) == cursor
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.one_of(st.text(), st.binary().map(lambda octets: base64.urlsafe_b64encode(octets).decode())))
@example("")
@example("é")
@example("=" * 10)
@example("A" * 200_000)
def test_garbage_is_refused(text):
    with pytest.raises(CursorInvalid, match="leave it out"):
        Cursor.parse(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
@example([])
@example({"a": 1})
@example("018f3c2a5b6d70008000000000000000")
@example(["018f3c2a5b6d70008000000000000000", True])
@example(["018f3c2a5b6d70008000000000000000", -1])
@example(["018f3c2a5b6d70008000000000000000", 1 << 63])
@example(["018f3c2a5b6d70008000000000000000", 1.0])
@example(["018f3c2a-5b6d-7000-8000-000000000000", 1])
@example(["{018f3c2a5b6d70008000000000000000}", 1])
@example([7, 1])
@example([None])
def test_json_of_another_shape_is_refused(value):
    text = base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()
    with pytest.raises(CursorInvalid):
        Cursor.parse(text)


@given(st.uuids(), POSITIONS, st.data())
def test_another_spelling_of_a_cursor_is_refused(incarnation, positions, data):
    text = str(Cursor(incarnation, positions))
    at = data.draw(st.integers(0, len(text)))
    spelled = text[:at] + data.draw(st.sampled_from(["!", "\n", " ", "=", "%"])) + text[at:]
    with pytest.raises(CursorInvalid):
        Cursor.parse(spelled)


def test_advancing_touches_one_partition():
    cursor = Cursor(new_id(), (1, 2, 3))
    assert cursor.advanced(1, 9) == Cursor(cursor.incarnation, (1, 9, 3))
    assert cursor.next_positions == (1, 2, 3)
