"""The primitives against the vectors of their RFCs."""

import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from hypothesis import given
from hypothesis import strategies as st

from vault import FileKeyProvider, WrappedKey
from vault.key_file import Epoch, KeyFile


def hkdf_by_hand(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 section 2, from the standard library alone."""
    pseudo_random_key = hmac.digest(salt or bytes(32), secret, "sha256")
    block, blocks, counter = b"", b"", 1
    while len(blocks) < length:
        block = hmac.digest(pseudo_random_key, block + info + bytes([counter]), "sha256")
        blocks, counter = blocks + block, counter + 1
    return blocks[:length]


HKDF_VECTORS = [
    (  # RFC 5869 A.1
        b"\x0b" * 22,
        bytes(range(13)),
        bytes(range(0xF0, 0xFA)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (  # A.2
        bytes(range(0x50)),
        bytes(range(0x60, 0xB0)),
        bytes(range(0xB0, 0x100)),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (  # A.3
        b"\x0b" * 22,
        b"",
        b"",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]


@pytest.mark.parametrize(("secret", "salt", "info", "expected"), HKDF_VECTORS)
def test_hkdf_gives_the_vectors_of_rfc_5869(secret, salt, info, expected):
    length = len(expected) // 2
    assert HKDF(SHA256(), length, salt, info).derive(secret).hex() == expected
    assert hkdf_by_hand(secret, salt, info, length).hex() == expected


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16), st.binary(max_size=200))
def test_hkdf_of_the_library_is_hkdf_by_hand(secret, salt, info):
    assert HKDF(SHA256(), 32, salt, info).derive(secret) == hkdf_by_hand(secret, salt, info, 32)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (
            "c37b7e6492584340bed12207808941155068f738",
            "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
        ),
        ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
    ],
)
def test_wrapping_gives_the_vectors_of_rfc_5649(key_file, key, expected):
    wrapping_key = bytes.fromhex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
    provider = FileKeyProvider(KeyFile((Epoch(7, key_file.epochs[0].created, wrapping_key),), key_file.root))
    assert provider.wrap(bytes.fromhex(key)) == WrappedKey(7, bytes.fromhex(expected))
    assert provider.unwrap(WrappedKey(7, bytes.fromhex(expected))).hex() == key
    assert aes_key_wrap_with_padding(wrapping_key, bytes.fromhex(key)).hex() == expected
