"""What all routes share: the open Daybook, the keys in use, and how requests become commands."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

import orjson
from fastapi import Request

from api.denials import Denials
from api.headers import Acting
from api.keys import Keys
from api.language import said
from api.metrics import Metrics
from api.operations import EMPTY, Given, Operation, named_id
from api.problems import Problem
from api.reading import HowFar
from api.tail import Tail
from api.throttle import Throttle
from domain.kernel import Command
from domain.privacy_clock import request_clock
from domain.privacy_messages import ReceivePrivacyRequest
from engine.access_tokens import Tokens
from engine.deciding import Context
from engine.follower_process import FollowerProcess
from engine.following import Following
from engine.issuer import DevelopmentIssuer
from engine.one_stream import one_stream
from engine.receipts import Receipts
from engine.sealing_process import SealingProcess
from engine.wiring import Daybook
from projections import clock_board
from store.cursor import Cursor

MAY_NOT: Final = {"WWW-Authenticate": 'Bearer realm="daybook", error="insufficient_scope"'}
BULK_CHUNKS_MAX: Final = 4
"""Chunks of bulk requests that are handled at a time; the others wait their turn."""


class Asked(NamedTuple):
    """A command as it was asked for, with its context."""

    operation: Operation
    command: Command
    context: Context


@dataclass
class Edge:
    """The state of a running API."""

    daybook: Daybook
    following: Following | FollowerProcess
    metrics: Metrics
    tail: Tail
    how_far: HowFar
    tokens: Tokens
    throttle: Throttle
    receipts: Receipts
    development: DevelopmentIssuer | None = None
    sealing: SealingProcess | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    keys: Keys = field(default_factory=Keys)
    denials: Denials = field(init=False)
    bulk_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BULK_CHUNKS_MAX))

    def __post_init__(self) -> None:
        """Denied requests are recorded where looks are."""
        self.denials = Denials(self.daybook.looks)

    def stop(self) -> None:
        """End what would never end by itself."""
        self.stopping.set()
        self.tail.close()

    async def seen(self, projection: str, token: str | None, concerning: Collection[UUID] = ()) -> Cursor:
        """Wait until a read model shows what a token stands for; how far it is at least.

        Raises:
            Problem: not-yet-visible, parked.
            CursorInvalid, StaleCursor: see `store.errors`.
        """
        if token is None:
            return await self.how_far.of(projection)
        cursor = Cursor.parse(token)
        self.daybook.record.incarnation.check(cursor)
        for partition, position in enumerate(cursor.next_positions):
            if position:  # somebody waits: look now; for appends alone it pays to gather more of them
                self.following.wake(partition)
        wait_s = self.daybook.settings.wait_s_max
        match await self.daybook.models.wait_for(projection, cursor, wait_s, concerning):
            case "timeout":
                raise Problem("not-yet-visible", said("Not within {wait_s:g} s.", wait_s=wait_s))
            case "parked":
                raise Problem("parked")
            case "seen":
                known = await self.how_far.of(projection)
        return Cursor(cursor.incarnation, tuple(map(max, known.next_positions, cursor.next_positions)))

    async def clocks_seen(self, token: str | None) -> Cursor:
        """Wait until the clocks of complaints were counted as far as a token stands for; how far they were.

        Raises:
            Problem: not-yet-visible.
            CursorInvalid, StaleCursor: see `store.errors`.
        """
        wait_s = self.daybook.settings.wait_s_max
        if token is not None and not await clock_board.wait_for(self.daybook.models, Cursor.parse(token), wait_s):
            raise Problem("not-yet-visible", said("Not within {wait_s:g} s.", wait_s=wait_s))
        return await clock_board.read_until(self.daybook.models)

    def asked(
        self, operation: Operation, stream_id: str | None, body: Mapping[str, Any], acting: Acting, key: tuple[str, ...]
    ) -> Asked:
        """The command of a body; `stream_id` is as the caller wrote it, None where it is created.

        Raises:
            Problem: not-allowed, validation-failed, json-invalid.
        """
        table = self.daybook.access.table
        if not table.may_command(acting.viewer, operation.type):
            raise Problem(
                "not-allowed",
                said("Your roles may not give the command {command}.", command=operation.type),
                headers=MAY_NOT,
            )
        hmac = self.daybook.vault.keyed_hmac
        command_id = named_id(hmac("command-id", acting.actor.encode(), *[part.encode() for part in key]))
        content = _canonical(body)
        # The fingerprint is the same whichever way a command comes in.
        target = b"" if stream_id is None else stream_id.encode()
        request_hmac = hmac("request", operation.type.encode(), target, content)
        one_for = operation.command.key_fields
        named = one_stream(hmac, operation.aggregate, [body.get(name) for name in one_for]) if one_for else EMPTY
        given = Given(body, content, stream_id, acting.actor, command_id, table.rules, named)
        context = Context(
            acting.actor, command_id, request_hmac, acting.correlation_id, acting.causation_id, reason=acting.reason,
            sight=table.sight(acting.viewer),
        )  # fmt: skip
        return Asked(operation, self._timed(operation.build(given, datetime.now(UTC))), context)

    def _timed(self, command: Command) -> Command:
        """The command with the clock that it starts, where it starts one."""
        if not isinstance(command, ReceivePrivacyRequest):
            return command
        catalogue = self.daybook.clock_catalogue.latest.catalogue
        clock = request_clock(catalogue, command.regime, command.occurred_at)
        return command.model_copy(update={"clock": clock})


def _canonical(body: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        raise Problem("json-invalid", "It is nested too deep.") from None


def edge(request: Request) -> Edge:
    """The edge of the application that a request came to."""
    return cast("Edge", request.app.state.edge)


def lower_headers(request: Request) -> dict[str, str]:
    """The headers by lower-case name; of one sent twice the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
