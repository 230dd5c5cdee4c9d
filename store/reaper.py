"""Stops an embedded server that nobody uses any more, also when its last user was killed.

Run by its path as a detached process, with the standard library only: `reaper.py DATA_DIR COMMAND [UID GID]`,
where the command (a JSON list of words) stops the server and is run as that account.
"""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path


def reap(data_dir: Path, command: list[str], uid: int | None, gid: int | None) -> None:
    """Wait for the exclusive lock on `users.lock`, which comes when its last user is gone, and stop the server."""
    with (data_dir / "reaper.lock").open("ab") as alone, (data_dir / "users.lock").open("ab") as users:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another one waits already
        fcntl.flock(users, fcntl.LOCK_EX)
        groups = None if uid is None else ()
        # A server that its last user stopped in the orderly way makes the command fail: all is well.
        subprocess.run(command, cwd="/", user=uid, group=gid, extra_groups=groups, check=False)  # noqa: S603 - from `embedded`
        # First this lock: the next user must not take this process for one that still waits.
        fcntl.flock(alone, fcntl.LOCK_UN)


if __name__ == "__main__" and os.fork() == 0:  # whoever started this has no child to wait for
    account = [int(word) for word in sys.argv[3:]] or [None, None]
    reap(Path(sys.argv[1]), json.loads(sys.argv[2]), account[0], account[1])
