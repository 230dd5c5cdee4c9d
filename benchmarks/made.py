"""Events to append: 300 bytes of payload each, a new stream each, as in a busy contact centre."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from store.envelope import NO_STREAM, AppendRequest, NewEvent
from store.identity import new_id, partition_of

PAYLOAD = b'{"note":"' + b"x" * 289 + b'"}'
META = b"{}"


def requests(count: int, partitions: int) -> list[AppendRequest]:
    """Requests of one event each, on new streams spread over all partitions."""
    now = datetime.now(UTC)
    made: list[AppendRequest] = []
    for _ in range(count):
        stream = new_id()
        event = NewEvent(
            new_id(stream), stream, 0, stream, "interaction.recorded", 1, now, "staff:desk", stream, None, PAYLOAD, META
        )
        made.append(AppendRequest(partition_of(stream, partitions), (event,), {stream: NO_STREAM}))
    return made


def conflicting(made: Sequence[AppendRequest], every: int) -> list[AppendRequest]:
    """The same requests, of which every so-many-th expects a version that its stream does not have."""
    return [
        AppendRequest(r.partition, r.events, {r.events[0].stream_id: 6}) if index % every == every - 1 else r
        for index, r in enumerate(made)
    ]


def rows(made: Sequence[AppendRequest], partition: int, start: int) -> list[tuple[Any, ...]]:
    """The same events as rows of the table, all in one partition."""
    now = datetime.now(UTC)
    salt = b"\0" * 16
    return [
        (partition, start + index, *event[:7], now, *event[7:10], salt, *event[10:])
        for index, event in enumerate(request.events[0] for request in made)
    ]
