"""Notes against the published vector and against what others could send."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint
from audit.merkle import EMPTY_ROOT
from audit.notes import COSIGNATURE, KeySigner, NoteRefused, Verifier, cosign, parse, signed, verified

GO_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SEED = bytes(range(32))
TEXT = Checkpoint("bank.example/record", 0, EMPTY_ROOT).text()


def test_the_published_key_is_read_and_written() -> None:
    key = Verifier.parse(GO_KEY)
    assert (key.name, key.key_id.hex(), key.vkey) == ("example.com/foo", "530d903a", GO_KEY)


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "a",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+!",
        "exa mple+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ],
)
def test_other_keys_are_refused(vkey: str) -> None:
    with pytest.raises(NoteRefused):
        Verifier.parse(vkey)


def test_a_signed_note_is_verified_and_read_back() -> None:
    signer = KeySigner("bank.example/record", SEED)
    note = signed(TEXT, [signer])
    again = parse(note.format().encode())
    assert again == note
    assert [one.verifier for one in verified(again, [signer.verifier])] == [signer.verifier]
    assert verified(again, []) == []


def test_cosignatures_tell_when() -> None:
    witness = KeySigner("witness.example", SEED, COSIGNATURE)
    note = signed(TEXT, [KeySigner("bank.example/record", SEED)])
    at = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
    cosigned = note._replace(signatures=(*note.signatures, cosign(TEXT, witness, at)))
    assert [one.time for one in verified(parse(cosigned.format()), [witness.verifier])] == [at]


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    signer = KeySigner("bank.example/record", SEED)
    content = bytearray(signed(TEXT, [signer]).format().encode())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    try:
        confirmed = verified(parse(bytes(content)), [signer.verifier])
    except NoteRefused:
        return
    assert confirmed == []


def test_a_key_signs_once() -> None:
    signer = KeySigner("bank.example/record", SEED)
    note = signed(TEXT, [signer, signer])
    with pytest.raises(NoteRefused, match="twice"):
        verified(note, [signer.verifier])


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no signature\n",
        "text\n\n",
        "text\n\n— a AAAAAAA\n",
        "text\n\n— a AAAA\n",
        "text\n\n- a AAAAAAAA\n",
        "text\n\n— a b AAAAAAAA\n",
        "te\x07xt\n\n— a AAAAAAAA\n",
        "text\n\n— a AAAAAAAA",
        b"\xff\n\n\xe2\x80\x94 a AAAAAAAA\n",
        "text\n\n" + "— a AAAAAAAA\n" * 101,
        "x" * 1_000_001,
    ],
)
def test_malformed_notes_are_refused(content: str | bytes) -> None:
    with pytest.raises(NoteRefused):
        parse(content)


@pytest.mark.parametrize("text", ["no line feed", "tab\t\n"])
def test_texts_that_no_note_may_have(text: str) -> None:
    with pytest.raises(NoteRefused):
        signed(text, [])


@pytest.mark.parametrize(
    "text",
    [
        "origin\n1\n",
        "origin\n01\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
        "origin\n-1\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
        "origin\n1\nAAAA\n",
        "origin\n1\n!\n",
        "\n1\n" + base64.b64encode(EMPTY_ROOT).decode() + "\n",
    ],
)
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Checkpoint.parse(text)


def test_lines_after_the_root_are_passed_over() -> None:
    assert Checkpoint.parse(TEXT + "more\n") == Checkpoint.parse(TEXT)
