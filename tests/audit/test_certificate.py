"""Certificates: one shape of signed note, and nothing that was changed is read as one."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.certificate import KINDS, Certificate, key_name, make, read
from audit.notes import KeySigner, NoteRefused, Verifier, parse, signed, verified

LOG_ID = "bank.example/test"
SIGNER = KeySigner(key_name(LOG_ID), bytes(range(32)))
VKEY = SIGNER.verifier.vkey

names = st.text(string.ascii_letters + string.digits + "._-/", min_size=1, max_size=12)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
contents = st.dictionaries(names, values, max_size=5)


@given(content=contents, kind=st.sampled_from(KINDS))
def test_what_is_signed_is_what_is_read(content, kind):
    note = make(LOG_ID, kind, content, SIGNER)
    name, told, line, end = note.text.split("\n")
    assert (name, told, end) == (f"{LOG_ID}/certificates", kind, "")
    assert json.loads(line) == content
    assert verified(parse(note.format()), [Verifier.parse(VKEY)])
    assert read(note.format(), VKEY) == Certificate(kind, content)


@given(content=contents, where=st.integers(0, 10_000), by=st.integers(1, 127))
def test_a_certificate_with_any_byte_changed_is_refused(content, where, by):
    note = bytearray(make(LOG_ID, "no-miss/1", content, SIGNER).format().encode())
    note[where % len(note)] ^= by
    with pytest.raises(NoteRefused):
        read(bytes(note), VKEY)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"a": 1.5}, "float"),
        ({"a": {"b": [1, 2.0]}}, r"content\.a\.b\[1\]"),
        ({"a": 2**53}, "2\\^53"),
        ({"a": float("nan")}, "float"),
        ({"a b": 1}, "ASCII"),
        ({"é": 1}, "ASCII"),
        ({"": 1}, "ASCII"),
        ({1: 1}, "ASCII"),
        ({"a": b"x"}, "bytes"),
        ({"a": "\ud800"}, "half a character"),
        ({"a": (1, 2)}, "tuple"),
    ],
)
def test_what_does_not_fit_is_refused_before_it_is_signed(content, told):
    with pytest.raises(NoteRefused, match=told):
        make(LOG_ID, "erasure/1", content, SIGNER)


def test_another_logs_key_signs_nothing_here():
    for name in ("other.example/certificates", f"{LOG_ID}/record/0", LOG_ID):
        with pytest.raises(NoteRefused, match="are signed by"):
            make(LOG_ID, "disposal/1", {}, KeySigner(name, bytes(32)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{LOG_ID}/certificates\nno-miss/1\n{{}}\nmore\n", "three lines"),
        (f"{LOG_ID}/certificates\nno-miss/1\n", "three lines"),
        ("other.example/certificates\nno-miss/1\n{}\n", "no key of"),
        (f"{LOG_ID}/certificates\nno-miss/2\n{{}}\n", "no kind"),
        (f"{LOG_ID}/certificates\n5\n{{}}\n", "no kind"),
        (f"{LOG_ID}/certificates\nno-miss/1\n[]\n", "an object"),
        (f'{LOG_ID}/certificates\nno-miss/1\n{{"b":1,"a":2}}\n', "canonical"),
        (f'{LOG_ID}/certificates\nno-miss/1\n{{"a":1,"a":1}}\n', "canonical"),
        (f'{LOG_ID}/certificates\nno-miss/1\n{{"a": 1}}\n', "canonical"),
        (f'{LOG_ID}/certificates\nno-miss/1\n{{"a":1.0}}\n', "float"),
        (f'{LOG_ID}/certificates\nno-miss/1\n{{"a":NaN}}\n', "float"),
        (f'{LOG_ID}/certificates\nno-miss/1\n{{"a":9007199254740993}}\n', "2\\^53"),
        (f"{LOG_ID}/certificates\nno-miss/1\nx\n", "JSON"),
    ],
)
def test_a_note_of_another_shape_is_no_certificate_although_its_signature_holds(text, told):
    with pytest.raises(NoteRefused, match=told):
        read(signed(text, [SIGNER]).format(), VKEY)


def test_it_is_signed_by_a_key_that_the_reader_trusts():
    note = make(LOG_ID, "no-miss/1", {"n": 1}, SIGNER).format()
    other = KeySigner(key_name(LOG_ID), bytes(32)).verifier.vkey
    with pytest.raises(NoteRefused, match="not signed by the key"):
        read(note, other)
    with pytest.raises(NoteRefused, match="no key of"):
        read(note)
    assert read(note, other, VKEY).content == {"n": 1}, "a key that was replaced still reads what it signed"
