"""Events in answers, and the streams that have no read model of their own."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.admission import looker, no_such
from api.edge import edge
from api.headers import etag
from api.opened import personal_of
from api.operations import COLLECTIONS
from api.reading import LIMIT_MAX, Asking, page_link, path_uuid, shown
from domain import AGGREGATES
from domain.correcting import Approving, Rejecting, Requesting, Withdrawing
from domain.kernel import Aggregate
from engine.looking import Looker
from engine.wiring import Daybook
from projections.audit_trail import reason_of
from projections.naming import hidden_references, without
from projections.timeline import Entry, entry
from store.cursor import Cursor

EVENTS_MAX: Final = 1000
"""Events of a stream that are put together; a touch or an interaction never has so many."""

WITHOUT_READ_MODEL: Final = frozenset(
    {
        "interaction",
        "touch",
        "survey-plan",
        "survey",
        "engagement",
        "task",
        "erasure",
        "legal-hold",
        "disposal",
        "disclosure",
        "retention-schedule",
        "calendar",
        "clock-policy",
        "code-map",
        "sampling-plan",
        "watch-rules",
        "holding",
        "need",
        "portfolio-handover",
        "contact-policy",
        "linking-rules",
        "reservation",
    }
)

Endpoint = Callable[..., Awaitable[Response]]


class HistoryQuery(Asking):
    """Which events of a stream."""

    after: int = Field(default=-1, ge=-1, le=1 << 53, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=LIMIT_MAX, description="Events on a page.")


def router() -> APIRouter:
    """The history of every stream, and as resources those that have no read model."""
    made = APIRouter()
    for aggregate in AGGREGATES:
        kind = Kind(aggregate)
        resource = f"/{kind.collection}/{{{kind.id_field}}}"
        operation_id = aggregate.name.replace("-", "_")
        routes = [(f"{resource}/events", _history(kind), f"{operation_id}_events", f"events of a {aggregate.name}")]
        if aggregate.name in WITHOUT_READ_MODEL:
            routes.append((resource, _facts(kind), operation_id, f"a {aggregate.name}"))
        for path, endpoint, name_of_it, name in routes:
            made.add_api_route(
                path, endpoint, methods=["GET"], tags=[kind.collection], name=name, operation_id=name_of_it,
                response_class=Response,
            )  # fmt: skip
    return made


@dataclass(frozen=True)
class Kind:
    """A kind of stream, as paths name it."""

    aggregate: Aggregate[Any]

    @property
    def collection(self) -> str:
        """First part of the path."""
        return COLLECTIONS[self.aggregate.name]

    @property
    def id_field(self) -> str:
        """What the path calls the stream's id."""
        return self.aggregate.commands[0].stream_field

    @property
    def can_be_corrected(self) -> bool:
        """Whether such a stream can have corrections that wait."""
        return any(issubclass(event, Requesting) for event in self.aggregate.events)

    def stream_id(self, request: Request) -> UUID:
        """The id in the path of a request."""
        return path_uuid(request.path_params[self.id_field], self.id_field)

    async def entries(self, daybook: Daybook, stream_id: UUID, after: int, limit: int) -> list[Entry]:
        """Events of a stream of this kind.

        Raises:
            Problem: not-found, for one that has no events or is of another kind.
        """
        events = await daybook.record.read_stream(stream_id, after, limit)
        names = {event.type for event in self.aggregate.events}
        if (not events and after < 0) or (events and events[0].topic not in names):
            raise no_such(self.aggregate.name)
        return [entry(daybook.mapper.fact, event) for event in events]


def _history(kind: Kind) -> Endpoint:
    async def endpoint(request: Request, query: Annotated[HistoryQuery, Query()]) -> Response:
        """Every event of the stream, oldest first."""
        daybook, stream_id = edge(request).daybook, kind.stream_id(request)
        check_token(daybook, query.token_of(request))
        entries = await kind.entries(daybook, stream_id, query.after, query.limit + 1)
        more = len(entries) > query.limit
        events = await events_json(
            daybook, looker(request), daybook.record.partition_of(stream_id), entries[: query.limit]
        )
        following = str(events[-1]["version"]) if more else None
        return shown({"events": events, "next": following}, headers=page_link(request, following))

    return endpoint


