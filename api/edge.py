"""What all routes share: the open Daybook, the keys in use, and how requests become commands."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

import orjson
from fastapi import Request

from api.headers import Acting
from api.keys import Keys
from api.metrics import Metrics
from api.operations import EPOCH, Operation
from api.problems import Problem
from api.reading import HowFar
from api.tail import Tail
from domain.kernel import Command
from engine.deciding import Context
from engine.following import Following
from engine.wiring import Daybook
from store.identity import derive_id

BULK_CHUNKS_MAX: Final = 4
"""Chunks of bulk requests that are handled at a time; the others wait their turn."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A command as it was asked for, with its context."""

    operation: Operation
    command: Command
    context: Context


@dataclass
class Edge:
    """The state of a running API."""

    daybook: Daybook
    following: Following
    metrics: Metrics
    tail: Tail
    how_far: HowFar
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    keys: Keys = field(default_factory=Keys)
    bulk_turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BULK_CHUNKS_MAX))

    def stop(self) -> None:
        """End what would never end by itself."""
        self.stopping.set()
        self.tail.close()

    def asked(
        self, operation: Operation, stream_id: str | None, body: Mapping[str, Any], acting: Acting, key: tuple[str, ...]
    ) -> Asked:
        """The command of a body; `stream_id` is as the caller wrote it, None where it is created.

        Raises:
            Problem: validation-failed, json-invalid.
        """
        now = datetime.now(UTC)
        command_id = self.command_id(acting.actor, *key)
        request_hmac = self._request_hmac(operation, stream_id, body)
        command = operation.build(
            body,
            stream_id=operation.stream_id(body, command_id, now) if stream_id is None else stream_id,
            actor=acting.actor,
            command_id=command_id,
            now=now,
        )
        context = Context(
            acting.actor,
            command_id,
            request_hmac,
            acting.correlation_id,
            acting.causation_id,
            reason=acting.reason,
        )
        return Asked(operation, command, context)

    def command_id(self, actor: str, *key: str) -> UUID:
        """The id of the command that this actor asks for under this key."""
        parts = [part.encode() for part in (actor, *key)]
        return derive_id(self.daybook.vault.keyed_hmac("command-id", *parts), at=EPOCH)

    def _request_hmac(self, operation: Operation, stream_id: str | None, body: Mapping[str, Any]) -> bytes:
        """The fingerprint of a request: it is the same whichever way the command comes in."""
        try:
            content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        except TypeError:
            raise Problem("json-invalid", "It is nested too deep.") from None
        target = b"" if stream_id is None else stream_id.lower().encode()
        return self.daybook.vault.keyed_hmac("request", operation.type.encode(), target, content)


def edge(request: Request) -> Edge:
    """The edge of the application that a request came to."""
    return cast("Edge", request.app.state.edge)


def lower_headers(request: Request) -> dict[str, str]:
    """The headers by lower-case name; of one sent twice the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]}
