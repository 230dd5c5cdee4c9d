"""Stops an embedded server that nobody uses any more, also when its last user was killed.

Run by its path as a detached process, with the standard library only: `reaper.py DATA_DIR SOCKET COMMAND [UID GID]`,
where the command (a JSON list of words) stops the server that listens on the socket, and is run as that account.
"""

import fcntl
import json
import os
import socket
import subprocess
import sys
from pathlib import Path


def listening(path: Path) -> bool:
    """Whether a server has the socket.

    The pid in postmaster.pid would not tell: after a crash another process may have got it, which `pg_ctl stop` then
    interrupts and waits for.
    """
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
    return True


def reap(data_dir: Path, path: Path, command: list[str], uid: int | None, gid: int | None) -> None:
    """Wait for the exclusive lock on `users.lock`, which comes when its last user is gone, and stop the server."""
    with (data_dir / "reaper.lock").open("ab") as alone, (data_dir / "users.lock").open("ab") as users:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another one waits already
        fcntl.flock(users, fcntl.LOCK_EX)
        if listening(path):
            groups = None if uid is None else ()
            subprocess.run(command, cwd="/", user=uid, group=gid, extra_groups=groups, check=False)  # noqa: S603 - from `embedded`
        # First this lock: the next user must not take this process for one that still waits.
        fcntl.flock(alone, fcntl.LOCK_UN)


if __name__ == "__main__" and os.fork() == 0:  # whoever started this has no child to wait for
    account = [int(word) for word in sys.argv[4:]] or [None, None]
    reap(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]), account[0], account[1])
