"""The attack that the commitment is there for: one GCM ciphertext that opens under two keys."""

import hmac
from functools import reduce
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from vault import DataKey, WrongKey
from vault.seal import open_

KEY_ID = UUID(int=5)
ONE, OTHER = DataKey(KEY_ID, b"\x01" * 32), DataKey(KEY_ID, b"\x02" * 32)
PLACE: dict[str, Any] = {"event_id": UUID(int=6), "subject_id": UUID(int=7), "record_class": "contact"}
NONCE = bytes(12)
BOUND_TO = f'["{UUID(int=6)}","{UUID(int=7)}","contact","{KEY_ID}"]'.encode()


def times(a: int, b: int) -> int:
    """Multiply in GF(2^128) as GCM writes it: the first bit is the lowest power."""
    product = 0
    for bit in range(127, -1, -1):
        if b >> bit & 1:
            product ^= a
        a = a >> 1 ^ (0xE1 << 120 if a & 1 else 0)
    return product


def inverse(a: int) -> int:
    """Raise to 2^128 - 2."""
    squares = [a]
    for _ in range(127):
        squares.append(times(squares[-1], squares[-1]))
    return reduce(times, squares[1:])


def encrypted_block(key: bytes, block: bytes) -> int:
    return int.from_bytes(Cipher(AES256(key), ECB()).encryptor().update(block))  # noqa: S305 - a part of GCM


def blob_key(key: DataKey) -> bytes:
    extracted = hmac.digest(PLACE["event_id"].bytes, key.secret, "sha256")
    return hmac.digest(extracted, f'["contact","{KEY_ID}"]'.encode() + b"\x01", "sha256")


def tag_without_block(key: bytes) -> tuple[int, int]:
    """Give (T, H²): the tag of one ciphertext block X is T + X·H²."""
    hash_key = encrypted_block(key, bytes(16))
    padded = BOUND_TO + bytes(-len(BOUND_TO) % 16)
    lengths = (8 * len(BOUND_TO)).to_bytes(8) + (8 * 16).to_bytes(8)
    digest = 0
    for start in range(0, len(padded), 16):
        digest = times(digest ^ int.from_bytes(padded[start : start + 16]), hash_key)
    digest = times(times(digest, hash_key) ^ int.from_bytes(lengths), hash_key)
    return digest ^ encrypted_block(key, NONCE + b"\0\0\0\1"), times(hash_key, hash_key)


def crafted_for_both() -> bytes:
    """Choose the block for which both keys give the same tag."""
    (tag_one, square_one), (tag_other, square_other) = (tag_without_block(blob_key(k)) for k in (ONE, OTHER))
    block = times(tag_one ^ tag_other, inverse(square_one ^ square_other))
    return block.to_bytes(16) + (tag_one ^ times(block, square_one)).to_bytes(16)


def test_gcm_alone_opens_a_crafted_blob_under_two_keys():
    crafted = crafted_for_both()
    texts = [AESGCM(blob_key(key)).decrypt(NONCE, crafted, BOUND_TO) for key in (ONE, OTHER)]
    assert texts[0] != texts[1]


@pytest.mark.parametrize(("committed", "refused"), [(ONE, OTHER), (OTHER, ONE)])
def test_the_envelope_opens_under_one_of_them_only(committed, refused):
    blob = b"\x01" + committed.commitment + NONCE + crafted_for_both()
    assert len(open_(committed, **PLACE, blob=blob)) == 16
    with pytest.raises(WrongKey):
        open_(refused, **PLACE, blob=blob)
