"""Sealing gives way: what it needs of the processor it takes after everybody else on this host.

Who appends waits for the same cores. What is sealed a moment later nobody misses, so the process that seals and, where
the database is on this host, the connections that it works with get a low priority. It is low and not the lowest: on a
host that has no moment to spare sealing still gets about a tenth of a core.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from store.connecting import Connection

NICENESS: Final = 10


async def connection_gives_way(connection: "Connection") -> None:
    """Lower the priority of a connection's process, if it is one of this host; of others nothing is asked."""
    pid = connection.get_server_pid()
    if _is_the_sealers(pid):
        give_way(pid)


def _is_the_sealers(pid: int) -> bool:
    """Whether it is a connection's process on this host, and not another one of that number."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return title.startswith(b"postgres: ") and b"daybook_sealer " in title


def give_way(pid: int) -> None:
    """Lower the priority of a process, where this one may."""
    with suppress(OSError):  # it is another user's
        if os.getpriority(os.PRIO_PROCESS, pid) < NICENESS:
            os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
    with suppress(OSError):  # this kernel does not group by session
        if os.getsid(pid) == pid:  # then the kernel shares the processor out among groups first, and this is one
            Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS), encoding="ascii")
