"""Rows of the record's tables in PostgreSQL's binary COPY format.

asyncpg would write them too, from tuples, value by value through a codec each: four times the time of
an event here, and a third of what an import took altogether.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from struct import Struct
from typing import Final, NamedTuple

from store.batch import SALT_BYTES
from store.envelope import AppendRequest, NewEvent, Participant, SealedBlob, StoredAnswer

EVENT: Final = (
    "partition", "position", "event_id", "stream_id", "version", "customer_id", "type", "schema", "occurred_at",
    "recorded_at", "actor", "correlation_id", "causation_id", "salt", "data", "meta",
)  # fmt: skip
SEALED: Final = ("partition", "event_id", "subject_id", "record_class", "key_id", "blob")
PARTICIPANT: Final = ("partition", "customer_id", "position", "role")
COMMAND: Final = ("partition", "command_id", "request_hmac", "answer", "position", "expires_at")

BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""Before the first row: the signature, no flags, no extension of the header."""
END: Final = b"\xff\xff"
"""After the last row."""

# A row is the number of its columns (2 bytes), then each value with its length (4 bytes) before it; big-endian.
_NULL: Final = -1  # in place of the length
_size = Struct(">i").pack
_moment = Struct(">iq").pack
_smallint = Struct(">ih").pack
_id = Struct(">i16s").pack
_begin = Struct(">hihi").pack  # columns, partition, and how long what follows is
_placed = Struct(">12sqi16si16siqi16s").pack  # the beginning, position, event, stream, version, customer
_unowned = Struct(">12sqi16si16siqi").pack  # the same without a customer
_caused = Struct(">i16si16si16si").pack  # correlation, causation, salt, and how long the data is
_uncaused = Struct(">i16sii16si").pack  # the same without a cause
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's

ROWS_IN_ONE_PIECE: Final = 500
"""Half a millisecond of work, after which the server has something to do and others on the event loop get a turn."""


class Written(NamedTuple):
    """Where a batch goes: its partition, its first position and its `recorded_at`."""

    partition: int
    base: int
    stamp: datetime


def events(written: Written, new: Sequence[NewEvent], salts: bytes) -> Iterator[bytes]:
    """Rows of `event`, in pieces; `salts`: those of all events, end to end."""
    position, at = written.base, 0
    begin = _begin(len(EVENT), 2, written.partition, 8)
    stamp = _moment(8, _microseconds(written.stamp))
    kinds: dict[tuple[str, int], bytes] = {}
    actors: dict[str, bytes] = {}
    known: datetime | None = None  # events of one request or import often share one time
    happened = b""
    placed, unowned, caused, uncaused, size = _placed, _unowned, _caused, _uncaused, _size  # local names are faster
    events = iter(new)
    while piece := list(islice(events, ROWS_IN_ONE_PIECE)):
        rows: list[bytes] = []
        add = rows.extend
        for event_id, stream, version, customer, name, schema, occurred, actor, root, cause, data, meta in piece:
            kind = kinds.get((name, schema))
            if kind is None:
                kind = kinds[name, schema] = _text(name) + _smallint(2, schema)
            acting = actors.get(actor)
            if acting is None:
                acting = actors[actor] = stamp + _text(actor)
            if occurred is not known:
                happened, known = _moment(8, _microseconds(occurred)), occurred
            end = at + SALT_BYTES
            add(
                (
                    placed(begin, position, 16, event_id.bytes, 16, stream.bytes, 8, version, 16, customer.bytes)
                    if customer is not None
                    else unowned(begin, position, 16, event_id.bytes, 16, stream.bytes, 8, version, _NULL),
                    kind,
                    happened,
                    acting,
                    uncaused(16, root.bytes, _NULL, 16, salts[at:end], len(data))
                    if cause is None
                    else caused(16, root.bytes, 16, cause.bytes, 16, salts[at:end], len(data)),
                    data,
                    size(len(meta)),
                    meta,
                )
            )
            position += 1
            at = end
        yield b"".join(rows)


def sealed(written: Written, requests: Iterable[AppendRequest]) -> Iterator[bytes]:
    """Rows of `sealed`, in pieces."""
    return _joined(_sealed(written.partition, blob) for request in requests for blob in request.sealed)


def participants(written: Written, requests: Iterable[AppendRequest]) -> Iterator[bytes]:
    """Rows of `participant`, in pieces."""
    return _joined(
        _participant(written.partition, first, one)
        for first, request in _placed_requests(written.base, requests)
        for one in request.participants
    )


def commands(written: Written, requests: Iterable[AppendRequest]) -> Iterator[bytes]:
    """Rows of `command`, in pieces: an answer's position is that of its last event, or the last before the batch."""
    return _joined(
        _command(written.partition, first + len(request.events) - 1 if request.events else written.base - 1, answer)
        for first, request in _placed_requests(written.base, requests)
        if (answer := request.answer) is not None
    )


def _placed_requests(position: int, requests: Iterable[AppendRequest]) -> Iterator[tuple[int, AppendRequest]]:
    """Each request with the position of its first event."""
    for request in requests:
        yield position, request
        position += len(request.events)


def _joined(rows: Iterator[bytes]) -> Iterator[bytes]:
    while piece := b"".join(islice(rows, ROWS_IN_ONE_PIECE)):
        yield piece


def _sealed(partition: int, of: SealedBlob) -> bytes:
    event_id, subject_id, record_class, key_id, blob = of
    return b"".join(
        (
            _begin(len(SEALED), 2, partition, 16),
            event_id.bytes,
            _id(16, subject_id.bytes),
            _text(record_class),
            _id(16, key_id.bytes),
            _size(len(blob)),
            blob,
        )
    )


def _participant(partition: int, first: int, one: Participant) -> bytes:
    event, customer_id, role = one
    return _begin(len(PARTICIPANT), 2, partition, 16) + customer_id.bytes + _moment(8, first + event) + _text(role)


def _command(partition: int, position: int, of: StoredAnswer) -> bytes:
    command_id, request_hmac, answer, expires_at = of
    return b"".join(
        (
            _begin(len(COMMAND), 2, partition, 16),
            command_id.bytes,
            _size(len(request_hmac)),
            request_hmac,
            _size(len(answer)),
            answer,
            _moment(8, position),
            _moment(8, _microseconds(expires_at)),
        )
    )


def _text(value: str) -> bytes:
    octets = value.encode()
    return _size(len(octets)) + octets


def _microseconds(moment: datetime) -> int:
    """As PostgreSQL counts: from the year 2000 on."""
    since = (moment if moment.tzinfo is not None else moment.astimezone(UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
