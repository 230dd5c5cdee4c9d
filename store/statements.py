"""SQL as files: one statement each, its file name its name."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str, schema: str = "record") -> str:
    """The text of ``sql/<name>.sql``, in another schema than `record` where one is given."""
    return in_schema((files("store") / "sql" / f"{name}.sql").read_text(encoding="utf-8"), schema)


def in_schema(sql: str, schema: str) -> str:
    """The SQL of the record with its objects in another schema (a plain lower-case identifier)."""
    if schema == "record":
        return sql
    if not schema.isidentifier() or schema != schema.lower():
        message = f"schema name {schema!r} must be a plain lower-case identifier"
        raise ValueError(message)
    return sql.replace("record.", f"{schema}.").replace("schema record", f"schema {schema}")
