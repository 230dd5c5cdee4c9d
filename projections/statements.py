"""SQL as files: one statement each, its file name its name.

`{v}` stands for the version of the read model's tables, `{by}` for the condition whose index to use; other names in
braces for parts that only a query knows.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def statement(name: str, version: int | None = None, by: str = "") -> str:
    """The text of ``sql/<name>.sql`` for a version of the tables."""
    sql = (files("projections") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    if version is not None:
        sql = sql.replace("{v}", f"_v{version}")
    return sql.replace("{by}", by)


def with_parts(sql: str, parts: Mapping[str, str], version: int) -> str:
    """The text of a template with its other parts put in, which may name tables of the version, too."""
    for name, part in parts.items():
        sql = sql.replace(f"{{{name}}}", part)
    return sql.replace("{v}", f"_v{version}")
