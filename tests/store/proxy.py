"""A proxy before a server's Unix socket that cuts connections at chosen moments.

It understands as much of PostgreSQL's protocol as that takes: messages are a type byte and a length.
"""

import asyncio
import contextlib
import struct
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

PORT = 5432


class Moment(Enum):
    """When a connection is cut, told from the client's message that holds the needle."""

    BEFORE_CALL = auto()  # the message never reaches the server
    AFTER_CALL = auto()  # it does; the client is cut off at once, and the server goes on by itself
    BEFORE_ANSWER = auto()  # the server has answered in full; nothing of it reaches the client
    WITHIN_ANSWER = auto()  # all but the end of the answer reaches the client
    LATE_CALL = auto()  # the client is cut off; the server gets the call when `Proxy.late` is set, or before the next


@dataclass
class Cut:
    """What to cut, once."""

    moment: Moment
    needle: bytes


class Proxy:
    """Listens in a directory of its own; `dsn` leads through it. `away`: refuses new connections."""

    def __init__(self, dsn: str, directory: Path) -> None:
        parts = urlsplit(dsn)
        self._upstream = str(Path(parse_qs(parts.query)["host"][0]) / f".s.PGSQL.{PORT}")
        self._path = str(directory / f".s.PGSQL.{PORT}")
        self.dsn = urlunsplit(parts._replace(query=f"host={directory}&port={PORT}"))
        self.cuts: list[Cut] = []
        self.made: list[Moment] = []
        self.away = False
        self.silent = False
        self.before = b""  # a late call is delivered before the next message that holds this
        self.cutting = asyncio.Event()
        self.late = asyncio.Event()
        self.late_done = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncGenerator["Proxy"]:
        server = await asyncio.start_unix_server(self._serve, self._path)
        yield self
        server.close()
        self.cut_all()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut_all(self) -> None:
        """Cut every connection now."""
        for client in [*self._clients]:
            client.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.away:
            client.transport.abort()
            return
        self._clients.add(client)
        server_reader, server = await asyncio.open_unix_connection(self._upstream)
        connection = _Connection(self, reader, client, server_reader, server)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await connection.run()
        finally:
            self._clients.discard(client)
            client.close()
            server.transport.abort()


class _Connection:
    def __init__(
        self,
        proxy: Proxy,
        reader: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._reader = reader
        self._client = client
        self._server_reader = server_reader
        self._server = server
        self._cut: Cut | None = None  # the one under way: its call is with the server
        self._held = bytearray()

    async def run(self) -> None:
        (length,) = struct.unpack("!i", head := await self._reader.readexactly(4))
        self._server.write(head + await self._reader.readexactly(length - 4))
        up, down = asyncio.create_task(self._up()), asyncio.create_task(self._down())
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        if up.done() and self._cut is not None:
            await asyncio.wait({down})  # the call is with the server: its client is gone, it is not
        elif down.done():  # the server has hung up
            self._client.close()
        up.cancel()
        down.cancel()
        await asyncio.gather(up, down, return_exceptions=True)

    async def _up(self) -> None:
        while True:
            message = await _message(self._reader)
            if (cut := next((c for c in self._proxy.cuts if c.needle in message), None)) is not None:
                self._begin(cut)
            if self._cut is None:
                await self._deliver_late_call(message)
                self._server.write(message)
                continue
            self._held += message
            if message[:1] in b"SQ":  # the call is complete
                await self._call(self._cut.moment)
                return

    def _begin(self, cut: Cut) -> None:
        self._proxy.cuts.remove(cut)
        self._proxy.made.append(cut.moment)
        self._proxy.cutting.set()
        if cut.moment is Moment.BEFORE_CALL:
            self._client.transport.abort()
            raise ConnectionResetError
        self._cut = cut

    async def _deliver_late_call(self, next_message: bytes) -> None:
        proxy = self._proxy
        if Moment.LATE_CALL in proxy.made and proxy.before and proxy.before in next_message:
            proxy.late.set()
            await proxy.late_done.wait()

    async def _call(self, moment: Moment) -> None:
        if moment is Moment.LATE_CALL:
            self._client.transport.abort()
            await self._proxy.late.wait()
        self._server.write(bytes(self._held))
        if moment is Moment.AFTER_CALL:
            self._client.transport.abort()

    async def _down(self) -> None:
        while True:
            message = await _message(self._server_reader)
            if self._proxy.silent:
                continue
            if self._cut is None:
                self._client.write(message)
                continue
            if message[:1] == b"Z":  # ready for the next query: all is done, committed or refused
                with contextlib.suppress(ConnectionError):
                    await self._client.drain()
                self._client.close()
                self._proxy.late_done.set()
                return
            if self._cut.moment is Moment.WITHIN_ANSWER:
                self._client.write(message)


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    (length,) = struct.unpack("!i", head[1:])
    return head + await reader.readexactly(length - 4)
