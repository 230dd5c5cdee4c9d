r"""Bulk intake: `POST /bulk/commands` takes a command a line and answers a verdict a line, in order.

A line is `{"command": "touch.decide", "id": "<idempotency key>", ...fields, the stream's id among them}`.
Now and then, and always at the end, a verdict has the token for reading all that was done so far.
The answer is written while the request is still read, and never makes the reading wait: a caller may
send everything before reading anything.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, cast

import orjson
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.admission import viewer_of
from api.bodies import check_length, check_media_type, parsed, pieces
from api.edge import Edge, edge, lower_headers
from api.failures import EXPECTED, problem_of
from api.headers import Acting, acting, idempotency_key
from api.intake import Chunks, Entry, asked, judge, one_of_many, seen_after
from api.language import said
from api.problems import Problem

NDJSON: Final = "application/x-ndjson"
_TAKEN: Final = (NDJSON, "application/ndjson", "application/jsonl")
_LINES_PER_TURN: Final = 200  # some milliseconds of work, after which others on the event loop get their turn


def router() -> APIRouter:
    """The route."""
    made = APIRouter(tags=["bulk"])
    made.add_api_route(
        "/bulk/commands", _bulk, methods=["POST"], name="bulk commands", operation_id="bulk", response_class=Response
    )
    return made


async def _bulk(request: Request) -> Response:
    headers = lower_headers(request)
    at = edge(request)
    check_media_type(headers, _TAKEN)
    who = acting(viewer_of(request.scope), headers)
    key = idempotency_key(headers)
    check_length(headers, at.daybook.settings.bulk_bytes_max)
    lines = _lines(pieces(request.receive, headers, at.daybook.settings.bulk_bytes_max), at)
    return _Verdicts(_Bulk(at, who, key), lines)


class _Bulk:
    """One bulk request: its entries, and what has become of them."""

    def __init__(self, at: Edge, who: Acting, key: str | None) -> None:
        self.at = at
        self._who = who
        self._key = key
        self._seen = at.daybook.record.incarnation.start()

    def entry(self, number: int, line: bytes | Problem) -> Entry:
        """The command of a line."""
        label: dict[str, Any] = {"line": number}
        if isinstance(line, Problem):
            return Entry(label, line)
        try:
            value = parsed(line)
        except Problem as problem:
            return Entry(label, problem)
        kind = key = None
        if isinstance(value, dict):
            fields = cast("dict[str, Any]", value)
            kind, given = fields.pop("command", None), fields.pop("id", None)
            key = self._key_of(number, given)
            if isinstance(given, str):
                label["id"] = given
        name = kind if isinstance(kind, str) else None
        found = asked(self.at, value, self._who, name, key)
        return one_of_many(self.at, label, found, self._who.viewer, name or "bulk")

    def _key_of(self, number: int, given: object) -> tuple[str, ...] | None:
        if isinstance(given, str):
            return (given,)
        return None if given is not None or self._key is None else (self._key, str(number))

    async def verdicts(self, entries: Sequence[Entry]) -> bytes:
        """Handle a chunk; its verdicts as lines, the last with the token."""
        judged = await judge(self.at, entries, "bulk")
        self._seen = seen_after(self._seen, judged)
        judged[-1].body["token"] = str(self._seen)
        return b"".join([_line(one.as_json()) for one in judged])


def _line(verdict: dict[str, Any]) -> bytes:
    return orjson.dumps(verdict, default=str, option=orjson.OPT_APPEND_NEWLINE)


class _Verdicts(Response):
    """Reads, handles and answers at the same time."""

    def __init__(self, bulk: _Bulk, lines: AsyncIterator[tuple[int, bytes | Problem]]) -> None:
        super().__init__(None, 200, {"Cache-Control": "no-store"}, NDJSON)
        del self.headers["content-length"]
        self._bulk = bulk
        self._lines = lines
        self._written: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        """Send what is written as it is written."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._work())
            first = await self._written.get()
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while first is not None:
                await send({"type": "http.response.body", "body": first, "more_body": True})
                first = await self._written.get()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _work(self) -> None:
        try:
            stopped = await self._work_through()
        except ClientDisconnect:
            return
        else:
            if stopped is not None:  # the lines before were handled; from here on nothing was
                self._written.put_nowait(_line({"verdict": "stopped", "problem": stopped.as_json()}))
        finally:
            self._written.put_nowait(None)

    async def _work_through(self) -> Problem | None:
        """Handle chunk after chunk, each while the next one is read; why it stopped before the end, if it did."""
        stopped: Problem | None = None
        chunks = Chunks()
        async with asyncio.TaskGroup() as tasks:  # waits for what was begun, whether or not somebody listens
            handled: asyncio.Task[None] | None = None
            try:
                async for number, line in self._lines:
                    full = chunks.add(self._bulk.entry(number, line))
                    if full is not None:
                        if handled is not None:
                            await handled
                        handled = tasks.create_task(self._handle(full))
            except EXPECTED as error:
                stopped = problem_of(error)
            if handled is not None:
                await handled
            await self._handle(chunks.take())
        return stopped

    async def _handle(self, chunk: Sequence[Entry]) -> None:
        if chunk:
            self._written.put_nowait(await self._bulk.verdicts(chunk))


async def _lines(body: AsyncIterator[bytes], at: Edge) -> AsyncIterator[tuple[int, bytes | Problem]]:
    """The lines that are not empty with their numbers from 1; one that is too long is passed over as it comes."""
    bytes_max = at.daybook.settings.body_bytes_max
    number, rest, skipping = 0, b"", False
    async for piece in body:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            number += 1
            if skipping or len(line) > bytes_max:
                skipping = False
                yield number, _too_long(bytes_max)
            elif line.strip():
                yield number, line
            if number % _LINES_PER_TURN == 0:
                await asyncio.sleep(0)
        if len(rest) > bytes_max:
            rest, skipping = b"", True
    if skipping:
        yield number + 1, _too_long(bytes_max)
    elif rest.strip():
        yield number + 1, rest


def _too_long(bytes_max: int) -> Problem:
    return Problem("line-too-long", said("At most {bytes_max} bytes.", bytes_max=bytes_max))
