"""The leaf of an event: what a log says of it, and the header that whoever may see the event can check it by.

Both are canonical JSON (RFC 8785). The header has every column of the row but its place and `recorded_at`, which the
leaf has: ids as text, `data` and `meta` as their SHA-256, the salt in base64. Nobody can guess a header from its hash:
of the row's 16 bytes of salt a mirror of the log knows nothing.
"""

from binascii import b2a_base64
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

_SOME: Final = 1024
"""Types and actors are few, and events of one commit have one `recorded_at`: so many are kept as text."""


class Row(NamedTuple):
    """The columns of an event, in the order in which `read_leaves.sql` gives them."""

    partition: int
    position: int
    event_id: UUID
    stream_id: UUID
    version: int
    customer_id: UUID | None
    type: str
    schema: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    salt: bytes
    data_sha256: bytes
    meta_sha256: bytes


def header(row: Row) -> bytes:
    """Canonical JSON of the columns."""
    return (
        f'{{"actor":{_text(row.actor)},"causation_id":{_id(row.causation_id)},"correlation_id":"{row.correlation_id}",'
        f'"customer_id":{_id(row.customer_id)},"data_sha256":"{_base64(row.data_sha256)}",'
        f'"event_id":"{row.event_id}","meta_sha256":"{_base64(row.meta_sha256)}","occurred_at":"{_time(row.occurred_at)}",'
        f'"salt":"{_base64(row.salt)}","schema":{row.schema},"stream_id":"{row.stream_id}","type":{_text(row.type)},'
        f'"version":{row.version}}}'
    ).encode()


def entry(row: Row) -> bytes:
    """The log's entry of an event."""
    return (
        f'{{"h":"{_base64(sha256(header(row)).digest())}","n":{row.position},"p":{row.partition},'
        f'"r":"{_recorded(row.recorded_at)}","v":1}}'
    ).encode()


def leaf_hashes(rows: Iterable[Any]) -> list[bytes]:
    """The leaf hash of each row as the database gives it."""
    return [sha256(b"\x00" + entry(Row._make(row))).digest() for row in rows]


@lru_cache(_SOME)
def _text(value: str) -> str:
    return orjson.dumps(value).decode()


def _id(value: UUID | None) -> str:
    return "null" if value is None else f'"{value}"'


def _base64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


def _time(value: datetime) -> str:
    """Six decimals and `Z`; in UTC, as the database gives it. orjson needs a fifth of `isoformat`'s time."""
    text = orjson.dumps(value).decode()
    return f"{text[1:27]}Z" if value.microsecond else f"{text[1:20]}.000000Z"


_recorded = lru_cache(_SOME)(_time)
