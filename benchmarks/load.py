"""A load of its own process: connections that each send a request and wait for the answer."""

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import uvloop


@dataclass(frozen=True, slots=True)
class Load:
    """Answers a second, each request's wait in seconds (sorted), and answers of another status than wanted."""

    per_s: float
    waits: list[float]
    unexpected: list[str]

    def p50_ms(self) -> float:
        """The median of the waits, in milliseconds."""
        return round(self.waits[len(self.waits) // 2] * 1000, 2)

    def p99_ms(self) -> float:
        """The wait that one request in a hundred exceeds, in milliseconds."""
        return round(self.waits[int(len(self.waits) * 0.99)] * 1000, 2)


class _Client(asyncio.Protocol):
    """One keep-alive connection; answers need a Content-Length."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, rest = self._received.partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(rest) >= length and self._answer is not None:
            self._received = b""
            self._answer.set_result(int(head[9:12]))

    async def ask(self, request: bytes) -> int:
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer


def load(port: int, requests: Sequence[bytes], connections: int, wanted: int) -> Load:
    """Send the requests over so many connections from another process and wait for all answers."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(target=_worker, args=(theirs, port, connections, wanted))
    worker.start()
    ours.send(list(requests))
    measured = ours.recv()
    worker.join()
    return measured


def _worker(pipe: Connection, port: int, connections: int, wanted: int) -> None:
    pipe.send(uvloop.run(_load(port, pipe.recv(), connections, wanted)))


async def _load(port: int, requests: list[bytes], connections: int, wanted: int) -> Load:
    loop = asyncio.get_running_loop()
    clients = [(await loop.create_connection(_Client, "127.0.0.1", port))[1] for _ in range(connections)]
    waits: list[float] = []
    unexpected: list[str] = []

    async def work(client: _Client, mine: list[bytes]) -> None:
        for request in mine:
            started = time.perf_counter()
            status = await client.ask(request)
            waits.append(time.perf_counter() - started)
            if status != wanted:
                unexpected.append(f"{status} for {request[:60]!r}")

    shares = [requests[number::connections] for number in range(connections)]
    started = time.perf_counter()
    await asyncio.gather(*(work(client, share) for client, share in zip(clients, shares, strict=True)))
    took = time.perf_counter() - started
    return Load(len(requests) / took, sorted(waits), unexpected[:5])
