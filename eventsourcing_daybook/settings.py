"""What the environment says; each variable may also have the application's name before it, as the library has it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from eventsourcing.utils import Environment

RECORD_SCHEMA: Final = "record"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the events are, and how long to wait for what, in seconds."""

    database_url: str
    """`DAYBOOK_DATABASE_URL`: the application's login."""
    migrate_url: str | None = None
    """`DAYBOOK_MIGRATE_URL`: the login that makes the schema and owns it; unset, the application's does."""
    schema: str = "eventsourcing"
    """`DAYBOOK_SCHEMA`"""
    pool_size: int = 5
    """`DAYBOOK_POOL_SIZE`: connections for reading and tracking; appending has one more per application."""
    connect_timeout_s: float = 30.0
    """`DAYBOOK_CONNECT_TIMEOUT`: for one attempt to connect."""
    lock_timeout_s: float = 10.0
    """`DAYBOOK_LOCK_TIMEOUT`: for an append that another process's append holds up."""
    statement_timeout_s: float = 60.0
    """`DAYBOOK_STATEMENT_TIMEOUT`"""
    reach_timeout_s: float = 20.0
    """`DAYBOOK_REACH_TIMEOUT`: how long to go on trying to reach a database that went away."""
    poll_interval_s: float = 0.05
    """`DAYBOOK_POLL_INTERVAL`: how soon a subscription that has seen everything looks again."""

    @classmethod
    def from_environment(cls, env: Environment) -> Self:
        """Read the variables; an empty one counts as unset.

        Raises:
            OSError: one is missing or makes no sense (it is what the library's own factories raise).
        """
        database_url = env.get("DAYBOOK_DATABASE_URL")
        if not database_url:
            keys = " or ".join(env.create_keys("DAYBOOK_DATABASE_URL"))
            raise OSError(f"set {keys} to the database's URL, such as postgresql://user@host/database")
        given = {variable.field: _read(env, key, variable) for key, variable in VARIABLES.items() if env.get(key)}
        return cls(database_url=database_url, **given)


def _schema(text: str) -> str:
    if not text.isidentifier() or text != text.lower() or text == RECORD_SCHEMA:
        raise ValueError
    return text


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    if not 0 < (number := float(text)) < float("inf"):
        raise ValueError
    return number


class Variable(NamedTuple):
    """The field that an environment variable sets, how to read it, and what is expected of it."""

    field: str
    read: Callable[[str], Any]
    expected: str


SECONDS: Final = "a number of seconds above 0"
VARIABLES: Final = {
    "DAYBOOK_MIGRATE_URL": Variable("migrate_url", str, "a database's URL"),
    "DAYBOOK_SCHEMA": Variable("schema", _schema, "a plain lower-case identifier other than `record`"),
    "DAYBOOK_POOL_SIZE": Variable("pool_size", _count, "a whole number above 0"),
    "DAYBOOK_CONNECT_TIMEOUT": Variable("connect_timeout_s", _seconds, SECONDS),
    "DAYBOOK_LOCK_TIMEOUT": Variable("lock_timeout_s", _seconds, SECONDS),
    "DAYBOOK_STATEMENT_TIMEOUT": Variable("statement_timeout_s", _seconds, SECONDS),
    "DAYBOOK_REACH_TIMEOUT": Variable("reach_timeout_s", _seconds, SECONDS),
    "DAYBOOK_POLL_INTERVAL": Variable("poll_interval_s", _seconds, SECONDS),
}


def _read(env: Environment, key: str, variable: Variable) -> Any:  # noqa: ANN401 - each field has its own type
    text = env.get(key, "")
    try:
        return variable.read(text)
    except ValueError:
        raise OSError(f"{key} is {text!r}; expected {variable.expected}") from None