def _facts(kind: Kind) -> Endpoint:
    async def endpoint(request: Request, query: Annotated[Asking, Query()]) -> Response:
        """What its events say, the later before the earlier, and its last event."""
        daybook, stream_id = edge(request).daybook, kind.stream_id(request)
        check_token(daybook, query.token_of(request))
        entries = await kind.entries(daybook, stream_id, -1, EVENTS_MAX)
        events = await events_json(daybook, looker(request), daybook.record.partition_of(stream_id), entries)
        facts, waiting = _joined(zip(entries, events, strict=True))
        last = events[-1]
        body: dict[str, Any] = {
            kind.id_field: stream_id,
            "version": last["version"],
            "facts": facts,
            "last_event": {name: last[name] for name in ("event_id", "type", "occurred_at", "actor")},
        }
        if kind.can_be_corrected:
            body["pending_corrections"] = waiting
        return shown(body, headers={"ETag": etag(last["version"])})

    return endpoint


def _joined(events: Iterable[tuple[Entry, dict[str, Any]]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What events say together, and the corrections that wait for another person: they say nothing yet."""
    facts: dict[str, Any] = {}
    waiting: dict[UUID, dict[str, Any]] = {}
    for one, told in events:
        event = None if one.fact is None else one.fact.event
        data: dict[str, Any] = {**(told["data"] or {})}
        if isinstance(event, Requesting):
            waiting[event.correction_id] = {**data, "requested_at": told["occurred_at"]}
            continue
        if isinstance(event, Rejecting | Withdrawing):
            del waiting[event.correction_id]
            continue
        if isinstance(event, Approving):
            asked = waiting.pop(event.correction_id)
            data |= {name: asked[name] for name in data["corrected_personal"] if name in asked}
        facts |= {change["field"]: change["after"] for change in data.pop("changes", ())} | data
    return facts, list(waiting.values())


def check_token(daybook: Daybook, token: str | None) -> None:
    """A query of the record itself need not wait; but a token of another incarnation is told.

    Raises:
        CursorInvalid, StaleCursor: see `store.errors`.
    """
    if token is not None:
        daybook.record.incarnation.check(Cursor.parse(token))


async def events_json(
    daybook: Daybook, looking: Looker, partition: int, entries: Sequence[Entry]
) -> list[dict[str, Any]]:
    """Events of one partition with their personal data; what this program does not know is shown as recorded."""
    facts = [one.fact for one in entries if one.fact is not None]
    hidden = await hidden_references(daybook.record, looking.sight, [one.recorded for one in entries])
    personal = iter(await personal_of(daybook, looking, partition, facts))
    return [_event(daybook, one, next(personal) if one.fact is not None else {}, hidden) for one in entries]


def _event(daybook: Daybook, one: Entry, personal: dict[str, Any], hidden: Collection[UUID]) -> dict[str, Any]:
    recorded = one.recorded
    told: dict[str, Any] = {
        "event_id": recorded.event_id,
        "type": recorded.type,
        "stream_id": recorded.stream_id,
        "version": recorded.version,
        "customer_id": recorded.customer_id,
        "occurred_at": recorded.occurred_at,
        "recorded_at": recorded.recorded_at,
        "actor": recorded.actor,
        "reason": reason_of(recorded.meta),
        "correlation_id": recorded.correlation_id,
        "causation_id": recorded.causation_id,
        "partition": recorded.partition,
        "position": recorded.position,
    }
    if one.fact is not None:
        data = orjson.loads(daybook.mapper.data(one.fact.event))
        return {**told, "data": {**(without(data, hidden) if hidden else data), **personal}}
    state = cast("bytes | None", recorded.state)  # disposed of at the end of retention
    return {**told, "data": None if state is None else without(orjson.loads(state), hidden)}
