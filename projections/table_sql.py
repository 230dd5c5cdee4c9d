"""The statements that every table needs, written from what the table says of itself."""

from functools import cache

from projections.table import Table


@cache
def create(table: Table, version: int) -> str:
    """Make the table. Lines get their key with the indexes: nothing looks them up while filling."""
    columns = [f"{name} {table.types[name]}" for name in table.columns]
    if table.kind != "lines":
        columns.append(f"primary key ({_key(table)})")
    # Rows are rewritten in place: room in the page spares the indexes the change.
    fill = "" if table.kind == "lines" else " with (fillfactor = 80)"
    return f"create table {table.at(version)} ({', '.join(columns)}){fill}"


@cache
def indexes(table: Table, version: int) -> tuple[str, ...]:
    """Make what searching needs; repeating does no harm."""
    made = [
        f"create index if not exists {table.name}_v{version}_{name} on {table.at(version)} {columns}"
        for name, columns in table.indexes.items()
    ]
    if table.kind == "lines":
        key = f"create unique index if not exists {table.name}_v{version}_key on {table.at(version)} ({_key(table)})"
        made.insert(0, key)
    return tuple(made)


@cache
def load(table: Table, version: int) -> str:
    """Rows of a partition by their keys.

    A range from the key to itself, in its order: only the primary key gives that without a sort. Told `key = any (...)`
    the planner takes whichever index has the fewest pages while the table is small, and keeps to it.
    """
    columns, key = ", ".join(table.columns), table.key[0]
    return (
        f"select {columns} from unnest($2::uuid[]) wanted (id) "  # noqa: S608
        f"cross join lateral (select * from {table.at(version)} t where t.partition = $1 "
        f"and t.{key} >= wanted.id and t.{key} <= wanted.id order by t.partition, t.{key}) found"
    )


@cache
def write(table: Table, version: int) -> str:
    """Insert rows given as columns; those that are there are replaced, or added to."""
    arrays = ", ".join(f"${n}::{_type(table, name)}[]" for n, name in enumerate(table.columns, 1))
    columns = ", ".join(table.columns)
    insert = f"insert into {table.at(version)} as t ({columns}) select {columns} from unnest({arrays}) u({columns})"  # noqa: S608
    if table.kind == "lines":
        return insert
    changes = ", ".join(_change(table, name) for name in table.columns if name not in ("partition", *table.key))
    return f"{insert} on conflict ({_key(table)}) do update set {changes}"


def _key(table: Table) -> str:
    return ", ".join(("partition", *table.key))


def _type(table: Table, column: str) -> str:
    return table.types[column].split(" ")[0]


def _change(table: Table, column: str) -> str:
    if table.kind == "rows":
        return f"{column} = excluded.{column}"
    if column in table.greatest:
        return f"{column} = greatest(t.{column}, excluded.{column})"
    return f"{column} = t.{column} + excluded.{column}"
