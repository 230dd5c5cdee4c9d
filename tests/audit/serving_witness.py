"""Witnesses over real HTTP: ours under uvicorn, and others that answer whatever a test wants."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from audit.notes import KeySigner
from audit.witness import Witness, WitnessState
from audit.witness_http import WitnessApp
from tests.audit.histories import LOGS, witness_key

Reply = Callable[[bytes], bytes | AsyncIterator[bytes]]


@asynccontextmanager
async def serving(app: Any) -> AsyncGenerator[str]:
    """An application at an address of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, http="httptools", lifespan="off", log_level="error", access_log=False, limit_concurrency=64
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve([listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


def a_witness(folder: Path, number: int = 1, logs: Any = LOGS) -> tuple[KeySigner, Witness]:
    """A witness with its state in a folder."""
    key = witness_key(number)
    return key, Witness(key, logs, WitnessState(folder / f"witness{number}", key.verifier))


@asynccontextmanager
async def witnessing(folder: Path, number: int = 1, logs: Any = LOGS) -> AsyncGenerator[tuple[str, Witness]]:
    """The line of a policy, and the witness that answers there."""
    key, witness = a_witness(folder, number, logs)
    async with serving(WitnessApp(witness, "/w")) as url:
        yield f"witness W{number} {key.verifier.vkey} {url}/w", witness


@asynccontextmanager
async def answering(reply: Reply) -> AsyncGenerator[str]:
    """A server that answers a request's body with whatever bytes `reply` gives, then hangs up."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            given = reply(await reader.readexactly(int(lengths[0])) if lengths else b"")
            if isinstance(given, bytes):
                writer.write(given)
            else:
                async for part in given:
                    writer.write(part)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(begin, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)


def http(status: int, body: bytes, media_type: str = "text/plain", *more: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {media_type}", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
