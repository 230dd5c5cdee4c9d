"""Ids that carry their place in the record.

An id is a UUID whose 12 bits after the version are its *slice* (0..4095): the slice of the customer
it belongs to, or of the stream's first owner where there is no customer yet. A partition is
``slice mod P``. Ids made here are UUIDv7 (made now) or UUIDv8 (derived from a key); an id from
outside takes its slice from SHA-256 over its 16 bytes. `record.slice_of` in SQL agrees with
`slice_of`, which golden vectors prove.
"""

import hashlib
import os
import time
from datetime import UTC, datetime
from struct import Struct
from uuid import UUID

from asyncpg.pgproto import pgproto

SLICES = 4096
_VARIANT = 0b10  # of RFC 9562
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = (1 << 48) - 1

_TAILS_AT_ONCE = 512
_TAIL = Struct(">8sH")  # an id's last 8 bytes with the variant set, and a number for its slice
_WITH_VARIANT = bytes(0x80 | octet & 0x3F for octet in range(256))
_tails: list[tuple[bytes, int]] = []  # random in advance: asking the system for each id took longer than all else
os.register_at_fork(after_in_child=_tails.clear)  # or the child would make the parent's ids
_OF_SLICE = tuple((0x7000 | place).to_bytes(2, "big") for place in range(SLICES))
_HIGH = tuple((octet & 15) << 8 if octet >> 4 in (7, 8) else -1 for octet in range(256))
"""By an id's octet 6: the first 4 bits of its slice; -1: the id's version is not one of ours."""
_DERIVED = tuple((0x8000 | place).to_bytes(2, "big") for place in range(SLICES))

_make = pgproto.UUID  # a uuid.UUID that asyncpg encodes without conversion, and ten times faster to build


def slice_of(identifier: UUID) -> int:
    """The slice of an id, 0..4095."""
    octets = identifier.bytes
    high = _HIGH[octets[6]]
    if high >= 0 and octets[8] >> 6 == _VARIANT:
        return high | octets[7]
    digest = hashlib.sha256(octets).digest()
    return digest[0] << 4 | digest[1] >> 4


def partition_of(identifier: UUID, partitions: int) -> int:
    """The partition of an id in a record of so many partitions."""
    return slice_of(identifier) % partitions


def new_id(beside: UUID | None = None) -> UUID:
    """A fresh UUIDv7: in the slice of `beside`, or in a random one."""
    try:
        tail, place = _tails.pop()  # at once, so that no two threads get the same one
    except IndexError:
        tail, place = _more_tails()
    if beside is None:
        middle = _OF_SLICE[place % SLICES]
    else:
        octets = beside.bytes
        ours = octets[6] >> 4 == 7 and octets[8] >> 6 == _VARIANT  # noqa: PLR2004  # made here: its own two octets
        middle = octets[6:8] if ours else _OF_SLICE[slice_of(beside)]
    return _make((time.time_ns() // 1_000_000).to_bytes(6, "big") + middle + tail)


def derive_id(key: bytes, *, at: datetime = _EPOCH, beside: UUID | None = None) -> UUID:
    """The UUIDv8 that always comes out of this key and time.

    `key` must be secret or made with a keyed HMAC where it stems from an outside identifier: a plain
    hash of one can be enumerated. `at` (times before 1970 count as 1970, as does none) fills the first 48
    bits, so that derived ids of one time lie near each other in an index.
    """
    digest = hashlib.sha256(key).digest()
    since = at - _EPOCH
    milliseconds = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    milliseconds = min(max(milliseconds, 0), _LAST_MILLISECOND)
    place = (digest[6] & 15) << 8 | digest[7] if beside is None else slice_of(beside)
    variant = digest[8:9].translate(_WITH_VARIANT)
    return _make(milliseconds.to_bytes(6, "big") + _DERIVED[place] + variant + digest[9:16])


def _more_tails() -> tuple[bytes, int]:
    """Fill up, and give one."""
    octets = bytearray(os.urandom(_TAIL.size * _TAILS_AT_ONCE))
    octets[:: _TAIL.size] = octets[:: _TAIL.size].translate(_WITH_VARIANT)
    tails: list[tuple[bytes, int]] = [*_TAIL.iter_unpack(octets)]
    last = tails.pop()
    _tails.extend(tails)
    return last
