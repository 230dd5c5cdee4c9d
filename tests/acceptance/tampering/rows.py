"""Changes of rows, drawn from what the catalog says there is: any table, any row, any column, by the column's type.

Nothing here knows what a column means. It knows how a verifier is to name the row.
"""

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from tests.acceptance.tampering.bank import LOG_ID


class Change(NamedTuple):
    """What was done to which row, how findings about it begin (any of `names`), and the rows before and after."""

    table: str
    how: str
    key: str
    names: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.table}: {self.how} {self.key}"


Names = Callable[[Mapping[str, Any]], str]
KINDS = {"event": "{p}", "look": "reads/{p}", "checkpoint": "record"}


def _log(row: Mapping[str, Any]) -> str:
    return f"{LOG_ID}/{KINDS.get(row['kind'], str(row['kind'])).format(p=row['partition'])}/{row['shard']}"


# How the row of a table is called by who finds it changed.
NAMES: dict[str, Names] = {
    "record.event": lambda row: f"{LOG_ID}/{row['partition']}/0 {row['position']}",
    "reads.event": lambda row: f"{LOG_ID}/reads/{row['partition']}/0 {row['position']}",
    "record.participant": lambda row: f"record/{row['partition']} {row['position']}",
    "reads.participant": lambda row: f"reads/{row['partition']} {row['position']}",
    "record.command": lambda row: f"record/{row['partition']} {row['command_id']}",
    "seal.tile": lambda row: f"{_log(row)} tile/{row['level']}/{row['number']:03d}",
    "seal.log": _log,
    "seal.entry": lambda row: f"{LOG_ID}/record/{row['shard']} {row['position']}",
}


@asynccontextmanager
async def undone(pool: asyncpg.Pool) -> AsyncGenerator[Any]:
    """A superuser's connection, past every trigger, whose changes are rolled back."""
    async with pool.acquire() as connection:
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            await connection.execute("set local session_replication_role = replica")
            yield connection
        finally:
            await transaction.rollback()


async def change(connection, dice: random.Random, table: str, columns: list[str], sealed: str) -> Change | None:
    """Make one change in a table; None: it came to nothing, or a constraint refused it.

    `sealed`: condition for the rows that are under a checkpoint.
    """
    rows = await connection.fetch(
        f"select ctid::text as at, t.* from {table} t where {sealed} order by random() limit 2"
    )
    if not rows:
        return None
    row, other = rows[0], rows[-1]
    how = dice.choices(("update", "delete", "insert", "swap"), (12, 3, 3, 2))[0]
    if how == "swap" and row["at"] == other["at"]:
        return None
    before = [await name(connection, table, one) for one in (row, other)]
    try:
        async with connection.transaction():
            done = await HOW[how](connection, dice, table, columns, row, other)
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError):
        return None
    if done is None:
        return None
    column, after = done
    names = before if how == "swap" else before[:1]
    names += [await name(connection, table, one) for one in after]
    names += [one["origin"] for one in (row, *after) if table == "seal.log"]
    there = (row, other, *after) if how == "swap" else (row, *after) if how == "update" else after or (row,)
    return Change(table, f"{how} {column}".strip(), f"{row['at']} of {before[0]}", tuple(names), tuple(there))


async def name(connection, table: str, row: Any) -> str:
    """How a finding about this row begins."""
    if table.startswith("read_model."):
        return f"partition {row['partition']}"
    if table != "record.sealed":
        return NAMES[table](row)
    position = await connection.fetchval(
        "select position from record.event where partition = $1 and event_id = $2", row["partition"], row["event_id"]
    )
    return f"{LOG_ID}/{row['partition']}/0" if position is None else f"{LOG_ID}/{row['partition']}/0 {position}"


async def _update(connection, dice, table, columns, row, other) -> tuple[str, list[Any]] | None:
    column = dice.choice(columns)
    value = mutated(dice, row[column], other[column])
    if value == row[column]:
        return None
    after = await connection.fetchrow(
        f'update {table} set "{column}" = $1 where ctid = $2::text::tid returning *', value, row["at"]
    )
    return None if tuple(after) == tuple(row)[1:] else (column, [after])


async def _delete(connection, dice, table, columns, row, other) -> tuple[str, list[Any]]:
    await connection.execute(f"delete from {table} where ctid = $1::text::tid", row["at"])
    return "", []


async def _insert(connection, dice, table, columns, row, other) -> tuple[str, list[Any]] | None:
    """A copy with some other values: what a forger adds."""
    everything = [column for column in row.keys() if column != "at"]  # noqa: SIM118  # a record, not a dict
    values = {column: row[column] for column in everything}
    for column in dice.sample(columns, min(len(columns), 4)):
        values[column] = mutated(dice, row[column], other[column])
    listed = ", ".join(f'"{column}"' for column in values)
    places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    after = await connection.fetchrow(f"insert into {table} ({listed}) values ({places}) returning *", *values.values())
    return "", [after]


async def _swap(connection, dice, table, columns, row, other) -> tuple[str, list[Any]] | None:
    """Two rows exchange what one column says."""
    column = dice.choice(columns)
    if row[column] == other[column]:
        return None
    for one, value in ((row, other[column]), (other, row[column])):
        await connection.execute(f'update {table} set "{column}" = $1 where ctid = $2::text::tid', value, one["at"])
    return column, [{**row, column: other[column]}, {**other, column: row[column]}]


HOW = {"update": _update, "delete": _delete, "insert": _insert, "swap": _swap}


def mutated(dice: random.Random, value: Any, other: Any) -> Any:  # noqa: C901, PLR0911  # one case per type
    """Another value of the same type; sometimes none at all, sometimes that of another row."""
    if dice.random() < 0.15:
        return other
    match value:
        case None:
            return other
        case bool():
            return not value
        case int():
            return value ^ (1 << dice.randrange(12))
        case Decimal():
            return value + dice.choice((1, -1, 1000))
        case UUID():
            return UUID(int=value.int ^ (1 << dice.randrange(128)))
        case bytes():
            return _bytes(dice, value)
        case str():
            return _text(dice, value)
        case list():
            return value[:-1] if value else other
        case _ if hasattr(value, "tzinfo"):
            return value + timedelta(microseconds=dice.choice((1, -1, 3_600_000_000, -86_400_000_000)))
        case _ if hasattr(value, "toordinal"):
            return value + timedelta(days=dice.choice((1, -1, 30)))
        case _:
            raise TypeError(f"no way to change a {type(value).__name__}")


def _bytes(dice: random.Random, value: bytes) -> bytes:
    if not value:
        return b"\x00"
    at = dice.randrange(len(value))
    return dice.choice(
        (
            value[:at] + bytes([value[at] ^ 1 << dice.randrange(8)]) + value[at + 1 :],
            value[:at] + value[at + 1 :],
            value[:at],
            value + dice.randbytes(1),
        )
    )


def _text(dice: random.Random, value: str) -> str:
    at = dice.randrange(len(value) + 1)
    return dice.choice((value[:at] + "x" + value[at:], value[:at] + value[at + 1 :], value.swapcase(), value + " "))
