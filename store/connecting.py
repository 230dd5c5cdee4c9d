"""How the record's connections are made, and how one that is lost shows."""

from typing import Any, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SESSION = {
    "application_name": "daybook",
    "default_transaction_isolation": "read committed",
    "synchronous_commit": "on",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    # Plans are kept: one that was made while a table was small must not read all of it when it has grown.
    "enable_seqscan": "off",
    # Nor may it take another index and sort, which looks cheaper where that one has a page less.
    "enable_sort": "off",
    "jit": "off",  # compiling costs more than any statement here takes
}
CONNECT_S = 10.0
COMMAND_S = 75.0  # above the statement timeout: only a server that has gone silent takes so long
CONNECTING: dict[str, Any] = {"server_settings": SESSION, "timeout": CONNECT_S, "command_timeout": COMMAND_S}

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,  # "the connection is closed"
    asyncpg.InternalClientError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
    TimeoutError,
)


async def keep_session(_: Connection) -> None:
    """Return a connection to a pool as it is: nothing here changes a session, and asyncpg's reset is a round trip."""
