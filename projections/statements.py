"""SQL as files: one statement each, its file name its name.

`{v}` stands for the version of the read model's tables, `{by}` for the condition whose index to use.
"""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str, version: int | None = None, by: str = "") -> str:
    """The text of ``sql/<name>.sql`` for a version of the tables."""
    sql = (files("projections") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    if version is not None:
        sql = sql.replace("{v}", f"_v{version}")
    return sql.replace("{by}", by)
