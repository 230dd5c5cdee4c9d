"""One envelope: its bytes, and everything that must keep it from opening."""

import hmac
from typing import Any
from uuid import UUID

import pytest
from asyncpg.pgproto import pgproto
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from vault import DataKey, EnvelopeCorrupt, VaultError, WrongKey
from vault.seal import ENVELOPE_BYTES_MIN, HEADER_BYTES, open_, seal

KEY = DataKey(UUID("0b52a5a4-6a3c-4a39-9d68-6d1f8a7f4b10"), bytes(range(32)))
PLACE: dict[str, Any] = {
    "event_id": UUID("01937b1c-8f4a-7a2b-9c3d-0123456789ab"),
    "subject_id": UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff"),
    "record_class": "contact",
}
PLAINTEXT = b'{"phone":"+41 00 000 00 00"}'
GOLDEN = bytes.fromhex(
    "011ff50d8025a047f58d678eb6b6cf8df03813a8a823e7fc48356da8147697cbcc000000000000000000000000b58fd2a01c"
    "581f15e4498f3db02b4080d0e21557996b9c0ad835594bbeaf1a2a3ae3f538ab81a99e72c33a71"
)


def opened_by_hand(blob: bytes) -> bytes:
    """The layout of the module's docstring, spelled out a second time on the standard library's HMAC."""
    event_id, key_id = PLACE["event_id"], KEY.key_id
    label = b"daybook/vault/key-commitment/v1\0" + key_id.bytes
    assert blob[0] == 1
    assert blob[1:33] == hmac.digest(KEY.secret, label, "sha256")
    extracted = hmac.digest(event_id.bytes, KEY.secret, "sha256")
    blob_key = hmac.digest(extracted, f'["contact","{key_id}"]'.encode() + b"\x01", "sha256")
    bound_to = f'["{event_id}","{PLACE["subject_id"]}","contact","{key_id}"]'.encode()
    return AESGCM(blob_key).decrypt(blob[33:45], blob[45:], bound_to)


def test_the_golden_envelope_opens_for_ever():
    assert open_(KEY, **PLACE, blob=GOLDEN) == PLAINTEXT


def test_the_layout_is_the_documented_one():
    assert opened_by_hand(GOLDEN) == PLAINTEXT
    assert opened_by_hand(seal(KEY, **PLACE, plaintext=PLAINTEXT)) == PLAINTEXT


def test_the_golden_envelope_is_what_sealing_writes(monkeypatch):
    monkeypatch.setattr("vault.seal.os.urandom", bytes)
    assert seal(KEY, **PLACE, plaintext=PLAINTEXT) == GOLDEN


PLACES = st.fixed_dictionaries(
    {"event_id": st.uuids(), "subject_id": st.uuids(), "record_class": st.text(st.characters(codec="utf-8"))}
)


@given(st.builds(DataKey, st.uuids(), st.binary(min_size=32, max_size=32)), PLACES, st.binary(max_size=2000))
def test_what_is_sealed_opens(key, place, plaintext):
    blob = seal(key, **place, plaintext=plaintext)
    assert len(blob) == ENVELOPE_BYTES_MIN + len(plaintext)
    assert open_(key, **place, blob=blob) == plaintext


def test_sealing_twice_gives_different_blobs():
    assert seal(KEY, **PLACE, plaintext=PLAINTEXT) != seal(KEY, **PLACE, plaintext=PLAINTEXT)


def test_ids_as_asyncpg_returns_them_are_the_same_ids():
    from_database: dict[str, Any] = {
        "event_id": pgproto.UUID(str(PLACE["event_id"])),
        "subject_id": pgproto.UUID(str(PLACE["subject_id"])),
        "record_class": "contact",
    }
    key = DataKey(pgproto.UUID(str(KEY.key_id)), KEY.secret)
    assert open_(key, **from_database, blob=GOLDEN) == PLAINTEXT


def test_what_is_no_id_is_refused():
    elsewhere: dict[str, Any] = {**PLACE, "subject_id": b"contact"}
    with pytest.raises(TypeError, match="bytes"):
        seal(KEY, **elsewhere, plaintext=PLAINTEXT)


def test_no_bit_can_be_flipped():
    for bit in range(8 * len(GOLDEN)):
        changed = bytearray(GOLDEN)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(EnvelopeCorrupt):
            open_(KEY, **PLACE, blob=bytes(changed))


def test_no_end_can_be_cut_off_or_added():
    for length in range(len(GOLDEN)):
        with pytest.raises(EnvelopeCorrupt):
            open_(KEY, **PLACE, blob=GOLDEN[:length])
    with pytest.raises(EnvelopeCorrupt):
        open_(KEY, **PLACE, blob=GOLDEN + b"\0")


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_in_another_way(blob):
    with pytest.raises(EnvelopeCorrupt):
        open_(KEY, **PLACE, blob=blob)
    with pytest.raises(EnvelopeCorrupt):
        open_(KEY, **PLACE, blob=GOLDEN[:HEADER_BYTES] + blob)


@pytest.mark.parametrize("part", PLACE)
def test_it_does_not_open_in_another_place(part):
    elsewhere: dict[str, Any] = {**PLACE, part: "complaint" if part == "record_class" else UUID(int=1)}
    with pytest.raises(EnvelopeCorrupt, match="moved here"):
        open_(KEY, **elsewhere, blob=GOLDEN)


def test_it_does_not_open_under_another_key_id():
    with pytest.raises(WrongKey):
        open_(DataKey(UUID(int=1), KEY.secret), **PLACE, blob=GOLDEN)


def test_another_key_is_found_out_before_anything_is_decrypted(monkeypatch):
    monkeypatch.setattr("vault.seal.AESGCM", None)
    with pytest.raises(WrongKey):
        open_(DataKey(KEY.key_id, b"\x55" * 32), **PLACE, blob=GOLDEN)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_data_key_has_32_bytes(length):
    with pytest.raises(ValueError, match="32 bytes"):
        DataKey(KEY.key_id, bytes(length))


def test_no_repr_and_no_error_tells_a_secret():
    shown = [repr(KEY), str(KEY)]
    for blob in (GOLDEN[:10], b"\2" + GOLDEN[1:], b"\1" + bytes(60), GOLDEN[:-1]):
        with pytest.raises(VaultError) as caught:
            open_(KEY, **PLACE, blob=blob)
        shown += [repr(caught.value), str(caught.value), str(caught.value.__cause__)]
    told = " ".join(shown)
    assert "phone" not in told
    assert repr(KEY.secret) not in told
    assert KEY.secret.hex() not in told
