"""The event feed: every event of the record once and in the order of its partition, resumable at each.

`GET /feed` is a stream of server-sent events that goes on for ever; `GET /feed?mode=page` is one page of
JSON. Both go on from a cursor, which is the `id` of every event of the stream.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from api.admission import sight_of
from api.bodies import JSON
from api.edge import Edge, edge
from api.failures import EXPECTED, problem_of
from api.language import said
from api.outgoing import TYPE_PREFIX, cloud_event, packed
from api.problems import FieldError, Problem
from api.reading import CURSOR_CHARACTERS_MAX
from domain import event_types
from domain.matters import Sight
from projections.naming import hidden_references
from projections.seeing import hidden_streams
from store.cursor import Cursor
from store.envelope import RecordedEvent
from store.record import Record

EVENTS_MAX: Final = 500
HEARTBEAT_S: Final = 15.0
RECONNECT_MS: Final = 1000


class FeedQuery(BaseModel):
    """Where to begin, what to leave out, and how to answer."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    cursor: str | None = Field(default=None, max_length=CURSOR_CHARACTERS_MAX, description="Go on after this event.")
    begin: Literal["start", "end"] = Field(
        default="start", alias="from", description="Where to begin when there is no cursor."
    )
    mode: Literal["stream", "page"] = Field(default="stream", description="A stream without end, or one page.")
    limit: int = Field(default=100, ge=1, le=EVENTS_MAX, description="Events on a page.")
    type: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="Only events of this type, such as `daybook.complaint.received`; may be given more than once.",
    )


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["feed"])
    made.add_api_route("/feed", _feed, methods=["GET"], name="feed", operation_id="feed", response_class=Response)
    return made


async def _feed(request: Request, query: Annotated[FeedQuery, Query()]) -> Response:
    """Read the record on from a cursor, as CloudEvents. The header Last-Event-ID goes before `cursor`."""
    at = edge(request)
    record, sight = at.daybook.record, replace(sight_of(request), matters=frozenset())  # it would outlive a grant
    wanted = _known(query.type)
    start = await _start(record, request.headers.get("Last-Event-ID") or query.cursor, query.begin)
    if query.mode == "page":
        events, then = await page(record, start, wanted, query.limit, sight)
        hidden = await hidden_references(record, sight, events)
        body = {"events": [cloud_event(event, hidden) for event in events], "next": str(then)}
        return Response(packed(body), 200, {"Cache-Control": "no-store"}, JSON)
    at.tail.check_room(sight.actor)
    return StreamingResponse(_stream(at, start, wanted, sight), 200, {"Cache-Control": "no-store"}, "text/event-stream")


def _known(types: Sequence[str]) -> frozenset[str]:
    """The record's names of these types."""
    names = frozenset(one.removeprefix(TYPE_PREFIX) for one in types)
    if unknown := sorted(names.difference(event_types())):
        hint = said("see the events in the reference; leave it out for all")
        raise Problem(
            "query-invalid", errors=[FieldError("query", "type", "is no type of event", hint) for _ in unknown]
        )
    return names


async def _start(record: Record, text: str | None, begin: str) -> Cursor:
    """Where to read from.

    Raises:
        CursorInvalid, StaleCursor: see `store.errors`.
        Problem: cursor-invalid, for one that is ahead of the record: it would pass over what comes next.
    """
    if text is None:
        return record.incarnation.start() if begin == "start" else await record.end()
    cursor = Cursor.parse(text)
    record.incarnation.check(cursor)
    end = await record.end()
    if any(wanted > there for wanted, there in zip(cursor.next_positions, end.next_positions, strict=True)):
        raise Problem("cursor-invalid", "It is ahead of the record.")
    return cursor


# Reading


async def page(
    record: Record, cursor: Cursor, types: frozenset[str], limit: int, sight: Sight
) -> tuple[Sequence[RecordedEvent], Cursor]:
    """Up to `limit` events in sight from a cursor on, of one partition after the other, and the cursor after them.

    The cursor also passes over what is not of `types` or not in sight, so that an empty page still advances.
    """
    found: list[RecordedEvent] = []
    for partition in range(record.partitions):
        while (room := limit - len(found)) > 0:
            events, position = await _part(record, partition, cursor.next_positions[partition], types, room)
            if position == cursor.next_positions[partition]:
                break
            found += await _in_sight(record, sight, events)
            cursor = cursor.advanced(partition, position)
    return found, cursor


async def _in_sight(record: Record, sight: Sight, events: Sequence[RecordedEvent]) -> Sequence[RecordedEvent]:
    hidden = await hidden_streams(record, sight, [event.stream_id for event in events])
    return [event for event in events if event.stream_id not in hidden] if hidden else events


async def _part(
    record: Record, partition: int, start: int, types: frozenset[str], limit: int
) -> tuple[Sequence[RecordedEvent], int]:
    """Events of a partition, and the position up to which it has been read."""
    if not types:
        events = await record.read_partition(partition, start, limit)
        return events, events[-1].position + 1 if events else start
    stop = await record.next_position(partition)  # before the reading, else what is appended meanwhile is missed
    events = await record.read_types(partition, types, start, stop, limit)
    return events, events[-1].position + 1 if len(events) == limit else max(stop, start)


# Streaming


async def _stream(at: Edge, cursor: Cursor, types: frozenset[str], sight: Sight) -> AsyncIterator[bytes]:
    record = at.daybook.record
    at.tail.enter(sight.actor)
    try:
        yield format_sse_event(comment="events of the record, as CloudEvents", retry=RECONNECT_MS)
        while not at.stopping.is_set():
            seen = at.tail.positions
            record.incarnation.check(cursor)
            before = cursor
            async for chunk, after in _all_there_is(record, cursor, types, sight):
                cursor = after
                if chunk:
                    yield chunk
            if cursor == before and not await at.tail.moved(seen, HEARTBEAT_S):
                yield format_sse_event(comment="still here", id=str(cursor))
    except EXPECTED as error:
        problem: dict[str, Any] = problem_of(error).as_json()
        yield format_sse_event(event="problem", data_str=packed(problem).decode())
    finally:
        at.tail.leave(sight.actor)


async def _all_there_is(
    record: Record, cursor: Cursor, types: frozenset[str], sight: Sight
) -> AsyncIterator[tuple[bytes, Cursor]]:
    """Partition after partition, a page of each at a time, so that none waits for another's end."""
    for partition in range(record.partitions):
        start = cursor.next_positions[partition]
        read, position = await _part(record, partition, start, types, EVENTS_MAX)
        events = await _in_sight(record, sight, read)
        hidden = await hidden_references(record, sight, events)
        parts: list[bytes] = []
        for event in events:
            cursor = cursor.advanced(partition, event.position + 1)
            parts.append(_sse(event, cursor, hidden))
        cursor = cursor.advanced(partition, position)
        yield b"".join(parts), cursor


def _sse(event: RecordedEvent, after: Cursor, hidden: Collection[UUID]) -> bytes:
    return format_sse_event(data_str=packed(cloud_event(event, hidden)).decode(), id=str(after))
