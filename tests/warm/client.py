"""Has a warm server run a module as `python -m MODULE ARGUMENTS` would: `client.py SOCKET MODULE ARGUMENTS`.

The program has this process's arguments, environment, directory and open streams; it gets its signals, ends when it
ends, even by -9, and its end is this process's own. Imports little, since that is the point.
"""

import array
import json
import os
import signal
import socket
import sys

PASSED_ON = {signal.SIGTERM: signal.SIGTERM, signal.SIGINT: signal.SIGINT, signal.SIGQUIT: signal.SIGKILL}


def main() -> None:
    path, *arguments = sys.argv[1:]
    told = json.dumps([arguments, dict(os.environ), os.getcwd()]).encode()  # noqa: PTH109  # pathlib is an import
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        streams = array.array("i", (0, 1, 2))
        connection.sendmsg([len(told).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
        connection.sendall(told)
        for number, passed_on in PASSED_ON.items():
            signal.signal(number, lambda _number, _frame, on=passed_on: connection.sendall(bytes((on,))))
        code = int(connection.recv(16))
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main()
