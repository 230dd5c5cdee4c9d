r"""One sealed blob: pure cryptography, no I/O but the operating system's random bytes.

Envelope, version 1::

    offset  bytes  what
         0      1  version, 0x01
         1     32  key commitment
        33     12  nonce, random
        45      n  AES-256-GCM ciphertext, as long as the plaintext
      45+n     16  GCM tag

* commitment = HMAC-SHA256(data key, "daybook/vault/key-commitment/v1" 00 ‖ key id). GCM does not
  commit to its key: a ciphertext can be made that opens to two texts under two keys. Opening
  therefore compares the commitment, in constant time, before it decrypts anything.
* blob key = HKDF-SHA256(data key, salt = event id, info = ["<record class>","<key id>"]), 32 bytes.
  A key per blob, so the nonces of one subject's many blobs never meet.
* additional data = ["<event id>","<subject id>","<record class>","<key id>"]: a blob moved to
  another event, subject or class does not open.

`info` and additional data are canonical JSON (RFC 8785): no spaces, ids in lower case with hyphens.
Where an id is hashed raw it is its 16 bytes in network order. Sources: RFC 5869, NIST SP 800-38D,
and "How to Abuse and Fix Authenticated Encryption Without Key Commitment" (USENIX Security 2022).
"""

import hmac
import os
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vault.errors import EnvelopeCorrupt, WrongKey

KEY_BYTES: Final = 32
COMMITMENT_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
HEADER_BYTES: Final = 1 + COMMITMENT_BYTES + NONCE_BYTES
ENVELOPE_BYTES_MIN: Final = HEADER_BYTES + TAG_BYTES

_VERSION: Final = b"\x01"
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
_COMMITMENT_LABEL: Final = b"daybook/vault/key-commitment/v1\x00"


@dataclass(frozen=True, slots=True, eq=False)
class DataKey:
    """The key of one subject and record class: 32 random bytes, its id, and its commitment."""

    key_id: UUID
    secret: bytes = field(repr=False)
    commitment: bytes = field(init=False, repr=False)
    key_text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the commitment once; it goes into every envelope of this key."""
        if len(self.secret) != KEY_BYTES:  # HMAC pads keys with zeros: other lengths could collide
            raise ValueError(f"a data key has {KEY_BYTES} bytes, not {len(self.secret)}")
        label = _COMMITMENT_LABEL + self.key_id.bytes
        object.__setattr__(self, "commitment", _hmac(self.secret, label))
        object.__setattr__(self, "key_text", str(self.key_id))

    @classmethod
    def random(cls) -> "DataKey":
        """Make a new key with a new random id."""
        return cls(uuid4(), os.urandom(KEY_BYTES))


def seal(data_key: DataKey, *, event_id: UUID, subject_id: UUID, record_class: str, plaintext: bytes) -> bytes:
    """Seal one subject's fields of one class in one event; two calls never give the same bytes."""
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(_blob_key(data_key, event_id, record_class))
    bound_to = _bound_to(data_key, event_id, subject_id, record_class)
    return b"".join((_VERSION, data_key.commitment, nonce, cipher.encrypt(nonce, plaintext, bound_to)))


def open_(data_key: DataKey, *, event_id: UUID, subject_id: UUID, record_class: str, blob: bytes) -> bytes:
    """Give back the plaintext, or raise `EnvelopeCorrupt` (`WrongKey` if it is another key's)."""
    _check_header(data_key, event_id, blob)
    cipher = AESGCM(_blob_key(data_key, event_id, record_class))
    bound_to = _bound_to(data_key, event_id, subject_id, record_class)
    nonce = blob[1 + COMMITMENT_BYTES : HEADER_BYTES]
    try:
        return cipher.decrypt(nonce, blob[HEADER_BYTES:], bound_to)
    except InvalidTag:
        reason = "changed, or moved here from another event, subject or class"
        raise EnvelopeCorrupt(event_id, data_key.key_id, reason) from None


def _check_header(data_key: DataKey, event_id: UUID, blob: bytes) -> None:
    if len(blob) < ENVELOPE_BYTES_MIN:
        reason = f"{len(blob)} bytes, at least {ENVELOPE_BYTES_MIN} expected"
        raise EnvelopeCorrupt(event_id, data_key.key_id, reason)
    if blob[:1] != _VERSION:
        raise EnvelopeCorrupt(event_id, data_key.key_id, f"unknown envelope version {blob[0]}")
    if not hmac.compare_digest(blob[1 : 1 + COMMITMENT_BYTES], data_key.commitment):
        raise WrongKey(event_id, data_key.key_id)


def _bound_to(data_key: DataKey, event_id: UUID, subject_id: UUID, record_class: str) -> bytes:
    return orjson.dumps((_id_text(event_id), _id_text(subject_id), record_class, data_key.key_text))


def _id_text(value: UUID) -> str:
    """As text here: orjson does not take the ids of asyncpg, which are a subclass, and asks for each."""
    if not isinstance(value, UUID):  # pyright: ignore[reportUnnecessaryIsInstance]  # never anything else, sealed for good
        raise TypeError(f"{type(value).__name__} is no id")
    return str(value)


def _blob_key(data_key: DataKey, event_id: UUID, record_class: str) -> bytes:
    """HKDF (RFC 5869) as its two HMACs: 32 bytes are one block, and this is done for every blob."""
    extracted = _hmac(event_id.bytes, data_key.secret)
    return _hmac(extracted, orjson.dumps((record_class, data_key.key_text)) + b"\x01")


def _hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104) of a key of at most 64 bytes: `hmac.digest` takes three times as long for so little."""
    block = key.ljust(64, b"\x00")
    return sha256(block.translate(_OUTER) + sha256(block.translate(_INNER) + message).digest()).digest()
