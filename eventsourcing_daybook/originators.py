"""Originators and streams: the library's ids are UUIDs or text, the record's streams are UUIDs."""

import hashlib
from typing import Final
from uuid import UUID

import orjson
from eventsourcing.persistence import DataError

NO_META: Final = b"{}"


def stream_of(originator_id: UUID | str) -> UUID:
    """The stream of an originator: its UUID, or the UUIDv8 that 122 bits of the text's SHA-256 make.

    Raises:
        DataError: it is neither, or text that is not Unicode.
    """
    if isinstance(originator_id, UUID):
        return originator_id
    if not isinstance(originator_id, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise DataError(f"originator_id is {originator_id!r}; it must be a UUID or a str")
    try:
        octets = bytearray(hashlib.sha256(originator_id.encode()).digest()[:16])
    except UnicodeEncodeError as error:
        raise DataError(f"originator_id {originator_id!r} is not Unicode text: {error}") from error
    octets[6] = 0x80 | octets[6] & 0x0F
    octets[8] = 0x80 | octets[8] & 0x3F
    return UUID(bytes=bytes(octets))


def meta_of(originator_id: UUID | str) -> bytes:
    """What is kept beside the event, so that the text can be read back: canonical JSON."""
    if isinstance(originator_id, UUID):
        return NO_META
    return orjson.dumps({"originator_id": originator_id})


def originator_of(stream_id: UUID, meta: bytes) -> UUID | str:
    """The originator of a recorded event. Always the standard library's UUID: transcoders know types exactly."""
    if meta == NO_META:
        return UUID(bytes=stream_id.bytes)
    return orjson.loads(meta)["originator_id"]
