"""Runs modules as programs in forks of this process: `python -m tests.warm.server SOCKET IMPORTS`.

A start of the program costs some seconds of CPU, nearly all of it imports, and the tests start it a hundred times. Each
fork leaves the server's loop and runs its module at the top of this one, so that it ends as any program does.
"""

import array
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from typing import NamedTuple

HEAD = 8
"""Bytes of the length before a request."""


class Request(NamedTuple):
    """A program to run: module and arguments, its environment and directory, and its three streams."""

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    streams: list[int]

    @classmethod
    def received(cls, connection: socket.socket) -> "Request":
        streams = array.array("i")
        head, ancillary, _, _ = connection.recvmsg(HEAD, socket.CMSG_SPACE(3 * streams.itemsize))
        for _level, _kind, data in ancillary:
            streams.frombytes(data)
        told = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        arguments, environment, directory = json.loads(told)
        return cls(arguments, environment, directory, streams.tolist())

    def become(self) -> str:
        """Take its place, and say which module is to be run."""
        for standard, stream in enumerate(self.streams):
            os.dup2(stream, standard)
            os.close(stream)
        os.environ.clear()
        os.environ.update(self.environment)
        os.chdir(self.directory)
        sys.path[0] = self.directory
        module, *sys.argv[1:] = self.arguments
        return module


class Running(NamedTuple):
    """A program that goes on, a descriptor that tells its end, and whoever asked for it."""

    pid: int
    end: int
    client: socket.socket


class Forks:
    """Runs each request in a fork of this process."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(sys.stdin, selectors.EVENT_READ)

    def serve(self) -> str:
        """Go on until stdin ends. Comes back in forks only, with the module to run."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    os.killpg(0, signal.SIGKILL)
                elif key.fileobj is self._listener:
                    if (module := self._fork()) is not None:
                        return module
                elif key.fileobj is key.data.client:
                    self._pass_on(key.data)
                else:
                    self._tell_end(key.data)

    def _fork(self) -> str | None:
        client, _ = self._listener.accept()
        request = Request.received(client)
        pid = os.fork()
        if pid == 0:
            client.close()
            self._listener.close()
            self._selector.close()
            return request.become()
        for stream in request.streams:
            os.close(stream)
        running = Running(pid, os.pidfd_open(pid), client)
        self._selector.register(running.client, selectors.EVENT_READ, running)
        self._selector.register(running.end, selectors.EVENT_READ, running)
        return None

    def _pass_on(self, running: Running) -> None:
        """Signals, or that the client is gone."""
        numbers = running.client.recv(16)
        if not numbers:
            self._selector.unregister(running.client)
        for number in numbers or (signal.SIGKILL,):
            os.kill(running.pid, number)

    def _tell_end(self, running: Running) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(running.pid, 0)[1])
        self._selector.unregister(running.end)
        os.close(running.end)
        with suppress(OSError):  # it may be gone
            running.client.sendall(str(code).encode())
        with suppress(KeyError):
            self._selector.unregister(running.client)
        running.client.close()


def main() -> str:
    path, *modules = sys.argv[1:]
    for module in modules:
        import_module(module)
    gc.collect()
    gc.freeze()  # so that forks share its pages for longer
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)  # noqa: T201  # what the tests wait for
        return Forks(listener).serve()


if __name__ == "__main__":
    runpy.run_module(main(), run_name="__main__", alter_sys=True)
