"""An ASGI application in a process of its own, one worker, as in production."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

START_S_MAX = 30


@contextmanager
def served(factory: str, environment: Mapping[str, str]) -> Generator[int]:
    """Serve the application that `module:factory` makes; gives the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1", "--port", str(port),
        "--http", "httptools", "--loop", "uvloop", "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=sys.stderr)
    try:
        _wait(process, port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not listen within {START_S_MAX} s")


def post(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A POST request as it goes over the wire."""
    return _head("POST", path, {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}) + body


def get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A GET request as it goes over the wire."""
    return _head("GET", path, headers or {})


def ask(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """The body of the answer to one GET request.

    Raises:
        RuntimeError: it was answered with another status than 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", path, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise RuntimeError(f"{path} was answered with {answer.status}: {body[:200]!r}")
    return body


def _head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode()
