"""Stored events as a request to the record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from eventsourcing_daybook.originators import meta_of, stream_of
from store.envelope import AppendRequest, NewEvent
from store.errors import EventExists
from store.identity import new_id

ACTOR: Final = "eventsourcing"
SCHEMA: Final = 1  # the library keeps the version of a class in the state
FIRST_VERSIONS: Final = 2  # a sequence begins at 0 or 1, so from 2 on the version before is known


def append_request(partition: int, stored_events: Sequence[StoredEvent]) -> AppendRequest:
    """All or nothing; the events of one request share a correlation id and their time.

    Event ids are made anew for every call: after a connection lost at commit they tell what this call
    wrote from what another writer wrote at the same versions.

    Raises:
        EventExists: two of the events are one version of one originator.
    """
    events: list[NewEvent] = []
    versions: dict[UUID, list[int]] = {}
    occurred_at = datetime.now(UTC)
    correlation_id = new_id()
    for stored in stored_events:
        stream_id = stream_of(stored.originator_id)
        versions.setdefault(stream_id, []).append(stored.originator_version)
        events.append(
            NewEvent(
                new_id(), stream_id, stored.originator_version, None, stored.topic, SCHEMA, occurred_at, ACTOR,
                correlation_id, None, stored.state, meta_of(stored.originator_id),
            )
        )  # fmt: skip
    if sum(len(set(of_stream)) for of_stream in versions.values()) < len(events):
        raise EventExists("two of the events to insert have one originator_id and one originator_version")
    return AppendRequest(partition, events, {stream: min(of) - 1 for stream, of in versions.items() if _follows(of)})


def _follows(versions: list[int]) -> bool:
    """Whether these versions, in whatever order, must be the next of a sequence that has no gap."""
    return min(versions) >= FIRST_VERSIONS and max(versions) - min(versions) == len(versions) - 1
